import type { Beside } from '../kernel/model.ts';
import { rowsOf } from '../kernel/rows.ts';
import type { Event } from '../kernel/tail.ts';
import { dayOf, type RowTable } from './metric.ts';

/** Whole milliseconds from 1 to some 50 days, each about 1.4 times the one before it. */
export const BOUNDS: readonly number[] = [
  ...new Set(Array.from({ length: 65 }, (_, at) => Math.round(2 ** (at / 2)))),
];
const BUCKETS = BOUNDS.length + 1;

/** How many of the bounds a time has reached: bucket n holds times from bound n to below bound n + 1. */
export const bucketOf = (ms: number): number => {
  let [low, high] = [0, BOUNDS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((BOUNDS[middle] ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** How many times of a day fell into each bucket. Days can be added up, which percentiles cannot. */
type Times = Readonly<{ day: string; buckets: readonly number[] }>;

type Timing<Other> = Readonly<{
  table: string;
  /** Whether the event may end a time that is measured. */
  ends: (event: Event) => boolean;
  beside: Beside<Other>;
  /** How long it took, in milliseconds; undefined: nothing is measured. */
  took: (event: Event, others: readonly (Other | undefined)[]) => number | undefined;
}>;

/** One row for each day, with an array as Postgres writes it. */
export const times = <Other>({
  table,
  ends,
  beside,
  took,
}: Timing<Other>): RowTable<Times, Other> => ({
  ...rowsOf<Times>({
    table,
    columns: {
      day: { type: 'date', of: ({ day }) => day },
      buckets: { type: 'text', of: ({ buckets }) => `{${buckets.join()}}` },
    },
    key: ['day'],
    partsOf: (day) => [day],
    keyOf: ({ day }) => day,
    read: ({ day, buckets }) => ({
      day: String(day),
      buckets: String(buckets).slice(1, -1).split(',').map(Number),
    }),
  }),
  keysOf: (event) => (ends(event) ? [dayOf(event)] : []),
  beside,
  fold: (row, event, day, others) => {
    const ms = took(event, others);
    if (ms === undefined) return row;
    const buckets = [...(row?.buckets ?? Array.from({ length: BUCKETS }, () => 0))];
    const bucket = bucketOf(ms);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    return { day, buckets };
  },
});

/** Buckets as rows: `from_ms` inclusive, `to_ms` exclusive and null for the last; empty ones are left out. */
export const bucketRows = (table: string): string =>
  `select day, coalesce(bounds[bucket - 1], 0) as from_ms, bounds[bucket] as to_ms, count
  from ${table}, (select array[${BOUNDS.join()}]::int8[] as bounds) as b,
    unnest(buckets::int8[]) with ordinality as each (count, bucket)
  where count > 0`;
