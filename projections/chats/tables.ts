import { sql, type Transaction } from 'kysely';
import type { MessageRevoked, NumberedEvent } from '../../core/conversation/events.ts';
import type { ConversationKind, Peer } from '../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  GroupId,
  Revision,
  Seq,
  UserId,
} from '../../core/kernel/ids.ts';
import { foldHead, formOf, type Head } from '../../core/sequence/head.ts';
import { emptySide, foldSide, sideOf, type Side } from '../../core/sequence/side.ts';
import { counts } from '../../core/sequence/visible.ts';
import { conversationOfStream, CONVERSATION_PREFIX } from '../../core/conversation/events.ts';
import type { AnyTables, Table } from '../kernel/model.ts';
import { storable } from '../kernel/text.ts';
import { joinKey, listOf, rowsOf, splitKey, type RowsOptions } from '../kernel/rows.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const CHATS_VERSION = 3;

export const tableName = (name: string): string => `seqline.${name}_v${String(CHATS_VERSION)}`;

type AnyRow = Readonly<Record<string, unknown>>;

/** Whether it stands in a numbered stream; the conversation is the one of its stream. */
export const isNumbered = (event: Recorded<SeqlineEvent>): event is Recorded<NumberedEvent> =>
  event.stream.startsWith(CONVERSATION_PREFIX);

const isChat = (conversation: ConversationId): boolean => formOf(conversation) !== 'notifications';

// --- heads: one row for each conversation ---------------------------------------------------------

export const readHead = (row: AnyRow): Head => ({
  conversation: row['conversation'] as ConversationId,
  first: row['first_user'] as UserId,
  second: (row['second_user'] ?? undefined) as UserId | undefined,
  group: (row['group_id'] ?? undefined) as GroupId | undefined,
  maxSeq: Number(row['max_seq']),
  maxSeqTime: Number(row['max_seq_time']),
  maxSeqPos: Number(row['max_seq_pos']),
  firstOwn: Number(row['first_own']),
  secondOwn: Number(row['second_own']),
  createdPos: Number(row['created_pos']),
});

const headRows: RowsOptions<Head> = {
  table: tableName('heads'),
  key: ['conversation'],
  partsOf: (key) => [key],
  keyOf: ({ conversation }) => conversation,
  columns: {
    conversation: { type: 'text', of: (head) => head.conversation },
    first_user: { type: 'text', of: (head) => head.first },
    second_user: { type: 'text', of: (head) => head.second ?? null, null: true },
    group_id: { type: 'text', of: (head) => head.group ?? null, null: true },
    max_seq: { type: 'int8', of: (head) => head.maxSeq },
    max_seq_time: { type: 'int8', of: (head) => head.maxSeqTime },
    max_seq_pos: { type: 'int8', of: (head) => head.maxSeqPos },
    first_own: { type: 'int8', of: (head) => head.firstOwn },
    second_own: { type: 'int8', of: (head) => head.secondOwn },
    created_pos: { type: 'int8', of: (head) => head.createdPos },
  },
  read: readHead,
};

export const heads: Table<Head> = {
  ...rowsOf(headRows),
  keysOf: (event) => (isNumbered(event) ? [conversationOfStream(event.stream)] : []),
  fold: (head, event) => (isNumbered(event) ? foldHead(head, event) : head),
};

// --- sides: what a user did in a conversation -----------------------------------------------------

const readPeer = (row: AnyRow): Peer | undefined => {
  if (row['peer_user'] !== null) return { user: row['peer_user'] as UserId };
  return row['peer_group'] === null ? undefined : { group: row['peer_group'] as GroupId };
};

export const readSide = (row: AnyRow): Side => ({
  owner: row['owner'] as UserId,
  conversation: row['conversation'] as ConversationId,
  readUpTo: Number(row['read_up_to']),
  minSeq: Number(row['min_seq']),
  kind: row['kind'] === null ? undefined : (Number(row['kind']) as ConversationKind),
  peer: readPeer(row),
  receive: Number(row['receive']),
  pinned: row['pinned'] === true,
  privateChat: row['private_chat'] === true,
  burnDuration: Number(row['burn_duration']),
  groupAtType: Number(row['group_at_type']),
  destructTime: Number(row['destruct_time']),
  destruct: row['destruct'] === true,
  ex: String(row['ex']),
  attachedInfo: String(row['attached_info']),
  configuredPos: Number(row['configured_pos']),
  changedPos: Number(row['changed_pos']),
  readPos: Number(row['read_pos']),
  atSetPos: Number(row['at_set_pos']),
  deletedPos: Number(row['deleted_pos']),
  deletedUpTo: Number(row['deleted_up_to']),
});

