import type { StoreEvent, StoredEvent } from '../../core/kernel/eventStore.ts';
import type { NewEvent, Recorded } from '../../core/kernel/fact.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import { RecentMap } from '../recentMap.ts';
import { recorded } from './codec.ts';

/** A second of the busiest log, and more than its follower is ever behind when all is well; ~30 MB. */
const DECODED_MAX = 10_000;

type Decoded = Readonly<{ stream: string; stored: StoreEvent; event: NewEvent }>;

/**
 * Facts that this process has just appended, so that its own follower need neither parse nor unseal them.
 * Only ever a short cut: an entry answers for an event only if the store holds the very bytes that were
 * made of it. (A repeated append may carry another body under the same id; the store keeps the first.)
 */
export class DecodedEvents {
  readonly #events = new RecentMap<EventId, Decoded>(DECODED_MAX);

  remember(stream: string, stored: StoreEvent, event: NewEvent): void {
    this.#events.set(stored.id, { stream, stored, event });
  }

  recall(event: StoredEvent): Recorded | undefined {
    const known = this.#events.get(event.id);
    if (known === undefined || known.stream !== event.stream) return undefined;
    // There is one follower, and it comes by once: what it has had need not grow old here.
    this.#events.delete(event.id);
    const { type, data, metadata } = known.stored;
    const same = type === event.type && equal(data, event.data) && equal(metadata, event.metadata);
    return same ? recorded(event, known.event) : undefined;
  }

  clear(): void {
    this.#events.clear();
  }
}

const equal = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
