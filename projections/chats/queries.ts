import { sql, type Kysely } from 'kysely';
import type {
  ConversationId,
  EventId,
  GroupId,
  Position,
  Seq,
  UserId,
} from '../../core/kernel/ids.ts';
import type { GroupMarks, Mention } from '../../core/sequence/at.ts';
import type { Head } from '../../core/sequence/head.ts';
import type { Side } from '../../core/sequence/side.ts';
import type { Departure, Window } from '../../core/sequence/window.ts';
import type { AnyTables } from '../kernel/model.ts';
import {
  readDeparture,
  readMarks,
  readMention,
  readOwnFloor,
  readWindow,
  type OwnFloor,
} from './groupTables.ts';
import {
  CHATS_VERSION,
  DOUBLES,
  EVERYBODY,
  readHead,
  readSide,
  SENDS,
  tableName,
  type Hidden,
  type Mark,
  type Revocation,
} from './tables.ts';

/** Which of these users let in what is said there without being woken, or not at all; as the lists show it. */
export const quietIn = async (
  db: Kysely<AnyTables>,
  conversation: ConversationId,
  users: readonly UserId[],
): Promise<ReadonlySet<UserId>> => {
  const { rows } = await sql<{ owner: UserId }>`select owner from ${sql.table(tableName('sides'))}
    where conversation = ${conversation} and owner = any(${users}::text[]) and receive <> 0`.execute(
    db,
  );
  return new Set(rows.map(({ owner }) => owner));
};

/** Rows as they stood at one position of the log: one statement, one snapshot. */
type At<T> = Readonly<{ checkpoint: Position }> & Readonly<T>;

/** What is known of groups and of one user in them. */
export type GroupRows = Readonly<{
  windows: readonly Window[];
  /** Of the user, and of groups that have ended. */
  departures: readonly Departure[];
  marks: readonly GroupMarks[];
}>;

export type UserRows = At<{
  heads: readonly Head[];
  sides: readonly Side[];
  ownFloors: readonly OwnFloor[];
  mentions: readonly Mention[];
  groups: GroupRows;
  /** Above the user's marks only: older ones bear on nothing. */
  uncounted: readonly Mark[];
  hidden: readonly Hidden[];
}>;

export type ConversationRows = At<{
  heads: readonly Head[];
  groups: GroupRows;
  /** Of the user and, in conversations of two, of the other. */
  sides: readonly Side[];
  revocations: readonly Revocation[];
  hidden: readonly Hidden[];
  doubles: readonly Mark[];
  /** Where the ids that were asked for stand, if they do. */
  sends: ReadonlyMap<EventId, Seq>;
}>;

type Json = Readonly<Record<string, unknown>>;

const heads = sql.table(tableName('heads'));
const sides = sql.table(tableName('sides'));
const uncounted = sql.table(tableName('uncounted'));
const hidden = sql.table(tableName('hidden'));
const revocations = sql.table(tableName('revocations'));

const windows = sql.table(tableName('windows'));
const departures = sql.table(tableName('departures'));
const marks = sql.table(tableName('group_marks'));
const mentions = sql.table(tableName('mentions'));
const ownFloors = sql.table(tableName('own_floors'));

/** Of the groups in `wanted_groups`: what stands there of one user, and what of them all. */
const groupParts = (user: UserId) => sql`
  (select json_agg(w) from ${windows} w join wanted_groups using (group_id)
    where w.user_id = ${user}) as windows,
  (select json_agg(m) from ${marks} m join wanted_groups using (group_id)) as marks,
  (select json_agg(d) from ${departures} d where d.event_id in (
    select w.left_by from ${windows} w join wanted_groups using (group_id)
      where w.user_id = ${user}
    union select m.ended_by from ${marks} m join wanted_groups using (group_id))) as departures`;

const groupRowsIn = (row: Record<string, unknown>): GroupRows => ({
  windows: list(row['windows']).map(readWindow),
  departures: list(row['departures']).map(readDeparture),
  marks: list(row['marks']).map(readMarks),
});

const position = sql`select c.position from seqline.checkpoint c
  where c.name = 'chats' and c.version = ${CHATS_VERSION}`;

const mark = (row: Json): Mark => ({
  conversation: row['conversation'] as ConversationId,
  seq: Number(row['seq']),
});
const hiddenMark = (row: Json): Hidden => ({ ...mark(row), owner: row['owner'] as UserId });

/**
 * Everything a user's conversation list and unread counts are made of. `groups`: into which it may have
 * come since, beside those that the tables know of.
 */
