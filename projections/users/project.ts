import { sql, type Transaction } from 'kysely';
import { assert } from '../../core/kernel/assert.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { Profile, UserChanged, UserRegistered } from '../../core/user/events.ts';
import { MESSAGES, type AnyTables, type Projection, type Table } from '../kernel/model.ts';
import { storable } from '../kernel/text.ts';
import { clearUsers, createUsers, type UserRow, USERS_VERSION } from './schema.ts';

type ProfileColumns = Pick<UserRow, 'nickname' | 'face_url' | 'ex'>;

export const usersTable: Table<UserRow> = {
  keysOf: (event) => (isOfUser(event) ? [event.data.user] : []),

  fold: (row, event) => {
    if (!isOfUser(event)) return row;
    if (event.type === 'UserRegistered') return registered(event);
    assert(row !== undefined, `the user changed at ${String(event.position)} is registered`);
    return changed(row, event);
  },

  load: async (db, keys) => {
    const { rows } = await sql<UserRow>`
      select * from seqline.users_v1 where user_id = any(${keys}::text[])`.execute(db);
    return new Map(rows.map((row) => [row.user_id, row]));
  },

  save: async (db, rows) => {
    const kept = [...rows.values()].filter((row) => row !== undefined);
    assert(kept.length === rows.size, 'users are never removed');
    await upsert(db, kept);
  },
};

/** All users, with the profile they show. */
export const users: Projection = {
  name: 'users',
  version: USERS_VERSION,
  create: createUsers,
  clear: clearUsers,
  leavesSealed: MESSAGES,
  tables: [usersTable],
};

const isOfUser = (
  event: Recorded<SeqlineEvent>,
): event is Recorded<UserRegistered> | Recorded<UserChanged> =>
  event.type === 'UserRegistered' || event.type === 'UserChanged';

const registered = ({ data, created, position }: Recorded<UserRegistered>): UserRow => ({
  user_id: data.user,
  ...profileColumns(data.profile, { nickname: '', face_url: '', ex: '' }),
  level: data.level,
  global_receive: data.globalReceive,
  created_at: created,
  created_pos: position,
  changed_pos: position,
});

const changed = (row: UserRow, { data, position }: Recorded<UserChanged>): UserRow => ({
  ...row,
  ...(data.profile === undefined ? {} : profileColumns(data.profile, row)),
  level: data.level ?? row.level,
  global_receive: data.globalReceive ?? row.global_receive,
  changed_pos: position,
});

/** Keys are destroyed all at once, so one erased part means that nothing of the profile is left. */
const profileColumns = (
  profile: Personal<Partial<Profile>>,
  before: ProfileColumns,
): ProfileColumns => {
  if (isErased(profile)) return { nickname: null, face_url: null, ex: null };
  const { nickname, faceUrl, ex } = profile;
  return {
    nickname: nickname === undefined ? before.nickname : storable(nickname),
    face_url: faceUrl === undefined ? before.face_url : storable(faceUrl),
    ex: ex === undefined ? before.ex : storable(ex),
  };
};

const upsert = async (db: Transaction<AnyTables>, rows: readonly UserRow[]): Promise<void> => {
  await sql`
    insert into seqline.users_v1 as u (
      user_id, nickname, face_url, ex, level, global_receive, created_at, created_pos, changed_pos)
    select * from unnest(
      ${rows.map((row) => row.user_id)}::text[],
      ${rows.map((row) => row.nickname)}::text[],
      ${rows.map((row) => row.face_url)}::text[],
      ${rows.map((row) => row.ex)}::text[],
      ${rows.map((row) => row.level)}::int[],
      ${rows.map((row) => row.global_receive)}::smallint[],
      ${rows.map((row) => row.created_at)}::bigint[],
      ${rows.map((row) => row.created_pos)}::bigint[],
      ${rows.map((row) => row.changed_pos)}::bigint[])
    on conflict (user_id) do update set
      nickname = excluded.nickname,
      face_url = excluded.face_url,
      ex = excluded.ex,
      level = excluded.level,
      global_receive = excluded.global_receive,
      created_at = excluded.created_at,
      created_pos = excluded.created_pos,
      changed_pos = excluded.changed_pos`.execute(db);
};
