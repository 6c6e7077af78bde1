import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import { answerOf, type Accepted, type Asked, type Welcome } from './handshake.ts';
import { CLOSE_NORMAL, type CloseReason, type Socket } from './socket.ts';

/**
 * What a socket may send before it is known who is at it. The wasm SDK sends nothing before its first frame, so this
 * is for clients of another make; and nobody may have much kept before a token has been looked at.
 */
export const EARLY_FRAMES_MAX = 100;
export const EARLY_BYTES_MAX = 64 * 1024;

type Frame = Readonly<{ bytes: Uint8Array; isText: boolean }>;

/**
 * One socket from its opening to its end. Clients that wait for the first frame to tell them the answer to their
 * connecting (GW 1.4) have an open socket before it is known whether they may: what they send meanwhile is kept.
 */
export class Entrance {
  readonly #gateway: Pick<Gateway, 'greet' | 'open' | 'receive' | 'gone' | 'overrun'>;
  readonly #socket: Socket;
  #early: Frame[] = [];
  #earlyBytes = 0;
  #connection: Connection | undefined;
  /** It is not let in any more. */
  #over = false;
  #gone: CloseReason | undefined;

  constructor(
    gateway: Pick<Gateway, 'greet' | 'open' | 'receive' | 'gone' | 'overrun'>,
    socket: Socket,
  ) {
    this.#gateway = gateway;
    this.#socket = socket;
  }

  /** Asks whether its client may connect, and tells it. */
  async ask(asked: Asked): Promise<void> {
    const answer = await this.#gateway.greet(asked);
    if (!this.#over) this.tell(answer);
  }

  /** Tells its client by a frame whether it may connect, before anything else. */
  tell(answer: Welcome): void {
    this.#socket.sendText(answerOf(answer));
    if (answer.kind === 'refused') this.#end();
    else this.letIn(answer);
  }

  /** Its client may connect, and knows it. */
  letIn(answer: Accepted): void {
    const connection = this.#gateway.open(this.#socket, answer);
    this.#connection = connection;
    // It may have been closed as it opened, before it was known to whom it belongs.
    if (this.#gone !== undefined) this.#gateway.gone(connection, this.#gone);
    const early = this.#early;
    this.#early = [];
    for (const { bytes, isText } of early) this.#gateway.receive(connection, bytes, isText);
  }

  /** A message has come in. `bytes` are to be kept. */
  receive(bytes: Uint8Array, isText: boolean): void {
    if (this.#connection !== undefined) {
      this.#gateway.receive(this.#connection, bytes, isText);
      return;
    }
    if (this.#over) return;
    this.#early.push({ bytes, isText });
    this.#earlyBytes += bytes.byteLength;
    if (this.#early.length <= EARLY_FRAMES_MAX && this.#earlyBytes <= EARLY_BYTES_MAX) return;
    this.#gateway.overrun();
    this.#end();
  }

  /** The socket is gone; `reason` holds unless it was closed on purpose. */
  gone(reason: CloseReason): void {
    this.#gone = reason;
    this.#forget();
    if (this.#connection !== undefined) this.#gateway.gone(this.#connection, reason);
  }

  #end(): void {
    this.#forget();
    this.#socket.end(CLOSE_NORMAL);
  }

  #forget(): void {
    this.#over = true;
    this.#early = [];
  }
}
