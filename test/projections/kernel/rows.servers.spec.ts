import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { listOf } from '../../../projections/kernel/rows.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

type List = Parameters<typeof listOf>;

const inPostgres = async (...[type, values]: List): Promise<unknown> => {
  const { rows } = await sql<{ list: unknown }>`
    select array_agg(value) as list from unnest(${listOf(type, values)}) as value`.execute(
    database.db,
  );
  return rows[0]?.list;
};

/** What an array's text has a meaning for, and what Postgres can hold besides. */
const texts = fc.array(
  fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '"',
      '\\',
      '\\"',
      '{}',
      ',',
      'NULL',
      'null',
      '$&',
      "'",
      '\n',
      '{"a",}',
    ),
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  ),
  { minLength: 1 },
);

test('lists come to Postgres as they were, whatever their texts hold', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (values) => {
      expect(await inPostgres('text', values)).toEqual(values);
    }),
  );
});

test('so do numbers, flags, days, ids and what is not there', async () => {
  const id = '0f2c1a9e-6b1d-5c3f-8a4b-0123456789ab';
  const lists: readonly List[] = [
    ['text', ['NULL', null, '']],
    ['bool', [true, null, false]],
    ['uuid', [id, null]],
  ];
  for (const [type, values] of lists) expect(await inPostgres(type, values)).toEqual(values);
  const { rows } = await sql<{ number: number | null; day: string | null }>`
    select * from unnest(${listOf('int8', [2 ** 53 - 5, -1, null])},
      ${listOf('date', ['2026-11-30', null, '1970-01-01'])}) as values (number, day)`.execute(
    database.db,
  );
  expect(rows).toEqual([
    { number: 2 ** 53 - 5, day: '2026-11-30' },
    { number: -1, day: null },
    { number: null, day: '1970-01-01' },
  ]);
});
