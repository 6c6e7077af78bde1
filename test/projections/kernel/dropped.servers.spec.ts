import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMissing } from '../../../projections/kernel/faults.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { openPool } from '../../../infra/postgres/pool.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { databaseUrl, silent, testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { untilTrue } from '../../support/until.ts';
import { registered, write } from '../../support/userEvents.ts';
import { allUsers, dropAll, startProjector } from './harness.ts';

let database: TestDatabase<UsersTables>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const WAIT = 45_000;

test('[PRJ-13] tables that are dropped while nothing is written are built anew by themselves', async () => {
  const log = new MemoryEventLog();
  await write(log, registered('ann'));
  const position = await write(log, registered('bob'));
  const { db } = database;
  const { runner, states, stop } = startProjector({ db, log });
  await runner.reached(position, WAIT);
  const rows = await allUsers(db);

  await dropAll(db);
  await untilTrue(
    'the tables are there again',
    async () => {
      const back = await allUsers(db).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      return back.length === rows.length;
    },
    { within: WAIT, seen: () => states },
  );
  expect(await allUsers(db)).toEqual(rows);
  expect(await runner.reached(position, WAIT)).toBe(true);
  await stop();
});

test('[PRJ-3] a runner that has nothing to do notices that another has taken over', async () => {
  const log = new MemoryEventLog();
  const position = await write(log, registered('cid'));
  const { db } = database;
  await dropAll(db);
  const { runner, states, stop } = startProjector({ db, log });
  await runner.reached(position, WAIT);
  await sql`update seqline.checkpoint set epoch = epoch + 1`.execute(db);
  await untilTrue('it takes over again', () => states.filter(isRunning).length === 2, {
    within: WAIT,
    seen: () => states,
  });
  await stop();
});

const isRunning = ({ kind }: Readonly<{ kind: string }>): boolean => kind === 'running';

test('what is missing is told from what is wrong', async () => {
  const { db, url } = database;
  const failure = async (asked: Promise<unknown>): Promise<unknown> =>
    asked.then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(isMissing(await failure(sql`select from nowhere.rows`.execute(db)))).toBe(true);
  expect(isMissing(await failure(sql`select from nothing`.execute(db)))).toBe(true);
  expect(isMissing(await failure(sql`selekt`.execute(db)))).toBe(false);
  const away = openPool<object>({ url: databaseUrl(url, 'no_such_database'), log: silent });
  expect(isMissing(await failure(sql`select 1`.execute(away.db)))).toBe(true);
  await away.close();
});
