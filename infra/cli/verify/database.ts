import path from 'node:path';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Position } from '../../../core/kernel/ids.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Config } from '../../config/config.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../../postgres/embedded.ts';
import { openPool } from '../../postgres/pool.ts';

export type Tables = Readonly<{
  db: Kysely<AnyTables>;
  url: string;
  close: () => Promise<void>;
}>;

/** The tables cannot be compared; the message says why and what to do. */
export class NoTables extends Error {
  override name = 'NoTables';
}

const quiet = { info: () => undefined, warn: () => undefined };
const ALONE = '; --log-only checks the log alone';

/**
 * The Postgres that holds the read models: the one that is named, or the embedded one, be it run by a
 * server or by nobody; then it runs for as long as the check takes.
 */
export const openTables = async (
  { data, postgres }: Pick<Config, 'data' | 'postgres'>,
  { connections = 1, otherwise = ALONE }: OpenOptions = {},
): Promise<Tables> => {
  const place: Place = postgres.kind === 'url' ? postgres : await embedded(data, otherwise);
  const pool = openPool<AnyTables>({
    ...{ url: place.url, log: quiet, connectionsMax: connections },
    // All rows of a table may be read at once.
    unansweredMsMax: Infinity,
  });
  const close = async () => {
    await pool.close();
    await place.stop?.();
  };
  if (await pool.answers()) return { db: pool.db, url: place.url, close };
  await close();
  throw new NoTables(`Postgres does not answer: check DATABASE_URL and that it runs${otherwise}`);
};

type OpenOptions = Readonly<{
  connections?: number;
  /** What else could be done where there are no tables. */
  otherwise?: string;
}>;

type Place = Readonly<{ url: string; stop?: () => Promise<void> }>;

const embedded = async (data: string, otherwise: string): Promise<Place> => {
  const directory = path.join(data, 'postgres');
  const found = await findEmbeddedPostgres(directory);
  if (found === 'none') {
    throw new NoTables(
      `there are no tables here yet (no embedded Postgres in ${directory}): let a server run first, which ` +
        `builds them, or name your own Postgres with DATABASE_URL${otherwise}`,
    );
  }
  return found === 'resting' ? startEmbeddedPostgres({ directory, log: quiet }) : found;
};

/** All that is read in it is of one moment. */
export const inSnapshot = <T>(
  db: Kysely<AnyTables>,
  read: (snapshot: Transaction<AnyTables>) => Promise<T>,
): Promise<T> =>
  db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);

type Stored = Readonly<{ name: string; version: number; position: Position; log_id: string }>;
type Model = Readonly<{ name: string; version: number }>;

/** Where each of the read models stands, in their order. @throws NoTables where one is missing */
export const checkpointsOf = async (
  db: Kysely<AnyTables>,
  models: readonly Model[],
  logId: string,
): Promise<readonly Position[]> => {
  const found = await sql<{ there: boolean }>`
    select to_regclass('seqline.checkpoint') is not null as there`.execute(db);
  if (found.rows[0]?.there !== true) {
    throw new NoTables(`this database holds no read models: check DATABASE_URL${ALONE}`);
  }
  const { rows } = await sql<Stored>`select * from seqline.checkpoint`.execute(db);
  const other = rows.find(({ log_id }) => log_id !== logId);
  if (other !== undefined) {
    throw new NoTables(
      `this database holds read models of the log ${other.log_id}, but the log here is ${logId}${ALONE}`,
    );
  }
  return models.map(({ name, version }) => {
    const row = rows.find((each) => each.name === name && each.version === version);
    if (row !== undefined) return row.position;
    throw new NoTables(
      `version ${String(version)} of the read model ${name} has not been built here: ` +
        `let this version of the server run first${ALONE}`,
    );
  });
};

/** All tables of the read models, of whatever version. */
export const tablesThere = async (db: Kysely<AnyTables>): Promise<readonly string[]> => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = 'seqline' and table_type = 'BASE TABLE' order by 1`.execute(db);
  return rows.map(({ name }) => name);
};
