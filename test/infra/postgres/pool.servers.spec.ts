import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAway } from '../../../infra/app/readModels/isAway.ts';
import { openPool } from '../../../infra/postgres/pool.ts';
import { startEmbeddedPostgres } from '../../../infra/postgres/embedded.ts';
import { silent, testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { openWay } from '../../support/postgresWay.ts';
import { untilTrue } from '../../support/until.ts';

let database: TestDatabase<object>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test('[OPS-8] a bigint is a number, and one beyond 2^53 is a fault', async () => {
  const { rows } = await sql`select 9007199254740991::bigint as most`.execute(database.db);
  expect(rows).toEqual([{ most: Number.MAX_SAFE_INTEGER }]);
  const beyond = sql`select 9007199254740993::bigint as beyond`.execute(database.db);
  await expect(beyond).rejects.toThrow('2^53');
  expect(await database.answers()).toBe(true);
});

test('[OPS-8] connections that break, lent out or idle, cost their user an error and no more', async () => {
  const lost: string[] = [];
  const pool = openPool<object>({
    url: database.url,
    log: { info: () => undefined, warn: (text) => lost.push(text) },
  });
  const broken = pool.db.connection().execute(async (session) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(session);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
    await untilTrue('the connection is lost', () => lost.length > 0);
    await sql`select 1`.execute(session);
  });
  await expect(broken).rejects.toThrow();
  expect(await pool.answers()).toBe(true);
  await pool.close();
});

test('[OPS-23] what Postgres ends while a pool is closed is nothing to warn of', async () => {
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (text: string) => warnings.push(text) };
  const pool = openPool<object>({ url: database.url, log });
  let closed: Promise<void> | undefined;
  const lent = pool.db.connection().execute(async (session) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(session);
    const pid = rows[0]?.pid;
    closed = pool.close();
    await sql`select pg_terminate_backend(${pid})`.execute(database.db);
    await untilTrue('Postgres has ended it', async () => {
      const left = await sql`select from pg_stat_activity where pid = ${pid}`.execute(database.db);
      return left.rows.length === 0;
    });
    await sql`select 1`.execute(session);
  });
  await expect(lent).rejects.toThrow();
  await closed;
  expect(warnings).toEqual([]);
});

test('[OPS-8] whether Postgres answers is told, not thrown', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'seqline-pool-'));
  const postgres = await startEmbeddedPostgres({ directory, log: silent });
  const pool = openPool({ url: postgres.url, log: silent });
  expect(await pool.answers()).toBe(true);
  await postgres.stop();
  expect(await pool.answers()).toBe(false);
  await pool.close();
  await rm(directory, { recursive: true });
});

/** A pool over a way that may lead nowhere, with one connection that is known to be open. */
const overWay = async (unansweredMsMax?: number) => {
  const way = await openWay(database.url);
  const { url } = way;
  const limits = { connectionsMax: 1, ...(unansweredMsMax !== undefined && { unansweredMsMax }) };
  const pool = openPool<object>({ url, log: silent, ...limits });
  expect(await pool.answers()).toBe(true);
  return { way, pool };
};

test('[OPS-8] a connection that leads nowhere is given up, and the next question has another', async () => {
  // Long enough for a busy machine to answer what is not lost.
  const { way, pool } = await overWay(3_000);
  way.loseAll();
  const asked = sql`select ${1}::int as one`.execute(pool.db);
  await expect(asked).rejects.toSatisfy(isAway);
  const { rows } = await sql`select ${2}::int as two`.execute(pool.db);
  expect(rows).toEqual([{ two: 2 }]);
  await pool.close();
  await way.close();
});

test('[OPS-23] a pool is closed though Postgres does not answer any more', async () => {
  const { way, pool } = await overWay();
  way.loseAll();
  let lent: () => void = () => undefined;
  const isLent = new Promise<void>((resolve) => (lent = resolve));
  const asked = pool.db.connection().execute((session) => {
    lent();
    return sql`select 1`.execute(session);
  });
  const failed = asked.catch((error: unknown) => error);
  await isLent;
  await pool.close();
  expect(await failed).toSatisfy(isAway);
  await way.close();
});
