import { once } from 'node:events';
import { logDirectory } from '../app/storage/places.ts';
import { openStore } from '../app/storage/storage.ts';
import { foundLog } from '../eventstore/esdb/founding.ts';
import { keepSealChosen } from '../eventstore/esdb/sealChosen.ts';
import { NotLoopback, serveEventStore } from '../eventstore/server/serve.ts';
import { createLog } from '../observe/log.ts';
import { complain, out, type Command } from './command.ts';

/** Where EventStoreDB's clients look by themselves. */
const PORT_USUAL = 2113;
const HOST_USUAL = '127.0.0.1';

const portOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return PORT_USUAL;
  const port = Number(text);
  return /^\d+$/.test(text) && port <= 65_535 ? port : undefined;
};

/** The log alone, for EventStoreDB's clients and tools, until it is told to end. */
export const eventstore: Command = async (config, args) => {
  const { rest, host = HOST_USUAL, exposed, allowWrites } = args;
  const port = portOf(args.port);
  if (rest.length > 0) return complain(`eventstore: there is nothing called "${rest.join(' ')}"`);
  if (port === undefined) return complain('eventstore: --port is a number from 0 to 65535');
  // With the settings of a cluster at hand it would be that cluster's log under another address.
  if (config.eventStore.kind === 'esdb')
    return complain('eventstore: it serves the log in SEQLINE_DATA: unset SEQLINE_EVENTSTORE');
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const log = createLog(config.logLevel);
  try {
    const { store } = await openStore(config, log);
    try {
      // Served to others, the log says its own id and its choice of sealing; otherwise they would choose again.
      await foundLog(store, await store.logId());
      await keepSealChosen(store, { seal: config.seal, folder: logDirectory(config.data) });
      const server = await serveEventStore({ store, host, port, exposed, allowWrites, log });
      out(`The log is served at esdb://${urlHost(host)}:${String(server.port)}?tls=false`);
      await stop;
      await server.close();
    } finally {
      await store.close();
    }
    return 0;
  } catch (error) {
    const meant = error instanceof NotLoopback ? '; if that is meant, say --expose' : '';
    const message = error instanceof Error ? error.message : String(error);
    return complain(`eventstore: ${message}${meant}`);
  }
};

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
