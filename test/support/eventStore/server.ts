import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventStoreDBClient,
  jsonEvent,
  type AllStreamResolvedEvent,
  type JSONEventData,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { afterAll, beforeAll } from 'vitest';
import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { openEmbeddedLog } from '../../../infra/eventstore/embedded/embeddedLog.ts';
import {
  serveEventStore,
  type EventStoreServer,
  type EventStoreServerOptions,
} from '../../../infra/eventstore/server/serve.ts';

export type Served = Readonly<{
  store: () => EventStore;
  port: () => number;
  /** One for all tests of a file. */
  client: () => EventStoreDBClient;
  /** What the server has logged as its own faults. */
  faults: readonly object[];
}>;

/** Of a call, in milliseconds. The client's own, of ten seconds, is too short for much at once on a busy machine. */
const DEADLINE = 60_000;

export const clientOf = (port: number): EventStoreDBClient =>
  EventStoreDBClient.connectionString(
    `esdb://127.0.0.1:${port}?tls=false&defaultDeadline=${DEADLINE}`,
  );

/** An embedded log of its own, served for a spec file. */
export const servedLog = (options: Partial<EventStoreServerOptions> = {}): Served => {
  const faults: object[] = [];
  let directory = '';
  let store: EventStore | undefined;
  let server: EventStoreServer | undefined;
  let client: EventStoreDBClient | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'seqline-served-'));
    store = await openEmbeddedLog({ directory });
    const log = { error: (fields: object) => faults.push(fields) };
    server = await serveEventStore({ store, port: 0, log, ...options });
    client = clientOf(server.port);
  });
  afterAll(async () => {
    await client?.dispose();
    await server?.close();
    await store?.close();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    store: () => made(store),
    port: () => made(server).port,
    client: () => made(client),
    faults,
  };
};

const made = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('it has not been started yet');
  return value;
};

/** Events for the official client that say their number in their data. */
export const numbered = (count: number, type = 'noted'): JSONEventData[] =>
  Array.from({ length: count }, (_, number) => jsonEvent({ type, data: { number } }));

/** All that a read gives. */
export const collect = async <Event extends ResolvedEvent | AllStreamResolvedEvent>(
  reading: AsyncIterable<Event>,
): Promise<Event[]> => {
  const found: Event[] = [];
  for await (const event of reading) found.push(event);
  return found;
};

export const revisions = (events: readonly ResolvedEvent[]): number[] =>
  events.map(({ event }) => Number(event?.revision));
