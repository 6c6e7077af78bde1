import { setTimeout as pause } from 'node:timers/promises';
import {
  OutcomeUnknown,
  StoreUnavailable,
  type AppendResult,
  type EventStore,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import { events } from './events.ts';

/** As the writer of a conversation does it: the very same append until it is known how it ended. */
export const appendSurely = async (
  log: EventStore,
  stream: string,
  expected: number | 'no_stream',
  batch: readonly StoreEvent[],
  onRepeat: () => void = () => undefined,
): Promise<AppendResult> => {
  for (;;) {
    try {
      return await log.append(stream, expected, batch);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown || error instanceof StoreUnavailable)) throw error;
      onRepeat();
      await pause(10);
    }
  }
};

export type Written = Readonly<{
  stream: string;
  /** All that must be in the stream, in order. */
  ids: readonly string[];
  /** Answers that cannot be: nobody else writes there. */
  broken: readonly string[];
  repeated: number;
}>;

/** Appends to a stream of its own, one to three events at a time, until told to stop. */
export const writeUntil = async (
  log: EventStore,
  stream: string,
  goesOn: () => boolean,
): Promise<Written> => {
  const ids: string[] = [];
  const broken: string[] = [];
  let repeated = 0;
  while (goesOn()) {
    const batch = events(1 + (ids.length % 3));
    const expected = ids.length === 0 ? 'no_stream' : ids.length - 1;
    const result = await appendSurely(log, stream, expected, batch, () => repeated++);
    ids.push(...batch.map(({ id }) => id));
    if (result.kind !== 'appended' || result.revision !== ids.length - 1)
      broken.push(`${JSON.stringify(result)} for ${ids.length - 1}`);
  }
  return { stream, ids, broken, repeated };
};
