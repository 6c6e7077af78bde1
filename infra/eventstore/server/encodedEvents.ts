import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { UuidForm } from '../protocol/uuid.ts';
import { eventResponse } from './responses.ts';

/** As many as subscribers that keep up are apart, and of a size that takes a few megabytes in all. */
const EVENTS_MAX = 1_024;
const BYTES_MAX = 4 * 1024;

type Encoded = Readonly<{ event: StoredEvent; uuids: UuidForm; bytes: Buffer }>;

/**
 * Every process of a cluster follows the whole log, and each is sent the same bytes: of the newest events they are made
 * once. Whoever gets them only reads them.
 */
export class EncodedEvents {
  readonly #newest: (Encoded | undefined)[] = [];

  response(event: StoredEvent, uuids: UuidForm): Buffer {
    const place = event.position % EVENTS_MAX;
    const known = this.#newest[place];
    if (known?.event === event && known.uuids === uuids) return known.bytes;
    const bytes = eventResponse({ event, link: undefined }, uuids);
    if (bytes.length <= BYTES_MAX) this.#newest[place] = { event, uuids, bytes };
    return bytes;
  }
}
