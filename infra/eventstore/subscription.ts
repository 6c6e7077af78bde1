import { assert } from '../../core/kernel/assert.ts';
import type { StoredEvent, SubscribeAll, Subscription } from '../../core/kernel/eventStore.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { streamFilter } from './prefixes.ts';

/** Where subscriptions take events from. Positions are dense enough to say "after this one". */
export type SubscriptionSource = Readonly<{
  /** Up to here subscribers may be told; never ahead of what is durable and answered. */
  announced: () => Position;
  /** The next events after a position, at most up to `until`; at least one if there is one. */
  next: (
    after: Position,
    until: Position,
  ) => Promise<readonly StoredEvent[]> | readonly StoredEvent[];
}>;

/**
 * All subscriptions of a store. Each pulls: it asks for what follows the last event it handed over,
 * be it from memory or from disk, so there is no queue to overflow, no seam between catch-up and
 * live, and a slow consumer costs the store nothing.
 */
export class Subscriptions {
  readonly #source: SubscriptionSource;
  readonly #open = new Set<Puller>();

  constructor(source: SubscriptionSource) {
    this.#source = source;
  }

  add(options: SubscribeAll): Subscription {
    const puller = new Puller(this.#source, options, () => this.#open.delete(puller));
    this.#open.add(puller);
    puller.start();
    return { close: () => puller.close() };
  }

  /** Tells them that `announced` has moved. */
  wake(): void {
    for (const puller of this.#open) puller.wake();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((puller) => puller.close()));
  }
}

class Puller {
  readonly #source: SubscriptionSource;
  readonly #options: SubscribeAll;
  readonly #ended: () => void;
  readonly #concerns: (stream: string) => boolean;
  #reached: Position;
  #closed = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(source: SubscriptionSource, options: SubscribeAll, ended: () => void) {
    this.#source = source;
    this.#options = options;
    this.#ended = ended;
    this.#concerns = streamFilter(options.prefixes);
    const { after } = options;
    this.#reached = after === 'start' ? 0 : after === 'end' ? source.announced() : after;
  }

  start(): void {
    this.#running = this.#run();
  }

  wake(): void {
    this.#wake?.();
  }

  /**
   * Resolves when the batch in hand has been handled; none follows. Not to be awaited by the
   * handler.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      // The caller has its subscription in hand before the first event comes.
      await Promise.resolve();
      while (!this.#closed) await this.#step();
    } catch (error) {
      this.#closed = true;
      this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#ended();
    }
  }

  async #step(): Promise<void> {
    const until = this.#source.announced();
    if (this.#reached >= until) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      return;
    }
    const events = await this.#source.next(this.#reached, until);
    if (this.#closed) return;
    const last = events.at(-1);
    assert(last !== undefined, `there are events after ${this.#reached}, up to ${until}`);
    const concerning = events.filter(({ stream }) => this.#concerns(stream));
    if (concerning.length > 0) await this.#options.onEvents(concerning);
    this.#reached = last.position;
    this.#options.onReached?.(last.position);
  }
}