export const rowsOfUser = async (
  db: Kysely<AnyTables>,
  user: UserId,
  groups: readonly GroupId[],
): Promise<UserRows | undefined> => {
  const above = sql`greatest(coalesce(s.read_up_to, 0), coalesce(s.min_seq, 1) - 1,
    case when h.second_user is not null and h.first_user = ${user} then h.first_own else 0 end,
    case when h.second_user = ${user} then h.second_own else 0 end, coalesce(f.seq, 0),
    case when starts_with(h.conversation, 'sg_') then coalesce(w.joined_seq, 0) else 0 end)`;
  const { rows } = await sql<Record<string, readonly Json[] | string | null>>`
    with wanted_groups as (
      select group_id from ${windows} where user_id = ${user}
      union select * from unnest(${groups}::text[])
    ), mine as (
      select * from ${heads} where first_user = ${user} and group_id is null
      union select * from ${heads} where second_user = ${user}
      union select h.* from ${heads} h join wanted_groups using (group_id)
    ), own as (select * from ${sides} where owner = ${user}),
    marks as (
      select h.conversation, ${above} as floor
      from mine h left join own s on s.conversation = h.conversation
      left join ${ownFloors} f on f.conversation = h.conversation and f.user_id = ${user}
      left join ${windows} w on w.group_id = h.group_id and w.user_id = ${user}
    )
    select (${position}) as checkpoint,
      (select json_agg(h) from mine h) as heads,
      (select json_agg(s) from own s) as sides,
      (select json_agg(f) from mine h join ${ownFloors} f
        on f.conversation = h.conversation and f.user_id = ${user}) as own_floors,
      (select json_agg(m) from mine h join ${mentions} m
        on m.conversation = h.conversation and m.user_id = ${user}) as mentions,
      ${groupParts(user)},
      (select json_agg(u) from ${uncounted} u join marks m
        on m.conversation = u.conversation and u.seq > m.floor) as uncounted,
      (select json_agg(x) from ${hidden} x join marks m
        on m.conversation = x.conversation and x.seq > m.floor
        where x.owner in (${user}, ${EVERYBODY})) as hidden`.execute(db);
  return ifAt(rows[0], (row) => ({
    heads: list(row['heads']).map(readHead),
    sides: list(row['sides']).map(readSide),
    ownFloors: list(row['own_floors']).map(readOwnFloor),
    mentions: list(row['mentions']).map(readMention),
    groups: groupRowsIn(row),
    uncounted: list(row['uncounted']).map(mark),
    hidden: list(row['hidden']).map(hiddenMark),
  }));
};

export type Span = Readonly<{ conversation: ConversationId; from: Seq; to: Seq }>;

/**
 * What bears on some numbers of some conversations, as one user sees them. `groups`: whose they may be,
 * beside what the tables know.
 */
export const rowsOfConversations = async (
  db: Kysely<AnyTables>,
  user: UserId,
  spans: readonly Span[],
  ids: readonly Readonly<{ conversation: ConversationId; id: EventId }>[],
  groups: readonly GroupId[],
): Promise<ConversationRows | undefined> => {
  const span = sql`unnest(${spans.map(({ conversation }) => conversation)}::text[],
    ${spans.map(({ from }) => from)}::int8[], ${spans.map(({ to }) => to)}::int8[])
    as w (conversation, from_seq, to_seq)`;
  const inSpan = (table: typeof heads) =>
    sql`(select json_agg(x) from ${span} join ${table} x
      on x.conversation = w.conversation and x.seq between w.from_seq and w.to_seq)`;
  const conversations = spans.map(({ conversation }) => conversation);
  const { rows } = await sql<Record<string, readonly Json[] | string | null>>`
    with named as (select * from ${heads} where conversation = any(${conversations}::text[])),
    wanted_groups as (
      select group_id from named where group_id is not null
      union select * from unnest(${groups}::text[])
    ), asked as (
      select * from named union select h.* from ${heads} h join wanted_groups using (group_id)
    )
    select (${position}) as checkpoint,
      (select json_agg(h) from asked h) as heads,
      (select json_agg(s) from ${sides} s
        where s.owner = ${user} and s.conversation = any(${conversations}::text[])) as own_sides,
      (select json_agg(s) from asked h join ${sides} s on s.conversation = h.conversation
        and s.owner in (h.first_user, h.second_user) and s.owner <> ${user}
        where h.group_id is null) as other_sides,
      ${groupParts(user)},
      ${inSpan(revocations)} as revocations,
      ${inSpan(sql.table(DOUBLES))} as doubles,
      (select json_agg(x) from ${span} join ${hidden} x
        on x.conversation = w.conversation and x.owner in (${user}, ${EVERYBODY})
        and x.seq between w.from_seq and w.to_seq) as hidden,
      (select json_agg(x) from ${sql.table(SENDS)} x where (x.conversation, x.event_id) in
        (select * from unnest(${ids.map(({ conversation }) => conversation)}::text[],
          ${ids.map(({ id }) => id)}::uuid[]))) as sends`.execute(db);
  return ifAt(rows[0], (row) => ({
    heads: list(row['heads']).map(readHead),
    groups: groupRowsIn(row),
    sides: [...list(row['own_sides']), ...list(row['other_sides'])].map(readSide),
    revocations: list(row['revocations']).map((revocation) => ({
      ...mark(revocation),
      revision: Number(revocation['revision']),
    })),
    hidden: list(row['hidden']).map(hiddenMark),
    doubles: list(row['doubles']).map(mark),
    sends: new Map(
      list(row['sends']).map((send) => [send['event_id'] as EventId, Number(send['seq'])]),
    ),
  }));
};

/**
 * Where the message of this id stands; undefined if there is none among the numbers below `before`, all
 * of which the tables have. `behind`: they have not come so far.
 */
export const seqOfSend = async (
  db: Kysely<AnyTables>,
  conversation: ConversationId,
  id: EventId,
  before: Seq,
): Promise<Seq | 'behind' | undefined> => {
  const { rows } = await sql<Readonly<{ max_seq: number | null; seq: number | null }>>`
    select (select h.max_seq from ${heads} h where h.conversation = ${conversation}) as max_seq,
      (select x.seq from ${sql.table(SENDS)} x
        where x.conversation = ${conversation} and x.event_id = ${id}) as seq`.execute(db);
  const { max_seq: maxSeq, seq } = rows[0] ?? { max_seq: null, seq: null };
  if (seq !== null) return seq;
  return (maxSeq ?? 0) >= before - 1 ? undefined : 'behind';
};

const list = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** Nothing can be said before the read model has a checkpoint. */
const ifAt = <T>(
  row: Record<string, unknown> | undefined,
  of: (row: Record<string, unknown>) => T,
): At<T> | undefined => {
  const checkpoint = row?.['checkpoint'];
  if (row === undefined || checkpoint === null || checkpoint === undefined) return undefined;
  return { checkpoint: Number(checkpoint), ...of(row) };
};
