import { EVENT_BYTES_MAX, type StoreEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { withoutCreated } from '../firstCreated.ts';
import { countedBytes } from '../limits.ts';
import { isOwnStream } from '../prefixes.ts';
import type { Access, Deed } from './access.ts';
import { appendEvents } from './appends.ts';
import { bury, softDelete } from './deletions.ts';
import { describe, type StreamParts } from './describing.ts';
import { Refused } from './failures.ts';
import { Malformed } from '../protocol/protobufReader.ts';
import type { Appended } from './responses.ts';
import { hides, parseDocument } from './streamMetadata.ts';
import { checkStream } from './streamName.ts';
import { ownerOf, TOMBSTONE_TYPE } from './systemEvents.ts';
import type { WriteOptions } from './writeRequests.ts';

/** What callers change in the log. All reject with `Refused`, a conflict too, or with the store's faults. */
export type Writes = Readonly<{
  /** Resolves when an append to the stream begins as soon as it is asked for. */
  ready: (stream: string) => Promise<void>;
  append: (options: WriteOptions, events: readonly StoreEvent[]) => Promise<Appended>;
  /** Resolve with the position of what they write. */
  softDelete: (options: WriteOptions) => Promise<Position>;
  tombstone: (options: WriteOptions) => Promise<Position>;
}>;

type Parts = StreamParts & Readonly<{ access: Access }>;

export const writesTo = (parts: Parts): Writes => ({
  ready: async (stream) => {
    await parts.states.of(ownerOf(stream) ?? stream);
  },
  append: async ({ stream, expected }, events) => {
    checkStream(stream);
    for (const event of events) checkEvent(event);
    const owner = ownerOf(stream);
    if (owner === undefined) {
      allow(parts, 'append', stream);
      const stored = isOwnStream(stream) ? events.map(keepingCreated) : events;
      return appendEvents(parts, { stream, expected }, stored);
    }
    if (ownerOf(owner) !== undefined) throw new Malformed('metadata has no metadata of its own');
    allow(parts, events.some(({ data }) => hides(parseDocument(data))) ? 'hide' : 'append', owner);
    return describe(parts, owner, expected, events);
  },
  softDelete: async ({ stream, expected }) => {
    checkDeletion(parts, stream);
    return parts.states.alone(stream, (state) => softDelete(parts, { stream, expected }, state));
  },
  tombstone: async ({ stream, expected }) => {
    checkDeletion(parts, stream);
    return parts.states.alone(stream, (state) => bury(parts, { stream, expected }, state));
  },
});

/** An event of ours that was brought from another log is stored with the time it brings. */
const keepingCreated = (event: StoreEvent): StoreEvent => {
  const { metadata, created } = withoutCreated(event.metadata);
  return created === undefined ? event : { ...event, metadata, created };
};

const allow = ({ access }: Parts, deed: Deed, stream: string): void => {
  if (!access(deed, stream)) throw new Refused({ kind: 'access-denied' });
};

const checkEvent = (event: StoreEvent): void => {
  if (event.type === TOMBSTONE_TYPE)
    throw new Malformed(`${TOMBSTONE_TYPE} is what a tombstone writes, and nobody else`);
  const bytes = countedBytes(event);
  if (bytes > EVENT_BYTES_MAX) throw new Refused({ kind: 'event-too-big', id: event.id, bytes });
};

const checkDeletion = (parts: Parts, stream: string): void => {
  checkStream(stream);
  if (ownerOf(stream) !== undefined)
    throw new Malformed('metadata goes with its stream, it is not deleted by itself');
  allow(parts, 'delete', stream);
};
