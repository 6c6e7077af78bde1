/** A process to be killed: serves the embedded log of a directory, and prints its port when it does. */
import { openEmbeddedLog } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { serveEventStore } from '../../../../infra/eventstore/server/serve.ts';

const [directory = '', port = '0'] = process.argv.slice(2);
const store = await openEmbeddedLog({ directory });
const log = { error: () => undefined };
const server = await serveEventStore({ store, port: Number(port), allowWrites: true, log });
process.stdout.write(`${server.port}\n`);
