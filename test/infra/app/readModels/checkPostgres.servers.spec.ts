import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPostgres, clockAhead } from '../../../../infra/app/readModels/checkPostgres.ts';
import { openPool } from '../../../../infra/postgres/pool.ts';
import type { AnyTables } from '../../../../projections/kernel/model.ts';
import { silent, testDatabase, type TestDatabase } from '../../../support/postgres.ts';

const OWN = 'a'.repeat(32);
let database: TestDatabase<AnyTables>;
const now = (): number => Date.now();

beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(async () => {
  await database.close();
  await database.drop();
});

test('[NOD-17] a user that may not create tables is named with the right it lacks', async () => {
  const role = `reader_${String(process.pid)}`;
  await sql.raw(`create role ${role} login`).execute(database.db);
  const url = database.url.replace(/:\/\/[^@/]*@/, `://${role}@`);
  const poor = openPool<AnyTables>({ url, log: silent, connectionsMax: 1 });
  try {
    await expect(checkPostgres({ db: poor.db, logIds: [OWN], now })).rejects.toThrow(
      new RegExp(`DATABASE_URL: its user ${role} may not .*grant create on database`),
    );
  } finally {
    await poor.close();
    await sql.raw(`drop role ${role}`).execute(database.db);
  }
});

test('[NOD-17] a database of another cluster is named', async () => {
  const { db } = database;
  await checkPostgres({ db, logIds: [OWN], now });
  await sql`create schema seqline`.execute(db);
  await sql`create table seqline.checkpoint (log_id text)`.execute(db);
  await checkPostgres({ db, logIds: [OWN], now });
  await sql`insert into seqline.checkpoint values (${OWN}), (${'b'.repeat(32)})`.execute(db);
  await expect(checkPostgres({ db, logIds: [OWN], now })).rejects.toThrow(
    /read models of the log b{32}, but the log here is a{32}: another cluster uses it/,
  );
  // What it has been copied from is its own past.
  await checkPostgres({ db, logIds: [OWN, 'b'.repeat(32)], now });
});

test('[NOD-17] clocks that are more than a second apart are named with what to do', async () => {
  const { db } = database;
  const logIds = [OWN, 'b'.repeat(32)];
  expect(Math.abs(await clockAhead(db, now))).toBeLessThan(1_000);
  for (const [ahead, word] of [
    [60_000, 'ahead of'],
    [-60_000, 'behind'],
  ] as const) {
    await expect(checkPostgres({ db, logIds, now: () => Date.now() + ahead })).rejects.toThrow(
      new RegExp(`${word} the one of Postgres: set both by the same time server`),
    );
  }
});

test('a Postgres that is away is none of its business', async () => {
  const gone = openPool<AnyTables>({ url: 'postgres://127.0.0.1:1/x', log: silent });
  await checkPostgres({ db: gone.db, logIds: [OWN], now });
  await gone.close();
});