const sideRows: RowsOptions<Side> = {
  table: tableName('sides'),
  key: ['owner', 'conversation'],
  partsOf: splitKey,
  keyOf: ({ owner, conversation }) => joinKey(owner, conversation),
  columns: {
    owner: { type: 'text', of: (side) => side.owner },
    conversation: { type: 'text', of: (side) => side.conversation },
    read_up_to: { type: 'int8', of: (side) => side.readUpTo },
    min_seq: { type: 'int8', of: (side) => side.minSeq },
    kind: { type: 'int8', of: (side) => side.kind ?? null, null: true },
    peer_user: {
      type: 'text',
      of: ({ peer }) => (peer !== undefined && 'user' in peer ? peer.user : null),
      null: true,
    },
    peer_group: {
      type: 'text',
      of: ({ peer }) => (peer !== undefined && 'group' in peer ? peer.group : null),
      null: true,
    },
    receive: { type: 'int8', of: (side) => side.receive },
    pinned: { type: 'bool', of: (side) => side.pinned },
    private_chat: { type: 'bool', of: (side) => side.privateChat },
    burn_duration: { type: 'int8', of: (side) => side.burnDuration },
    group_at_type: { type: 'int8', of: (side) => side.groupAtType },
    destruct_time: { type: 'int8', of: (side) => side.destructTime },
    destruct: { type: 'bool', of: (side) => side.destruct },
    ex: { type: 'text', of: (side) => side.ex },
    attached_info: { type: 'text', of: (side) => side.attachedInfo },
    configured_pos: { type: 'int8', of: (side) => side.configuredPos },
    changed_pos: { type: 'int8', of: (side) => side.changedPos },
    read_pos: { type: 'int8', of: (side) => side.readPos },
    at_set_pos: { type: 'int8', of: (side) => side.atSetPos },
    deleted_pos: { type: 'int8', of: (side) => side.deletedPos },
    deleted_up_to: { type: 'int8', of: (side) => side.deletedUpTo },
  },
  read: readSide,
};

export const sides: Table<Side> = {
  ...rowsOf(sideRows),
  keysOf: (event) => {
    const side = isSideEvent(event) ? sideOf(event) : undefined;
    return side === undefined ? [] : [joinKey(side.owner, side.conversation)];
  },
  fold: (side, event) => {
    if (!isSideEvent(event)) return side;
    const { owner, conversation } = sideOf(event) ?? {};
    if (owner === undefined || conversation === undefined) return side;
    const folded = foldSide(side ?? emptySide(owner, conversation), event);
    if (event.type !== 'ConversationConfigured') return folded;
    return { ...folded, ex: storable(folded.ex), attachedInfo: storable(folded.attachedInfo) };
  },
};

type SideEvent = Parameters<typeof foldSide>[1];

const isSideEvent = (event: Recorded<SeqlineEvent>): event is SideEvent & Recorded<SeqlineEvent> =>
  event.type === 'MessagesRead' ||
  event.type === 'ReadMarked' ||
  event.type === 'ConversationCleared' ||
  event.type === 'ConversationConfigured' ||
  event.type === 'ConversationDeleted';

// --- marks on single numbers ----------------------------------------------------------------------

/** A number of a conversation, with what is said of it. */
export type Mark = Readonly<{ conversation: ConversationId; seq: Seq }>;

/** The revocation of a message: the first one counts. It is read from the log, at this revision. */
export type Revocation = Mark & Readonly<{ revision: Revision }>;

const markColumns = {
  conversation: { type: 'text', of: (mark: Mark) => mark.conversation },
  seq: { type: 'int8', of: (mark: Mark) => mark.seq },
} as const;
const markKey = ({ conversation, seq }: Mark): string => joinKey(conversation, seq);
const readMark = (row: AnyRow): Mark => ({
  conversation: row['conversation'] as ConversationId,
  seq: Number(row['seq']),
});

const revocationRows: RowsOptions<Revocation> = {
  table: tableName('revocations'),
  key: ['conversation', 'seq'],
  partsOf: splitKey,
  keyOf: markKey,
  columns: { ...markColumns, revision: { type: 'int8', of: ({ revision }) => revision } },
  read: (row) => ({ ...readMark(row), revision: Number(row['revision']) }),
};

const isRevocation = (event: Recorded<SeqlineEvent>): event is Recorded<MessageRevoked> =>
  event.type === 'MessageRevoked';

export const revocations: Table<Revocation> = {
  ...rowsOf(revocationRows),
  keysOf: (event) =>
    isRevocation(event) ? [joinKey(event.data.conversation, event.data.seq)] : [],
  fold: (revocation, event) => {
    if (revocation !== undefined || !isRevocation(event)) return revocation;
    const { conversation, seq } = event.data;
    return { conversation, seq, revision: event.revision };
  },
};

/** Hidden from one user, or from everybody. */
export type Hidden = Mark & Readonly<{ owner: UserId | typeof EVERYBODY }>;

/** No user has this id: it is empty. */
export const EVERYBODY = '' as const;

