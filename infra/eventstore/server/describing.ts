import {
  OutcomeUnknown,
  type EventStore,
  type ExpectedRevision,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { randomId } from '../../ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { appendNothing, storedOr } from './expectation.ts';
import { Refused } from './failures.ts';
import type { Appended } from './responses.ts';
import { NEWEST_VISIBLE, parseDocument, undeleted, visibilityOf } from './streamMetadata.ts';
import { newestOf, type StreamState, type StreamStates } from './streamStates.ts';
import { metadataEvent, metadataStreamOf } from './systemEvents.ts';
import type { WriteOptions } from './writeRequests.ts';

export type StreamParts = Readonly<{ store: EventStore; states: StreamStates }>;

/** A document of the server's own, while it is alone with the stream. */
export const writeDocument = async (
  { store, states }: StreamParts,
  stream: string,
  json: string,
): Promise<Position> => {
  const event = metadataEvent(randomId(), json);
  const metadataStream = metadataStreamOf(stream);
  const result = await store.append(metadataStream, 'any', [event]);
  const { position } = storedOr({ stream: metadataStream, expected: 'any' }, result);
  states.described(stream, event.data, position);
  return position;
};

/** `writeDocument` as the second half of an append: without it, it is not known what has become of it. */
export const bringBack = async (
  parts: StreamParts,
  stream: string,
  json: string,
): Promise<void> => {
  try {
    await writeDocument(parts, stream, json);
  } catch (cause) {
    throw new OutcomeUnknown(`${stream} has been appended to and is still hidden`, { cause });
  }
};

/** An append to a `$$` stream: of documents for the stream it belongs to. */
export const describe = (
  parts: StreamParts,
  stream: string,
  expected: ExpectedRevision,
  events: readonly StoreEvent[],
): Promise<Appended> =>
  parts.states.alone(stream, (state) => describeAs(parts, { stream, expected }, events, state));

const describeAs = async (
  parts: StreamParts,
  { stream, expected }: WriteOptions,
  events: readonly StoreEvent[],
  state: StreamState,
): Promise<Appended> => {
  const options = { stream: metadataStreamOf(stream), expected };
  if (state.tombstoned) throw new Refused({ kind: 'stream-deleted', stream: options.stream });
  const newest = events.at(-1);
  if (newest === undefined)
    return appendNothing(parts.store, options, { visibility: NEWEST_VISIBLE, documentAt: 0 });
  const stored = storedOr(options, await parts.store.append(options.stream, expected, events));
  // A repetition, since when other metadata has come.
  if (stored.position <= state.documentAt) return stored;
  parts.states.described(stream, newest.data, stored.position);
  // Metadata for a stream that was deleted softly brings it back, without its events.
  const document = parseDocument(newest.data);
  if (state.visibility.softDeleted && !visibilityOf(document).softDeleted) {
    const last = await newestOf(parts.store, stream);
    await bringBack(parts, stream, undeleted(document, (last?.revision ?? NO_REVISION) + 1));
  }
  return stored;
};
