import type { Beside } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey, type Column } from '../kernel/rows.ts';
import type { Event } from '../kernel/tail.ts';
import type { RowTable } from './metric.ts';

type Part = string | number;

/** One row of counts: the dimensions in their order, and how many there were of each kind. */
export type Counted<Name extends string> = Readonly<{
  key: readonly Part[];
  counts: Readonly<Record<Name, number>>;
}>;

type Added<Name extends string> = Readonly<Partial<Record<Name, number>>>;

type Counting<Dimension extends string, Name extends string, Other> = Readonly<{
  table: string;
  dimensions: Readonly<Record<Dimension, 'date' | 'text' | 'int8'>>;
  counts: readonly Name[];
  /** The rows in which an event may count, by their dimensions. Pure; most events are in none. */
  rowsOf: (event: Event) => readonly (readonly Part[])[];
  beside?: Beside<Other>;
  /** What is added to such a row; undefined: it does not count after all. */
  add: (event: Event, others: readonly (Other | undefined)[]) => Added<Name> | undefined;
}>;

/**
 * Counts by dimensions. A row is written once for all events of a batch that count in it, and there are as
 * few of them as dimensions have values.
 */
export const counts = <Dimension extends string, Name extends string, Other = never>({
  table,
  dimensions,
  counts: names,
  rowsOf: countedIn,
  beside,
  add,
}: Counting<Dimension, Name, Other>): RowTable<Counted<Name>, Other> => {
  const types = Object.entries<'date' | 'text' | 'int8'>(dimensions);
  const partsOf = (parts: readonly Part[]): readonly Part[] =>
    parts.map((part, at) => (types[at]?.[1] === 'int8' ? Number(part) : part));
  const columns: Record<string, Column<Counted<Name>>> = {};
  for (const [at, [name, type]] of types.entries())
    columns[name] = { type, of: ({ key }) => key[at] ?? '' };
  for (const name of names)
    columns[name] = { type: 'int8', of: ({ counts: counted }) => counted[name] };
  const zero = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

  return {
    ...rowsOf<Counted<Name>>({
      table,
      columns,
      key: types.map(([name]) => name),
      partsOf: (key) => partsOf(splitKey(key)),
      keyOf: ({ key }) => joinKey(...key),
      read: (row) => ({
        key: types.map(([name, type]) => (type === 'int8' ? Number : String)(row[name])),
        counts: Object.fromEntries(names.map((name) => [name, Number(row[name])])) as Record<
          Name,
          number
        >,
      }),
    }),
    keysOf: (event) => countedIn(event).map((parts) => joinKey(...parts)),
    ...(beside !== undefined && { beside }),
    fold: (row, event, key, others) => {
      const added = add(event, others);
      if (added === undefined) return row;
      const counted = { ...(row?.counts ?? zero) };
      for (const name of names) counted[name] += added[name] ?? 0;
      return { key: row?.key ?? partsOf(splitKey(key)), counts: counted };
    },
  };
};
