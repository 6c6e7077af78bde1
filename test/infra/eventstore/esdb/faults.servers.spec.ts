import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  OutcomeUnknown,
  StoreUnavailable,
  type AppendResult,
  type EventStore,
  type StoreEvent,
} from '../../../../core/kernel/eventStore.ts';
import { openEsdb, type EsdbLog } from '../../../../infra/eventstore/esdb/esdbLog.ts';
import { event, events, follow, newStream } from '../../../support/eventStore/events.ts';
import { appendSurely, writeUntil } from '../../../support/eventStore/surely.ts';
import { startServedLog, type ServedLog } from '../../../support/eventStore/servedLog.ts';
import { ShakyLine } from '../../../support/eventStore/shakyLine.ts';
import { untilTrue } from '../../../support/until.ts';

/** Shorter than the product's, for what is left hanging here. */
const APPEND_WAIT = 300;
const PATIENT_WAIT = 30_000;

/** What the server's log does with the next appends; for troubles that a network cannot make. */
let trouble: (append: () => Promise<AppendResult>) => Promise<AppendResult>;
const untroubled: typeof trouble = (append) => append();
const troubled = (store: EventStore): EventStore => ({
  append: (...args) => trouble(() => store.append(...args)),
  readStream: (...args) => store.readStream(...args),
  readAll: (...args) => store.readAll(...args),
  subscribeAll: (...args) => store.subscribeAll(...args),
  head: () => store.head(),
  logId: () => store.logId(),
  close: () => store.close(),
});

let served: ServedLog;
let line: ShakyLine;
let log: EsdbLog;
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  trouble = untroubled;
  served = await startServedLog(troubled);
  line = await ShakyLine.to(served.port());
  const connectionString = `esdb://127.0.0.1:${line.port}?tls=false`;
  log = await openEsdb({ connectionString, appendWait: APPEND_WAIT });
  unhandled.length = 0;
  process.on('unhandledRejection', noteUnhandled);
});

afterEach(async () => {
  line.goOn();
  await log.close();
  process.off('unhandledRejection', noteUnhandled);
  await line.close();
  await served.remove();
});

const idsIn = async (stream: string): Promise<readonly string[]> =>
  (
    await served.store.readStream(stream, { from: 'start', direction: 'forwards', max: 100_000 })
  ).map(({ id }) => id);

const faults = {
  cut: async () => line.cut(),
  hang: async () => {
    line.hang();
    await pause(2 * APPEND_WAIT);
    line.goOn();
  },
  hangAndCut: async () => {
    line.hang();
    await pause(APPEND_WAIT / 2);
    line.cut();
    line.goOn();
  },
  restart: async () => {
    await served.stop();
    await served.start();
  },
  late: async () => {
    trouble = async (append) => {
      const result = await append();
      await pause(1.5 * APPEND_WAIT);
      return result;
    };
    await pause(APPEND_WAIT / 3);
    trouble = untroubled;
  },
  unknown: async () => {
    trouble = async (append) => {
      await append();
      throw new OutcomeUnknown('the disk is slow');
    };
    await pause(APPEND_WAIT / 6);
    trouble = untroubled;
  },
} as const;
type Fault = keyof typeof faults;

test('[STO-50] whatever breaks, nothing is lost, doubled or out of order', async () => {
  let repeats = 0;
  const names = Object.keys(faults) as Fault[];
  const steps = fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(120)), {
    minLength: 2,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (troubles) => {
      const category = newStream('shaky');
      const seen = follow(log, { after: 'end', prefixes: [category] });
      let goesOn = true;
      const writers = Array.from({ length: 12 }, (_, index) =>
        writeUntil(log, `${category}_${index}`, () => goesOn),
      );
      for (const [name, quiet] of troubles) {
        await pause(quiet);
        await faults[name]();
      }
      await untilTrue('appending goes on', () => log.writability().writable);
      goesOn = false;
      const written = await Promise.all(writers);
      for (const { stream, ids, broken, repeated } of written) {
        repeats += repeated;
        expect(broken).toEqual([]);
        expect(await idsIn(stream)).toEqual(ids);
      }
      const count = written.reduce((sum, { ids }) => sum + ids.length, 0);
      await seen.until(count);
      const positions = seen.seen.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      expect(seen.seen).toHaveLength(count);
      expect(seen.failures).toEqual([]);
      await seen.close();
    }),
    { numRuns: 14, examples: names.map((name) => [[[name, 50]]]) },
  );
  expect(unhandled).toEqual([]);
  expect(repeats).toBeGreaterThan(names.length);
});