const hiddenRows: RowsOptions<Hidden> = {
  table: tableName('hidden'),
  key: ['owner', 'conversation', 'seq'],
  partsOf: splitKey,
  keyOf: ({ owner, conversation, seq }) => joinKey(owner, conversation, seq),
  columns: { owner: { type: 'text', of: ({ owner }) => owner }, ...markColumns },
  read: (row) => ({ ...readMark(row), owner: row['owner'] as UserId }),
};

const hiddenBy = (
  event: Recorded<SeqlineEvent>,
):
  | Readonly<{ owner: Hidden['owner']; conversation: ConversationId; seqs: readonly Seq[] }>
  | undefined => {
  if (event.type === 'MessagesHidden') {
    const { user, conversation, seqs } = event.data;
    return { owner: user, conversation, seqs };
  }
  if (event.type === 'MessagesDeleted') {
    const { conversation, seqs, scope, from } = event.data;
    return { owner: scope === 'all' ? EVERYBODY : from, conversation, seqs };
  }
  return undefined;
};

export const hidden: Table<Hidden> = {
  ...rowsOf(hiddenRows),
  keysOf: (event) => {
    const by = hiddenBy(event);
    return by?.seqs.map((seq) => joinKey(by.owner, by.conversation, seq)) ?? [];
  },
  fold: (row, event, key) => {
    const by = hiddenBy(event);
    if (by === undefined) return row;
    return { owner: by.owner, conversation: by.conversation, seq: Number(splitKey(key).at(-1)) };
  },
};

/** Numbers of chats that do not count as unread, as their sender said. */
const uncountedRows: RowsOptions<Mark> = {
  table: tableName('uncounted'),
  key: ['conversation', 'seq'],
  partsOf: splitKey,
  keyOf: markKey,
  columns: markColumns,
  read: readMark,
};

export const uncounted: Table<Mark> = {
  ...rowsOf(uncountedRows),
  keysOf: (event) =>
    isNumbered(event) && isChat(conversationOfStream(event.stream)) && !counts(event)
      ? [joinKey(conversationOfStream(event.stream), event.revision + 1)]
      : [],
  fold: (_, event) => ({
    conversation: conversationOfStream(event.stream),
    seq: event.revision + 1,
  }),
};

// --- sends: by event id, to know a message that was sent before -----------------------------------

/** Where a message stands; `doubles` are later numbers that hold the same message again. */
export type Send = Readonly<{
  conversation: ConversationId;
  id: EventId;
  seq: Seq;
  doubles: readonly Seq[];
}>;

export const SENDS = tableName('sends');
export const DOUBLES = tableName('doubles');

/**
 * Nothing is loaded before it is written, for nearly every id is new: what is there already shows when
 * it is written again, and the later number is then a double.
 */
const saveSends = async (
  db: Transaction<AnyTables>,
  rows: ReadonlyMap<string, Send | undefined>,
): Promise<void> => {
  const sends = [...rows.values()].filter((row) => row !== undefined);
  const columns = [
    listOf(
      'text',
      sends.map(({ conversation }) => conversation),
    ),
    listOf(
      'uuid',
      sends.map(({ id }) => id),
    ),
    listOf(
      'int8',
      sends.map(({ seq }) => seq),
    ),
  ];
  const input = sql`unnest(${sql.join(columns)})`;
  await sql`with written as (
      insert into ${sql.table(SENDS)} (conversation, event_id, seq)
      select * from ${input} on conflict do nothing returning conversation, event_id
    )
    insert into ${sql.table(DOUBLES)} (conversation, seq)
    select i.conversation, i.seq from ${input} as i (conversation, event_id, seq)
    join ${sql.table(SENDS)} s on s.conversation = i.conversation and s.event_id = i.event_id
    where s.seq <> i.seq
      and not exists (select from written w where w.conversation = i.conversation and w.event_id = i.event_id)
    on conflict do nothing`.execute(db);
  const doubles = sends.flatMap(({ conversation, doubles: seqs }) =>
    seqs.map((seq) => ({ conversation, seq })),
  );
  if (doubles.length === 0) return;
  await sql`insert into ${sql.table(DOUBLES)} (conversation, seq)
    select * from unnest(${doubles.map((mark) => mark.conversation)}::text[], ${doubles.map((mark) => mark.seq)}::int8[])
    on conflict do nothing`.execute(db);
};

export const sends: Table<Send> = {
  keysOf: (event) =>
    isNumbered(event) && event.type === 'MessageSent'
      ? [joinKey(conversationOfStream(event.stream), event.id)]
      : [],
  fold: (send, event) => {
    const seq = event.revision + 1;
    if (send === undefined) {
      return { conversation: conversationOfStream(event.stream), id: event.id, seq, doubles: [] };
    }
    return seq === send.seq ? send : { ...send, doubles: [...send.doubles, seq] };
  },
  load: () => Promise.resolve(new Map()),
  remembered: false,
  save: saveSends,
};

export const ALL_ROWS = [headRows, sideRows, revocationRows, hiddenRows, uncountedRows] as const;
