import { sql } from 'kysely';
import { MESSAGES, type Projection } from '../kernel/model.ts';
import { createRows } from '../kernel/rows.ts';
import { FAVOURITES, FAVOURITES_VERSION, favouriteRows, favouritesTable } from './tables.ts';

/** What the app keeps for its users. */
export const favourites: Projection = {
  name: 'favourites',
  version: FAVOURITES_VERSION,
  create: async (db) => {
    await createRows(db, favouriteRows);
  },
  clear: async (db) => {
    await sql`drop table if exists ${sql.table(FAVOURITES)}`.execute(db);
  },
  leavesSealed: MESSAGES,
  tables: [favouritesTable],
};
