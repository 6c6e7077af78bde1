import type { Kysely } from 'kysely';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import type { Follower } from './follower.ts';
import type { Share } from './lock.ts';
import type { AnyTables, Projection } from './model.ts';
import type { Reached } from './reached.ts';
import type { RunnerState } from './runnerState.ts';
import type { Skips } from './skips.ts';
import type { Tail } from './tail.ts';

export type RunnerOptions = Readonly<{
  projections: readonly Projection[];
  db: Kysely<AnyTables>;
  log: EventLog;
  /** Logs that it is a copy of. What was built of them is built anew. */
  formerIds?: readonly string[];
  /** Among the follower's first listeners, so that it is up to date when the runner is woken. */
  tail: TailRead;
  follower: Pick<Follower, 'onEvents'>;
  /** Likewise among the follower's first listeners. */
  skips: Skips;
  /** Told of every commit. */
  reached: Reached;
  onState: (state: RunnerState) => void;
  batchMax?: number;
  /** `lists` unless it says otherwise. */
  share?: Share;
  /**
   * Nobody waits for these read models: events are gathered for so long, and after a batch of a backlog there
   * is a rest as long as the batch took.
   */
  unhurriedMs?: Millis;
  /** For tests: how soon a read model is given again what it could not take. */
  givenAgainMs?: Millis;
}>;

/** What a runner needs of the tail, and where it says that something is not needed any more. */
export type TailRead = Pick<Tail, 'after' | 'covers' | 'floor' | 'head' | 'trim'>;
