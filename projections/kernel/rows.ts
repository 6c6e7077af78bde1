import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { AnyTables, Table } from './model.ts';

/** A `date` is `YYYY-MM-DD`, here and in Postgres. */
type ColumnType = 'text' | 'int8' | 'bool' | 'uuid' | 'date';
type Value = string | number | boolean | null;

export type Column<Row> = Readonly<{ type: ColumnType; of: (row: Row) => Value; null?: true }>;

export type RowsOptions<Row> = Readonly<{
  /** Schema and table, with the version in its name: `seqline.heads_v1`. */
  table: string;
  columns: Readonly<Record<string, Column<Row>>>;
  /** The columns of the primary key, in the order of the parts that `partsOf` gives. */
  key: readonly string[];
  /** A key of the fold is one string; this is what it is made of. */
  partsOf: (key: string) => readonly Value[];
  keyOf: (row: Row) => string;
  /** From a row as Postgres gives it (bigint as number). */
  read: (row: Readonly<Record<string, unknown>>) => Row;
}>;

/**
 * Parts of a key, joined with a space. Ids seldom have one; where a part does it is written otherwise, so
 * that whatever is in the log comes apart again into what it was joined of.
 */
export const joinKey = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => (typeof part === 'string' ? escaped(part) : part)).join(' ');
export const splitKey = (key: string): readonly string[] =>
  key.includes('%') ? key.split(' ').map(unescaped) : key.split(' ');

const escaped = (part: string): string =>
  part.includes(' ') || part.includes('%')
    ? part.replaceAll('%', '%25').replaceAll(' ', '%20')
    : part;
const unescaped = (part: string): string => part.replaceAll('%20', ' ').replaceAll('%25', '%');

const arrays = (types: readonly ColumnType[], rows: readonly (readonly Value[])[]) =>
  sql.join(
    types.map((type, column) =>
      listOf(
        type,
        rows.map((row) => row[column] ?? null),
      ),
    ),
  );

/**
 * A list as one text in Postgres' own writing. Given one by one, the driver looks at each element for what it might
 * be, and takes several times as long.
 */
export const listOf = (type: ColumnType, values: readonly Value[]): RawBuilder<unknown> =>
  sql`${arrayText(values)}::${sql.raw(type)}[]`;

const arrayText = (values: readonly Value[]): string => `{${values.map(element).join()}}`;

const NEEDS_ESCAPE = /["\\]/;
const element = (value: Value): string => {
  if (typeof value !== 'string') return value === null ? 'NULL' : String(value);
  return `"${NEEDS_ESCAPE.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value}"`;
};

const names = (columns: readonly string[]): RawBuilder<unknown> =>
  sql.join(columns.map((column) => sql.ref(column)));

/** `create table if not exists`, with the primary key; further indexes are the caller's. */
export const createRows = (
  db: Transaction<AnyTables>,
  {
    table,
    columns,
    key,
  }: Readonly<{
    table: string;
    columns: Readonly<Record<string, Readonly<{ type: ColumnType; null?: true }>>>;
    key: readonly string[];
  }>,
): Promise<unknown> => {
  const lines = Object.entries(columns).map(
    ([name, { type, null: nullable }]) =>
      sql`${sql.ref(name)} ${sql.raw(type)}${sql.raw(nullable === true ? '' : ' not null')}`,
  );
  return sql`create table if not exists ${sql.table(table)} (${sql.join(lines)}, primary key (${names(key)}))`.execute(
    db,
  );
};

/** How a fold's rows are read and written: one statement each, whatever their number. */
export const rowsOf = <Row>(
  options: RowsOptions<Row>,
): Pick<Table<Row>, 'load' | 'save'> & { options: RowsOptions<Row> } => {
  const { table, columns, key, partsOf, keyOf, read } = options;
  const all = Object.keys(columns);
  const types = Object.values(columns).map(({ type }) => type);
  const keyTypes = key.map((name) => columns[name]?.type ?? 'text');
  const rest = all.filter((name) => !key.includes(name));

  const matching = (keys: readonly string[]) =>
    sql`(${names(key)}) in (select * from unnest(${arrays(keyTypes, keys.map(partsOf))}))`;

  const write = (db: Transaction<AnyTables>, rows: readonly Row[]) => {
    const values = rows.map((row) => Object.values(columns).map(({ of }) => of(row)));
    const update =
      rest.length === 0
        ? sql`nothing`
        : sql`update set ${sql.join(rest.map((name) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`))}`;
    return sql`insert into ${sql.table(table)} (${names(all)}) select * from unnest(${arrays(types, values)})
      on conflict (${names(key)}) do ${update}`.execute(db);
  };

  return {
    options,
    load: async (db, keys) => {
      const { rows } = await sql<
        Record<string, unknown>
      >`select ${names(all)} from ${sql.table(table)} where ${matching(keys)}`.execute(db);
      return new Map(rows.map((row) => [keyOf(read(row)), read(row)]));
    },
    save: async (db, rows) => {
      const gone = [...rows].filter(([, row]) => row === undefined).map(([name]) => name);
      const kept = [...rows.values()].filter((row) => row !== undefined);
      if (gone.length > 0) {
        await sql`delete from ${sql.table(table)} where ${matching(gone)}`.execute(db);
      }
      if (kept.length > 0) await write(db, kept);
    },
  };
};
