import type { ServerDuplexStream } from '@grpc/grpc-js';
import { StoreUnavailable, type StoreEvent } from '../../../core/kernel/eventStore.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { AppendSize } from './appendSize.ts';
import { batchAppended, batchFailed } from './batchResponses.ts';
import { callStatusOf, failureOf, type Failure } from './failures.ts';
import {
  readBatchMessage,
  type BatchMessage,
  type Deadline,
  type WriteOptions,
} from './writeRequests.ts';
import type { Writes } from './writes.ts';

/** However long a caller would wait: an append that takes longer is answered as timed out. */
const WRITE_TIMEOUT: Millis = 2_000;
/**
 * Bytes of appends that have come and are neither stored nor refused; with more, the caller is not listened to. An
 * answer that it took too long does not make the store have it.
 */
const BACKLOG_BYTES_MAX = 32 * 1024 * 1024;

export type BatchStream = ServerDuplexStream<Buffer, Buffer>;

type BatchParts = Readonly<{
  writes: Writes;
  now: () => Millis;
  /** A fault of the server, of which the caller is told no more than that. */
  onFault: (error: unknown) => void;
  onEnd: () => void;
}>;

type Gathering = {
  readonly options: WriteOptions;
  readonly events: StoreEvent[];
  readonly size: AppendSize;
  readonly timer: NodeJS.Timeout;
  /** All of it is here, and more that comes under its id is ignored. */
  whole: boolean;
};

const STOPPING = { kind: 'unavailable', message: 'the server is stopping' } as const;

/**
 * One `BatchAppend` call: the appends of a client, each under an id of its own and in one message or
 * more, of which each gets one answer.
 */
export class BatchCall {
  readonly #call: BatchStream;
  readonly #parts: BatchParts;
  /** Without an answer yet, by correlation id. */
  readonly #pending = new Map<string, Gathering>();
  #backlog = 0;
  /** Appends are begun in the order in which the last part of each came. */
  #order: Promise<void> = Promise.resolve();
  #ended = false;
  #stopping = false;
  #gone = false;

  constructor(call: BatchStream, parts: BatchParts) {
    this.#call = call;
    this.#parts = parts;
    call.on('data', (bytes: Buffer) => this.#take(bytes));
    call.on('end', () => {
      this.#ended = true;
      this.#endIfDone();
    });
    call.on('drain', () => this.#listen());
    call.on('cancelled', () => this.#leave());
  }

  /** Ends the call with an error. What has been answered goes out before it. */
  fail(error: unknown): void {
    if (this.#gone) return;
    this.#leave();
    this.#call.emit('error', callStatusOf(failureOf(error)));
  }

  /** Takes on nothing more, and ends when what it has has been answered. */
  stop(): void {
    this.#stopping = true;
    this.#endIfDone();
  }

  #take(bytes: Buffer): void {
    if (this.#gone) return;
    try {
      this.#add(readBatchMessage(bytes));
    } catch (error) {
      // Without an id that can be read there is nobody to be answered but the whole call.
      this.fail(error);
    }
  }

  #add(message: BatchMessage): void {
    const gathering = this.#pending.get(message.id) ?? this.#begin(message);
    if (gathering === undefined || gathering.whole) return;
    const { size, events } = gathering;
    this.#backlog -= size.bytes;
    for (const event of message.events) size.add(event);
    this.#backlog += size.bytes;
    if (size.exceeded) return this.#refuse(message.id, { kind: 'append-too-big' });
    events.push(...message.events);
    gathering.whole = message.final;
    if (gathering.whole) this.#inOrder(message.id, gathering);
    this.#listen();
  }

  /** Who copies a log relies on the order between streams; what must be read first must not change it. */
  #inOrder(id: string, gathering: Gathering): void {
    this.#order = this.#order.then(async () => {
      // What keeps it from being ready is told when it is appended.
      await this.#parts.writes.ready(gathering.options.stream).catch(() => undefined);
      void this.#append(id, gathering);
    });
  }

  /** What comes for an append that has been answered, or was never begun, is ignored. */
  #begin({ id, options }: BatchMessage): Gathering | undefined {
    if (options === undefined) return undefined;
    const wait = timeLeft(options.deadline, this.#parts.now());
    const timer = setTimeout(() => this.#refuse(id, { kind: 'timeout' }), wait);
    const gathering = { options, events: [], size: new AppendSize(), timer, whole: false };
    this.#pending.set(id, gathering);
    if (wait > 0 && !this.#stopping) return gathering;
    this.#refuse(id, this.#stopping ? STOPPING : { kind: 'timeout' });
    return undefined;
  }

  async #append(id: string, { options, events, size }: Gathering): Promise<void> {
    try {
      const appended = await this.#parts.writes.append(options, events);
      this.#answer(id, () => batchAppended(id, options.stream, appended));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'unknown') this.#parts.onFault(error);
      this.#refuse(id, failure);
    } finally {
      this.#backlog -= size.bytes;
      this.#listen();
    }
  }

  #refuse(id: string, failure: Failure): void {
    this.#answer(id, ({ options }) => batchFailed(id, options.stream, failure));
  }

  #answer(id: string, encode: (gathering: Gathering) => Buffer): void {
    const gathering = this.#pending.get(id);
    if (gathering === undefined) return;
    clearTimeout(gathering.timer);
    this.#pending.delete(id);
    // What is whole goes to the store, however late, and is let go when that is done with it.
    if (!gathering.whole) this.#backlog -= gathering.size.bytes;
    this.#call.write(encode(gathering));
    this.#listen();
    this.#endIfDone();
  }

  /** Or not, while the caller has not been answered for what it has sent, or does not take answers. */
  #listen(): void {
    if (this.#gone) return;
    const full = this.#backlog > BACKLOG_BYTES_MAX || this.#call.writableNeedDrain;
    if (full) this.#call.pause();
    else if (this.#call.isPaused()) this.#call.resume();
  }

  #endIfDone(): void {
    if (this.#gone || this.#pending.size > 0) return;
    if (this.#ended) {
      this.#leave();
      this.#call.end();
    } else if (this.#stopping) this.fail(new StoreUnavailable(STOPPING.message));
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    this.#parts.onEnd();
  }
}

const timeLeft = (deadline: Deadline | undefined, now: Millis): Millis => {
  if (deadline === undefined) return WRITE_TIMEOUT;
  const left = deadline.kind === 'at' ? deadline.time - now : deadline.time;
  return Math.min(WRITE_TIMEOUT, left);
};
