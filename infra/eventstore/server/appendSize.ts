import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import { countedBytes } from '../limits.ts';

/** How large an append has become while it comes in, so that one that will be refused is not gathered. */
export class AppendSize {
  #bytes = 0;
  #events = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get exceeded(): boolean {
    return this.#bytes > APPEND_BYTES_MAX || this.#events > APPEND_EVENTS_MAX;
  }

  add(event: StoreEvent): void {
    this.#bytes += countedBytes(event);
    this.#events++;
  }
}
