import { afterAll } from 'vitest';
import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { openEsdb } from '../../../infra/eventstore/esdb/esdbLog.ts';
import { eventStoreContract } from '../../support/eventStoreContract.ts';
import { startServedLog, type ServedLog } from '../../support/eventStore/servedLog.ts';

/**
 * Appending does not tell when the events were committed (the protocol's answer has no time), and the
 * contract compares that time with what is read: so here it is read.
 */
const withTimes = (store: EventStore): EventStore => ({
  append: async (stream, expected, events) => {
    const result = await store.append(stream, expected, events);
    if (result.kind === 'conflict') return result;
    const { revision: from } = result;
    const [last] = await store.readStream(stream, { from, direction: 'forwards', max: 1 });
    return { ...result, created: last?.created ?? 0 };
  },
  readStream: (stream, options) => store.readStream(stream, options),
  readAll: (options) => store.readAll(options),
  subscribeAll: (options) => store.subscribeAll(options),
  head: () => store.head(),
  logId: () => store.logId(),
  close: () => store.close(),
});

/** As long as a busy machine may take: the contract's appends are made once. */
const APPEND_WAIT = 30_000;

const served: ServedLog[] = [];
afterAll(() => Promise.all(served.map((log) => log.remove())));

eventStoreContract('a served log', async () => {
  const log = await startServedLog();
  served.push(log);
  return withTimes(await openEsdb({ connectionString: log.url(), appendWait: APPEND_WAIT }));
});

const real = process.env['SEQLINE_TEST_ESDB'];
if (real !== undefined) {
  eventStoreContract('EventStoreDB', async () =>
    withTimes(await openEsdb({ connectionString: real, appendWait: APPEND_WAIT })),
  );
}