test('[STO-51] an append that is not answered in time is of unknown outcome, and the next goes well', async () => {
  const stream = newStream();
  const batch = events(2);
  line.hang();
  await expect(log.append(stream, 'no_stream', batch)).rejects.toThrow(OutcomeUnknown);
  expect(log.writability()).toMatchObject({ writable: false });
  line.goOn();
  await untilTrue('it is writable', () => log.writability().writable);
  expect(await appendSurely(log, stream, 'no_stream', batch)).toMatchObject({ revision: 1 });
  expect(await idsIn(stream)).toEqual(batch.map(({ id }) => id));
});

test('[STO-51] what could not be sent has surely not been stored', async () => {
  const stream = newStream();
  await served.stop();
  await expect(log.append(stream, 'no_stream', events(1))).rejects.toThrow(OutcomeUnknown);
  await expect(log.append(stream, 'no_stream', events(1))).rejects.toThrow(StoreUnavailable);
  expect(await idsIn(stream)).toEqual([]);
});

test('[STO-56] a store that falls silent is known though nobody appends, and is known to be back', async () => {
  const connectionString = `esdb://127.0.0.1:${line.port}?tls=false`;
  const idle = await openEsdb({ connectionString, appendWait: APPEND_WAIT, trialEvery: 50 });
  const { store } = served;
  const head = await store.head();
  line.hang();
  await untilTrue('it is known', () => !idle.writability().writable);
  line.goOn();
  await untilTrue('it is back', () => idle.writability().writable);
  expect(await store.head()).toBe(head);
  await idle.close();
});

test('[STO-52] a conflict with what this very append has stored is a success', async () => {
  const stream = newStream();
  const batch = events(3);
  // Each append is made once here, so it has to be answered in time on a busy machine too.
  const patient = await openEsdb({ connectionString: served.url(), appendWait: PATIENT_WAIT });
  await patient.append(stream, 'no_stream', batch);
  await patient.append(stream, 2, events(1));
  trouble = async () => ({ kind: 'conflict', actual: 3 });
  expect(await patient.append(stream, 'no_stream', batch)).toMatchObject({
    kind: 'appended',
    revision: 2,
  });
  const conflict = { kind: 'conflict', actual: 3 };
  expect(await patient.append(stream, 'no_stream', events(3))).toEqual(conflict);
  expect(await patient.append(stream, 'no_stream', [...batch, event(), event()])).toEqual(conflict);
  expect(await patient.append(stream, 3, events(1))).toEqual(conflict);
  await patient.close();
});

test('[STO-53] a connection that ends while large appends wait for room leaves nothing unhandled', async () => {
  const big = (): StoreEvent => ({ ...event(), data: new Uint8Array(200_000).fill(97) });
  const streams = Array.from({ length: 40 }, () => newStream());
  line.hang();
  const first = streams.map((stream) => log.append(stream, 'no_stream', [big()]));
  const ends = Promise.allSettled(first);
  await pause(APPEND_WAIT / 2);
  line.cut();
  line.goOn();
  for (const end of await ends)
    if (end.status === 'rejected')
      expect(end.reason).toSatisfy(
        (error) => error instanceof OutcomeUnknown || error instanceof StoreUnavailable,
      );
  await untilTrue('it is writable', () => log.writability().writable);
  expect(await appendSurely(log, newStream(), 'no_stream', [big()])).toMatchObject({ revision: 0 });
  expect(unhandled).toEqual([]);
});
