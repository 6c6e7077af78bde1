import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../infra/postgres/embedded.ts';
import { openPool, type Pool } from '../../infra/postgres/pool.ts';

/** Names a Postgres to use instead of one of our own; the user must be allowed to create databases. */
const SERVER = 'SEQLINE_TEST_DATABASE';

export const silent = { info: () => undefined, warn: () => undefined };

let own: Promise<EmbeddedPostgres & { directory: string }> | undefined;
let made = 0;

/** A vitest global setup: one Postgres for the whole run, which the workers find in their environment. */
export const setup = async (): Promise<() => Promise<void>> => {
  if (process.env[SERVER] !== undefined) return () => Promise.resolve();
  process.env[SERVER] = (await startOwn()).url;
  return stopOwn;
};

export type TestDatabase<Tables> = Pool<Tables> &
  Readonly<{ url: string; drop: () => Promise<void> }>;

/**
 * A new database for one test file, to be dropped at its end. The server is the run's; a file that is
 * run without the global setup starts one for itself, which ends with the worker.
 */
export const testDatabase = async <Tables>(): Promise<TestDatabase<Tables>> => {
  const server = process.env[SERVER] ?? (await startOwn()).url;
  made += 1;
  const name = `seqline_test_${String(process.pid)}_${String(made)}`;
  const admin = openPool<object>({ url: server, log: silent, connectionsMax: 1 });
  await sql`create database ${sql.id(name)}`.execute(admin.db);
  const url = databaseUrl(server, name);
  const pool = openPool<Tables>({ url, log: silent });
  const drop = async (): Promise<void> => {
    await pool.close();
    await sql`drop database ${sql.id(name)} with (force)`.execute(admin.db);
    await admin.close();
    if (process.env[SERVER] === undefined) await stopOwn();
  };
  return { ...pool, url, drop };
};

/** The same server, another database. */
export const databaseUrl = (server: string, name: string): string =>
  server.replace(/(:\/\/[^/]*\/)[^?]*/, `$1${name}`);

const startOwn = (): NonNullable<typeof own> => {
  own ??= (async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'seqline-test-postgres-'));
    return { ...(await startEmbeddedPostgres({ directory, log: silent })), directory };
  })();
  return own;
};

const stopOwn = async (): Promise<void> => {
  const running = await own;
  own = undefined;
  if (running === undefined) return;
  await running.stop();
  await rm(running.directory, { recursive: true, force: true });
};
