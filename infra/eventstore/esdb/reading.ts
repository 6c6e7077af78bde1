import { setImmediate as turn } from 'node:timers/promises';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { faultOf } from './callFaults.ts';
import { AHEAD_BYTES_MAX, AHEAD_EVENTS_MAX } from './limits.ts';
import { readResponse } from './wireResponses.ts';

/** An event in its place, or the place alone where the event is not one that the port shows. */
export type Seen = Readonly<{ position: Position; event: StoredEvent | undefined }>;

export type Page = Readonly<{
  events: readonly StoredEvent[];
  /** How many there were, shown or not. */
  seen: number;
  /** All that was asked for up to here has been given. */
  reached: Position;
}>;

type Call = ClientReadableStream<Buffer>;

/**
 * A call that gives events, taken in pages of all that is already there. The stream's own buffer has room for 16: asked
 * for these alone, a process that is busy would get no more than so many in a turn of its event loop, and fall behind
 * its log. So what comes is kept here, up to a bound beyond which the server is slowed. Always to be cancelled: a call
 * that is left open holds one of the connection's hundred places.
 */
export class Reading {
  #call: Call | undefined;
  /** What has come and has not been taken. */
  #ahead: Buffer[] = [];
  #aheadBytes = 0;
  #failure: Error | undefined;
  #ended = false;
  #cancelled = false;
  #wake: (() => void) | undefined;

  constructor(opening: Promise<Call>) {
    opening.then(
      (call) => this.#attach(call),
      (error: unknown) => this.#fail(error),
    );
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
      // The call gives one event after the other; whatever has come with this one is then there too.
      if (!waited) await turn();
    }
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#call?.cancel();
    this.#wake?.();
  }

  #attach(call: Call): void {
    // It stays attached: an error after the first, or after cancelling, is nobody's.
    call.on('error', (error) => this.#fail(error));
    if (this.#cancelled) {
      call.cancel();
      return;
    }
    this.#call = call;
    call.on('data', (bytes: Buffer) => {
      this.#ahead.push(bytes);
      this.#aheadBytes += bytes.length;
      if (this.#isFull()) call.pause();
      this.#wake?.();
    });
    for (const last of ['end', 'close']) {
      call.on(last, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
    this.#wake?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= faultOf(error);
    this.#wake?.();
  }

  #take(max: number): Page | undefined {
    const events: StoredEvent[] = [];
    let seen = 0;
    let reached: Position | undefined;
    for (const bytes of this.#takeAhead(max)) {
      const found = readResponse(bytes);
      if (found === undefined) continue;
      seen++;
      reached = found.position;
      if (found.event !== undefined) events.push(found.event);
    }
    return reached === undefined ? undefined : { events, seen, reached };
  }

  #isFull(): boolean {
    return this.#ahead.length >= AHEAD_EVENTS_MAX || this.#aheadBytes >= AHEAD_BYTES_MAX;
  }

  #takeAhead(max: number): readonly Buffer[] {
    const taken = this.#ahead.length <= max ? this.#ahead : this.#ahead.slice(0, max);
    if (taken.length === 0) return taken;
    this.#ahead = this.#ahead.slice(taken.length);
    this.#aheadBytes = 0;
    for (const { length } of this.#ahead) this.#aheadBytes += length;
    if (this.#call?.isPaused() === true && !this.#isFull()) this.#call.resume();
    return taken;
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
