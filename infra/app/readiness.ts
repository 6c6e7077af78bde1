import type { Millis } from '../../core/kernel/ids.ts';
import type { Ready } from '../../gateways/http/health.ts';
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

/** Whether a client that connects now can send and sync, and if not, why. */
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
  ) =>
  async (): Promise<Ready> => {
    const writable = store.writability();
    if (!writable.writable) return no(`the log takes no events: ${writable.reason}`);
    const failure = follower.failure();
    if (failure !== undefined) return no(`the log cannot be followed: ${failure.reason}`);
    const state = runner.state();
    switch (state.kind) {
      case 'poisoned':
        return no(
          `the projection ${state.projection} cannot take ${state.type} at position ` +
            `${String(state.position)}: ${state.reason}; see: seqline projector status`,
        );
      case 'refused':
        return no(state.reason);
      case 'starting':
      case 'retrying':
      case 'stopped':
        return no(`the projector is ${state.kind}`);
      case 'standby':
      case 'running':
        break;
    }
    const problem = await problemOf({ answers, db, now });
    if (problem !== undefined) return no(problem);
    const { position, head } = runner.lag();
    if (!tail.covers(position)) {
      return no(`the read models are being built: at ${String(position)} of ${String(head)}`);
    }
    return { ready: true };
  };
