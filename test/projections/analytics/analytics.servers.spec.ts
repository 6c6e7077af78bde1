import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyticsRecounts } from '../../../infra/cli/verify/analytics.ts';
import { compareTable } from '../../../infra/cli/verify/compare.ts';
import { Findings } from '../../../infra/cli/verify/recount/findings.ts';
import { ANALYTICS } from '../../../projections/analytics/project.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { history } from './arbitraries.ts';
import { begin, recorded, take } from './world.ts';

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());

/** What is otherwise in the tables than it is when all events are simply counted; and how many rows there are. */
const differences = async (events: readonly Event[]) => {
  const findings = new Findings();
  let rows = 0;
  await database.db.transaction().execute(async (tx) => {
    for (const { model, take: count, tables } of analyticsRecounts()) {
      for (const event of events) count(event);
      for (const table of tables()) {
        const name = `seqline.${table.name}_v${String(model.version)}`;
        const compared = await compareTable(tx, name, table, findings);
        rows += compared.rows;
      }
    }
  });
  return { found: findings.first, rows };
};

describe('[ANA-1] what is counted', () => {
  test('of any history equals a plain count of it, however its events fall into batches', async () => {
    let counted = 0;
    await begin(database.db, ANALYTICS);
    const tables = await sql<{ name: string }>`select tablename as name from pg_tables
      where schemaname = 'seqline' and tablename <> 'checkpoint'`.execute(database.db);
    const all = sql.join(tables.rows.map(({ name }) => sql.id('seqline', name)));
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 40 }), async (happens, size) => {
        await sql`truncate ${all}`.execute(database.db);
        const events = recorded(happens);
        await take(database.db, ANALYTICS, events, size);
        const { found, rows } = await differences(events);
        expect(found).toEqual([]);
        counted += rows;
      }),
      { numRuns: 40 },
    );
    // Something was counted.
    expect(counted).toBeGreaterThan(100);
  });
});
