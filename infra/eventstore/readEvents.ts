import type { StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Revision } from '../../core/kernel/ids.ts';

/**
 * Bytes of one generation, as they are stored; in memory an event takes about three times that, with what
 * others keep beside it. Two generations: some 40,000 to 80,000 messages, which is what is read again.
 */
const BYTES_MAX = 16 * 1024 * 1024;

type Streams = Map<string, Map<Revision, Recorded>>;

/**
 * Events that were read by stream, decoded and unsealed: the newest pages of conversations are read again
 * by everybody who is in them, and an event never changes. Bounded by two generations, of which the older
 * is let go when the younger is full.
 */
export class ReadEvents {
  readonly #bytesMax: number;
  #young: Streams = new Map();
  #old: Streams = new Map();
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** All of these revisions, or undefined when one of them is not here. The same objects each time. */
  range(stream: string, from: Revision, count: number): readonly Recorded[] | undefined {
    const young = this.#young.get(stream);
    const old = this.#old.get(stream);
    if (young === undefined && old === undefined) return undefined;
    const events: Recorded[] = [];
    for (let revision = from; revision < from + count; revision += 1) {
      const event = young?.get(revision) ?? old?.get(revision);
      if (event === undefined) return undefined;
      events.push(event);
    }
    return events;
  }

  /** `events` are what `stored` has been decoded to, one by one, of one stream. */
  remember(stream: string, stored: readonly StoredEvent[], events: readonly Recorded[]): void {
    const young = this.#young.get(stream) ?? new Map<Revision, Recorded>();
    this.#young.set(stream, young);
    for (const [index, { revision, data, metadata }] of stored.entries()) {
      const event = events[index];
      if (event === undefined || young.has(revision)) continue;
      young.set(revision, event);
      this.#bytes += data.byteLength + metadata.byteLength;
    }
    if (this.#bytes < this.#bytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = 0;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#bytes = 0;
  }
}
