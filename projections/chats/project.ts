import { sql, type Transaction } from 'kysely';
import { MESSAGES, type AnyTables, type Projection } from '../kernel/model.ts';
import { createRows } from '../kernel/rows.ts';
import { departures, GROUP_ROWS, groupMarks, mentions, ownFloors, windows } from './groupTables.ts';
import {
  ALL_ROWS,
  CHATS_VERSION,
  DOUBLES,
  heads,
  hidden,
  revocations,
  SENDS,
  sends,
  sides,
  tableName,
  uncounted,
} from './tables.ts';

const create = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const rows of [...ALL_ROWS, ...GROUP_ROWS]) await createRows(db, rows);
  const index = (table: string, column: string) =>
    sql`create index if not exists ${sql.ref(`${table}_v${String(CHATS_VERSION)}_${column}`)}
      on ${sql.table(tableName(table))} (${sql.ref(column)})`.execute(db);
  await index('heads', 'first_user');
  await index('heads', 'second_user');
  await index('heads', 'group_id');
  // Which groups somebody is or was in.
  await index('windows', 'user_id');
  await sql`create table if not exists ${sql.table(SENDS)}
    (conversation text not null, event_id uuid not null, seq int8 not null,
     primary key (conversation, event_id))`.execute(db);
  await sql`create table if not exists ${sql.table(DOUBLES)}
    (conversation text not null, seq int8 not null, primary key (conversation, seq))`.execute(db);
};

const clear = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const table of [...[...ALL_ROWS, ...GROUP_ROWS].map((rows) => rows.table), SENDS, DOUBLES]) {
    await sql`drop table if exists ${sql.table(table)}`.execute(db);
  }
};

/** What clients sync: conversations, where each user stands in them, and what bears on single messages. */
export const chats: Projection = {
  name: 'chats',
  version: CHATS_VERSION,
  create,
  clear,
  leavesSealed: MESSAGES,
  tables: [
    ...[heads, sides, revocations, hidden, uncounted, sends],
    ...[windows, departures, groupMarks, mentions, ownFloors],
  ],
};
