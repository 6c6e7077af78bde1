import type { Millis, UserId } from '../../core/kernel/ids.ts';
import type { WireForm } from '../openim/envelope.ts';
import type { Caller } from '../ports.ts';
import type { Topic } from './interest.ts';
import { CLOSE_GOING_AWAY, CLOSE_NORMAL, type CloseReason, type Socket } from './socket.ts';
import { UnansweredSends } from './unansweredSends.ts';

/**
 * Requests of one connection that wait for their answers. Go core has one at a time; the JS SDK sends
 * as many as its app asks for at once. There is no way to stop reading a socket, so beyond it is closed.
 */
export const REQUESTS_IN_FLIGHT_MAX = 1000;
/** And what they may hold of memory meanwhile. */
export const REQUEST_BYTES_IN_FLIGHT_MAX = 4 * 1024 * 1024;

/** iOS: such a phone in background is reached by offline push alone (GW 3.3, 2004). */
const IOS = 1;

/** All that the gateway knows of one open socket. It lives from the opening until `closed` is set. */
export class Connection {
  /** Counts the connections of this process; spreads what is done to all of them over time. */
  readonly number: number;
  readonly caller: Caller;
  readonly form: WireForm;
  readonly openedAt: Millis;
  /** Of the call that opened it. */
  readonly operationId: string;
  background: boolean;
  /** It has asked for its numbers, so it knows what it lacks. */
  synced = false;
  /** Until this resolves what comes in waits; it never rejects. */
  ready: Promise<void> | undefined;
  /** Users whose coming and going it wants to hear of; kept by `Connections`. */
  readonly watched = new Set<UserId>();
  /** Groups that it hears of; kept by `Audience`. */
  readonly topics = new Set<Topic>();
  readonly sends = new UnansweredSends();
  readonly #socket: Socket;
  #closed: CloseReason | undefined;
  #cutAt: Millis | undefined;
  #requests = 0;
  #requestBytes = 0;

  constructor(
    socket: Socket,
    opened: Readonly<{
      number: number;
      caller: Caller;
      form: WireForm;
      openedAt: Millis;
      operationId: string;
      background: boolean;
    }>,
  ) {
    this.#socket = socket;
    this.number = opened.number;
    this.caller = opened.caller;
    this.form = opened.form;
    this.openedAt = opened.openedAt;
    this.operationId = opened.operationId;
    this.background = opened.background;
  }

  get closed(): CloseReason | undefined {
    return this.#closed;
  }

  /** Whether messages are pushed to it now. */
  get takesPushes(): boolean {
    return this.#closed === undefined && this.#cutAt === undefined && !this.asleep;
  }

  /** Nothing is pushed to it for as long as its app is in the background. */
  get asleep(): boolean {
    return this.background && this.caller.platform === IOS;
  }

  /** When it is to be closed because it lacks a message, if it is. */
  get cutAt(): Millis | undefined {
    return this.#cutAt;
  }

  /**
   * It lacks a message that cannot be pushed any more, so none may follow. It is closed at that time, and
   * its client syncs; the first time stays.
   */
  cut(at: Millis): void {
    this.#cutAt ??= at;
  }

  /** Frames in this order, in one system call. */
  send(...frames: readonly Uint8Array[]): void {
    const [only] = frames;
    if (this.#closed !== undefined || only === undefined) return;
    if (frames.length === 1) this.#socket.send(only);
    else this.#socket.cork(() => frames.forEach((frame) => this.#socket.send(frame)));
  }

  sendText(text: string): void {
    if (this.#closed === undefined) this.#socket.sendText(text);
  }

  ping(): void {
    if (this.#closed === undefined) this.#socket.ping();
  }

  /** On purpose. `last` goes out before; the first reason stays. */
  close(reason: CloseReason, last?: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#socket.cork(() => {
      if (last !== undefined) this.#socket.send(last);
      this.#socket.end(reason === 'shutdown' ? CLOSE_GOING_AWAY : CLOSE_NORMAL);
    });
  }

  /** The socket is gone: for `reason`, unless it was closed on purpose before. Answers with the reason. */
  gone(reason: CloseReason): CloseReason {
    this.#closed ??= reason;
    return this.#closed;
  }

  /** Takes in a request. False: too much is waiting already. */
  begin(bytes: number): boolean {
    if (this.#requests >= REQUESTS_IN_FLIGHT_MAX) return false;
    if (this.#requestBytes + bytes > REQUEST_BYTES_IN_FLIGHT_MAX) return false;
    this.#requests += 1;
    this.#requestBytes += bytes;
    return true;
  }

  /** A request that was taken in has been answered. */
  finish(bytes: number): void {
    this.#requests -= 1;
    this.#requestBytes -= bytes;
  }
}
