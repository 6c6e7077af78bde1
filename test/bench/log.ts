/**
 * How fast the embedded log takes single-event appends from many appenders at once, and what an
 * event costs in CPU and on disk. Usage: node --import tsx test/bench/log.ts [events per run]
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreEvent } from '../../core/kernel/eventStore.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import { openEmbeddedLog, type EmbeddedLog } from '../../infra/eventstore/embedded/embeddedLog.ts';

const STREAMS = 500;
const BODY_BYTES = 450;
const METADATA = new TextEncoder().encode('{}');
const EVENTS = Number(process.argv[2] ?? 200_000);

const streamOf = (index: number): string => `conversation-si_user${index % STREAMS}_user${index}`;
const streams = Array.from({ length: STREAMS }, (_, index) => streamOf(index));
const data = new Uint8Array(BODY_BYTES).fill(0x61);

/** Ids are made beforehand: whoever appends has derived them for reasons of its own. */
const prepare = (count: number): readonly StoreEvent[] =>
  Array.from({ length: count }, () => ({
    id: randomUUID() as EventId,
    type: 'MessageSent',
    data,
    metadata: METADATA,
  }));

const onDisk = async (directory: string, part: string): Promise<number> =>
  (await stat(join(directory, part, 'data.mdb'))).size;

const appendAll = async (log: EmbeddedLog, events: readonly StoreEvent[], appenders: number) => {
  const waits: number[] = [];
  let next = 0;
  const appender = async (): Promise<void> => {
    for (let index = next++; index < events.length; index = next++) {
      const event = events[index];
      if (event === undefined) return;
      const begun = performance.now();
      await log.append(streams[index % STREAMS] ?? '', 'any', [event]);
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: appenders }, appender));
  return waits.sort((one, other) => one - other);
};

const quantile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);

const run = async (appenders: number, count: number): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'seqline-bench-'));
  let flushes = 0;
  const flush = (commit: () => Promise<void>): Promise<void> => {
    flushes++;
    return commit();
  };
  const log = await openEmbeddedLog({ directory, flush });
  let seen = 0;
  log.subscribeAll({
    after: 'end',
    onEvents: (events) => void (seen += events.length),
    onFailed: (error) => {
      throw error;
    },
  });
  await appendAll(log, prepare(Math.min(count, 20_000)), appenders);
  const events = prepare(count);
  const [sizeBefore, flushesBefore] = [await onDisk(directory, 'log'), flushes];
  const [cpu, begun] = [process.cpuUsage(), performance.now()];
  const waits = await appendAll(log, events, appenders);
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  const logBytes = (await onDisk(directory, 'log')) - sizeBefore;
  await log.close();
  const indexBytes = await onDisk(directory, 'index');
  console.log(
    `${appenders} appenders: ${Math.round(count / seconds)} events/s,`,
    `${((used.user + used.system) / count).toFixed(1)} µs of CPU each,`,
    `p50 ${quantile(waits, 0.5)} ms, p99 ${quantile(waits, 0.99)} ms,`,
    `${Math.round(count / (flushes - flushesBefore))} in a group,`,
    `${Math.round(logBytes / count)} B in the log, index ${Math.round(indexBytes / 1024)} KiB,`,
    `${seen} seen by a subscriber`,
  );
  await rm(directory, { recursive: true });
};

await run(1, Math.min(EVENTS, 2_000));
await run(100, EVENTS);
await run(1_000, EVENTS);
