import type { NumberedEvent } from '../../core/conversation/events.ts';
import { conversationOfStream } from '../../core/conversation/events.ts';
import { group as chatOf, notificationOf } from '../../core/conversation/ids.ts';
import type { GroupEvent } from '../../core/group/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, EventId, GroupId, Seq, UserId } from '../../core/kernel/ids.ts';
import {
  isAnnouncement,
  isToEverybody,
  mentionedIn,
  unmarked,
  type GroupMarks,
  type Mention,
} from '../../core/sequence/at.ts';
import { formOf, type Head } from '../../core/sequence/head.ts';
import { cameIn, toldOf, wentWith } from '../../core/sequence/membership.ts';
import type { Departure, Window } from '../../core/sequence/window.ts';
import type { Table } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { heads, isNumbered, tableName } from './tables.ts';

type AnyRow = Readonly<Record<string, unknown>>;
type Event = Recorded<SeqlineEvent>;
type Line = Recorded<NumberedEvent>;
type Coming = Extract<GroupEvent, { type: 'GroupCreated' | 'MembersAdded' }>;
type Going = Extract<GroupEvent, { type: 'MemberLeft' | 'MembersKicked' | 'GroupDisbanded' }>;

const user = (value: unknown): UserId => String(value) as UserId;
const group = (value: unknown): GroupId => String(value) as GroupId;
const conversation = (value: unknown): ConversationId => String(value) as ConversationId;

const isComing = (event: Event): event is Recorded<Coming> =>
  event.type === 'GroupCreated' || event.type === 'MembersAdded';
const isGoing = (event: Event): event is Recorded<Going> =>
  event.type === 'MemberLeft' || event.type === 'MembersKicked' || event.type === 'GroupDisbanded';

/** A line of the chat of a group. */
const isLine = (event: Event): event is Line =>
  isNumbered(event) && formOf(conversationOfStream(event.stream)) === 'group';

const groupOf = ({ data }: Line): GroupId | undefined => ('group' in data ? data.group : undefined);

/** Who comes or goes with an event, by name. Of those who go with their group there is no list. */
export const passersOf = (event: Event): readonly UserId[] => {
  switch (event.type) {
    case 'GroupCreated': {
      const { owner, admins, members } = event.data;
      return [owner, ...admins, ...members];
    }
    case 'MembersAdded':
    case 'MembersKicked':
      return event.data.users;
    case 'MemberLeft':
      return [event.data.user];
    default:
      return [];
  }
};

/** The two conversations of a group, in the order in which their heads are looked at. */
export const headKeysOf = (of: GroupId): readonly [ConversationId, ConversationId] => [
  chatOf(of),
  notificationOf(chatOf(of)),
];

const headsAround = (isIt: (event: Event) => boolean) => ({
  table: heads,
  keysOf: (event: Event): readonly string[] =>
    isIt(event) && 'group' in event.data ? headKeysOf(event.data.group) : [],
});

const headsIn = ([chat, notes]: readonly (Head | undefined)[]) => ({ chat, notes });

// --- windows: one row for each membership, present or past -----------------------------------------

export const windowKey = (of: GroupId, who: UserId): string => joinKey(of, who);

export const readWindow = (row: AnyRow): Window => ({
  group: group(row['group_id']),
  user: user(row['user_id']),
  firstPos: Number(row['first_pos']),
  joinedPos: Number(row['joined_pos']),
  joinedSeq: Number(row['joined_seq']),
  minSeq: Number(row['min_seq']),
  minNotes: Number(row['min_notes']),
  leftBy: String(row['left_by']) as EventId | '',
});

const windowRows: RowsOptions<Window> = {
  table: tableName('windows'),
  key: ['group_id', 'user_id'],
  partsOf: splitKey,
  keyOf: (row) => windowKey(row.group, row.user),
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    user_id: { type: 'text', of: (row) => row.user },
    first_pos: { type: 'int8', of: (row) => row.firstPos },
    joined_pos: { type: 'int8', of: (row) => row.joinedPos },
    joined_seq: { type: 'int8', of: (row) => row.joinedSeq },
    min_seq: { type: 'int8', of: (row) => row.minSeq },
    min_notes: { type: 'int8', of: (row) => row.minNotes },
    left_by: { type: 'text', of: (row) => row.leftBy },
  },
  read: readWindow,
};

export const windows: Table<Window, Head> = {
  ...rowsOf(windowRows),
  keysOf: (event) => {
    const passers = passersOf(event);
    if (passers.length === 0 || !('group' in event.data)) return [];
    const { group: of } = event.data;
    return passers.map((who) => windowKey(of, who));
  },
  beside: headsAround(isComing),
  fold: (row, event, key, others) => {
    const isIn = row?.leftBy === '';
    if (isComing(event)) {
      return isIn ? row : cameIn(row, event, user(splitKey(key)[1]), headsIn(others));
    }
    return isIn ? { ...row, leftBy: event.id } : row;
  },
};

// --- departures: one row for each event that some went with ----------------------------------------

export const readDeparture = (row: AnyRow): Departure => ({
  id: String(row['event_id']) as EventId,
  group: group(row['group_id']),
  cut: Number(row['cut']),
  cutNotes: Number(row['cut_notes']),
  tips: numbersIn(String(row['tips'])),
  time: Number(row['tip_time']),
  changedPos: Number(row['changed_pos']),
});

const numbersIn = (text: string): readonly Seq[] => {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.map(Number) : [];
};

