import type { Column, RowsOptions } from './rows.ts';

/** One value of a row: in which column it is kept, and what it is written and read as. */
export type Field<V> = Readonly<{
  column: string;
  type: Column<never>['type'];
  write: (value: V) => string | number | boolean;
  read: (stored: unknown) => V;
}>;

/** A column for each value, in the order of the table. */
export type Fields<Row> = { readonly [Name in keyof Row]-?: Field<Row[Name]> };

/** Where a row that is joined is not there, its texts are empty and its numbers 0. */
export const text = <V extends string>(column: string): Field<V> => ({
  column,
  type: 'text',
  write: (value) => value,
  read: (stored) => (typeof stored === 'string' ? stored : '') as V,
});

/** As `YYYY-MM-DD`. */
export const day = (column: string): Field<string> => ({ ...text<string>(column), type: 'date' });

export const int = (column: string): Field<number> => ({
  column,
  type: 'int8',
  write: (value) => value,
  read: (stored) => Number(stored ?? 0),
});

export const flag = (column: string): Field<boolean> => ({
  column,
  type: 'bool',
  write: (value) => value,
  read: (stored) => stored === true,
});

/** A number that stands for one of a few things; what is none of them is the first. */
export const oneOf = <const V extends number>(
  column: string,
  [first, ...others]: readonly [V, ...V[]],
): Field<V> => ({
  column,
  type: 'int8',
  write: (value) => value,
  read: (stored) => others.find((one) => one === Number(stored)) ?? first,
});

/** How the rows of a table are written and read, said once for both. */
export const shapeOf = <Row>(fields: Fields<Row>): Pick<RowsOptions<Row>, 'columns' | 'read'> => {
  const names = Object.keys(fields) as (keyof Row & string)[];
  const column = <Name extends keyof Row>(name: Name): [string, Column<Row>] => {
    const { column, type, write } = fields[name];
    return [column, { type, of: (row) => write(row[name]) }];
  };
  return {
    columns: Object.fromEntries(names.map(column)),
    read: (stored) =>
      Object.fromEntries(
        names.map((name) => [name, fields[name].read(stored[fields[name].column])]),
      ) as Row,
  };
};
