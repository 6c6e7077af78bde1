import { Readable } from 'node:stream';
import {
  BACKWARDS,
  END,
  ErrorType,
  EventStoreDBClient,
  FORWARDS,
  START,
  WrongExpectedVersionError,
  isCommandError,
  streamNameFilter,
  type AllStreamResolvedEvent,
  type RecordedEvent,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { assert } from '../../../core/kernel/assert.ts';
import type {
  Direction,
  ExpectedRevision,
  StoreEvent,
  StreamPrefixes,
} from '../../../core/kernel/eventStore.ts';
import type { EventId, Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { withoutCreated } from '../firstCreated.ts';
import { ClientFault, type FaultReason } from './faults.ts';
import { Reading, type Seen } from './reading.ts';
import { dataOf, metadataOf, toWire } from './wireEvent.ts';

/**
 * How long the server is told that an append may wait. It goes over as a time of day, so it is far more
 * than anybody waits: a server whose clock is ahead by more would refuse everything. The server's own
 * limit is 2 s.
 */
const DEADLINE_TOLD: Millis = 60_000;
/** Events that a call may be ahead of its reader, besides what lies in the connection's buffers. */
const READ_AHEAD = 256;
/** A stream that ends with this has a revision for it that is no number of ours. */
const TOMBSTONE_TYPE = '$streamDeleted';
/** Streams of the store's own; the metadata (`$$x`) of others' streams is not among them. */
const NOT_SYSTEM = /^([^$]|\$\$[^$])/u;
const isOfSystem = (stream: string): boolean => !NOT_SYSTEM.test(stream);

export type Appended = Readonly<{
  revision: Revision;
  /** Missing where the store knows the append but can no longer read it. */
  position: Position | undefined;
}>;

type Part<From> = Readonly<{ from: From; direction: Direction; count: number }>;

/** One connection to EventStoreDB: all that the adapter wants of the package, and the only file that knows it. */
export interface LogClient {
  /** @throws ClientFault */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<Appended>;
  /** Inclusive in both directions. A missing stream fails with `no-stream`. */
  readStream(stream: string, part: Part<Revision | 'start' | 'end'>): Reading;
  /** Inclusive forwards, exclusive backwards. */
  readAll(part: Part<Position | 'start' | 'end'>): Reading;
  /** Exclusive, without an end. With checkpoints where events were passed over. */
  subscribeAll(after: Position, prefixes: StreamPrefixes | undefined): Reading;
  /** Reads where only a leader answers. Fails with `not-leader` elsewhere, and the next call goes to it. */
  askLeader(stream: string): Promise<void>;
  /** As the server says it, such as `24.10.0`; undefined where it does not. */
  serverVersion(): Promise<string | undefined>;
  /** Ends what is open, and the connection. */
  discard(): Promise<void>;
}

/** KurrentDB is the later name of the same server, which speaks the same protocol. */
export const clientConnectionString = (connectionString: string): string =>
  connectionString.replace(/^kurrentdb(?=(\+discover)?:)/, 'esdb');

const HIDES_CONFLICTS = /[?&]throw[-_]?on[-_]?append[-_]?failure=/i;

/** Connects at the first call. @throws Error when the connection string cannot be read */
export const openClient = (connectionString: string): LogClient => {
  // Without it a conflict would look like an append that went well.
  if (HIDES_CONFLICTS.test(connectionString))
    throw new Error('throwOnAppendFailure must stay as it is; leave it out');
  const client = EventStoreDBClient.connectionString(clientConnectionString(connectionString));
  return {
    append: appendWith(client),

    readStream: (stream, { from, direction, count }) =>
      readingOf(
        client.readStream(
          stream,
          {
            fromRevision: typeof from === 'number' ? BigInt(from) : from,
            direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
            maxCount: count,
          },
          { highWaterMark: READ_AHEAD },
        ),
        ({ event }: ResolvedEvent) => seenOf(event),
      ),

    readAll: ({ from, direction, count }) =>
      readingOf(
        client.readAll(
          {
            fromPosition: from === 'start' ? START : from === 'end' ? END : positionOf(from),
            direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
            maxCount: count,
          },
          { highWaterMark: READ_AHEAD },
        ),
        ({ event }: AllStreamResolvedEvent) => seenOf(event),
      ),

    subscribeAll: (after, prefixes) => {
      const checkpoint = {
        checkpointInterval: 1,
        checkpointReached: (_: unknown, { commit }: Readonly<{ commit: bigint }>) =>
          reading.noteCheckpoint(safeNumber(commit)),
      };
      const subscription = client.subscribeToAll(
        {
          fromPosition: after === 0 ? START : positionOf(after),
          filter: hasPrefixes(prefixes)
            ? streamNameFilter({ ...checkpoint, prefixes: [...prefixes] })
            : streamNameFilter({ ...checkpoint, regex: NOT_SYSTEM.source }),
        },
        { highWaterMark: READ_AHEAD },
      );
      const cancellable = Object.assign(subscription, { cancel: () => subscription.unsubscribe() });
      const reading = readingOf(cancellable, ({ event }: AllStreamResolvedEvent) => seenOf(event));
      return reading;
    },

    askLeader: (stream) => askLeader(client, stream),
    serverVersion: () => serverVersionOf(client),

    discard: async () => {
      await client.dispose();
      await closeChannel(client);
    },
  };
};

const appendWith =
  (client: EventStoreDBClient): LogClient['append'] =>
  async (stream, expected, events) => {
    try {
      const { position, nextExpectedRevision } = await client.appendToStream(
        stream,
        events.map(toWire),
        {
          expectedRevision: typeof expected === 'number' ? BigInt(expected) : expected,
          deadline: DEADLINE_TOLD,
          requiresLeader: true,
        },
      );
      return {
        revision: safeNumber(nextExpectedRevision),
        position: position === undefined ? undefined : safeNumber(position.commit),
      };
    } catch (error) {
      throw faultOf(error);
    }
  };

const askLeader = async (client: EventStoreDBClient, stream: string): Promise<void> => {
  const options = { maxCount: 1, requiresLeader: true };
  try {
    // What is read does not matter, only that it is; with one event the call ends by itself.
    let seen = 0;
    for await (const { event } of client.readStream(stream, options)) if (event) seen++;
    assert(seen <= 1, 'one event was asked for');
  } catch (error) {
    const fault = faultOf(error);
    if (fault.reason.kind !== 'no-stream') throw fault;
  }
};

/** The package asks for it before the first append, and keeps it for itself. */
const serverVersionOf = async (client: object): Promise<string | undefined> => {
  const features: unknown = await Reflect.get(client, 'capabilities');
  if (typeof features !== 'object' || features === null) return undefined;
  const version: unknown = Reflect.get(features, 'serverVersion');
  return typeof version === 'string' && /^\d+\.\d+/.test(version) ? version : undefined;
};

const hasPrefixes = (prefixes: StreamPrefixes | undefined): prefixes is StreamPrefixes =>
  prefixes !== undefined && prefixes.length > 0;

type Cancellable = Readonly<{ cancel: () => Promise<void> }>;

const readingOf = <Event>(
  stream: Cancellable,
  convert: (event: Event) => Seen | undefined,
): Reading => {
  // The package types its streams as less than they are.
  assert(stream instanceof Readable, 'what the client reads by is a stream of Node');
  return new Reading({
    source: stream,
    // A stream gives what it was opened for.
    convert: (value) => convert(value as Event),
    faultOf,
    // It rejects only where the call was never made.
    cancel: () => void stream.cancel().catch(() => undefined),
  });
};

const seenOf = (event: RecordedEvent | undefined): Seen | undefined => {
  if (event === undefined) return undefined;
  const { position, streamId, type } = event;
  if (position === undefined) {
    throw new ClientFault({ kind: 'invalid' }, 'the server gives events without their position');
  }
  const place = safeNumber(position.commit);
  if (type === TOMBSTONE_TYPE || isOfSystem(streamId)) return { position: place, event: undefined };
  const { metadata, created } = withoutCreated(metadataOf(event));
  return {
    position: place,
    event: {
      id: event.id as EventId,
      type,
      data: dataOf(event),
      metadata,
      stream: streamId,
      revision: safeNumber(event.revision),
      position: place,
      created: created ?? event.created.getTime(),
    },
  };
};

/** Every server still in support writes the two alike. */
const positionOf = (position: Position): Readonly<{ commit: bigint; prepare: bigint }> => ({
  commit: BigInt(position),
  prepare: BigInt(position),
});

const safeNumber = (value: bigint): number => {
  const number = Number(value);
  assert(Number.isSafeInteger(number), `${value} is a number that JavaScript counts exactly`);
  return number;
};

/** Numbers of gRPC's status, for errors that the package passes on as they came. */
const CODES: Readonly<Record<number, FaultReason>> = {
  1: { kind: 'away' },
  3: { kind: 'invalid' },
  4: { kind: 'late' },
  7: { kind: 'denied' },
  10: { kind: 'late' },
  12: { kind: 'unknown-call' },
  14: { kind: 'away' },
  16: { kind: 'denied' },
};

const TYPES: Readonly<Partial<Record<ErrorType, FaultReason>>> = {
  [ErrorType.STREAM_NOT_FOUND]: { kind: 'no-stream' },
  [ErrorType.STREAM_DELETED]: { kind: 'stream-deleted' },
  [ErrorType.ACCESS_DENIED]: { kind: 'denied' },
  [ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED]: { kind: 'too-big' },
  [ErrorType.NOT_LEADER]: { kind: 'not-leader' },
  [ErrorType.UNAVAILABLE]: { kind: 'away' },
  [ErrorType.CANCELLED]: { kind: 'away' },
  [ErrorType.TIMEOUT]: { kind: 'late' },
  [ErrorType.DEADLINE_EXCEEDED]: { kind: 'late' },
};

/** By class and by code: what fails before a call is made comes without a class. */
export const faultOf = (error: unknown): ClientFault => {
  if (error instanceof ClientFault) return error;
  if (!(error instanceof Error)) return new ClientFault({ kind: 'other' }, String(error));
  return new ClientFault(reasonOf(error), error.message, { cause: error });
};

const reasonOf = (error: Error): FaultReason => {
  if (error instanceof WrongExpectedVersionError) {
    const { actualVersion: actual } = error;
    const number = typeof actual === 'bigint' ? Number(actual) : -1;
    return { kind: 'conflict', actual: number < 0 ? 'no_stream' : number };
  }
  const byType = isCommandError(error) ? TYPES[error.type] : undefined;
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0;
  return byType ?? CODES[code] ?? { kind: 'other' };
};

/** The package has no way to close a connection; the channel is there all the same, by name. */
const closeChannel = async (client: object): Promise<void> => {
  const getChannel: unknown = Reflect.get(client, 'getChannel');
  if (typeof getChannel !== 'function') return;
  try {
    const channel: unknown = await Reflect.apply(getChannel, client, []);
    if (typeof channel !== 'object' || channel === null) return;
    const close: unknown = Reflect.get(channel, 'close');
    if (typeof close === 'function') Reflect.apply(close, channel, []);
  } catch {
    // There is none where no node was found to connect to.
  }
};

/** Whether a stack leads through the part of the package that sends appends. */
export const isOfBatchAppend = ({ stack }: Error): boolean =>
  /[\\/]@eventstore[\\/]db-client[\\/]dist[\\/]streams[\\/]appendToStream[\\/]batchAppend\.js/.test(
    stack ?? '',
  );