const departureRows: RowsOptions<Departure> = {
  table: tableName('departures'),
  key: ['event_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.id,
  columns: {
    event_id: { type: 'text', of: (row) => row.id },
    group_id: { type: 'text', of: (row) => row.group },
    cut: { type: 'int8', of: (row) => row.cut },
    cut_notes: { type: 'int8', of: (row) => row.cutNotes },
    tips: { type: 'text', of: (row) => JSON.stringify(row.tips) },
    tip_time: { type: 'int8', of: (row) => row.time },
    changed_pos: { type: 'int8', of: (row) => row.changedPos },
  },
  read: readDeparture,
};

export const departures: Table<Departure, Head> = {
  ...rowsOf(departureRows),
  keysOf: (event) => {
    if (isGoing(event)) return [event.id];
    const { causationId } = event.meta;
    return event.type === 'NoticePosted' && isLine(event) && causationId !== undefined
      ? [causationId]
      : [];
  },
  beside: headsAround(isGoing),
  fold: (row, event, _key, others) => {
    if (isGoing(event)) return row ?? wentWith(event, headsIn(others));
    const isTold = row !== undefined && isLine(event) && groupOf(event) === row.group;
    return isTold ? toldOf(row, event) : row;
  },
};

// --- what members are pointed to -------------------------------------------------------------------

export const readMarks = (row: AnyRow): GroupMarks => ({
  group: group(row['group_id']),
  atAll: { seq: Number(row['at_all_seq']), pos: Number(row['at_all_pos']) },
  atAllBy: user(row['at_all_by']),
  announced: { seq: Number(row['announced_seq']), pos: Number(row['announced_pos']) },
  endedBy: String(row['ended_by']) as EventId | '',
});

const markRows: RowsOptions<GroupMarks> = {
  table: tableName('group_marks'),
  key: ['group_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.group,
  columns: {
    group_id: { type: 'text', of: (row) => row.group },
    at_all_seq: { type: 'int8', of: (row) => row.atAll.seq },
    at_all_pos: { type: 'int8', of: (row) => row.atAll.pos },
    at_all_by: { type: 'text', of: (row) => row.atAllBy },
    announced_seq: { type: 'int8', of: (row) => row.announced.seq },
    announced_pos: { type: 'int8', of: (row) => row.announced.pos },
    ended_by: { type: 'text', of: (row) => row.endedBy },
  },
  read: readMarks,
};

/** One row for each group in which anything was said to all. */
export const groupMarks: Table<GroupMarks> = {
  ...rowsOf(markRows),
  keysOf: (event) => {
    if (event.type === 'GroupDisbanded') return [event.data.group];
    if (!isLine(event) || !(isToEverybody(event) || isAnnouncement(event))) return [];
    return groupOf(event) === undefined ? [] : [String(groupOf(event))];
  },
  fold: (row, event, key) => {
    const marks = row ?? unmarked(group(key));
    if (event.type === 'GroupDisbanded') return { ...marks, endedBy: event.id };
    if (!isLine(event)) return row;
    const here = { seq: event.revision + 1, pos: event.position };
    return isToEverybody(event)
      ? { ...marks, atAll: here, atAllBy: event.data.from }
      : { ...marks, announced: here };
  },
};

export const mentionKey = (where: ConversationId, who: UserId): string => joinKey(where, who);

export const readMention = (row: AnyRow): Mention => ({
  conversation: conversation(row['conversation']),
  user: user(row['user_id']),
  seq: Number(row['seq']),
  pos: Number(row['pos']),
});

const mentionRows: RowsOptions<Mention> = {
  table: tableName('mentions'),
  key: ['conversation', 'user_id'],
  partsOf: splitKey,
  keyOf: (row) => mentionKey(row.conversation, row.user),
  columns: {
    conversation: { type: 'text', of: (row) => row.conversation },
    user_id: { type: 'text', of: (row) => row.user },
    seq: { type: 'int8', of: (row) => row.seq },
    pos: { type: 'int8', of: (row) => row.pos },
  },
  read: readMention,
};

/** One row for each user who has been named in a chat: the newest time. */
export const mentions: Table<Mention> = {
  ...rowsOf(mentionRows),
  keysOf: (event) =>
    isLine(event)
      ? mentionedIn(event).map((who) => mentionKey(conversationOfStream(event.stream), who))
      : [],
  fold: (_row, event, key) => ({
    conversation: conversationOfStream(event.stream),
    user: user(splitKey(key)[1]),
    seq: event.revision + 1,
    pos: event.position,
  }),
};

// --- own floors: who has said something in a group -------------------------------------------------

/** The newest number that a user has sent itself in a group's chat: sending is having read. */
export type OwnFloor = Readonly<{ conversation: ConversationId; user: UserId; seq: Seq }>;

export const readOwnFloor = (row: AnyRow): OwnFloor => ({
  conversation: conversation(row['conversation']),
  user: user(row['user_id']),
  seq: Number(row['seq']),
});

const ownFloorRows: RowsOptions<OwnFloor> = {
  table: tableName('own_floors'),
  key: ['conversation', 'user_id'],
  partsOf: splitKey,
  keyOf: (row) => joinKey(row.conversation, row.user),
  columns: {
    conversation: { type: 'text', of: (row) => row.conversation },
    user_id: { type: 'text', of: (row) => row.user },
    seq: { type: 'int8', of: (row) => row.seq },
  },
  read: readOwnFloor,
};

export const ownFloors: Table<OwnFloor> = {
  ...rowsOf(ownFloorRows),
  keysOf: (event) =>
    isLine(event) && (event.type === 'MessageSent' || event.type === 'NoticePosted')
      ? [joinKey(conversationOfStream(event.stream), event.data.from)]
      : [],
  fold: (_row, event, key) => ({
    conversation: conversationOfStream(event.stream),
    user: user(splitKey(key)[1]),
    seq: event.revision + 1,
  }),
};

export const GROUP_ROWS = [windowRows, departureRows, markRows, mentionRows, ownFloorRows] as const;
