import { createHash } from 'node:crypto';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import { hasRoomForCreated } from '../firstCreated.ts';

/** As much of a stored event as the chain is made of: its bytes, and no position, which copies do not keep. */
export type Linked = Pick<
  StoredEvent,
  'stream' | 'revision' | 'id' | 'type' | 'created' | 'metadata' | 'data'
>;

/** Where the chain stands: over so many events, with this hash (64 hex digits). */
export type ChainState = Readonly<{ events: number; hash: string }>;

export const CHAIN_BEGIN: ChainState = { events: 0, hash: '0'.repeat(64) };

/**
 * Of each event the hash of its stored (sealed) bytes and of the hash before it: whoever knows the last one
 * knows that nothing before it has been changed, left out, added or moved. Erasing a user destroys a key and
 * changes no stored byte, so it breaks nothing here.
 *
 *     sha256( <hash before, hex> \n <stream> \n <revision> <id> <type> \n <created> <bytes of metadata> <bytes of data> \n <metadata> <data> )
 */
export const linked = ({ events, hash }: ChainState, event: Linked): ChainState => {
  const { stream, revision, id, type, metadata, data } = event;
  const created = hasRoomForCreated(metadata) ? event.created : 0;
  const sizes = `${String(metadata.byteLength)} ${String(data.byteLength)}`;
  const head = `${hash}\n${stream}\n${String(revision)} ${id} ${type}\n${String(created)} ${sizes}\n`;
  const next = createHash('sha256').update(head).update(metadata).update(data).digest('hex');
  return { events: events + 1, hash: next };
};
