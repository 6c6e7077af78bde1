import { CONVERSATION_PREFIX } from '../../../core/conversation/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { AsOf, Changes, History, PastSubject } from '../../../gateways/history.ts';
import type { Done, Refused } from '../../../gateways/ports.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { Projection, Table } from '../../../projections/kernel/model.ts';
import { splitKey, type RowsOptions } from '../../../projections/kernel/rows.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { usersTable } from '../../../projections/users/project.ts';
import { momentPosition, RequestRefused } from '../../replay/request.ts';
import { choosing, EVERYTHING, type Chosen } from '../../replay/selection.ts';
import { walk, type Replayable } from '../../replay/walk.ts';

/** Rows of one answer: those of a group of ten thousand. Beyond that `seqline as-of` has them. */
const ROWS_MAX = 10_000;
/** Events that an answer names. */
const EVENTS_MAX = 1_000;
/** Messages of a conversation that are shown, the newest ones. */
const MESSAGES_MAX = 100;
const PAGE = 500;
/** A call is answered within 30 seconds or not at all. */
const LOOKING_MS_MAX: Millis = 20_000;

type Deps = Readonly<{
  log: PastLog;
  projections: readonly Projection[];
  now: () => Millis;
}>;

/** Read from end to end, and by stream. */
export type PastLog = Replayable & Pick<EventLog, 'readStream'>;

/** Which read model tells of it, and where its events are: in one stream, or all over the log. */
const KINDS = {
  user: { model: 'users', streamOf: (id: string) => `user-${id}` },
  group: { model: 'groups', streamOf: (id: string) => `group-${id}` },
  friends: {
    model: 'friends',
    chosenOf: (id: string): Chosen => ({
      prefixes: ['friendship-', `block-${id}`],
      maybe: ({ stream }) => stream.includes(id),
      surely: () => true,
    }),
  },
  conversation: {
    model: 'chats',
    chosenOf: (id: string) => choosing({ ...EVERYTHING, conversations: [id] }),
  },
} as const satisfies Record<
  PastSubject['kind'],
  Readonly<{ model: string }> &
    (
      | Readonly<{ streamOf: (id: string) => string }>
      | Readonly<{ chosenOf: (id: string) => Chosen }>
    )
>;

/** What one user, group or conversation was at a moment, and what became of it between two. */
export const openPast = (deps: Deps): Pick<History, 'asOf' | 'changes'> => ({
  asOf: (subject, at) =>
    answered(async () => {
      const position = await momentPosition(deps.log, at, deps.now());
      const rows = new PastRows(deps.projections, subject);
      const newest: Event[] = [];
      for await (const events of eventsOf(deps, subject, position)) {
        for (const event of events) {
          rows.take(event);
          if (isMessageOf(subject, event)) newest.push(event);
        }
        newest.splice(0, newest.length - MESSAGES_MAX);
      }
      return { position, rows: rows.shown(), messages: newest.map(shownEvent) };
    }),

  changes: (subject, from, to) =>
    answered(async () => {
      const [first, last] = [
        await momentPosition(deps.log, from, deps.now()),
        await momentPosition(deps.log, to, deps.now()),
      ];
      if (first > last) throw new RequestRefused(`from: ${from} is after ${to}`);
      const rows = new PastRows(deps.projections, subject);
      const between: Event[] = [];
      let before: Rows | undefined;
      for await (const events of eventsOf(deps, subject, last)) {
        for (const event of events) {
          if (event.position > first) {
            before ??= rows.copy();
            between.push(event);
          }
          rows.take(event);
        }
        if (between.length > EVENTS_MAX)
          throw new RequestRefused(
            `from: more than ${String(EVENTS_MAX)} events lie between; take moments that are closer`,
          );
      }
      return {
        from: first,
        to: last,
        events: between.map(shownEvent),
        changes: rows.changesSince(before ?? rows.copy()),
      };
    }),
});

const answered = async <T extends AsOf | Changes>(
  work: () => Promise<T>,
): Promise<Done<{ found: T }> | Refused> => {
  try {
    return { kind: 'done', found: await work() };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { kind: 'refused', reason: 'args/invalid', detail: error.message };
  }
};

const isMessageOf = ({ kind, id }: PastSubject, { stream }: Event): boolean =>
  kind === 'conversation' && stream === `${CONVERSATION_PREFIX}${id}`;

