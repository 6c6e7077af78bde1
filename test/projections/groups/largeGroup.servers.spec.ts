import { sql, type Kysely } from 'kysely';
import { expect, test } from 'vitest';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import { openPool } from '../../../infra/postgres/pool.ts';
import { groups } from '../../../projections/groups/project.ts';
import { groupQueries } from '../../../projections/groups/queries.ts';
import { groupRows, memberRows } from '../../../projections/groups/rows.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { silent, testDatabase } from '../../support/postgres.ts';

type Rows = Readonly<{
  table: string;
  columns: Readonly<Record<string, Readonly<{ type: string }>>>;
}>;

/** So many rows, of which `i` counts; what is not said is empty. */
const fill = async (
  db: Kysely<AnyTables>,
  { table, columns }: Rows,
  count: number,
  said: Readonly<Record<string, string>>,
): Promise<void> => {
  const empty: Readonly<Record<string, string>> = { text: `''`, int8: '0', bool: 'false' };
  const values = Object.entries(columns).map(([name, { type }]) => said[name] ?? empty[type] ?? '');
  await sql`insert into ${sql.table(table)}
    select ${sql.raw(values.join())} from generate_series(1, ${count}::int) as i`.execute(db);
};

test('who is looked for in a large group is found without reading all of its members', async () => {
  const database = await testDatabase<AnyTables>();
  const log = { id: 'a'.repeat(32), head: () => Promise.resolve(0) };
  await database.db.transaction().execute((tx) => takeOver(tx, [groups], log));
  // Many small groups, and a large one among them.
  await fill(database.db, groupRows, 2_000, { group_id: `'g' || i` });
  await fill(database.db, groupRows, 1, { group_id: `'large'` });
  for (const user of ['ann', 'bob'])
    await fill(database.db, memberRows, 2_000, { group_id: `'g' || i`, user_id: `'${user}'` });
  await fill(database.db, memberRows, 5_000, { group_id: `'large'`, user_id: `'u' || i` });
  await sql`analyze seqline.groups_v1, seqline.group_members_v1`.execute(database.db);

  const pool = openPool<AnyTables>({ url: database.url, log: silent, connectionsMax: 1 });
  // As a connection plans by itself once it has been asked the same some times.
  await sql`set plan_cache_mode = force_generic_plan`.execute(pool.db);
  const read = async (): Promise<number> => {
    await sql`select pg_stat_force_next_flush()`.execute(pool.db);
    const { rows } = await sql<{ read: number }>`select idx_tup_fetch + seq_tup_read as read
      from pg_stat_user_tables where relname = 'group_members_v1'`.execute(pool.db);
    return rows[0]?.read ?? 0;
  };
  const before = await read();
  const wanted = ['u3', 'nobody', 'u4711'] as UserId[];
  const found = await groupQueries(pool.db).membersAmong('large' as GroupId, wanted);
  expect(found.map(({ user }) => user)).toEqual(['u3', 'u4711']);
  expect((await read()) - before).toBeLessThan(100);
  await pool.close();
  await database.drop();
});
