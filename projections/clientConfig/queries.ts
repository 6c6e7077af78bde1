import { sql, type Kysely } from 'kysely';
import type { UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import type { Found, Page } from '../kernel/page.ts';
import { storable } from '../kernel/text.ts';
import { CLIENT_CONFIG, EVERYBODY, settingRows, type ClientSetting } from './tables.ts';

export type ShownSetting = ClientSetting;

export type ClientConfigQueries = Readonly<{
  /** A user's own values over those for all; without a user the latter alone. */
  of: (user: UserId | undefined) => Promise<ReadonlyMap<string, string>>;
  /** Those of one user or of everybody, or all there are; with this key, or any. By owner and key. */
  page: (
    request: Page & Readonly<{ owner?: UserId; key?: string }>,
  ) => Promise<Found<ShownSetting>>;
}>;

const table = sql.table(CLIENT_CONFIG);

type Json = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** More than any screen shows; a caller who wants all goes page by page. */
const SHOW_NUMBER_MAX = 1_000;

export const clientConfigQueries = (db: Kysely<AnyTables>): ClientConfigQueries => ({
  of: async (user) => {
    const owners = user === undefined ? [EVERYBODY] : [EVERYBODY, user];
    const { rows } = await sql<Json>`
      select * from ${table} where owner = any(${owners}::text[])
      order by owner <> '', key`.execute(db);
    return new Map(rows.map(settingRows.read).map(({ key, value }) => [key, value]));
  },

  page: async ({ owner, key, ...page }) => {
    const ofOwner = owner === undefined ? sql`true` : sql`owner = ${owner}`;
    const ofKey = key === undefined ? sql`true` : sql`key = ${storable(key)}`;
    const show = Math.min(Math.max(page.showNumber, 0), SHOW_NUMBER_MAX);
    const skip = Math.max(page.pageNumber - 1, 0) * show;
    // One statement, so that total and page are of one moment.
    const { rows } = await sql<Json>`
      with found as (select * from ${table} where ${ofOwner} and ${ofKey})
      select (select count(*) from found) as total,
        (select json_agg(p) from (
          select * from found order by owner, key limit ${show} offset ${skip}) p) as page`.execute(
      db,
    );
    return {
      total: Number(rows[0]?.['total'] ?? 0),
      items: listOf(rows[0]?.['page']).map(settingRows.read),
    };
  },
});
