import type { EventStore, Subscription } from '../../../core/kernel/eventStore.ts';

/** Is told that there may be more in a stream; or that there will be no more telling. */
export type Watcher = Readonly<{ woken: () => void; failed: (error: Error) => void }>;

/**
 * Wakes those who wait for events of a stream: one subscription to the log for all of them, which is
 * there while anybody waits.
 */
export class StreamWatch {
  readonly #store: EventStore;
  readonly #watchers = new Map<string, Set<Watcher>>();
  #subscription: Subscription | undefined;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** Of every event from now on. Returns how to end it. */
  add(stream: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(stream) ?? new Set();
    this.#watchers.set(stream, watchers.add(watcher));
    this.#subscription ??= this.#follow();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(stream);
      if (this.#watchers.size === 0) this.#rest();
    };
  }

  #follow(): Subscription {
    return this.#store.subscribeAll({
      after: 'end',
      onEvents: (events) => {
        for (const { stream } of events)
          for (const { woken } of this.#watchers.get(stream) ?? []) woken();
      },
      onFailed: (error) => {
        this.#subscription = undefined;
        const watchers = [...this.#watchers.values()].flatMap((some) => [...some]);
        for (const { failed } of watchers) failed(error);
      },
    });
  }

  #rest(): void {
    void this.#subscription?.close();
    this.#subscription = undefined;
  }
}

/** Raised by one, awaited by another; raised in between it is not lost. */
export class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#raised) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#raised = false;
  }
}
