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

test.each([
  [
    'a database that is not there',
    (url: string) => url.replace(/(\/\/[^/]*\/)[^?]*/, '$1nowhere'),
    /create that database/,
  ],
  [
    'a user that is not there',
    (url: string) => url.replace(/:\/\/[^@/]*@/, '://nobody@'),
    /DATABASE_URL: .*nobody.*(log in|password)/,
  ],
])('[NOD-17] %s is named with what to do', async (_, changed, told) => {
  const pool = openPool<AnyTables>({ url: changed(database.url), log: silent, connectionsMax: 1 });
  try {
    await expect(checkPostgres({ db: pool.db, logIds: [OWN], now })).rejects.toThrow(told);
  } finally {
    await pool.close();
  }
});

test('[NOD-17] a database that can only be read is named', async () => {
  const url = `${database.url}${database.url.includes('?') ? '&' : '?'}options=-c%20default_transaction_read_only%3Don`;
  const pool = openPool<AnyTables>({ url, log: silent, connectionsMax: 1 });
  try {
    await expect(checkPostgres({ db: pool.db, logIds: [OWN], now })).rejects.toThrow(
      /can only be read: name the primary/,
    );
  } finally {
    await pool.close();
  }
});

test.each(['LATIN1', 'SQL_ASCII'])(
  '[NOD-17] a database of the encoding %s is named',
  async (encoding) => {
    const name = `encoded_${encoding.toLowerCase()}_${String(process.pid)}`;
    const { db } = database;
    await sql
      .raw(
        `create database ${name} encoding '${encoding}' locale_provider libc lc_collate 'C' lc_ctype 'C' template template0`,
      )
      .execute(db);
    const url = database.url.replace(/(\/\/[^/]*\/)[^?]*/, `$1${name}`);
    const pool = openPool<AnyTables>({ url, log: silent, connectionsMax: 1 });
    try {
      await expect(checkPostgres({ db: pool.db, logIds: [OWN], now })).rejects.toThrow(
        new RegExp(`${name} has the encoding ${encoding}, .*encoding 'UTF8'`),
      );
    } finally {
      await pool.close();
      await sql.raw(`drop database ${name}`).execute(db);
    }
  },
);

test('[NOD-17] a pooler that does not pass on what a connection asks for is named', async () => {
  const pool = openPool<AnyTables>({ url: database.url, log: silent, connectionsMax: 1 });
  try {
    await checkPostgres({ db: pool.db, logIds: [OWN], now });
    // As it looks from here: the limit that was asked for is not the one that holds.
    await sql`set statement_timeout = 0`.execute(pool.db);
    await expect(checkPostgres({ db: pool.db, logIds: [OWN], now })).rejects.toThrow(
      /is not passed on: it has to lead to Postgres itself/,
    );
  } finally {
    await pool.close();
  }
});

test('[NOD-17] read models of another user are named, and what to do with them', async () => {
  const role = `other_${String(process.pid)}`;
  const { db } = database;
  await sql.raw(`create role ${role} login`).execute(db);
  await sql.raw('create schema seqline').execute(db);
  await sql.raw('create table seqline.checkpoint (log_id text)').execute(db);
  await sql.raw(`grant usage, create on schema seqline to ${role}`).execute(db);
  const url = database.url.replace(/:\/\/[^@/]*@/, `://${role}@`);
  const pool = openPool<AnyTables>({ url, log: silent, connectionsMax: 1 });
  try {
    await expect(checkPostgres({ db: pool.db, logIds: [OWN], now })).rejects.toThrow(
      /DATABASE_URL: permission denied .*belong to somebody else/,
    );
  } finally {
    await pool.close();
    await sql.raw('drop schema seqline cascade').execute(db);
    await sql.raw(`drop role ${role}`).execute(db);
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
