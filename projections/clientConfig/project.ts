import { sql } from 'kysely';
import { MESSAGES, type Projection } from '../kernel/model.ts';
import { createRows } from '../kernel/rows.ts';
import { CLIENT_CONFIG, CLIENT_CONFIG_VERSION, settingRows, settingsTable } from './tables.ts';

/** What the app's clients are set to, for single users and for all. */
export const clientConfig: Projection = {
  name: 'client_config',
  version: CLIENT_CONFIG_VERSION,
  create: async (db) => {
    await createRows(db, settingRows);
  },
  clear: async (db) => {
    await sql`drop table if exists ${sql.table(CLIENT_CONFIG)}`.execute(db);
  },
  leavesSealed: MESSAGES,
  tables: [settingsTable],
};
