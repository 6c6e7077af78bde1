import type { Millis } from '../../core/kernel/ids.ts';
import type { Ready } from '../../gateways/http/health.ts';
import type { RunnerState } from '../../projections/kernel/runnerState.ts';
import { apartText, CLOCKS_APART_MAX, clockAhead } from './readModels/checkPostgres.ts';
import { isAway } from './readModels/isAway.ts';
import type { ReadModels } from './readModels/readModels.ts';
import type { Storage } from './storage/storage.ts';

const no = (reason: string): Ready => ({ ready: false, reason });

/** What is wrong with Postgres, if anything is. */
const problemOf = async ({
  answers,
  db,
  now,
}: Pick<ReadModels, 'answers' | 'db'> & Readonly<{ now: () => Millis }>): Promise<
  string | undefined
> => {
  if (!(await answers())) return AWAY;
  try {
    const ahead = await clockAhead(db, now);
    return Math.abs(ahead) > CLOCKS_APART_MAX ? apartText(ahead) : undefined;
  } catch (error) {
    if (isAway(error)) return AWAY;
    throw error;
  }
};

const AWAY = 'Postgres does not answer';

/** What keeps the projector from its work, if anything does. */
const stoppedBy = (state: RunnerState): string | undefined => {
  switch (state.kind) {
    case 'poisoned':
      return (
        `the projection ${state.projection} cannot take ${state.type} at position ` +
        `${String(state.position)}: ${state.reason}; see: seqline projector status`
      );
    case 'refused':
      return state.reason;
    case 'starting':
    case 'retrying':
    case 'stopped':
      return `the projector is ${state.kind}`;
    case 'standby':
    case 'running':
      return undefined;
  }
};

/**
 * Whether a client that connects now can send and sync, and if not, why. `serves`: whether clients and app servers come
 * to this process at all.
 */
export const readiness =
  (
    { store }: Readonly<{ store: Pick<Storage['store'], 'writability'> }>,
    {
      follower,
      runner,
      tail,
      answers,
      db,
    }: Pick<ReadModels, 'follower' | 'runner' | 'tail' | 'answers' | 'db'>,
    now: () => Millis,
    serves = true,
  ) =>
  async (): Promise<Ready> => {
    const writable = store.writability();
    if (!writable.writable) return no(`the log takes no events: ${writable.reason}`);
    const failure = follower.failure();
    if (failure !== undefined) return no(`the log cannot be followed: ${failure.reason}`);
    const state = runner.state();
    const stopped = stoppedBy(state);
    if (stopped !== undefined) return no(stopped);
    const problem = await problemOf({ answers, db, now });
    if (problem !== undefined) return no(problem);
    // Another builds tables, maybe those of an older version: until it ends, those of this one are not there.
    if (state.kind === 'standby' && !serves) return { ready: true };
    const { position, head } = runner.lag();
    if (!tail.covers(position)) {
      return no(`the read models are being built: at ${String(position)} of ${String(head)}`);
    }
    return { ready: true };
  };
