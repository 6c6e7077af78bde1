import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERASED } from '../../../core/kernel/fact.ts';
import { ANALYTICS } from '../../../projections/analytics/project.ts';
import { showView } from '../../../projections/analytics/views.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { NOVEMBER, PERSONAL } from './november.ts';
import { begin, publish, recorded, take } from './world.ts';

const PAGE = readFileSync(new URL('../../../docs/ANALYTICS.md', import.meta.url), 'utf8');

/** The page's questions, each with its SQL. */
const QUESTIONS = new Map(
  [...PAGE.matchAll(/^### ([^\n]*\?)\n(?:(?!^#).)*?```sql\n(.*?)```/gmsu)].map(
    ([, question = '', text = '']) => [question, text],
  ),
);
const RECIPE = /## A role for analysts.*?```sql\n(.*?)```/su.exec(PAGE)?.[1] ?? '';

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
  await fill(recorded(NOVEMBER));
});
afterAll(() => database.drop());

const fill = async (events: readonly Event[]): Promise<void> => {
  await begin(database.db, ANALYTICS);
  await take(database.db, ANALYTICS, events, 7);
  await publish(database.db, ANALYTICS);
};

type Rows = readonly Readonly<Record<string, unknown>>[];

/** The values of each row, as text. */
const valuesOf = (rows: Rows): readonly string[] =>
  rows.map((row) =>
    Object.values(row)
      .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
      .join(' '),
  );

const answerTo = (question: RegExp): Promise<readonly string[]> =>
  database.db.transaction().execute(async (tx) => {
    const asked = [...QUESTIONS].filter(([text]) => question.test(text));
    expect(asked).toHaveLength(1);
    await sql`set local search_path to seqline_analytics`.execute(tx);
    await sql`set local time zone 'UTC'`.execute(tx);
    await sql`set local intervalstyle = 'postgres'`.execute(tx);
    const text = (asked[0]?.[1] ?? '').trim();
    return valuesOf((await sql<Rows[number]>`${sql.raw(text)}`.execute(tx)).rows);
  });

describe('[ANA-6] the questions of docs/ANALYTICS.md', () => {
  const answers: readonly (readonly [RegExp, readonly string[]])[] = [
    [/active each day/u, ['2026-11-01 3 3 2', '2026-11-02 3 3 0', '2026-11-08 1 1 0']],
    [/sticky/u, ['2026-11-01 3 3 1.00', '2026-11-02 3 4 0.75', '2026-11-08 1 4 0.25']],
    [
      /by type/u,
      ['2026-11-01 picture 3', '2026-11-01 text 2', '2026-11-02 text 4', '2026-11-08 text 1'],
    ],
    [/busy/u, ['9 5', '11 3', '10 2']],
    [/in groups, and how much/u, ['direct 8 72.7', 'group 3 27.3']],
    [/percentile/u, ['50 46341 65536', '95 67108864 94906266']],
    [/unread/u, ['2026-11-01 2 50 100']],
    [/groups grow/u, ['g1 3 5 1 4']],
    [/stays/u, ['2026-11-01 3 2 1', '2026-11-02 1 0 0']],
    [/new users/u, ['2026-11-01 3 3 {"hours":1,"minutes":1}', '2026-11-02 1 1 {"minutes":30}']],
  ];

  test('are ten', () => {
    expect(QUESTIONS.size).toBe(10);
  });

  test.each(answers)('%s is answered', async (question, answer) => {
    expect(await answerTo(question)).toEqual(answer);
  });
});

/** All that stands in the tables and views of numbers. */
const everything = async (): Promise<string> => {
  const { rows } = await sql<{ schema: string; name: string }>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema = 'seqline_analytics' or table_name like 'analytics_%' order by 1, 2`.execute(
    database.db,
  );
  expect(rows.length).toBeGreaterThan(20);
  const lines: string[] = [];
  for (const { schema, name } of rows) {
    const all = await sql<{ line: string }>`
      select t::text as line from ${sql.id(schema, name)} t order by 1`.execute(database.db);
    lines.push(name, ...all.rows.map(({ line }) => line));
  }
  return lines.join('\n');
};

describe('[ANA-5] what is personal', () => {
  test('is in no table, and numbers are the same once everybody has been erased', async () => {
    const before = await everything();
    expect(before).toContain('ann');
    expect(before).not.toContain(PERSONAL);
    const erased = recorded(NOVEMBER).map((event) => ({
      ...event,
      data: {
        ...event.data,
        ...('body' in event.data && { body: ERASED }),
        ...('profile' in event.data && { profile: ERASED }),
      },
    }));
    // As the log gives events whose keys are gone.
    await fill(erased as readonly Event[]);
    expect(await everything()).toBe(before);
  });
});

describe('[ANA-7] the role for analysts', () => {
  test('reads the views, those of a later version too, and nothing else', async () => {
    const role = `analyst_${String(process.pid)}`;
    await sql`${sql.raw(RECIPE.replaceAll(/\banalyst\b/gu, role))}`.execute(database.db);
    const asAnalyst = (text: string) =>
      database.db.transaction().execute(async (tx) => {
        await sql`set local role ${sql.id(role)}`.execute(tx);
        return (await sql<Rows[number]>`${sql.raw(text)}`.execute(tx)).rows;
      });
    try {
      const view = ANALYTICS[0]?.views[0];
      if (view === undefined) throw new Error('there are no metrics');
      const ask = `select count(*) as found from seqline_analytics.${view.name}`;
      expect(await asAnalyst(ask)).toEqual([{ found: 5 }]);
      await expect(asAnalyst('select * from seqline.checkpoint')).rejects.toThrow('permission');
      await expect(asAnalyst(`delete from seqline_analytics.${view.name}`)).rejects.toThrow();
      // One that shows other columns is another view, which is given to the role as it comes.
      const select = "select 1 as other, 'new' as user_id";
      await database.db.transaction().execute(async (tx) => {
        await showView(tx, { ...view, select, about: 'Otherwise' }, { version: 2, anew: false });
      });
      expect(await asAnalyst(`select * from seqline_analytics.${view.name}`)).toEqual([
        { other: 1, user_id: 'new' },
      ]);
    } finally {
      await sql`drop owned by ${sql.id(role)}`.execute(database.db);
      await sql`drop role ${sql.id(role)}`.execute(database.db);
    }
  });
});
