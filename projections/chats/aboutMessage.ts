import { sql, type Kysely } from 'kysely';
import type { ConversationId, GroupId, Position, Seq, UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import { CHATS_VERSION, EVERYBODY, tableName } from './tables.ts';

/** Who has what to do with one message, as the tables have it at one position. */
export type AboutMessage = Readonly<{
  checkpoint: Position;
  /** Who may see the chat, beside the sender. */
  members: number;
  /** Of these, who has read as far; the first of them by name. */
  readers: number;
  firstReaders: readonly Readonly<{ user: UserId; upTo: Seq }>[];
  /** The first of those who have hidden it, with the empty id for everybody, and of those who have cleared past it. */
  hiddenFor: readonly UserId[];
  clearedBy: readonly UserId[];
}>;

export type AboutAsked = Readonly<{
  conversation: ConversationId;
  seq: Seq;
  sender: UserId;
  /** Who takes part. */
  among: readonly UserId[] | Readonly<{ group: GroupId }>;
  /** So many are named of each. */
  max: number;
}>;

const sides = sql.table(tableName('sides'));
const hidden = sql.table(tableName('hidden'));
const windows = sql.table(tableName('windows'));

/** Undefined before the read model has a checkpoint. Looks at each member of a group once. */
export const aboutMessage = async (
  db: Kysely<AnyTables>,
  { conversation, seq, sender, among, max }: AboutAsked,
): Promise<AboutMessage | undefined> => {
  const users =
    'group' in among
      ? sql`select user_id from ${windows} where group_id = ${among.group} and left_by = ''`
      : sql`select distinct user_id from unnest(${among}::text[]) as u (user_id)`;
  const { rows } = await sql<Readonly<Record<string, unknown>>>`
    with members as (${users}),
    own as (
      select m.user_id, s.read_up_to, s.min_seq from members m
      join ${sides} s on s.owner = m.user_id and s.conversation = ${conversation}
    ), readers as (select * from own where user_id <> ${sender} and read_up_to >= ${seq})
    select (select c.position from seqline.checkpoint c
        where c.name = 'chats' and c.version = ${CHATS_VERSION}) as checkpoint,
      (select count(*) from members where user_id <> ${sender}) as members,
      (select count(*) from readers) as readers,
      (select json_agg(r) from
        (select user_id, read_up_to from readers order by user_id limit ${max}) r) as first_readers,
      (select json_agg(h.owner) from (select h.owner from ${hidden} h
        where h.conversation = ${conversation} and h.seq = ${seq}
          and h.owner in (select user_id from members union all select ${EVERYBODY})
        order by h.owner limit ${max}) h) as hidden_for,
      (select json_agg(c.user_id) from (select user_id from own where min_seq > ${seq}
        order by user_id limit ${max}) c) as cleared_by`.execute(db);
  const [row] = rows;
  const checkpoint = row?.['checkpoint'];
  if (row === undefined || checkpoint === null || checkpoint === undefined) return undefined;
  return {
    checkpoint: Number(checkpoint),
    members: Number(row['members']),
    readers: Number(row['readers']),
    firstReaders: list(row['first_readers']).map((reader) => ({
      user: String(reader['user_id']) as UserId,
      upTo: Number(reader['read_up_to']),
    })),
    hiddenFor: names(row['hidden_for']),
    clearedBy: names(row['cleared_by']),
  };
};

const list = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? (value as readonly Readonly<Record<string, unknown>>[]) : [];

const names = (value: unknown): readonly UserId[] =>
  Array.isArray(value) ? value.map((name) => String(name) as UserId) : [];
