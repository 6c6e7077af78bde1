import { readFileSync } from 'node:fs';
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { expect, test } from 'vitest';
import { READ_MODELS } from '../../../infra/app/readModels/readModels.ts';
import { keyOf } from '../../../projections/kernel/checkpoint.ts';
import type { AnyTables, Projection } from '../../../projections/kernel/model.ts';

/** By read model and version, the statements that make its tables. What stands here of a version is never changed. */
const KNOWN = JSON.parse(
  readFileSync(new URL('versions.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

const statementsOf = async ({ create }: Projection): Promise<readonly string[]> => {
  const statements: string[] = [];
  const db = new Kysely<AnyTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (one) => new PostgresIntrospector(one),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => {
      statements.push(query.sql.replace(/\s+/g, ' ').trim());
    },
  });
  await db.transaction().execute(create);
  return statements;
};

test('[PRJ-25] tables of a version of a read model are as those that processes of other versions know by its name', async () => {
  const found: Record<string, readonly string[]> = {};
  for (const model of READ_MODELS) found[keyOf(model)] = await statementsOf(model);
  // Other tables under a name that is known: raise the read model's version. A name that is missing: add it.
  expect({ ...KNOWN, ...found }).toEqual(KNOWN);
  expect(Object.values(found).every((statements) => statements.length > 0)).toBe(true);
});
