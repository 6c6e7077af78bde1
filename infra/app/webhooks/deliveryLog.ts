import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Meta } from '../../../core/kernel/fact.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { deliveriesStream, type Made } from '../../../core/webhook/events.ts';
import { randomId } from '../../ids.ts';

/** Lines of the delivery log in one event: some 100 KB. */
const MADE_PER_EVENT = 500;

/** Lines that wait while the log takes none; then nothing more is delivered, but for what is under way. */
export const WAITING_MAX = 10_000;

type Writing = Readonly<{ id: EventId; lines: readonly Made[] }>;

/** What has been delivered to an endpoint, on its way into the log. */
export class DeliveryLog {
  readonly #events: Pick<EventLog, 'append'>;
  readonly #endpoint: string;
  readonly #meta: Meta;
  readonly #lines: Made[] = [];
  /** Lines that could not be written are written the next time, under the same id. */
  #writing: Writing | undefined;

  constructor(events: Pick<EventLog, 'append'>, endpoint: string, meta: Meta) {
    this.#events = events;
    this.#endpoint = endpoint;
    this.#meta = meta;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#writing === undefined;
  }

  get isFull(): boolean {
    return this.#lines.length >= WAITING_MAX;
  }

  note(line: Made): void {
    this.#lines.push(line);
  }

  async write(): Promise<void> {
    while (!this.isEmpty) {
      this.#writing ??= { id: randomId(), lines: this.#lines.splice(0, MADE_PER_EVENT) };
      const { id, lines: made } = this.#writing;
      const data = { endpoint: this.#endpoint, made };
      const event = { id, type: 'DeliveriesMade', data, meta: this.#meta } as const;
      await this.#events.append(deliveriesStream(this.#endpoint), 'any', [event]);
      this.#writing = undefined;
    }
  }
}
