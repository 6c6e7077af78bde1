import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';

/** Enough for a subscriber to be a hundred milliseconds behind at full load; more would only grow old. */
const EVENTS_MAX = 2_048;
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * The newest events, as they were appended: live subscribers are served from here, without the
 * disk.
 */
export class RecentEvents {
  #events: StoredEvent[] = [];
  /** Index of the oldest that is kept; those before it are dropped in one go now and then. */
  #oldest = 0;
  #bytes = 0;

  add(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    while (this.#events.length - this.#oldest > EVENTS_MAX || this.#bytes > BYTES_MAX) {
      const dropped = this.#events[this.#oldest++];
      if (dropped === undefined) break;
      this.#bytes -= sizeOf(dropped);
    }
    if (this.#oldest < EVENTS_MAX) return;
    this.#events = this.#events.slice(this.#oldest);
    this.#oldest = 0;
  }

  /** Events after a position up to one, or undefined when the first of them is no longer here. */
  after(position: Position, until: Position, max: number): readonly StoredEvent[] | undefined {
    const first = this.#events[this.#oldest]?.position;
    if (first === undefined || position + 1 < first) return undefined;
    const from = this.#oldest + position + 1 - first;
    const count = Math.min(max, until - position);
    return from < this.#events.length ? this.#events.slice(from, from + count) : undefined;
  }
}

const sizeOf = ({ data, metadata }: StoredEvent): number => data.byteLength + metadata.byteLength;
