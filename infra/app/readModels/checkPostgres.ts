import { sql, type Kysely } from 'kysely';
import type { Millis } from '../../../core/kernel/ids.ts';
import { isMissing, messageOf } from '../../../projections/kernel/faults.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { STATEMENT_MS_MAX } from '../../postgres/pool.ts';
import { isAway } from './isAway.ts';

/** Further apart than this, "now" means something else on one machine than on another. */
export const CLOCKS_APART_MAX: Millis = 1_000;

/** DATABASE_URL cannot be used as it is; the message says why and what to do. */
export class PostgresUnusable extends Error {
  override name = 'PostgresUnusable';
}

/** How far the clock here is ahead of Postgres', as well as can be known; negative: it is behind. */
export const clockAhead = async (db: Kysely<AnyTables>, now: () => Millis): Promise<Millis> => {
  const asked = now();
  const { rows } = await sql<{ at: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::bigint as at`.execute(db);
  const answered = now();
  const at = rows[0]?.at ?? answered;
  // It was looked at in between: what is certain is how far it lies outside.
  if (at < asked) return asked - at;
  return at > answered ? answered - at : 0;
};

export const apartText = (ahead: Millis): string =>
  `the clock here is ${String(Math.abs(Math.round(ahead)))} ms ${ahead > 0 ? 'ahead of' : 'behind'} the ` +
  'one of Postgres: set both by the same time server (chrony or systemd-timesyncd)';

type Checked = Readonly<{
  db: Kysely<AnyTables>;
  /** The log here, and those it has been copied from. */
  logIds: readonly string[];
  now: () => Millis;
}>;

/**
 * Looks whether Postgres can be used, before anything relies on it. One that is away is none of its business:
 * that passes. @throws PostgresUnusable
 */
export const checkPostgres = async ({ db, logIds, now }: Checked): Promise<void> => {
  try {
    await checkKind(db);
    await checkRights(db);
    await checkOwner(db, logIds);
    const ahead = await clockAhead(db, now);
    if (Math.abs(ahead) > CLOCKS_APART_MAX) throw new PostgresUnusable(apartText(ahead));
  } catch (error) {
    const remedy = REMEDIES[stateOf(error)];
    if (remedy !== undefined)
      throw new PostgresUnusable(`DATABASE_URL: ${messageOf(error)}: ${remedy}`, { cause: error });
    if (!isAway(error)) throw error;
  }
};

const TO_POSTGRES_ITSELF =
  'it has to lead to Postgres itself, not to a pooler (docs/OPERATIONS.md, "The addresses")';

/** What to do, by what Postgres says of somebody whom it does not let in, or not let do it. */
const REMEDIES: Readonly<Record<string, string>> = {
  '28P01': 'correct the user or the password in it',
  '28000': 'let this user log in from here (pg_hba.conf, or alter role … login), or name another',
  '3D000': 'create that database (create database … owner …), or correct its name',
  '42501':
    'tables there belong to somebody else: give them to this user (reassign owned by … to …), drop the schema ' +
    'seqline, which is built anew from the log, or name another database',
  // What a pooler says of settings that it does not pass on.
  '08P01': TO_POSTGRES_ITSELF,
};

const stateOf = (error: unknown): string =>
  error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : '';

/** What is written there is any language's, and it is written all the time. */
const checkKind = async (db: Kysely<AnyTables>): Promise<void> => {
  const { rows } = await sql<{ name: string; encoding: string; limit: number; fixed: boolean }>`
    select current_database() as name, current_setting('server_encoding') as encoding,
      (select setting::bigint from pg_settings where name = 'statement_timeout') as limit,
      pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as fixed`.execute(db);
  const [row] = rows;
  if (row === undefined) return;
  if (row.limit !== STATEMENT_MS_MAX) {
    throw new PostgresUnusable(
      `DATABASE_URL: what a connection asks for as it opens is not passed on: ${TO_POSTGRES_ITSELF}`,
    );
  }
  if (row.encoding !== 'UTF8') {
    throw new PostgresUnusable(
      `DATABASE_URL: the database ${row.name} has the encoding ${row.encoding}, which cannot hold all that users ` +
        "write: name one that was made with encoding 'UTF8' template template0",
    );
  }
  if (row.fixed) {
    throw new PostgresUnusable(
      `DATABASE_URL: the database ${row.name} can only be read: name the primary and not one that follows it, ` +
        'or have its user write (default_transaction_read_only)',
    );
  }
};

const checkRights = async (db: Kysely<AnyTables>): Promise<void> => {
  const { rows } = await sql<{ name: string; who: string; there: boolean; may: boolean }>`
    select current_database() as name, current_user as who,
      to_regnamespace('seqline') is not null as there,
      case when to_regnamespace('seqline') is null
        then has_database_privilege(current_database(), 'create')
        else has_schema_privilege('seqline', 'create') end as may`.execute(db);
  const [row] = rows;
  if (row === undefined || row.may) return;
  const grant = row.there
    ? `alter schema seqline owner to ${row.who}`
    : `grant create on database ${row.name} to ${row.who}`;
  throw new PostgresUnusable(
    `DATABASE_URL: its user ${row.who} may not create tables in the database ${row.name}: ${grant}`,
  );
};

/** Two clusters that build their read models in one database would take turns in dropping each other's. */
const checkOwner = async (db: Kysely<AnyTables>, logIds: readonly string[]): Promise<void> => {
  try {
    const { rows } = await sql<{ log_id: string }>`
      select distinct log_id from seqline.checkpoint`.execute(db);
    const other = rows.find(({ log_id }) => !logIds.includes(log_id));
    if (other === undefined) return;
    throw new PostgresUnusable(
      `DATABASE_URL: this database holds read models of the log ${other.log_id}, but the log here is ` +
        `${logIds[0] ?? ''}: another cluster uses it; name another database`,
    );
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};
