import path from 'node:path';
import type { Kysely } from 'kysely';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { chatKeys, type TailOf } from '../../projections/chats/atHead.ts';
import { chats } from '../../projections/chats/project.ts';
import { clientConfig } from '../../projections/clientConfig/project.ts';
import { favourites } from '../../projections/favourites/project.ts';
import { friends } from '../../projections/friends/project.ts';
import { groups } from '../../projections/groups/project.ts';
import { keyOf, leaveFormerLogs, readCheckpoints } from '../../projections/kernel/checkpoint.ts';
import { startFollower, type Follower, type Listener } from '../../projections/kernel/follower.ts';
import type { AnyTables } from '../../projections/kernel/model.ts';
import { Reached } from '../../projections/kernel/reached.ts';
import { Standing } from '../../projections/kernel/standing.ts';
import { runProjections, type Runner } from '../../projections/kernel/runner.ts';
import { Skips, tailOf } from '../../projections/kernel/skips.ts';
import { Tail } from '../../projections/kernel/tail.ts';
import { users } from '../../projections/users/project.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../observe/log.ts';
import { startEmbeddedPostgres } from '../postgres/embedded.ts';
import { openPool } from '../postgres/pool.ts';
import { isAway } from './isAway.ts';

/** Positions, and so events at most, that the tail takes in before the first socket is served. */
const TAIL_AT_START_MAX = 50_000;

export const PROJECTIONS = [users, chats, friends, groups, favourites, clientConfig] as const;

export type ReadModels = Readonly<{
  db: Kysely<AnyTables>;
  tail: Tail;
  /** The tail without what the read model of chats has to skip. */
  chatsTail: TailOf;
  follower: Follower;
  runner: Runner;
  /** What another process has said of where a read model stands. */
  heard: (key: string, position: Position) => void;
  skips: Skips;
  answers: () => Promise<boolean>;
  close: () => Promise<void>;
}>;

type Deps = Readonly<{
  config: Pick<Config, 'data' | 'postgres'>;
  events: EventLog;
  /** Logs that this one has been copied from: their read models are replaced. */
  formerIds?: readonly string[];
  log: Log;
  /** Get every event from now on, in this order, after the tail has it. */
  listeners: readonly Listener[];
  /** Whether this process builds the read models, or would if who does ends. */
  builds?: boolean;
  /** After each commit. */
  onMoved?: (key: string, position: Position) => void;
  onStopped: (reason: string) => void;
}>;

/**
 * The tail begins where the read models are, so that sockets are answered at once after a start. Only if
 * that is far behind does it begin at the head, and the projections read what came before by pages.
 */
const tailFloor = async (
  db: Kysely<AnyTables>,
  head: Position,
  formerIds: readonly string[],
): Promise<Position> => {
  try {
    await leaveFormerLogs(db, formerIds);
    const known = await readCheckpoints(db);
    const positions = PROJECTIONS.map((projection) => known.get(keyOf(projection)) ?? 0);
    const floor = Math.min(...positions, head);
    return head - floor <= TAIL_AT_START_MAX ? floor : head;
  } catch (error) {
    if (isAway(error)) return head;
    throw error;
  }
};

/** Postgres, the one follower of the log, and the projections that it feeds. */
export const openReadModels = async ({
  config,
  events,
  formerIds = [],
  log,
  listeners,
  builds = true,
  onMoved,
  onStopped,
}: Deps): Promise<ReadModels> => {
  const embedded =
    config.postgres.kind === 'embedded'
      ? await startEmbeddedPostgres({ directory: path.join(config.data, 'postgres'), log })
      : undefined;
  const url = config.postgres.kind === 'url' ? config.postgres.url : (embedded?.url ?? '');
  const { db, answers, close } = openPool<AnyTables>({ url, log });

  const head = await events.head();
  const floor = await tailFloor(db, head, formerIds);
  const tail = new Tail({
    floor,
    indexOf: chatKeys,
    now: Date.now,
    onOverflow: (floor: Position) => {
      log.warn(
        { floor },
        'the read models are so far behind that the tail had to let go of events',
      );
    },
  });
  const skips = new Skips();
  const follower = startFollower({
    log: events,
    after: floor,
    listeners: [tail.take, skips.take, ...listeners],
    onFailure: ({ position, reason, cause }) => {
      log.error({ position, err: cause }, 'the log cannot be followed any more');
      onStopped(`the log cannot be followed beyond position ${String(position)}: ${reason}`);
    },
  });
  const reached = new Reached({
    projections: PROJECTIONS,
    read: () => readCheckpoints(db),
    onMoved,
  });
  const run = () =>
    runProjections({
      projections: PROJECTIONS,
      db,
      log: events,
      formerIds,
      tail,
      follower,
      skips,
      reached,
      onState: (state) => {
        const bad =
          state.kind === 'poisoned' || state.kind === 'refused' || state.kind === 'retrying';
        log[bad ? 'warn' : 'debug']({ projector: state }, `projector: ${state.kind}`);
      },
    });
  const own = builds ? run() : undefined;
  const isAtWork = () => own?.state().kind === 'running';
  const standing = new Standing({
    projections: PROJECTIONS,
    read: () => readCheckpoints(db),
    tail,
    reached,
    isTold: isAtWork,
  });
  standing.start();
  // The runner does it as it takes over; reads at the head need to know of them anyway.
  if (own === undefined) await skips.load(events, PROJECTIONS);
  const runner: Runner = {
    state: () => own?.state() ?? { kind: 'standby' },
    lag: () => (own !== undefined && isAtWork() ? own.lag() : standing.lag()),
    lags: () => (own !== undefined && isAtWork() ? own.lags() : standing.lags()),
    reached: (...asked) => own?.reached(...asked) ?? reached.waitFor(...asked),
    stop: async () => own?.stop(),
  };
  return {
    db,
    tail,
    chatsTail: tailOf(tail, skips, chats),
    follower,
    runner,
    heard: (key, position) => {
      reached.heard(key, position);
    },
    skips,
    answers,
    close: async () => {
      standing.close();
      await follower.close();
      await runner.stop();
      reached.close();
      await close();
      await embedded?.stop();
    },
  };
};
