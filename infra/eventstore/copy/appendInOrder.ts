import { setTimeout as pause } from 'node:timers/promises';
import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  type AppendResult,
  type EventStore,
  type StoreEvent,
  type StoredEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { countedBytes } from '../limits.ts';
import { NotTheSame, nameOf } from './compare.ts';

/** How often a store that takes no appends is asked again. */
const WRITABLE_POLL: Millis = 20;

export type Writable = Pick<EventStore, 'append'> &
  Readonly<{
    /**
     * Appends and bytes that may be under way at once. The order of the log is the order they are sent in,
     * so none may wait anywhere where a later one could overtake it.
     */
    underWayMax: Readonly<{ appends: number; bytes: number }>;
    writability: () => Readonly<{ writable: true }> | Readonly<{ writable: false; reason: string }>;
  }>;

/** Events of one stream that follow each other in the log as well: they become one append. */
type Run = Readonly<{ first: StoredEvent; events: readonly StoreEvent[]; bytes: number }>;

type UnderWay = Readonly<{ run: Run; result: Promise<AppendResult> }>;

/** Brings events from one log into another, in their order and to their revisions. */
export class OrderedAppends {
  readonly #to: Writable;
  readonly #patience: Millis;
  readonly #underWay: UnderWay[] = [];
  #bytes = 0;
  #fault: Error | undefined;
  /** Appended and answered. */
  #done = 0;

  /** `patience`: how long the store may take no appends before that is a fault. */
  constructor(to: Writable, patience: Millis) {
    this.#to = to;
    this.#patience = patience;
  }

  get done(): number {
    return this.#done;
  }

  /** Rejects with what an append before it has failed with, and then nothing more is to be added. */
  async add(events: readonly StoredEvent[]): Promise<void> {
    for (const run of runsOf(events)) {
      while (this.#isFull(run)) await this.#oldest();
      await this.#untilWritable();
      // Once one has failed, nothing may be sent that would stand before it when it is sent again.
      if (this.#fault !== undefined) throw this.#fault;
      const { stream, revision } = run.first;
      const expected = revision === 0 ? 'no_stream' : revision - 1;
      const result = this.#to.append(stream, expected, run.events);
      result.catch((error: unknown) => {
        this.#fault ??= error instanceof Error ? error : new Error(String(error));
      });
      this.#underWay.push({ run, result });
      this.#bytes += run.bytes;
    }
  }

  /** Resolves when all has been stored. */
  async finish(): Promise<void> {
    while (this.#underWay.length > 0) await this.#oldest();
  }

  /** Nothing is under way any more, however it ended. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay.splice(0).map(({ result }) => result));
  }

  #isFull({ bytes }: Run): boolean {
    if (this.#underWay.length === 0) return false;
    const most = this.#to.underWayMax;
    return this.#underWay.length >= most.appends || this.#bytes + bytes > most.bytes;
  }

  /** Not to be sent later than what comes after it, an append must be sent at once. */
  async #untilWritable(): Promise<void> {
    const deadline = Date.now() + this.#patience;
    for (;;) {
      const state = this.#to.writability();
      if (state.writable) return;
      await this.finish();
      if (Date.now() > deadline) throw new Error(`TO takes no events: ${state.reason}`);
      await pause(WRITABLE_POLL);
    }
  }

  async #oldest(): Promise<void> {
    const [oldest] = this.#underWay;
    if (oldest === undefined) return;
    const { run, result } = oldest;
    const answer = await result;
    this.#underWay.shift();
    this.#bytes -= run.bytes;
    if (answer.kind === 'conflict') throw conflict(run.first, answer.actual);
    this.#done += run.events.length;
  }
}

const conflict = (first: StoredEvent, actual: number | 'no_stream'): NotTheSame => {
  const last = actual === 'no_stream' ? -1 : actual;
  return last < first.revision - 1
    ? new NotTheSame(
        `FROM goes on with ${nameOf(first)}, but what comes before in that stream (from revision ` +
          `${last + 1}) is not there any more: it has been deleted or cut off, and cannot be copied`,
      )
    : new NotTheSame(
        `TO is not a beginning of FROM: it has another event than FROM at ${nameOf(first)}`,
      );
};

function* runsOf(events: readonly StoredEvent[]): Generator<Run> {
  let run: { first: StoredEvent; events: StoreEvent[]; bytes: number } | undefined;
  for (const event of events) {
    const bytes = countedBytes(event);
    const joins =
      run?.first.stream === event.stream &&
      run.first.revision + run.events.length === event.revision &&
      run.events.length < APPEND_EVENTS_MAX &&
      run.bytes + bytes <= APPEND_BYTES_MAX;
    if (run !== undefined && joins) {
      run.events.push(broughtOf(event));
      run.bytes += bytes;
      continue;
    }
    if (run !== undefined) yield run;
    run = { first: event, events: [broughtOf(event)], bytes };
  }
  if (run !== undefined) yield run;
}

const broughtOf = ({ id, type, data, metadata, created }: StoredEvent): StoreEvent => ({
  ...{ id, type, data, metadata, created },
});
