import { sql, type Kysely, type Transaction } from 'kysely';
import type { Position } from '../../../core/kernel/ids.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { advance, takeOver, type Checkpoint } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables, Projection } from '../../../projections/kernel/model.ts';
import { elsewhere } from '../../../projections/kernel/schema.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { choosing, EVERYTHING } from '../../replay/selection.ts';
import { walk } from '../../replay/walk.ts';
import type { History } from './openHistory.ts';

/** Events of one transaction: as many as the projector takes, and some more, for nobody waits for these. */
const BATCH = 4_000;

export type OnBuilt = (events: number, position: Position) => void;

type Batch = Readonly<{ events: readonly Event[]; to: Position }>;

/** What operators have had read models do without, whenever they said so. */
export const skipsIn = async (history: History): Promise<Skips> => {
  const skips = new Skips();
  const chosen = choosing({ ...EVERYTHING, types: ['ProjectionSkipped'] });
  const span = { after: 0, until: await history.head() };
  for await (const { events } of walk(history, span, chosen)) skips.take(knownEvents(events));
  return skips;
};

/**
 * Read models in a schema of their own, beside those that the server reads, built from the log as far as it
 * is wanted. What an interrupted run has left there is gone on with.
 */
export class Building {
  readonly db: Kysely<AnyTables>;
  readonly #history: History;
  readonly #projections: readonly Projection[];
  readonly #batches: Batches;
  readonly #leftSealed: ReadonlySet<string>;
  #places: ReadonlyMap<Projection, Checkpoint>;

  private constructor(
    db: Kysely<AnyTables>,
    history: History,
    { projections, skips, places }: Parts,
  ) {
    this.db = db;
    this.#history = history;
    this.#projections = projections;
    this.#batches = new Batches(skips);
    const [first, ...others] = projections;
    this.#leftSealed = new Set(
      first?.leavesSealed?.filter((type) =>
        others.every(({ leavesSealed }) => leavesSealed?.includes(type) === true),
      ),
    );
    this.#places = places;
  }

  /** `limit`: what goes beyond it is of no use, and is thrown away. */
  static async open(
    { db, history, projections, skips }: OpenParts,
    schema: string,
    limit: Position = Infinity,
  ): Promise<Building> {
    const there = elsewhere(db, schema);
    const log = { id: history.logId, head: () => history.head() };
    const take = () => there.transaction().execute((tx) => takeOver(tx, projections, log));
    let places = await take();
    const positions = new Set([...places.values()].map(({ position }) => position));
    if (positions.size > 1 || Math.max(...positions) > limit) {
      await dropSchema(db, schema);
      places = await take();
    }
    return new Building(there, history, { projections, skips, places });
  }

  /** All of them have come as far. */
  get position(): Position {
    return Math.max(...[...this.#places.values()].map(({ position }) => position));
  }

  async buildTo(until: Position, onBuilt: OnBuilt = () => undefined): Promise<void> {
    const batches = this.#batchesTo(until)[Symbol.asyncIterator]();
    let built = 0;
    // While one is being written the next is read.
    let ahead = batches.next();
    for (let next = await ahead; next.done !== true; next = await ahead) {
      ahead = batches.next();
      // Whoever awaits it gets the error; after a failed write nobody does.
      ahead.catch(() => undefined);
      await this.#write(next.value);
      built += next.value.events.length;
      onBuilt(built, next.value.to);
    }
  }

  async *#batchesTo(until: Position): AsyncIterable<Batch> {
    let events: Event[] = [];
    let to = this.position;
    for await (const step of walk(this.#history, { after: to, until }, EVERY, this.#leftSealed)) {
      events.push(...knownEvents(step.events));
      to = step.reached;
      if (events.length < BATCH) continue;
      yield { events, to };
      events = [];
    }
    if (to > this.position || events.length > 0) yield { events, to };
  }

  async #write({ events, to }: Batch): Promise<void> {
    const moves = [...this.#places].map(([projection, from]) => ({ projection, from, to }));
    try {
      const remember = await this.db.transaction().execute(async (tx: Transaction<AnyTables>) => {
        // What is lost by a crash is built again.
        await sql`set local synchronous_commit = off`.execute(tx);
        await advance(tx, moves);
        return this.#batches.apply(tx, this.#projections, events);
      });
      remember();
    } catch (error) {
      this.#batches.forget();
      throw error;
    }
    this.#places = new Map(
      moves.map(({ projection, from: { epoch } }) => [projection, { position: to, epoch }]),
    );
  }
}

const EVERY = choosing(EVERYTHING);

type OpenParts = Readonly<{
  db: Kysely<AnyTables>;
  history: History;
  projections: readonly Projection[];
  skips: Skips;
}>;
type Parts = Omit<OpenParts, 'db' | 'history'> &
  Readonly<{ places: ReadonlyMap<Projection, Checkpoint> }>;

export const dropSchema = async (db: Kysely<AnyTables>, schema: string): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(db);
};
