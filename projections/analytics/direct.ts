import { conversationOfStream } from '../../core/conversation/events.ts';
import type { Millis, Seq } from '../../core/kernel/ids.ts';
import type { Beside } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import type { Event } from '../kernel/tail.ts';
import { kindIn, type Kind } from './accounts.ts';
import { bucketRows, times } from './histogram.ts';
import { once } from './once.ts';
import { tableOf, type Metric, type RowTable } from './metric.ts';

const ME = { name: 'direct', version: 1 } as const;

/** No conversation has this id: under it stands which accounts are no ordinary users. */
const ACCOUNTS = '';

/**
 * What waits for a user in a chat of two: the first message that it has not answered, and the first that it
 * has not read. Where nothing waits there is no row.
 */
type Waiting = Readonly<{
  conversation: string;
  user: string;
  kind: Kind | null;
  unansweredAt: Millis | null;
  unreadAt: Millis | null;
  unreadSeq: Seq | null;
}>;

const nothing = (key: string): Waiting => {
  const [conversation = '', user = ''] = splitKey(key);
  return {
    ...{ conversation, user, kind: null },
    ...{ unansweredAt: null, unreadAt: null, unreadSeq: null },
  };
};

/** Said by one to another in person: not to oneself, and not by the app server in somebody's name. */
const saidIn = once((event) => {
  if (event.type !== 'MessageSent' || !('to' in event.data)) return undefined;
  const { from, to, system } = event.data;
  if (from === to || system === true || event.meta.actor !== from) return undefined;
  return { conversation: conversationOfStream(event.stream), from, to };
});

/** Up to where, or what, somebody has read itself. */
const readIn = once((event) => {
  if (event.type === 'MessagesRead') {
    const { conversation, from: user, upTo, seqs } = event.data;
    return event.meta.actor === user ? { conversation, user, upTo, seqs } : undefined;
  }
  if (event.type !== 'ReadMarked' || event.meta.actor !== event.data.user) return undefined;
  return { ...event.data, seqs: [] };
});

const number = (value: unknown): number | null => (value === null ? null : Number(value));

const waiting: RowTable<Waiting> = {
  ...rowsOf<Waiting>({
    table: tableOf(ME, 'waiting'),
    columns: {
      conversation: { type: 'text', of: (row) => row.conversation },
      user_id: { type: 'text', of: (row) => row.user },
      kind: { type: 'text', of: (row) => row.kind, null: true },
      unanswered_at: { type: 'int8', of: (row) => row.unansweredAt, null: true },
      unread_at: { type: 'int8', of: (row) => row.unreadAt, null: true },
      unread_seq: { type: 'int8', of: (row) => row.unreadSeq, null: true },
    },
    key: ['conversation', 'user_id'],
    partsOf: splitKey,
    keyOf: ({ conversation, user }) => joinKey(conversation, user),
    read: (row) => ({
      conversation: String(row['conversation']),
      user: String(row['user_id']),
      kind: row['kind'] as Kind | null,
      unansweredAt: number(row['unanswered_at']),
      unreadAt: number(row['unread_at']),
      unreadSeq: number(row['unread_seq']),
    }),
  }),
  keysOf: (event) => {
    const kind = kindIn(event);
    if (kind !== undefined) return [joinKey(ACCOUNTS, kind.user)];
    const read = readIn(event);
    if (read !== undefined) return [joinKey(read.conversation, read.user)];
    const said = saidIn(event);
    return said === undefined
      ? []
      : [joinKey(said.conversation, said.to), joinKey(said.conversation, said.from)];
  },
  fold: (row, event, key) => {
    const kind = kindIn(event)?.kind;
    if (kind !== undefined) return kind === 'user' ? undefined : { ...nothing(key), kind };
    const seen = readOf(event, row);
    if (seen !== undefined) return left({ ...seen, unreadAt: null, unreadSeq: null });
    const said = saidIn(event);
    if (said === undefined) return row;
    const before = row ?? nothing(key);
    return before.user === said.from ? answering(row) : told(before, event);
  },
};

/** Who says something has answered. */
const answering = (row: Waiting | undefined): Waiting | undefined =>
  row === undefined || row.unansweredAt === null ? row : left({ ...row, unansweredAt: null });

/** Who is told something has it to read and to answer, if there was nothing before. */
const told = (row: Waiting, { created, revision }: Event): Waiting =>
  row.unansweredAt !== null && row.unreadAt !== null
    ? row
    : {
        ...row,
        unansweredAt: row.unansweredAt ?? created,
        unreadAt: row.unreadAt ?? created,
        unreadSeq: row.unreadSeq ?? revision + 1,
      };

/** Where nothing waits any more there is no row. */
const left = (row: Waiting): Waiting | undefined =>
  row.unansweredAt === null && row.unreadAt === null ? undefined : row;

/** The row, if its first unread message is among what has been read. */
const readOf = (event: Event, row: Waiting | undefined): Waiting | undefined => {
  const read = readIn(event);
  const seq = row?.unreadSeq ?? null;
  if (read === undefined || seq === null) return undefined;
  return seq <= read.upTo || read.seqs.includes(seq) ? row : undefined;
};

/** First what waited for whoever acts, then the accounts that it is between. */
const beside: Beside<Waiting> = {
  table: waiting,
  keysOf: once((event) => {
    const read = readIn(event);
    if (read !== undefined)
      return [joinKey(read.conversation, read.user), joinKey(ACCOUNTS, read.user)];
    const said = saidIn(event);
    if (said === undefined) return [];
    return [
      joinKey(said.conversation, said.from),
      joinKey(ACCOUNTS, said.from),
      joinKey(ACCOUNTS, said.to),
    ];
  }),
};

type Others = readonly (Waiting | undefined)[];

/** How long it has waited for this event; clocks of commit may step back. */
const since = (event: Event, from: Millis | null | undefined): Millis | undefined =>
  from === null || from === undefined ? undefined : Math.max(0, event.created - from);

const isOrdinary = ([, ...accounts]: Others): boolean =>
  accounts.every((account) => account === undefined);

const responseTimes = times<Waiting>({
  table: tableOf(ME, 'response_times'),
  ends: (event) => saidIn(event) !== undefined,
  beside,
  took: (event, others) => (isOrdinary(others) ? since(event, others[0]?.unansweredAt) : undefined),
});

const readTimes = times<Waiting>({
  table: tableOf(ME, 'read_times'),
  ends: (event) => readIn(event) !== undefined,
  beside,
  took: (event, others) =>
    isOrdinary(others) ? since(event, readOf(event, others[0])?.unreadAt) : undefined,
});

/** How long messages between two wait to be answered and to be read. */
export const direct: Metric = {
  ...ME,
  tables: [waiting, responseTimes, readTimes],
  views: [
    {
      name: 'analytics_response_times',
      about: 'How long direct messages waited for an answer, by the day of the answer',
      select: bucketRows(tableOf(ME, 'response_times')),
    },
    {
      name: 'analytics_read_times',
      about: 'How long direct messages waited to be read, by the day they were',
      select: bucketRows(tableOf(ME, 'read_times')),
    },
  ],
};
