import type { ServerWritableStream } from '@grpc/grpc-js';
import { callStatusOf, failureOf } from './failures.ts';

/** A call that is answered by a stream of messages. */
export type StreamingCall = ServerWritableStream<Buffer, Buffer>;

/**
 * The answers of one call, no faster than the caller takes them: `write` says whether there is room for
 * more, and if not, `room` is to be awaited. A caller that has gone makes room for ever.
 */
export class Outgoing {
  readonly #call: StreamingCall;
  #open = true;
  #roomMade: (() => void) | undefined;
  #closed: (() => void)[] = [];

  constructor(call: StreamingCall) {
    this.#call = call;
    call.on('cancelled', () => this.#close());
    call.on('drain', () => this.#roomMade?.());
  }

  /** Whether anybody still wants to hear more. */
  isOpen(): boolean {
    return this.#open;
  }

  write(message: Buffer): boolean {
    return !this.#open || this.#call.write(message);
  }

  async room(): Promise<void> {
    if (!this.#open || !this.#call.writableNeedDrain) return;
    await new Promise<void>((resolve) => (this.#roomMade = resolve));
  }

  onClosed(listener: () => void): void {
    if (this.#open) this.#closed.push(listener);
    else listener();
  }

  end(): void {
    if (!this.#open) return;
    this.#close();
    this.#call.end();
  }

  /** The one way to end a call with a status: what has been written goes out before it. */
  fail(error: unknown): void {
    if (!this.#open) return;
    this.#close();
    this.#call.emit('error', callStatusOf(failureOf(error)));
  }

  #close(): void {
    this.#open = false;
    this.#roomMade?.();
    for (const listener of this.#closed.splice(0)) listener();
  }
}
