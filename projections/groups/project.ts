import { sql, type Transaction } from 'kysely';
import { MESSAGES, type AnyTables, type Projection } from '../kernel/model.ts';
import { createRows } from '../kernel/rows.ts';
import { ALL_ROWS, GROUPS_VERSION, tableName } from './rows.ts';
import {
  groups as groupsTable,
  joinedLists,
  joinRequests,
  memberLists,
  members,
  profiles,
} from './tables.ts';

const create = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const rows of ALL_ROWS) await createRows(db, rows);
  const index = (table: string, name: string, columns: string) =>
    sql`create index if not exists ${sql.ref(`${table}_v${String(GROUPS_VERSION)}_${name}`)}
      on ${sql.table(tableName(table))} (${sql.raw(columns)})`.execute(db);
  await index('groups', 'created', 'created_pos');
  // In which groups somebody is, in the order of the lists.
  await index('group_members', 'user', 'user_id, joined_pos');
  // Pages of a list of 100,000, and what has changed in it.
  await index('group_members', 'order', 'group_id, role desc, joined_pos, place');
  await index('group_members', 'changed', 'group_id, changed_version');
  await index('group_requests', 'user', 'user_id');
};

const clear = async (db: Transaction<AnyTables>): Promise<void> => {
  for (const { table } of ALL_ROWS) {
    await sql`drop table if exists ${sql.table(table)}`.execute(db);
  }
};

/** Groups, who is in them, and who asks to be. */
export const groups: Projection = {
  name: 'groups',
  version: GROUPS_VERSION,
  create,
  clear,
  leavesSealed: MESSAGES,
  tables: [groupsTable, members, memberLists, joinedLists, joinRequests, profiles],
};
