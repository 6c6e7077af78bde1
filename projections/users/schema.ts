import { type Kysely, sql } from 'kysely';
import type { GlobalReceive } from '../../core/user/events.ts';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';

/** What is known of one user. The profile is null once its keys have been destroyed. */
export type UserRow = Readonly<{
  user_id: UserId;
  nickname: string | null;
  face_url: string | null;
  ex: string | null;
  level: number;
  global_receive: GlobalReceive;
  created_at: Millis;
  created_pos: Position;
  changed_pos: Position;
}>;

export const USERS_VERSION = 1;

export type UsersTables = { 'seqline.users_v1': UserRow };

export const createUsers = async (db: Kysely<AnyTables>): Promise<void> => {
  await sql`
    create table if not exists seqline.users_v1 (
      user_id text primary key,
      nickname text,
      face_url text,
      ex text,
      level int not null,
      global_receive smallint not null,
      created_at bigint not null,
      created_pos bigint not null,
      changed_pos bigint not null
    )`.execute(db);
  // Pages are by age.
  await sql`
    create index if not exists users_v1_by_age on seqline.users_v1 (created_pos)`.execute(db);
};

export const clearUsers = async (db: Kysely<AnyTables>): Promise<void> => {
  await sql`drop table if exists seqline.users_v1`.execute(db);
};
