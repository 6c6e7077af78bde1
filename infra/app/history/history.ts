import { setTimeout as pause } from 'node:timers/promises';
import { catalogue, STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { EventsRequest, History } from '../../../gateways/history.ts';
import type { Refused } from '../../../gateways/ports.ts';
import { ndjsonOf, rowOf } from '../../replay/rows.ts';
import { replayOf, RequestRefused, type Replay } from '../../replay/request.ts';
import { walk } from '../../replay/walk.ts';
import { openPast, type PastLog } from './pastRows.ts';
import { PROJECTIONS } from '../readModels/readModels.ts';
import type { Storage } from '../storage/storage.ts';

/** Answers in lines at a time: each reads the log as fast as it can. */
const STREAMS_MAX = 8;
/** An answer ends after so long, and is asked for again from where it ended. */
const STREAM_MS_MAX: Millis = 10 * 60_000;
/** One who waits for what is to come is told that often that nothing has. */
const IDLE_MS: Millis = 15_000;
/** Before one who waits looks again. */
const LOOK_AGAIN_MS: Millis = 100;

type Deps = Readonly<{
  log: PastLog;
  /** Whether this process has seen the position, or sees it within `ms` milliseconds. */
  reached: (position: Position, ms: Millis) => Promise<boolean>;
  now: () => Millis;
  streamMs?: Millis;
  idleMs?: Millis;
}>;

const isType = (type: string): boolean => Object.hasOwn(catalogue, type);

const refuse = (detail: string): Refused => ({ kind: 'refused', reason: 'args/invalid', detail });

const cursorLine = (cursor: Position, end: boolean): string =>
  `${JSON.stringify({ cursor, end })}\n`;

export type OpenHistory = History & Readonly<{ close: () => Promise<void> }>;

/** The log of this process, as it is stored and decoded. */
export const pastOf = ({ store, log }: Pick<Storage, 'store' | 'log'>): PastLog => ({
  readStream: (...asked) => log.readStream(...asked),
  prefixes: STREAM_PREFIXES,
  readAll: (options) => store.readAll(options),
  head: () => store.head(),
  decode: (...asked) => log.decode(...asked),
});

/** What app admins may see of the past. `close` ends the answers that wait for more. */
export const openHistory = (deps: Deps): OpenHistory => {
  const { log } = deps;
  let streams = 0;
  let closed = false;
  const isClosed = (): boolean => closed;

  const lines = async function* (asked: Asked): AsyncIterable<string> {
    if (streams >= STREAMS_MAX) throw new Error('too many answers in lines at a time');
    streams += 1;
    try {
      yield* eventLines(asked, deps, isClosed);
    } finally {
      streams -= 1;
    }
  };

  return {
    ...openPast({ log, projections: PROJECTIONS, now: deps.now }),
    events: async (request) => {
      if (streams >= STREAMS_MAX) {
        const detail = `only ${String(STREAMS_MAX)} such answers at a time`;
        return { kind: 'refused', reason: 'service/unavailable', detail };
      }
      try {
        return { kind: 'done', lines: lines(askedOf(request, await log.head())) };
      } catch (error) {
        if (error instanceof RequestRefused) return refuse(error.message);
        throw error;
      }
    },
    close: async () => {
      closed = true;
    },
  };
};

type Asked = Replay & Readonly<{ limit: number; follow: boolean }>;

const askedOf = (
  { after, limit = Infinity, follow, ...request }: EventsRequest,
  head: Position,
): Asked => {
  if (follow && request.to !== undefined)
    throw new RequestRefused('follow: it goes on without end, and `to` says where to end');
  if (after !== undefined && after > head)
    throw new RequestRefused(
      `after: position ${String(after)} is beyond the end of the log, which is at ${String(head)}`,
    );
  const { from, ...rest } = request;
  const isFrom = after === undefined && from !== undefined;
  const { span, chosen } = replayOf({ ...rest, ...(isFrom && { from }) }, head, isType);
  return { span: after === undefined ? span : { ...span, after }, chosen, limit, follow };
};

type Asking = Readonly<{ asked: Asked; deps: Deps; isOver: () => boolean }>;

const eventLines = async function* (
  asked: Asked,
  deps: Deps,
  isClosed: () => boolean,
): AsyncIterable<string> {
  const { now, streamMs = STREAM_MS_MAX } = deps;
  const until = now() + streamMs;
  const lines = new EventLines({ asked, deps, isOver: () => isClosed() || now() >= until });
  yield* lines.past();
  while (asked.follow && !lines.isDone) {
    yield* lines.idle();
    yield* lines.past();
  }
  yield lines.cursor();
};

/** One answer, as far as it has come. */
class EventLines {
  readonly #asking: Asking;
  readonly #idleMs: Millis;
  #place: Position;
  #until: Position;
  #left: number;
  #toldAt: Millis;
  /** Something has come since it was last said where to go on from. */
  #isNew = true;
  /** All that there was has come. */
  #isAtEnd = false;
  /** The first event has been found, so that its time need not be looked for again. */
  #begun = false;

  constructor(asking: Asking) {
    const { asked, deps } = asking;
    this.#asking = asking;
    this.#idleMs = deps.idleMs ?? IDLE_MS;
    this.#place = asked.span.after;
    this.#until = asked.span.until;
    this.#left = asked.limit;
    this.#toldAt = deps.now();
  }

  get isDone(): boolean {
    return this.#left === 0 || this.#asking.isOver();
  }

  cursor(): string {
    const { follow } = this.#asking.asked;
    return cursorLine(this.#place, this.#isAtEnd && !follow);
  }

  /** What there is now. */
  async *past(): AsyncIterable<string> {
    const { asked, deps } = this.#asking;
    const { from, ...rest } = asked.span;
    const isTimed = from !== undefined && !this.#begun;
    const span = { ...rest, ...(isTimed && { from }), after: this.#place, until: this.#until };
    this.#isAtEnd = false;
    for await (const { events, reached, begun } of walk(deps.log, span, asked.chosen)) {
      this.#begun = begun;
      const some = events.slice(0, this.#left);
      this.#left -= some.length;
      this.#place = this.#left === 0 ? (some.at(-1)?.position ?? reached) : reached;
      // Whoever seeks a rare event hears that the search goes on, and from where to go on with it.
      if (some.length > 0) yield this.#told(some.map((event) => ndjsonOf(rowOf(event))).join(''));
      else if (this.#isSilent()) yield this.#told(cursorLine(this.#place, false));
      this.#isNew ||= some.length > 0;
      if (this.isDone) return;
    }
    this.#isAtEnd = true;
  }

  /** Until something has come: says once where to go on from, and again now and then. */
  async *idle(): AsyncIterable<string> {
    const { reached, log } = this.#asking.deps;
    while (!this.isDone && !(await reached(this.#place + 1, 0))) {
      if (this.#isNew || this.#isSilent()) {
        yield this.#told(cursorLine(this.#place, true));
        this.#isNew = false;
      }
      await pause(LOOK_AGAIN_MS);
    }
    this.#until = Math.max(this.#place, await log.head());
  }

  #told(text: string): string {
    this.#toldAt = this.#asking.deps.now();
    return text;
  }

  #isSilent(): boolean {
    return this.#asking.deps.now() - this.#toldAt >= this.#idleMs;
  }
}
