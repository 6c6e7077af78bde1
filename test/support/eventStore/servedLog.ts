import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { openEmbeddedLog } from '../../../infra/eventstore/embedded/embeddedLog.ts';
import { serveEventStore, type EventStoreServer } from '../../../infra/eventstore/server/serve.ts';

/** An embedded log that is served for writing, and may be stopped and served again at the same port. */
export type ServedLog = Readonly<{
  store: EventStore;
  url: () => string;
  port: () => number;
  stop: () => Promise<void>;
  start: () => Promise<void>;
  remove: () => Promise<void>;
}>;

/** `through`: what stands between the server and the log, to trouble it. */
export const startServedLog = async (
  through: (store: EventStore) => EventStore = (store) => store,
): Promise<ServedLog> => {
  const directory = await mkdtemp(join(tmpdir(), 'seqline-esdb-'));
  const store = await openEmbeddedLog({ directory });
  const served = through(store);
  const log = { error: () => undefined };
  const serve = (port: number): Promise<EventStoreServer> =>
    serveEventStore({ store: served, port, allowWrites: true, log });
  let server: EventStoreServer | undefined = await serve(0);
  const { port } = server;
  const stop = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  return {
    store,
    url: () => `esdb://127.0.0.1:${port}?tls=false`,
    port: () => port,
    stop,
    start: async () => {
      server = await serve(port);
    },
    remove: async () => {
      await stop();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
