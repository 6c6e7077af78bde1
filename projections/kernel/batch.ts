import type { Transaction } from 'kysely';
import { keyOf } from './checkpoint.ts';
import type { AnyTable, AnyTables, Projection } from './model.ts';
import { RowCache } from './rowCache.ts';
import type { Skips } from './skips.ts';
import { Slices } from './slices.ts';
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
  #caches = new Map<AnyTable, RowCache<unknown>>();

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
        remember.push(await this.#applyTo(db, projection.tables, taken));
      } catch (cause) {
        throw new ProjectionFault(projection, cause);
      }
    }
    return () => {
      for (const one of remember) one();
    };
  }

  async #applyTo(
    db: Transaction<AnyTables>,
    tables: readonly AnyTable[],
    events: readonly Event[],
  ): Promise<() => void> {
    const parts = new Map(tables.map((table) => [table, new Part(table, this.#cacheOf(table))]));
    const partOf = (table: AnyTable): Part => {
      const part = parts.get(table);
      if (part === undefined) throw new Error('a table looks at one of another read model');
      return part;
    };
    // Who looks at others is folded before them, and so sees them as they were.
    const order = [...parts.values()].sort((one, other) => looks(other) - looks(one));
    const touches: Touch[] = [];
    const slices = new Slices();
    for (const event of events) {
      if (slices.isOver) await slices.others();
      for (const part of order) {
        const keys = part.table.keysOf(event);
        if (keys.length === 0) continue;
        part.need(keys);
        const { beside } = part.table;
        if (beside === undefined) touches.push({ event, part, keys, other: part, otherKeys: NONE });
        else {
          const other = partOf(beside.table);
          const otherKeys = beside.keysOf(event);
          other.need(otherKeys);
          touches.push({ event, part, keys, other, otherKeys });
        }
      }
    }
    for (const part of parts.values()) await part.load(db);
    await foldAll(touches);
    for (const part of parts.values()) await part.save(db);
    return () => {
      for (const part of parts.values()) part.remember();
    };
  }

  #cacheOf(table: AnyTable): RowCache<unknown> {
    const known = this.#caches.get(table);
    if (known !== undefined) return known;
    const made = new RowCache<unknown>();
    this.#caches.set(table, made);
    return made;
  }
}

const looks = ({ table }: Part): number => (table.beside === undefined ? 0 : 1);

/** Which rows of a table an event touches, and which of another its fold has to see. */
type Touch = Readonly<{
  event: Event;
  part: Part;
  keys: readonly string[];
  other: Part;
  otherKeys: readonly string[];
}>;

const NONE: readonly never[] = [];

/** In the order of the log. */
const foldAll = async (touches: readonly Touch[]): Promise<void> => {
  const slices = new Slices();
  for (const { event, part, keys, other, otherKeys } of touches) {
    if (slices.isOver) await slices.others();
    const others = otherKeys.length === 0 ? NONE : otherKeys.map((key) => other.rowOf(key));
    part.fold(event, keys, others);
  }
};

/** The rows of one table that a batch is about. */
class Part {
  readonly table: AnyTable;
  readonly #cache: RowCache<unknown>;
  readonly #before = new Map<string, unknown>();
  readonly #unknown: string[] = [];
  #after = new Map<string, unknown>();

  constructor(table: AnyTable, cache: RowCache<unknown>) {
    this.table = table;
    this.#cache = cache;
  }

  need(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#before.has(key)) continue;
      const row = this.#cache.get(key);
      this.#before.set(key, row);
      if (row === undefined) this.#unknown.push(key);
    }
  }

  async load(db: Transaction<AnyTables>): Promise<void> {
    if (this.#unknown.length > 0) {
      for (const [key, row] of await this.table.load(db, this.#unknown)) this.#before.set(key, row);
    }
    this.#after = new Map(this.#before);
  }

  rowOf(key: string): unknown {
    return this.#after.get(key);
  }

  fold(event: Event, keys: readonly string[], others: readonly unknown[]): void {
    for (const key of keys) {
      this.#after.set(key, this.table.fold(this.#after.get(key), event, key, others));
    }
  }

  async save(db: Transaction<AnyTables>): Promise<void> {
    const changed = new Map<string, unknown>();
    for (const [key, row] of this.#after) if (row !== this.#before.get(key)) changed.set(key, row);
    if (changed.size > 0) await this.table.save(db, changed);
  }

  remember(): void {
    if (this.table.remembered === false) return;
    for (const [key, row] of this.#after) this.#cache.set(key, row);
  }
}