const shownEvent = ({ position, created, type, stream, meta, data }: Event) => ({
  ...{ position, time: new Date(created).toISOString(), type, stream },
  ...{ actor: meta.actor, operationId: meta.operationId, data: { ...data } },
});

/** Events that bear on it, in order, up to a position. */
const eventsOf = (
  deps: Deps,
  { kind, id }: PastSubject,
  until: Position,
): AsyncIterable<readonly Event[]> => {
  const how = KINDS[kind];
  return 'streamOf' in how
    ? ofStream(deps, how.streamOf(id), until)
    : ofLog(deps, how.chosenOf(id), until);
};

const ofStream = async function* (
  { log }: Deps,
  stream: string,
  until: Position,
): AsyncIterable<readonly Event[]> {
  for (let from = 0, full = true; full; from += PAGE) {
    const page = await log.readStream(stream, { from, direction: 'forwards', max: PAGE });
    const events = knownEvents(page.filter(({ position }) => position <= until));
    yield events;
    full = page.length === PAGE && events.length === PAGE;
  }
};

const ofLog = async function* (
  { log, now }: Deps,
  chosen: Chosen,
  until: Position,
): AsyncIterable<readonly Event[]> {
  const by = now() + LOOKING_MS_MAX;
  for await (const { events } of walk(log, { after: 0, until }, chosen)) {
    yield knownEvents(events);
    if (now() > by)
      throw new RequestRefused(
        'id: the log is too long to be looked through here; use seqline as-of',
      );
  }
};

type Row = Readonly<Record<string, unknown>>;
type Rows = ReadonlyMap<string, ReadonlyMap<string, Row>>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows differ from table to table
type AnyTable = Table<any, any> & Readonly<{ options?: RowsOptions<any> }>;

/** The rows of a read model that are about one thing, folded in memory as the projector folds them. */
class PastRows {
  readonly #id: string;
  readonly #tables: readonly Readonly<{
    name: string;
    table: AnyTable;
    rows: Map<string, unknown>;
  }>[];
  #count = 0;

  constructor(projections: readonly Projection[], { kind, id }: PastSubject) {
    this.#id = id;
    const tables: readonly AnyTable[] = projections
      .filter(({ name }) => name === KINDS[kind].model)
      .flatMap(({ tables: own }) => own);
    this.#tables = tables
      .filter((table) => table.options !== undefined || table === usersTable)
      // One that looks at another would have to be told all that this one is made of.
      .filter(({ beside }) => beside === undefined)
      .map((table) => ({ name: nameOf(table), table, rows: new Map<string, unknown>() }));
  }

  take(event: Event): void {
    for (const { table, rows } of this.#tables) {
      for (const key of table.keysOf(event)) {
        if (!splitKey(key).includes(this.#id)) continue;
        const before = rows.get(key);
        const after: unknown = table.fold(before, event, key, []);
        this.#count += Number(after !== undefined) - Number(before !== undefined);
        if (after === undefined) rows.delete(key);
        else rows.set(key, after);
      }
    }
    if (this.#count > ROWS_MAX)
      throw new RequestRefused(
        `id: there are more than ${String(ROWS_MAX)} rows about it; seqline as-of has them all`,
      );
  }

  copy(): Rows {
    return new Map(
      this.#tables.map(({ name, table, rows }) => [
        name,
        new Map([...rows].map(([key, row]) => [key, columnsOf(table, row)])),
      ]),
    );
  }

  shown(): Readonly<Record<string, readonly Row[]>> {
    return Object.fromEntries([...this.copy()].map(([name, rows]) => [name, [...rows.values()]]));
  }

  changesSince(before: Rows): Changes['changes'] {
    return [...this.copy()].flatMap(([table, rows]) => {
      const old = before.get(table) ?? new Map<string, Row>();
      return [...new Set([...old.keys(), ...rows.keys()])].flatMap((key) => {
        const [was, is] = [old.get(key), rows.get(key)];
        if (JSON.stringify(was) === JSON.stringify(is)) return [];
        return [{ table, ...(was && { before: was }), ...(is && { after: is }) }];
      });
    });
  }
}

/** Without schema and version. */
const nameOf = ({ options }: AnyTable): string =>
  options === undefined ? 'users' : options.table.replace(/^seqline\.|_v\d+$/gu, '');

/** As the table has them. */
const columnsOf = ({ options }: AnyTable, row: unknown): Row =>
  options === undefined
    ? // Of the one table whose rows are its columns.
      (row as Row)
    : Object.fromEntries(Object.entries(options.columns).map(([name, { of }]) => [name, of(row)]));
