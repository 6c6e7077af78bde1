import type { Socket } from './socket.ts';

/** As much of uWebSockets.js's socket as is used; calling any of it after its end is a fault. */
export interface NativeSocket {
  send(message: string | Uint8Array, isBinary: boolean, compress: boolean): number;
  ping(): number;
  cork(write: () => void): unknown;
  end(code: number): void;
  close(): void;
}

/** What `send` answers when the message was dropped because too much is waiting already. */
const DROPPED = 2;

/** A socket of uWebSockets.js that may be written to after its end, and that never skips a message. */
export class UwsSocket implements Socket {
  readonly #native: NativeSocket;
  #closed = false;
  #overflown = false;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Something could not be written because the reader is too slow. */
  get overflown(): boolean {
    return this.#overflown;
  }

  /** The library has closed it, and it is not to be touched any more. */
  markClosed(): void {
    this.#closed = true;
  }

  send(frame: Uint8Array): void {
    this.#write(frame, true);
  }

  sendText(text: string): void {
    this.#write(text, false);
  }

  ping(): void {
    if (!this.#closed) this.#native.ping();
  }

  cork(write: () => void): void {
    if (!this.#closed) this.#native.cork(write);
  }

  end(code: number): void {
    if (this.#closed) return;
    this.#native.end(code);
    this.#closed = true;
  }

  #write(message: string | Uint8Array, isBinary: boolean): void {
    if (this.#closed || this.#overflown) return;
    if (this.#native.send(message, isBinary, false) !== DROPPED) return;
    // This message is missing, so none may follow it: the client comes back and pulls.
    this.#overflown = true;
    // Not at once: whoever writes may be in the midst of a cork.
    setImmediate(() => {
      if (!this.#closed) this.#native.close();
    });
  }
}
