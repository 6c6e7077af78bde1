import type { Transaction } from 'kysely';
import { keyOf } from './checkpoint.ts';
import type { AnyTables, Projection, Table } from './model.ts';
import { RowCache } from './rowCache.ts';
import type { Skips } from './skips.ts';
import type { Event } from './tail.ts';

/** What a projection's own code or statement threw, as against a fault of the way to the database. */
export class ProjectionFault extends Error {
  override name = 'ProjectionFault';
  readonly projection: Projection;
  override readonly cause: unknown;

  constructor(projection: Projection, cause: unknown) {
    super(`${keyOf(projection)}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.projection = projection;
    this.cause = cause;
  }
}

/** Folds batches of events into the tables, with the rows that were used last at hand. */
export class Batches {
  readonly #skips: Skips;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows differ from table to table
  #caches = new Map<Table<any>, RowCache<any>>();

  constructor(skips: Skips) {
    this.#skips = skips;
  }

  /** After anything has gone wrong: what is in memory may not be what is in the tables. */
  forget(): void {
    this.#caches = new Map();
  }

  /**
   * Brings the projections' tables from before the events to after them. To be called in a transaction;
   * resolves with what is to be done once that has been committed. Throws `ProjectionFault`.
   */
  async apply(
    db: Transaction<AnyTables>,
    projections: readonly Projection[],
    events: readonly Event[],
  ): Promise<() => void> {
    const remember: (() => void)[] = [];
    for (const projection of projections) {
      const taken = this.#skips.without(projection, events);
      try {
        for (const table of projection.tables) {
          remember.push(await applyTo(db, table, taken, this.#cacheOf(table)));
        }
      } catch (cause) {
        throw new ProjectionFault(projection, cause);
      }
    }
    return () => {
      for (const one of remember) one();
    };
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows differ from table to table
  #cacheOf(table: Table<any>): RowCache<any> {
    const known = this.#caches.get(table);
    if (known !== undefined) return known;
    const made = new RowCache();
    this.#caches.set(table, made);
    return made;
  }
}

const applyTo = async <Row>(
  db: Transaction<AnyTables>,
  table: Table<Row>,
  events: readonly Event[],
  cache: RowCache<Row>,
): Promise<() => void> => {
  const touches: (readonly [Event, readonly string[]])[] = [];
  const before = new Map<string, Row | undefined>();
  const unknown: string[] = [];
  for (const event of events) {
    const keys = table.keysOf(event);
    if (keys.length === 0) continue;
    touches.push([event, keys]);
    for (const key of keys) {
      if (before.has(key)) continue;
      const row = cache.get(key);
      before.set(key, row);
      if (row === undefined) unknown.push(key);
    }
  }
  if (touches.length === 0) return () => undefined;

  if (unknown.length > 0) {
    for (const [key, row] of await table.load(db, unknown)) before.set(key, row);
  }
  const after = new Map(before);
  for (const [event, keys] of touches) {
    for (const key of keys) after.set(key, table.fold(after.get(key), event, key));
  }
  const changed = new Map([...after].filter(([key, row]) => row !== before.get(key)));
  if (changed.size > 0) await table.save(db, changed);
  return () => {
    for (const [key, row] of after) cache.set(key, row);
  };
};
