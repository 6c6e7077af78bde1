import type { AppendResult, EventStore } from '../../../core/kernel/eventStore.ts';
import type { Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { Refused } from './failures.ts';
import type { Appended } from './responses.ts';
import { newestOf, type StreamState } from './streamStates.ts';
import type { WriteOptions } from './writeRequests.ts';

export type Stored = Extract<AppendResult, { kind: 'appended' }>;

export const storedOr = ({ stream, expected }: WriteOptions, result: AppendResult): Stored => {
  if (result.kind === 'appended') return result;
  const conflict = { expected, actual: result.actual };
  throw new Refused({ kind: 'conflict', stream, conflict });
};

export type Existence = Pick<StreamState, 'visibility' | 'documentAt'>;

/** @throws Refused unless an append with ids that nobody has seen would be stored */
export const checkExpectation = (
  { stream, expected }: WriteOptions,
  { visibility, documentAt }: Existence,
  last: Revision,
): void => {
  if (expected === 'any') return;
  const holds =
    expected === 'stream_exists'
      ? last !== NO_REVISION || documentAt !== 0
      : expected === 'no_stream'
        ? last === NO_REVISION || visibility.softDeleted
        : expected === last;
  if (holds) return;
  const conflict = { expected, actual: last === NO_REVISION ? ('no_stream' as const) : last };
  throw new Refused({ kind: 'conflict', stream, conflict });
};

/** An append of no events only looks whether the stream is as expected. */
export const appendNothing = async (
  store: EventStore,
  options: WriteOptions,
  state: Existence,
): Promise<Appended> => {
  const last = await newestOf(store, options.stream);
  checkExpectation(options, state, last?.revision ?? NO_REVISION);
  return { revision: last?.revision ?? 'no_stream', position: last?.position };
};
