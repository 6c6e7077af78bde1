import type {
  AllPage,
  EventStore,
  StoredEvent,
  StreamPrefixes,
} from '../../core/kernel/eventStore.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position } from '../../core/kernel/ids.ts';
import type { Row } from './rows.ts';
import type { Chosen } from './selection.ts';

/** Events of the log that are looked at together; an adapter may give fewer. */
const PAGE = 2_000;

/** A log that is read from one end to the other. */
export type Replayable = Pick<EventStore, 'readAll' | 'head'> &
  Readonly<{
    /** Streams that are Seqline's own. */
    prefixes: StreamPrefixes;
    /**
     * Facts of stored events, one for each; others' are left out. What is personal in those of the types that
     * are left sealed comes as if it were erased.
     */
    decode: (
      events: readonly StoredEvent[],
      leftSealed?: ReadonlySet<string>,
    ) => Promise<readonly Recorded[]>;
  }>;

/** One that is exported, too. */
export type Exportable = Omit<Replayable, 'decode'> &
  Readonly<{
    /** The same of those that are wanted, as they are exported. */
    decodeText: (
      events: readonly StoredEvent[],
      isWanted: Chosen['surely'],
    ) => Promise<readonly Row[]>;
  }>;

/**
 * From where to where. By time: from the first event that was committed then or later, up to the first that
 * was committed after it; so clocks that stepped back do not make holes.
 */
export type Span = Readonly<{
  /** Exclusive. */
  after: Position;
  /** Inclusive. */
  until: Position;
  from?: Millis;
  to?: Millis;
}>;

export type Step<Event = Recorded> = Readonly<{
  /** Those that are wanted. */
  events: readonly Event[];
  /** How many have been looked at. */
  looked: number;
  /** All up to here have been. */
  reached: Position;
  /** The first event of the span has been found, so that its time need not be looked for again. */
  begun: boolean;
  /** Nothing of the span is left. */
  over: boolean;
}>;

/** What is wanted of the span, page by page; each is fetched when it is asked for. Throws `UnreadableEvent`. */
export const walk = (
  log: Replayable,
  span: Span,
  chosen: Chosen,
  leftSealed?: ReadonlySet<string>,
): AsyncGenerator<Step> =>
  steps(log, span, chosen, async (events) =>
    (await log.decode(events, leftSealed)).filter(chosen.surely),
  );

/** The same, of events as they are exported. */
export const walkRows = (log: Exportable, span: Span, chosen: Chosen): AsyncGenerator<Step<Row>> =>
  steps(log, span, chosen, (events) => log.decodeText(events, chosen.surely));

async function* steps<Event>(
  log: Pick<Replayable, 'readAll' | 'prefixes'>,
  span: Span,
  chosen: Chosen,
  decode: (events: readonly StoredEvent[]) => Promise<readonly Event[]>,
): AsyncGenerator<Step<Event>> {
  const { until, from = 0, to } = span;
  let begun = span.from === undefined;
  let reached = span.after;
  for (let over = reached >= until; !over;) {
    // A time is looked for among all events; only where none is may others be passed over unread.
    const isTimed = !begun || to !== undefined;
    const page = await log.readAll({
      ...{ from: reached === 0 ? 'start' : reached, direction: 'forwards', max: PAGE },
      prefixes: (isTimed ? undefined : chosen.prefixes) ?? log.prefixes,
    });
    const { within, beyond } = cut(page.events, span);
    const first = begun ? 0 : within.findIndex(({ created }) => created >= from);
    begun ||= first !== -1;
    const wanted = begun ? within.slice(first).filter(chosen.maybe) : [];
    reached = Math.max(reached, seenOf(page, beyond, until));
    over = beyond !== undefined || page.end || reached >= until;
    const events = await decode(wanted);
    yield { events, looked: within.length, reached, begun, over };
  }
}

const seenOf = ({ next }: AllPage, beyond: StoredEvent | undefined, until: Position): Position =>
  beyond === undefined ? Math.min(next, until) : beyond.position - 1;

/** Those that belong to the span, and the first that is beyond it. */
const cut = (
  events: readonly StoredEvent[],
  { until, to = Infinity }: Span,
): Readonly<{ within: readonly StoredEvent[]; beyond: StoredEvent | undefined }> => {
  const end = events.findIndex(({ position, created }) => position > until || created > to);
  return end === -1
    ? { within: events, beyond: undefined }
    : { within: events.slice(0, end), beyond: events[end] };
};

/** The last event before the first that was committed after the time; 0 where there is none. */
export const lastAt = async (
  log: Pick<Replayable, 'readAll' | 'prefixes'>,
  time: Millis,
  until: Position,
): Promise<Position> => beforeFirst(log, ({ created }) => created > time, { after: 0, until });

/** Where those begin that were committed at the time or later, and all after them: exclusive. */
export const firstAt = (
  log: Pick<Replayable, 'readAll' | 'prefixes'>,
  time: Millis,
  span: Pick<Span, 'after' | 'until'>,
): Promise<Position> => beforeFirst(log, ({ created }) => created >= time, span);

/** The position before the first event that is meant; `until` where none is. */
const beforeFirst = async (
  log: Pick<Replayable, 'readAll' | 'prefixes'>,
  isMeant: (event: StoredEvent) => boolean,
  { after, until }: Pick<Span, 'after' | 'until'>,
): Promise<Position> => {
  for (let from = after; from < until;) {
    const { prefixes } = log;
    const page = await log.readAll({
      ...{ from: from === 0 ? 'start' : from, direction: 'forwards', max: PAGE, prefixes },
    } as const);
    for (const event of page.events) {
      if (event.position > until) return until;
      if (isMeant(event)) return event.position - 1;
    }
    if (page.end) break;
    from = page.next;
  }
  return until;
};
