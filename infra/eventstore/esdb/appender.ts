import { setTimeout as pause } from 'node:timers/promises';
import {
  OutcomeUnknown,
  StoreUnavailable,
  type ExpectedRevision,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { LOG_STREAM } from '../history.ts';
import { faultOf } from './callFaults.ts';
import type { LogClient } from './client.ts';
import { ClientFault } from './faults.ts';
import type { Founding } from './founding.ts';
import {
  APPEND_WAIT,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_MAX,
  QUEUE_BYTES_MAX,
  QUEUE_MAX,
  QUEUE_WAIT,
  TRIAL_EVERY,
  backoff,
} from './limits.ts';
import type { Log, Writability } from './log.ts';
import type { Appended } from './wireResponses.ts';

export type AppenderOptions = Readonly<{
  openClient: () => LogClient;
  /** On which a trial append has come back. */
  first: LogClient;
  founding: Founding;
  log: Log;
  /** How long a sent append is waited for, and how often one is tried; a test may be less patient, or more. */
  appendWait?: Millis;
  trialEvery?: Millis;
}>;

type Asked = Readonly<{
  stream: string;
  expected: ExpectedRevision;
  events: readonly StoreEvent[];
  bytes: number;
  resolve: (appended: Appended) => void;
  reject: (error: Error) => void;
}>;

type Job = Asked & {
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
  onSettled: (() => void) | undefined;
};

type Trouble = Readonly<{ fault: ClientFault; since: Millis }>;

/** A connection that has been tried, and what is under way on it. */
type Line = Readonly<{ client: LogClient; inFlight: Set<Job> }> & { bytes: number };

/**
 * All appends of the process, over one client at a time. An append that is not answered in time takes the
 * client with it, for nobody can say what has become of its connection: whatever was under way is of
 * unknown outcome, and the next client sends nothing until the last one is gone and a trial append has come
 * back on it.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #appendWait: Millis;
  /** What waits for its turn waits no shorter than what has been sent. */
  readonly #queueWait: Millis;
  readonly #queue: Job[] = [];
  #queuedBytes = 0;
  #line: Line | undefined;
  #connecting: Promise<void> = Promise.resolve();
  /** Why appends wait, and since when (performance.now()). */
  #trouble: Trouble | undefined;
  readonly #closing = new AbortController();
  readonly #trials: NodeJS.Timeout;
  /** Whether the store has answered an append since the last time that was looked at. */
  #answered = false;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#appendWait = options.appendWait ?? APPEND_WAIT;
    this.#queueWait = Math.max(QUEUE_WAIT, this.#appendWait);
    this.#line = lineOf(options.first);
    this.#trials = setInterval(() => this.#tryIdle(), options.trialEvery ?? TRIAL_EVERY).unref();
  }

  get writability(): Writability {
    return this.#trouble === undefined
      ? { writable: true }
      : { writable: false, reason: this.#trouble.fault.message };
  }

  /** Why nothing is to be expected of the store now, be it to take an append or to give events. */
  awayForLong(): string | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || this.#patience() > 0) return undefined;
    switch (trouble.fault.reason.kind) {
      case 'away':
      case 'late':
      case 'other':
        return trouble.fault.message;
      // Whoever may not write may read, and any node can be read from.
      default:
        return undefined;
    }
  }

  /** @throws ClientFault for what the store has answered; OutcomeUnknown, StoreUnavailable */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
    bytes: number,
  ): Promise<Appended> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    if (this.#queue.length >= QUEUE_MAX || this.#queuedBytes + bytes > QUEUE_BYTES_MAX)
      return Promise.reject(new StoreUnavailable('too many appends wait for the event store'));
    const patience = this.#patience();
    if (patience <= 0) return Promise.reject(this.#notTaken());
    return new Promise((resolve, reject) => {
      const job = jobOf({ stream, expected, events, bytes, resolve, reject });
      job.timer = setTimeout(() => this.#fail(job, this.#notTaken()), patience);
      this.#queue.push(job);
      this.#queuedBytes += bytes;
      this.#pump();
    });
  }

  /** What has been sent is waited for; what has not is turned away. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#trials);
    for (const job of this.#queue.splice(0)) this.#fail(job, closed());
    await this.#connecting;
    await Promise.all([...(this.#line?.inFlight ?? [])].map(untilSettled));
    // Where that took too long, its client is on its way out already.
    await this.#connecting;
    this.#line?.client.discard();
    this.#line = undefined;
  }

  #pump(): void {
    const line = this.#line;
    if (line === undefined) return;
    while (line.inFlight.size < IN_FLIGHT_MAX) {
      const job = this.#queue[0];
      if (job === undefined) return;
      const fits = line.bytes === 0 || line.bytes + job.bytes <= IN_FLIGHT_BYTES_MAX;
      if (!job.settled && !fits) return;
      this.#queue.shift();
      this.#queuedBytes -= job.bytes;
      if (!job.settled) void this.#send(line, job);
    }
  }

  async #send(line: Line, job: Job): Promise<void> {
    line.inFlight.add(job);
    line.bytes += job.bytes;
    clearTimeout(job.timer);
    const sentAt = performance.now();
    job.timer = setTimeout(() => this.#leave(line, this.#late(), sentAt), this.#appendWait);
    try {
      const appended = await line.client.append(job.stream, job.expected, job.events);
      this.#answered = true;
      if (settle(job)) job.resolve(appended);
    } catch (error) {
      this.#sendFailed(line, job, faultOf(error));
    } finally {
      if (line.inFlight.delete(job)) line.bytes -= job.bytes;
      this.#pump();
    }
  }

  /** On a line that is silent, whoever comes next would be the one to find out. */
  #tryIdle(): void {
    const line = this.#line;
    const isIdle = !this.#answered && line?.inFlight.size === 0;
    this.#answered = false;
    if (line === undefined || !isIdle) return;
    const ends = { resolve: () => undefined, reject: () => undefined };
    const events = [this.#options.founding.event];
    const trial = { stream: LOG_STREAM, expected: 'no_stream', events, bytes: 0 } as const;
    void this.#send(line, jobOf({ ...trial, ...ends }));
  }

  #sendFailed(line: Line, job: Job, fault: ClientFault): void {
    switch (fault.reason.kind) {
      case 'conflict':
      case 'no-stream':
      case 'stream-deleted':
      case 'too-big':
      case 'invalid':
      case 'unknown-call':
        return this.#fail(job, fault);
      case 'denied':
        return this.#fail(job, new StoreUnavailable(`the event store denies it: ${fault.message}`));
      // The server's own word on this one alone: it has it, and could not say in time how it ended.
      case 'late':
        return this.#fail(job, new OutcomeUnknown(fault.message));
      case 'not-leader':
      case 'away':
      case 'other':
        return this.#leave(line, fault);
    }
  }

  #fail(job: Job, error: Error): void {
    if (settle(job)) job.reject(error);
  }

  /** How long an append that comes now may wait to be sent: the longer the store is away, the less. */
  #patience(): Millis {
    if (this.#trouble === undefined) return this.#queueWait;
    return this.#trouble.since + this.#queueWait - performance.now();
  }

  #late(): ClientFault {
    const what = `an append was not answered within ${this.#appendWait} ms`;
    return new ClientFault({ kind: 'late' }, what);
  }

  #notTaken(): StoreUnavailable {
    const why = this.#trouble?.fault.message ?? 'it is too slow';
    return new StoreUnavailable(`the event store takes no appends: ${why}`);
  }

  #leave(line: Line, fault: ClientFault, since = performance.now()): void {
    if (this.#line !== line) return;
    const reason = fault.message;
    this.#line = undefined;
    this.#trouble = { fault, since };
    this.#options.log.warn({ reason, unknown: line.inFlight.size }, 'appending is interrupted');
    for (const job of line.inFlight) this.#fail(job, new OutcomeUnknown(reason));
    // It has been told where the leader is, and a new one would not know.
    this.#connecting = this.#connect(line.client, fault.reason.kind === 'not-leader');
  }

  async #connect(last: LogClient, keepLast: boolean): Promise<void> {
    let client = last;
    let keep = keepLast;
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      // What it still had under way is rejected by this.
      if (!keep) {
        client.discard();
        client = this.#options.openClient();
      }
      try {
        await this.#try(client);
        this.#line = lineOf(client);
        this.#options.log.info({ attempts: attempt + 1 }, 'appending goes on');
        this.#trouble = undefined;
        this.#pump();
        return;
      } catch (error) {
        const fault = faultOf(error);
        keep = fault.reason.kind === 'not-leader';
        this.#trouble = { fault, since: this.#trouble?.since ?? performance.now() };
        await this.#wait(backoff(attempt));
      }
    }
    client.discard();
  }

  /** Through all that an append goes through, and nothing is written. */
  async #try(client: LogClient): Promise<void> {
    const { event, position } = this.#options.founding;
    const trial = client.append(LOG_STREAM, 'no_stream', [event]);
    const answer = await within(this.#appendWait, trial, 'the event store does not answer');
    if (answer.position !== undefined && answer.position !== position)
      throw new ClientFault({ kind: 'invalid' }, 'the event store holds another log than before');
  }

  async #wait(time: Millis): Promise<void> {
    try {
      await pause(time, undefined, { signal: this.#closing.signal });
    } catch {
      // It is closing.
    }
  }
}

const jobOf = (asked: Asked): Job => ({
  ...asked,
  timer: undefined,
  settled: false,
  onSettled: undefined,
});

const lineOf = (client: LogClient): Line => ({ client, inFlight: new Set(), bytes: 0 });

const settle = (job: Job): boolean => {
  if (job.settled) return false;
  job.settled = true;
  clearTimeout(job.timer);
  job.onSettled?.();
  return true;
};

const untilSettled = (job: Job): Promise<void> =>
  new Promise((resolve) => {
    if (job.settled) resolve();
    else job.onSettled = resolve;
  });

const closed = (): StoreUnavailable => new StoreUnavailable('the log is closed');

/** @throws ClientFault (late) when it takes longer; what comes after that is nobody's */
export const within = async <T>(time: Millis, work: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ClientFault({ kind: 'late' }, what)), time);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};
