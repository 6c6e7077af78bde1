import type { Position } from '../../core/kernel/ids.ts';
import type { Table } from './model.ts';
import type { Event } from './tail.ts';

/** As much of a `Tail` as this needs. */
type Newest = Readonly<{
  covers: (checkpoint: Position) => boolean;
  touching: (name: string, after?: Position) => readonly Event[];
}>;

export type FoldTail<Row, Other = never> = Readonly<{
  table: Table<Row, Other>;
  /** What Postgres has of the wanted rows, read in one snapshot with the checkpoint. */
  rows: ReadonlyMap<string, Row>;
  checkpoint: Position;
  tail: Newest;
  /** Under which names the tail has all events that touch the wanted rows. */
  names: readonly string[];
  /**
   * Whether the read was meant to find this row. A row that is wanted and is not among `rows` did not
   * exist at the checkpoint; of any other row nothing is known, so it is left alone. None: all are.
   */
  wanted?: (key: string) => boolean;
  /** What Postgres has, in the same snapshot, of the rows that the table looks at beside its own. */
  others?: ReadonlyMap<string, Other>;
}>;

/**
 * Brings rows up to the head of the log by the fold that the projection itself uses, so the answer is the
 * one Postgres will give once it has caught up. `uncovered`: the tail does not reach back to the
 * checkpoint; only waiting for the projector helps.
 */
export const foldTail = <Row, Other = never>({
  table,
  rows,
  checkpoint,
  tail,
  names,
  wanted,
  others = new Map(),
}: FoldTail<Row, Other>): ReadonlyMap<string, Row> | 'uncovered' => {
  if (!tail.covers(checkpoint)) return 'uncovered';
  const events = inOrder(names.map((name) => tail.touching(name, checkpoint)));
  if (events.length === 0) return rows;

  const { beside } = table;
  const folded = new Map(rows);
  const around = new Map(others);
  for (const event of events) {
    const keys = table.keysOf(event);
    const seen =
      keys.length === 0 ? [] : (beside?.keysOf(event) ?? []).map((key) => around.get(key));
    foldInto(folded, keys, (row, key) =>
      wanted?.(key) === false ? row : table.fold(row, event, key, seen),
    );
    if (beside === undefined) continue;
    const { table: other } = beside;
    foldInto(around, other.keysOf(event), (row, key) => other.fold(row, event, key, []));
  }
  return folded;
};

const foldInto = <Row>(
  rows: Map<string, Row>,
  keys: readonly string[],
  fold: (row: Row | undefined, key: string) => Row | undefined,
): void => {
  for (const key of keys) {
    const row = fold(rows.get(key), key);
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
};

/** Each event once, by position: one may stand under several of the names. */
const inOrder = (lists: readonly (readonly Event[])[]): readonly Event[] => {
  const [only, ...others] = lists.filter((list) => list.length > 0);
  if (only === undefined || others.length === 0) return only ?? [];
  const byPosition = new Map([...only, ...others.flat()].map((event) => [event.position, event]));
  return [...byPosition.values()].sort((one, other) => one.position - other.position);
};
