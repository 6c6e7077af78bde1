import type { Transaction } from 'kysely';
import type { EventType, SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';

/** Any database: each model knows its own tables and no others. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each model narrows it to its tables
export type AnyTables = any;

/**
 * One table of a read model, as a fold: which rows an event touches, and what becomes of each. The fold
 * is pure and the same function brings a row read from Postgres up to the head of the log (see Tail), so
 * what a socket is answered never waits for the projector.
 */
export type Table<Row, Other = never> = Readonly<{
  /** Keys of the rows that the event touches. Most events touch none. */
  keysOf: (event: Recorded<SeqlineEvent>) => readonly string[];
  /**
   * Rows of another table of the same read model that the fold has to see. They are handed over in the
   * order of their keys as they stand when the event comes, before it has touched anything: so whatever is
   * made of them is the same however events fall into batches (docs/adr/0009).
   */
  beside?: Beside<Other>;
  /** Pure: no clock, no random, nothing beside `others`. `undefined`: there is no such row (yet, any more). */
  fold: (
    row: Row | undefined,
    event: Recorded<SeqlineEvent>,
    key: string,
    others: readonly (Other | undefined)[],
  ) => Row | undefined;
  /** Rows that exist, by key, in one statement. */
  load: (db: Transaction<AnyTables>, keys: readonly string[]) => Promise<ReadonlyMap<string, Row>>;
  /**
   * `false`: rows are not kept in memory from batch to batch, for hardly one of them is touched again, and what is
   * made of it then does not depend on its being known.
   */
  remembered?: false;
  /** Writes changed rows in a constant number of statements (`unnest`); `undefined` deletes. */
  save: (db: Transaction<AnyTables>, rows: ReadonlyMap<string, Row | undefined>) => Promise<void>;
}>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows differ from table to table
export type AnyTable = Table<any, any>;

export type Beside<Other> = Readonly<{
  /** One of the same projection, which itself looks at no other. */
  table: Table<Other>;
  keysOf: (event: Recorded<SeqlineEvent>) => readonly string[];
}>;

/** A read model: tables that share one checkpoint, built from the log alone. */
export type Projection = Readonly<{
  /** Name and version key the checkpoint and the tables (`heads_v1`): raise the version to rebuild. */
  name: string;
  version: number;
  /** Creates what is missing. Idempotent. */
  create: (db: Transaction<AnyTables>) => Promise<void>;
  /** Removes everything this version holds, to be built anew. */
  clear: (db: Transaction<AnyTables>) => Promise<void>;
  tables: readonly AnyTable[];
  /**
   * Events whose personal fields no fold of it looks at. Built from the beginning, it gets them as if they
   * were erased: to open them costs as much as all the rest of reading them.
   */
  leavesSealed?: readonly EventType[];
  /**
   * Gives the tables the names that people read them by, once they have come to where the log ended as they
   * were taken over, and again after a rebuild (`anew`). Idempotent.
   */
  publish?: (db: Transaction<AnyTables>, how?: Readonly<{ anew: boolean }>) => Promise<void>;
}>;

/** The events that there are most of, and whose texts stay in the log. */
export const MESSAGES: readonly EventType[] = ['MessageSent', 'NoticePosted'];
