import path from 'node:path';
import type { Kysely } from 'kysely';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { ANALYTICS } from '../../../projections/analytics/project.ts';
import { chatKeys, type TailOf } from '../../../projections/chats/atHead.ts';
import { chats } from '../../../projections/chats/project.ts';
import { clientConfig } from '../../../projections/clientConfig/project.ts';
import { favourites } from '../../../projections/favourites/project.ts';
import { friends } from '../../../projections/friends/project.ts';
import { groups } from '../../../projections/groups/project.ts';
import { keyOf, leaveFormerLogs, readCheckpoints } from '../../../projections/kernel/checkpoint.ts';
import {
  startFollower,
  type Follower,
  type Listener,
} from '../../../projections/kernel/follower.ts';
import { MESSAGES, type AnyTables } from '../../../projections/kernel/model.ts';
import type { Runner } from '../../../projections/kernel/runner.ts';
import type { TailRead } from '../../../projections/kernel/runnerOptions.ts';
import { Skips, tailOf } from '../../../projections/kernel/skips.ts';
import { Tail } from '../../../projections/kernel/tail.ts';
import { users } from '../../../projections/users/project.ts';
import type { Config } from '../../config/config.ts';
import type { Log } from '../../observe/log.ts';
import { startEmbeddedPostgres } from '../../postgres/embedded.ts';
import { openPool } from '../../postgres/pool.ts';
import { isAway } from './isAway.ts';
import { startProjecting } from './projecting.ts';

/** Positions, and so events at most, that the tail takes in before the first socket is served. */
const TAIL_AT_START_MAX = 50_000;

/** Events that are counted together, so that a busy row is written once for many of them. */
const NUMBERS_GATHERED_MS: Millis = 2_000;
const NUMBERS_BATCH_MAX = 5_000;

/** What users are shown, and what a server needs to be ready. */
export const PROJECTIONS = [users, chats, friends, groups, favourites, clientConfig] as const;

/** These, and what is counted for analysts. */
export const READ_MODELS = [...PROJECTIONS, ...ANALYTICS] as const;

export type ReadModels = Readonly<{
  db: Kysely<AnyTables>;
  tail: Tail;
  /** The tail without what the read model of chats has to skip. */
  chatsTail: TailOf;
  follower: Follower;
  runner: Runner;
  /** That of what is counted for analysts, which nobody waits for. None where that is turned off. */
  analytics: Runner | undefined;
  /** What another process has said of where a read model stands. */
  heard: (key: string, position: Position) => void;
  skips: Skips;
  answers: () => Promise<boolean>;
  close: () => Promise<void>;
}>;

type Deps = Readonly<{
  config: Pick<Config, 'data' | 'postgres' | 'analytics'>;
  events: EventLog;
  /** Logs that this one has been copied from: their read models are replaced. */
  formerIds?: readonly string[];
  log: Log;
  /** Before anything is read or written there: throws where it cannot be used as it is. */
  check?: (db: Kysely<AnyTables>) => Promise<void>;
  /** Get every event from now on, in this order, after the tail has it. */
  listeners: readonly Listener[];
  /** Whether this process builds the read models, or would if who does ends. */
  builds?: boolean;
  /** Whether nobody here pushes or tells what is said in messages: then it is not opened as the log is followed. */
  leavesSealed?: boolean;
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

/** The tail for one whom it keeps nothing for: who is behind reads the log. */
const onlooker = (tail: Tail): TailRead => ({
  get floor() {
    return tail.floor;
  },
  get head() {
    return tail.head;
  },
  after: (position, max) => tail.after(position, max),
  covers: (position) => tail.covers(position),
  trim: () => undefined,
});

type Close = () => Promise<void>;

/** Postgres, the one follower of the log, and the projections that it feeds. */
export const openReadModels = async (deps: Deps): Promise<ReadModels> => {
  const opened: Close[] = [];
  try {
    return await openAll(deps, opened);
  } catch (error) {
    // What is open would keep the process from its end.
    for (const close of opened.toReversed()) await Promise.allSettled([close()]);
    throw error;
  }
};

/** A Postgres of one's own, or the embedded one; nothing there has been looked at but by `check`. */
const openDatabase = async (
  {
    config,
    log,
    check,
  }: Pick<Deps, 'config' | 'log'> & Readonly<{ check: Deps['check'] | undefined }>,
  opened: Close[],
): Promise<Pick<ReadModels, 'db' | 'answers' | 'close'>> => {
  const embedded =
    config.postgres.kind === 'embedded'
      ? await startEmbeddedPostgres({ directory: path.join(config.data, 'postgres'), log })
      : undefined;
  if (embedded !== undefined) opened.push(embedded.stop);
  const url = config.postgres.kind === 'url' ? config.postgres.url : (embedded?.url ?? '');
  const { db, answers, close } = openPool<AnyTables>({ url, log });
  opened.push(close);
  await check?.(db);
  return {
    db,
    answers,
    close: async () => {
      await close();
      await embedded?.stop();
    },
  };
};

const openAll = async (
  {
    config,
    events,
    formerIds = [],
    log,
    check,
    listeners,
    builds = true,
    leavesSealed = false,
    onMoved,
    onStopped,
  }: Deps,
  opened: Close[],
): Promise<ReadModels> => {
  const { db, answers, close } = await openDatabase({ config, log, check }, opened);

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
    ...(leavesSealed && { leftSealed: new Set<string>(MESSAGES) }),
    listeners: [tail.take, skips.take, ...listeners],
    onFailure: ({ position, reason, cause }) => {
      log.error({ position, err: cause }, 'the log cannot be followed any more');
      onStopped(`the log cannot be followed beyond position ${String(position)}: ${reason}`);
    },
  });
  opened.push(follower.close);
  const common = { db, log: events, formerIds, follower, skips, builds, logger: log };
  const lists = await startProjecting({
    ...common,
    projections: PROJECTIONS,
    tail,
    onMoved,
    called: 'projector',
  });
  opened.push(lists.close);
  const numbers = config.analytics
    ? await startProjecting({
        ...common,
        projections: ANALYTICS,
        tail: onlooker(tail),
        share: 'numbers',
        unhurriedMs: NUMBERS_GATHERED_MS,
        batchMax: NUMBERS_BATCH_MAX,
        called: 'analytics',
      })
    : undefined;
  return {
    db,
    tail,
    chatsTail: tailOf(tail, skips, chats),
    follower,
    runner: lists.runner,
    analytics: numbers?.runner,
    heard: lists.heard,
    skips,
    answers,
    close: async () => {
      await follower.close();
      await Promise.all([lists.close(), numbers?.close()]);
      await close();
    },
  };
};
