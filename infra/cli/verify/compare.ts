import { sql, type Transaction } from 'kysely';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Findings } from './recount/findings.ts';
import type { ExpectedTable, Row } from './recount/table.ts';

/** Rows that are looked at together. */
const PAGE = 5_000;

export type Compared = Readonly<{ table: string; rows: number; expected: number }>;

/** Every row of a table, page by page. */
const rowsOf = async function* (
  snapshot: Transaction<AnyTables>,
  table: string,
  columns: readonly string[] | 'all',
): AsyncGenerator<readonly Row[]> {
  const what = columns === 'all' ? sql`*` : sql.join(columns.map((name) => sql.ref(name)));
  await sql`declare verified no scroll cursor for
    select ${what} from ${sql.table(table)}`.execute(snapshot);
  try {
    for (;;) {
      const { rows } = await sql<Row>`fetch ${sql.lit(PAGE)} from verified`.execute(snapshot);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await sql`close verified`.execute(snapshot);
  }
};

const shown = (row: Row): string =>
  Object.entries(row)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ');

const keyOf = (key: readonly string[], row: Row): Row =>
  Object.fromEntries(key.map((name) => [name, row[name] ?? null]));

/** The columns that are not as they must be; one that the recount does not know is none of them. */
const different = (expected: Row, found: Row): readonly string[] =>
  [...new Set([...Object.keys(expected), ...Object.keys(found)])].filter(
    (name) => expected[name] !== found[name],
  );

const only = (names: readonly string[], row: Row): Row =>
  Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name] ?? null]));

/** Compares a table row by row with what it must hold. `table` has its schema and version. */
export const compareTable = async (
  snapshot: Transaction<AnyTables>,
  table: string,
  expected: ExpectedTable,
  findings: Findings,
): Promise<Compared> => {
  const name = table.slice(table.indexOf('.') + 1);
  let rows = 0;
  let known = 0;
  for await (const page of rowsOf(snapshot, table, 'all')) {
    for (const found of page) {
      rows += 1;
      const key = shown(keyOf(expected.key, found));
      const wanted = expected.expected(found);
      if (wanted === undefined) {
        const all = shown(found);
        findings.add({ kind: 'row too many', where: name, key, expected: 'no row', found: all });
        continue;
      }
      known += 1;
      const names = different(wanted, found);
      if (names.length === 0) continue;
      findings.add({
        kind: 'changed row',
        where: name,
        key,
        expected: shown(only(names, wanted)),
        found: shown(only(names, found)),
      });
    }
  }
  const size = expected.size();
  if (known < size) await addMissing(snapshot, table, expected, findings);
  return { table: name, rows, expected: size };
};

/** Which rows are not there is looked for only where some are not: that takes all keys at once. */
const addMissing = async (
  snapshot: Transaction<AnyTables>,
  table: string,
  { key, all }: ExpectedTable,
  findings: Findings,
): Promise<void> => {
  const there = new Set<string>();
  for await (const page of rowsOf(snapshot, table, key)) {
    for (const row of page) there.add(shown(keyOf(key, row)));
  }
  const where = table.slice(table.indexOf('.') + 1);
  for (const row of all()) {
    const name = shown(keyOf(key, row));
    if (there.has(name)) continue;
    findings.add({
      kind: 'missing row',
      where,
      key: name,
      expected: shown(row),
      found: 'no row',
    });
  }
};
