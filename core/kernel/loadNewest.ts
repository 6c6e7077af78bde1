import type { Decider } from './decider.ts';
import type { EventLog } from './eventLog.ts';
import type { AnyFact } from './fact.ts';
import type { Loaded } from './writer.ts';

/**
 * For streams whose newest event carries the whole state, however long they are: one event is read,
 * from the end.
 */
export const loadNewest =
  <E extends AnyFact, S>(
    log: EventLog,
    { initialState, evolve }: Pick<Decider<never, E, S, never>, 'initialState' | 'evolve'>,
  ) =>
  async (stream: string): Promise<Loaded<S>> => {
    const [newest] = await log.readStream<E>(stream, {
      from: 'end',
      direction: 'backwards',
      max: 1,
    });
    return newest === undefined
      ? { state: initialState, revision: -1 }
      : { state: evolve(initialState, newest), revision: newest.revision };
  };
