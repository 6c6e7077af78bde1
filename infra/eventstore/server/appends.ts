import type { AppendResult, StoreEvent } from '../../../core/kernel/eventStore.ts';
import { bringBack, type StreamParts } from './describing.ts';
import { appendNothing, storedOr } from './expectation.ts';
import { Refused } from './failures.ts';
import type { Appended } from './responses.ts';
import { undeleted } from './streamMetadata.ts';
import type { StreamState } from './streamStates.ts';
import type { WriteOptions } from './writeRequests.ts';

/** In the order of the calls, as long as nobody changes the stream's metadata meanwhile. */
export const appendEvents = async (
  parts: StreamParts,
  options: WriteOptions,
  events: readonly StoreEvent[],
): Promise<Appended> => {
  const { stream } = options;
  const usual = (state: StreamState) => appendTo(parts, options, events, state);
  const done = await parts.states.shared(stream, async (state) =>
    state.visibility.softDeleted ? undefined : usual(state),
  );
  if (done !== undefined) return done;
  // Another append may have come first, and then this is one like any other.
  return parts.states.alone(stream, (state) =>
    state.visibility.softDeleted ? appendAnew(parts, options, events, state) : usual(state),
  );
};

const appendTo = async (
  parts: StreamParts,
  options: WriteOptions,
  events: readonly StoreEvent[],
  state: StreamState,
): Promise<Appended> => {
  const { stream, expected } = options;
  if (state.tombstoned) throw new Refused({ kind: 'stream-deleted', stream });
  if (events.length === 0) return appendNothing(parts.store, options, state);
  return storedOr(options, await parts.store.append(stream, expected, events));
};

/**
 * To a stream that was deleted softly: its revisions go on where they ended, and its metadata then hides
 * what was there before. Not in one with the append; should the process end between the two, the append
 * has not been answered yet, and its repetition mends it.
 */
const appendAnew = async (
  parts: StreamParts,
  options: WriteOptions,
  events: readonly StoreEvent[],
  state: StreamState,
): Promise<Appended> => {
  const { stream, expected } = options;
  if (state.tombstoned || expected === 'stream_exists')
    throw new Refused({ kind: 'stream-deleted', stream });
  if (events.length === 0) return appendNothing(parts.store, options, state);
  const result = await appendToDeleted(parts, options, events);
  const stored = storedOr(options, result);
  // A repetition of what was appended before the deletion brings nothing back.
  if (stored.position < state.documentAt) return stored;
  const first = stored.revision - events.length + 1;
  await bringBack(parts, stream, undeleted(state.document, first));
  return stored;
};

/** Who expects no stream finds none, though there are events; unless it is a repetition in part. */
export const appendToDeleted = async (
  { store }: StreamParts,
  { stream, expected }: WriteOptions,
  events: readonly StoreEvent[],
): Promise<AppendResult> => {
  const result = await store.append(stream, expected, events);
  if (result.kind === 'appended' || expected !== 'no_stream' || result.actual === 'no_stream')
    return result;
  const [first] = await store.readStream(stream, { from: 'start', direction: 'forwards', max: 1 });
  return first?.id === events[0]?.id ? result : store.append(stream, result.actual, events);
};
