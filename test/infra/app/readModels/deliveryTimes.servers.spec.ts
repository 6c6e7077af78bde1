import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDeliveryTimes } from '../../../../infra/app/readModels/deliveryTimes.ts';
import type { AnyTables } from '../../../../projections/kernel/model.ts';
import { silent, testDatabase, type TestDatabase } from '../../../support/postgres.ts';

const NOON = Date.UTC(2026, 10, 29, 12);

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());

const rows = async (): Promise<readonly unknown[]> => {
  const found = await sql`select * from seqline_analytics.analytics_delivery_times
    order by day, hour, from_ms`.execute(database.db);
  return found.rows;
};

/** A process that delivers this: milliseconds after the commit, and to how many. */
const deliver = async (
  db: TestDatabase<AnyTables>['db'],
  deliveries: readonly (readonly [took: number, sockets: number, at?: number])[],
): Promise<void> => {
  let now = NOON;
  const times = openDeliveryTimes({ db, log: silent, now: () => now });
  for (const [took, sockets, at = NOON] of deliveries) {
    now = at;
    times.delivered(at - took, sockets);
  }
  await times.close();
};

test('[ANA-10] delivery times of all processes are added up by hour', async () => {
  await Promise.all([
    deliver(database.db, [
      [5, 2],
      [-3, 1],
      [9_000_000_000, 1],
    ]),
    deliver(database.db, [[4, 40]]),
  ]);
  await deliver(database.db, [[5, 1, NOON + 3_600_000]]);
  const noon = { day: '2026-11-29', hour: 12 };
  expect(await rows()).toEqual([
    { ...noon, from_ms: 0, to_ms: 1, count: 1 },
    { ...noon, from_ms: 4, to_ms: 6, count: 42 },
    { ...noon, from_ms: 4_294_967_296, to_ms: null, count: 1 },
    { ...noon, hour: 13, from_ms: 4, to_ms: 6, count: 1 },
  ]);
});

test('[ANA-10] a Postgres that takes none stops nobody', async () => {
  const gone = await testDatabase<AnyTables>();
  await gone.drop();
  await deliver(gone.db, [[5, 1]]);
  expect(await rows()).toHaveLength(4);
});
