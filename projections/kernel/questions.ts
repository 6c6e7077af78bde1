import { type Kysely, sql } from 'kysely';
import type { AnyTables } from './model.ts';
import type { Found, Page } from './page.ts';

export type Json = Readonly<Record<string, unknown>>;
export type Fragment = ReturnType<typeof sql>;

/** A page that is cut short looks to an SDK like the last one: so many entries it may ask for at once. */
const SHOW_NUMBER_MAX = 10_000;

export const recordOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};

export const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** One statement is one moment: what it says together belongs together. */
export const ask = async (
  db: Kysely<AnyTables>,
  parts: Readonly<Record<string, Fragment>>,
): Promise<Json> => {
  const columns = Object.entries(parts).map(([name, part]) => sql`(${part}) as ${sql.ref(name)}`);
  const { rows } = await sql<Json>`select ${sql.join(columns)}`.execute(db);
  return rows[0] ?? {};
};

export const pageOf = ({ pageNumber, showNumber }: Page): Fragment => {
  const show = Math.min(Math.max(Math.trunc(showNumber), 0), SHOW_NUMBER_MAX);
  return sql`limit ${show} offset ${Math.max(Math.trunc(pageNumber) - 1, 0) * show}`;
};

/** A page of rows, and how many there are: counted, unless it is known. */
export const pageFrom = async <T>(
  db: Kysely<AnyTables>,
  rows: Fragment,
  order: Fragment,
  page: Page,
  read: (row: Json) => T,
  count: Fragment = sql`select count(*) from (${rows}) as r`,
): Promise<Found<T>> => {
  const { total, items } = await ask(db, {
    total: count,
    items: sql`select json_agg(r) from
      (select * from (${rows}) as r order by ${order} ${pageOf(page)}) as r`,
  });
  return { total: Number(total), items: listOf(items).map(read) };
};

/**
 * Those of the rows that have one of the ids, in the order asked for; there is one row for an id at most. Each is looked
 * up by itself: a plan that is made once for all groups, most of which are small, would else read all members of a large
 * one to find two.
 */
export const amongFrom = async <T>(
  db: Kysely<AnyTables>,
  rows: Fragment,
  key: string,
  ids: readonly string[],
  read: (row: Json) => T,
): Promise<readonly T[]> => {
  const { rows: found } = await sql<Json>`select r.*
    from unnest(${ids}::text[]) with ordinality as wanted (id, place)
    cross join lateral (select * from (${rows}) as r where r.${sql.ref(key)} = wanted.id limit 1) as r
    order by wanted.place`.execute(db);
  return found.map(read);
};
