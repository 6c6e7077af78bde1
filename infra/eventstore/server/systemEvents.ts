import type { EventId } from '../../../core/kernel/ids.ts';
import type { StoreEvent } from '../../../core/kernel/eventStore.ts';

/** The last event of a stream that is gone for ever. */
export const TOMBSTONE_TYPE = '$streamDeleted';
/** An event that stands for another: its data is `<revision>@<stream>`. */
export const LINK_TYPE = '$>';
const METADATA_TYPE = '$metadata';
const METADATA_PREFIX = '$$';

export const metadataStreamOf = (stream: string): string => `${METADATA_PREFIX}${stream}`;

/** The stream whose metadata is kept in this one; `undefined` for an ordinary stream. */
export const ownerOf = (stream: string): string | undefined =>
  stream.startsWith(METADATA_PREFIX) ? stream.slice(METADATA_PREFIX.length) : undefined;

export const tombstone = (id: EventId): StoreEvent => ({
  id,
  type: TOMBSTONE_TYPE,
  data: new Uint8Array(),
  metadata: new Uint8Array(),
});

export const metadataEvent = (id: EventId, json: string): StoreEvent => ({
  id,
  type: METADATA_TYPE,
  data: new TextEncoder().encode(json),
  metadata: new Uint8Array(),
});
