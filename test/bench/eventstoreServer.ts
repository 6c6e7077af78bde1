/**
 * The gRPC server with EventStoreDB's own client, each in a process of its own. The client, not the
 * server, is what it waits for at more than a few appends in flight.
 *
 *   npx tsx test/bench/eventstoreServer.ts [seconds per case]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient, jsonEvent, START } from '@eventstore/db-client';
import { openEmbeddedLog } from '../../infra/eventstore/embedded/embeddedLog.ts';
import { serveEventStore } from '../../infra/eventstore/server/serve.ts';

const STREAMS = 500;
const IN_FLIGHT = [1, 64, 256];
const TEXT = 'x'.repeat(150);

const serve = async (directory: string): Promise<void> => {
  const store = await openEmbeddedLog({ directory });
  const log = { error: (fields: object, message: string) => console.error(message, fields) };
  const { port, close } = await serveEventStore({ store, port: 0, log });
  process.on('message', () => process.send?.(cpuOfThisProcess()));
  process.send?.(port);
  await once(process, 'disconnect');
  await close();
  await store.close();
};

const cpuOfThisProcess = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** What one of `count` things has cost in CPU, here and in the server: that a busy machine leaves alone. */
const costing = async (
  server: ChildProcess,
  work: () => Promise<Readonly<{ count: number; said: string }>>,
): Promise<void> => {
  const serverCpu = async (): Promise<number> => {
    server.send('cpu');
    const [cpu] = (await once(server, 'message')) as [number];
    return cpu;
  };
  const before = { server: await serverCpu(), client: cpuOfThisProcess() };
  const { count, said } = await work();
  const client = (cpuOfThisProcess() - before.client) / count;
  const ours = ((await serverCpu()) - before.server) / count;
  console.log(`${said}; CPU µs each: server ${ours.toFixed(1)}, client ${client.toFixed(1)}`);
};

const appends = async (
  client: EventStoreDBClient,
  inFlight: number,
  seconds: number,
): Promise<Readonly<{ count: number; said: string }>> => {
  const until = performance.now() + seconds * 1_000;
  const times: number[] = [];
  const run = async (worker: number): Promise<void> => {
    for (let n = worker; performance.now() < until; n += inFlight) {
      const event = jsonEvent({ type: 'Measured', data: { n, text: TEXT } });
      const began = performance.now();
      await client.appendToStream(`measured-${n % STREAMS}`, event);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => run(worker)));
  times.sort((one, other) => one - other);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  const rate = Math.round(times.length / seconds);
  const said = `${inFlight} in flight: ${rate} appends/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  return { count: times.length, said };
};

const collect = async <Event>(reading: AsyncIterable<Event>): Promise<Event[]> => {
  const found: Event[] = [];
  for await (const event of reading) found.push(event);
  return found;
};

const measure = async (seconds: number): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'seqline-bench-'));
  const server = fork(fileURLToPath(import.meta.url), ['serve', directory]);
  const [port] = (await once(server, 'message')) as [number];
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
  await appends(client, 16, 1);
  for (const inFlight of IN_FLIGHT) await costing(server, () => appends(client, inFlight, seconds));
  for (const [name, events] of [
    ['subscription from the start', client.subscribeToAll({ fromPosition: START })],
    ['read of $all', client.readAll()],
  ] as const) {
    const [last] = await collect(
      client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }),
    );
    await costing(server, async () => {
      const began = performance.now();
      let count = 0;
      for await (const { event } of events) {
        count++;
        if (event?.id === last?.event?.id) break;
      }
      const rate = Math.round((count * 1_000) / (performance.now() - began));
      return { count, said: `${name}: ${count} events, ${rate} events/s` };
    });
  }
  // Not waited for: the client would wait for ever for the rest of what has been left early.
  void client.dispose();
  server.disconnect();
  await once(server, 'exit');
  await rm(directory, { recursive: true });
};

const [first, directory] = process.argv.slice(2);
if (first === 'serve' && directory !== undefined) await serve(directory);
else await measure(Number(first ?? 5));
