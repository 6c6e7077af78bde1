import { type Kysely, sql } from 'kysely';
import { type Follower, startFollower } from '../../../projections/kernel/follower.ts';
import { readCheckpoints } from '../../../projections/kernel/checkpoint.ts';
import type { Share } from '../../../projections/kernel/lock.ts';
import type { Projection } from '../../../projections/kernel/model.ts';
import { Reached } from '../../../projections/kernel/reached.ts';
import { type Runner, runProjections } from '../../../projections/kernel/runner.ts';
import type { RunnerState } from '../../../projections/kernel/runnerState.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { Tail } from '../../../projections/kernel/tail.ts';
import { users } from '../../../projections/users/project.ts';
import type { UserRow, UsersTables } from '../../../projections/users/schema.ts';
import type { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { until } from '../../support/until.ts';

export type Projector = Readonly<{
  runner: Runner;
  tail: Tail;
  follower: Follower;
  states: readonly RunnerState[];
  /** Resolves with the first state of that kind, past ones included. */
  came: (kind: RunnerState['kind']) => Promise<RunnerState>;
  stop: () => Promise<void>;
}>;

export type ProjectorOptions = Readonly<{
  db: Kysely<UsersTables>;
  log: MemoryEventLog;
  projections?: readonly Projection[];
  batchMax?: number;
  /** Where the tail begins. */
  after?: number;
  share?: Share;
  givenAgainMs?: number;
}>;

/** Follower, tail and runner over one log and one database, as a process has them. */
export const startProjector = ({
  db,
  log,
  projections = [users],
  batchMax,
  after = 0,
  share,
  givenAgainMs,
}: ProjectorOptions): Projector => {
  const states: RunnerState[] = [];
  const tail = new Tail({
    floor: after,
    indexOf: (event) => ('user' in event.data ? [`u:${event.data.user}`] : []),
    now: () => Date.now(),
    onOverflow: () => undefined,
  });
  const skips = new Skips();
  const follower = startFollower({
    log,
    after,
    listeners: [tail.take, skips.take],
    onFailure: () => undefined,
  });
  const reached = new Reached({ projections, read: () => readCheckpoints(db) });
  const runner = runProjections({
    projections,
    db,
    log,
    tail,
    follower,
    skips,
    reached,
    onState: (state) => states.push(state),
    ...(batchMax === undefined ? {} : { batchMax }),
    ...(share === undefined ? {} : { share }),
    ...(givenAgainMs === undefined ? {} : { givenAgainMs }),
  });
  return {
    runner,
    tail,
    follower,
    states,
    came: (kind) =>
      until(`the runner is ${kind}`, () => states.find((state) => state.kind === kind), {
        seen: () => states,
      }),
    stop: async () => {
      await runner.stop();
      reached.close();
      await follower.close();
    },
  };
};

export const allUsers = async (db: Kysely<UsersTables>): Promise<readonly UserRow[]> => {
  const { rows } = await sql<UserRow>`select * from seqline.users_v1 order by user_id`.execute(db);
  return rows;
};

/** As if there had never been a read model. */
export const dropAll = async (db: Kysely<UsersTables>): Promise<void> => {
  await sql`drop schema if exists seqline cascade`.execute(db);
};
