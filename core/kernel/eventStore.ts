import type { EventId, Millis, Position, Revision } from './ids.ts';

/** What an append may be bounded by: EventStoreDB takes 1 MiB, counted as data + metadata + 2 × type. */
export const APPEND_BYTES_MAX = 512 * 1024;
export const APPEND_EVENTS_MAX = 500;
export const EVENT_BYTES_MAX = 256 * 1024;

/** An event as bytes on its way into the store. */
export type StoreEvent = Readonly<{
  id: EventId;
  type: string;
  data: Uint8Array;
  metadata: Uint8Array;
  /**
   * Of an event that is brought from another log: when it was committed there, which it keeps. Never
   * later than now. Without it, the time is the store's.
   */
  created?: Millis;
}>;

/** An event as bytes, in its place. */
export type StoredEvent = StoreEvent &
  Readonly<{ stream: string; revision: Revision; position: Position; created: Millis }>;

/**
 * What the stream must look like for the append to happen. A revision or `no_stream` is always safe to
 * repeat: the store compares ids with what it holds. `any` is only probably so (EventStoreDB semantics).
 */
export type ExpectedRevision = Revision | 'no_stream' | 'stream_exists' | 'any';

export type AppendResult =
  | Readonly<{
      kind: 'appended';
      /** Revision and position of the last event of this append, or of the one it repeats. */
      revision: Revision;
      position: Position;
      /** When these events were committed. */
      created: Millis;
    }>
  | Readonly<{ kind: 'conflict'; actual: Revision | 'no_stream' }>;

export type Direction = 'forwards' | 'backwards';

export type ReadStream = Readonly<{
  /** Inclusive. `start` and `end` are the first and the last event. */
  from: Revision | 'start' | 'end';
  direction: Direction;
  max: number;
}>;

/** Which events concern a reader: those of streams that begin with one of these. None: all. */
export type StreamPrefixes = readonly string[];

export type ReadAll = Readonly<{
  /** Exclusive: events after it (forwards) or before it (backwards). */
  from: Position | 'start' | 'end';
  direction: Direction;
  max: number;
  prefixes?: StreamPrefixes;
}>;

/** A page of `$all`; `next` is where to go on from, past events that were filtered out. */
export type AllPage = Readonly<{
  events: readonly StoredEvent[];
  next: Position;
  /** No more events now in this direction. */
  end: boolean;
}>;

export type SubscribeAll = Readonly<{
  /** Exclusive. `end`: only what comes from now on. */
  after: Position | 'start' | 'end';
  prefixes?: StreamPrefixes;
  /** Events in `$all` order, each once; the next batch waits for this one. A throw ends it: `onFailed`. */
  onEvents: (events: readonly StoredEvent[]) => void | Promise<void>;
  /** All events up to here have been handed over or were filtered out. */
  onReached?: (position: Position) => void;
  /** The subscription has ended for good. The store itself resumes after faults of its own. */
  onFailed: (error: Error) => void;
}>;

export type Subscription = Readonly<{ close: () => Promise<void> }>;

/** The log as bytes: a port with one contract suite (test/support/eventStoreContract.ts). */
export interface EventStore {
  /**
   * Resolves once the events are durable and never before. All events or none. A throw is a fault:
   * `OutcomeUnknown` when they may have been stored after all, anything else when surely not.
   */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<AppendResult>;
  /** Events of one stream in revision order (or reversed); none for a stream that does not exist. */
  readStream(stream: string, options: ReadStream): Promise<readonly StoredEvent[]>;
  readAll(options: ReadAll): Promise<AllPage>;
  subscribeAll(options: SubscribeAll): Subscription;
  /** Position of the last committed event; 0 when there is none. */
  head(): Promise<Position>;
  /** Made once with the log, never changed: 32 hex digits. */
  logId(): Promise<string>;
  close(): Promise<void>;
}

/** The append may or may not have happened: repeat it with the same ids and the same expectation. */
export class OutcomeUnknown extends Error {
  override name = 'OutcomeUnknown';
}

/** The append, or one event of it, is larger than every store would take; surely nothing was stored. */
export class AppendTooLarge extends Error {
  override name = 'AppendTooLarge';
}

/** The store takes no writes for now (disk full, not the leader, away); surely nothing was stored. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
