import { sql, type Transaction } from 'kysely';
import { MESSAGES, type AnyTables, type Projection } from '../kernel/model.ts';
import { createRows } from '../kernel/rows.ts';
import { ALL_ROWS, FRIENDS_VERSION, tableName } from './rows.ts';
import { blacks, friends as friendsTable, lists, profiles, requests } from './tables.ts';

const create = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const rows of ALL_ROWS) await createRows(db, rows);
  const index = (table: string, column: string) =>
    sql`create index if not exists ${sql.ref(`${table}_v${String(FRIENDS_VERSION)}_${column}`)}
      on ${sql.table(tableName(table))} (${sql.ref(column)})`.execute(db);
  // Who has a user in its list, and who is asked.
  await index('friends', 'friend');
  await index('friend_requests', 'to_user');
};

const clear = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const { table } of ALL_ROWS) {
    await sql`drop table if exists ${sql.table(table)}`.execute(db);
  }
};

/** Who is whose friend, who has asked to be, and who has blocked whom. */
export const friends: Projection = {
  name: 'friends',
  version: FRIENDS_VERSION,
  create,
  clear,
  leavesSealed: MESSAGES,
  tables: [friendsTable, requests, blacks, lists, profiles],
};
