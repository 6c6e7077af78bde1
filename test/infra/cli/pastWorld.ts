import { sql, type Kysely } from 'kysely';
import type { Storage } from '../../../infra/app/storage/storage.ts';
import { READ_MODELS } from '../../../infra/app/readModels/readModels.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { befriend, register, say, write } from '../../support/verifyWorld.ts';

const AB = ['si_ann_bob', 'ann', 'bob'] as const;

/** A bit of life, some of which undoes what came before. */
export const lifeOf = async (storage: Storage): Promise<void> => {
  for (const user of ['ann', 'bob', 'eve']) await register(storage, user);
  await say(storage, AB, 'm1');
  await write(storage, 'user-ann', {
    type: 'UserChanged',
    data: { user: 'ann', profile: { nickname: 'Anna' } },
  });
  await say(storage, AB, 'm2');
  const own = { user: 'bob', conversation: 'si_ann_bob' };
  await write(storage, 'inbox-bob', { type: 'ReadMarked', data: { ...own, upTo: 2 } });
  await write(storage, 'inbox-bob', { type: 'MessagesHidden', data: { ...own, seqs: [1] } });
  await befriend(storage);
};

/** All rows of all read models in a schema, as text, by table; positions of the models beside them. */
export const rowsIn = async (
  db: Kysely<AnyTables>,
  schema: string,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} and table_type = 'BASE TABLE' and table_name <> 'checkpoint'
    order by 1`.execute(db);
  const found = new Map<string, readonly string[]>();
  for (const { name } of rows) {
    const all = await sql<{ line: string }>`
      select t::text as line from ${sql.id(schema, name)} t order by 1`.execute(db);
    found.set(
      name,
      all.rows.map(({ line }) => line),
    );
  }
  return found;
};

export const MODELS = READ_MODELS.map(({ name }) => name);
