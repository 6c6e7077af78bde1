import type { Readable } from 'node:stream';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';

/** An event in its place, or the place alone where the event is not one that the port shows. */
export type Seen = Readonly<{ position: Position; event: StoredEvent | undefined }>;

export type Page = Readonly<{
  events: readonly StoredEvent[];
  /** How many there were, shown or not. */
  seen: number;
  /** All that was asked for up to here has been given. */
  reached: Position | undefined;
}>;

export type ReadingParts = Readonly<{
  /** In object mode; errors need not end it. */
  source: Readable;
  convert: (value: unknown) => Seen | undefined;
  faultOf: (error: unknown) => Error;
  cancel: () => void;
}>;

/**
 * A call that gives events, taken in pages of what is already there. Nothing is read ahead of the stream's
 * own buffer, so a slow reader slows the server. Always to be cancelled: a call that is left open holds
 * one of the connection's hundred places.
 */
export class Reading {
  readonly #parts: ReadingParts;
  #checkpoint: Position | undefined;
  #failure: Error | undefined;
  #ended = false;
  #cancelled = false;
  #wake: (() => void) | undefined;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
    const { source, faultOf } = parts;
    source.on('readable', () => this.#wake?.());
    // It stays attached: an error after the first, or after cancelling, is nobody's.
    source.on('error', (error) => {
      this.#failure ??= faultOf(error);
      this.#wake?.();
    });
    for (const last of ['end', 'close']) {
      source.on(last, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
  }

  /** The server has looked at all up to here. Events before it are in the stream's buffer by now. */
  noteCheckpoint(position: Position): void {
    this.#checkpoint = position;
    this.#wake?.();
  }

  /**
   * What has come, at most `max` events; waits if there is nothing. `undefined` at the end, `'idle'` when
   * nothing comes for so long. Rejects with what the call failed with, once all before it is taken.
   */
  async next(max: number, wait: Millis): Promise<Page | 'idle' | undefined> {
    for (let waited = false; ;) {
      if (this.#cancelled) return undefined;
      const page = this.#take(max);
      if (page !== undefined) return page;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      if (waited) return 'idle';
      waited = await this.#sleep(wait);
    }
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#parts.cancel();
    this.#wake?.();
  }

  #take(max: number): Page | undefined {
    // Before the events, of which those up to it are there already.
    const checkpoint = this.#checkpoint;
    const events: StoredEvent[] = [];
    let seen = 0;
    let reached: Position | undefined;
    while (seen < max) {
      const value: unknown = this.#parts.source.read();
      if (value === null) break;
      const found = this.#parts.convert(value);
      if (found === undefined) continue;
      seen++;
      reached = found.position;
      if (found.event !== undefined) events.push(found.event);
    }
    if (seen < max && checkpoint !== undefined) {
      if (this.#checkpoint === checkpoint) this.#checkpoint = undefined;
      reached = Math.max(checkpoint, reached ?? 0);
    }
    return reached === undefined ? undefined : { events, seen, reached };
  }

  /** Resolves with whether the time has run out. */
  #sleep(wait: Millis): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        resolve(true);
      }, wait);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve(false);
      };
    });
  }
}
