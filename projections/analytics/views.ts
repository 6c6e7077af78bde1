import { sql, type Kysely, type Transaction } from 'kysely';
import type { AnyTables } from '../kernel/model.ts';

/** Where analysts look: nothing else is there, so that a role can be given all of it and no more. */
export const VIEWS_SCHEMA = 'seqline_analytics';

/** `select` is SQL over the metric's tables, which it names in full. */
export type View = Readonly<{ name: string; about: string; select: string }>;

/** Readers of the old view keep its successor waiting for no longer; it is tried again. */
const LOCK_MS_MAX = 3_000;
/** "cannot change name of view column", and the like. */
const OTHER_COLUMNS = '42P16';

export const createView = async (
  db: Kysely<AnyTables>,
  schema: string,
  { name, select }: View,
): Promise<void> => {
  await sql`create or replace view ${sql.id(schema, name)} as ${sql.raw(select)}`.execute(db);
};

/**
 * Has a view show this version's tables, unless it does already (`anew`: they are other tables of the same
 * names). Rights to it and what others have made of it stay, as long as its columns do.
 */
export const showView = async (
  db: Transaction<AnyTables>,
  view: View,
  { version, anew }: Readonly<{ version: number; anew: boolean }>,
): Promise<void> => {
  const comment = `${view.about} (version ${String(version)})`;
  if (!anew && (await commentOf(db, view)) === comment) return;
  await sql`set local lock_timeout = ${sql.lit(LOCK_MS_MAX)}`.execute(db);
  await sql`create schema if not exists ${sql.id(VIEWS_SCHEMA)}`.execute(db);
  await sql`savepoint before_view`.execute(db);
  try {
    await createView(db, VIEWS_SCHEMA, view);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === OTHER_COLUMNS)) throw error;
    await sql`rollback to savepoint before_view`.execute(db);
    await sql`drop view ${sql.id(VIEWS_SCHEMA, view.name)}`.execute(db);
    await createView(db, VIEWS_SCHEMA, view);
  }
  await sql`comment on view ${sql.id(VIEWS_SCHEMA, view.name)} is ${sql.lit(comment)}`.execute(db);
};

const commentOf = async (
  db: Transaction<AnyTables>,
  { name }: View,
): Promise<string | undefined> => {
  const { rows } = await sql<{ comment: string | null }>`
    select obj_description(to_regclass(${`${VIEWS_SCHEMA}.${name}`}), 'pg_class') as comment`.execute(
    db,
  );
  return rows[0]?.comment ?? undefined;
};
