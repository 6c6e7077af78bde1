import { sql, type Kysely } from 'kysely';
import type { UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import { FAVOURITES, favouriteRows, type Favourite } from './tables.ts';

export type ShownFavourite = Favourite;

export type FavouriteQueries = Readonly<{
  /** Those of one kind, or of every kind; oldest first. There are 1,000 at most. */
  of: (user: UserId, kind?: number) => Promise<readonly ShownFavourite[]>;
}>;

export const favouriteQueries = (db: Kysely<AnyTables>): FavouriteQueries => ({
  of: async (user, kind) => {
    const ofKind = kind === undefined ? sql`true` : sql`kind = ${kind}`;
    const { rows } = await sql<Readonly<Record<string, unknown>>>`
      select * from ${sql.table(FAVOURITES)} where owner = ${user} and ${ofKind}
      order by created_pos`.execute(db);
    return rows.map(favouriteRows.read);
  },
});
