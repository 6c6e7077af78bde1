export type Value = string | number | boolean | null;
/** By the names of the columns. */
export type Row = Readonly<Record<string, Value>>;

/** What a table must hold, asked row by row: the rows are told from the recount, and not kept twice. */
export type ExpectedTable = Readonly<{
  /** Without schema and version. */
  name: string;
  /** The columns that tell rows apart. */
  key: readonly string[];
  size: () => number;
  /** The row that must be where this one is. */
  expected: (found: Row) => Row | undefined;
  all: () => Iterable<Row>;
}>;
