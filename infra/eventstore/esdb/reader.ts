import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { openClient } from './client.ts';
import { readFounding } from './founding.ts';
import { Reads } from './reads.ts';
import { startProblem } from './startChecks.ts';

/** A log in EventStoreDB that is only read: nothing is written there, not even that it is a log. */
export type EsdbForReading = Pick<EventStore, 'readAll' | 'readStream' | 'head' | 'close'> &
  Readonly<{
    /** Undefined where no log of Seqline's has been founded. */
    logId: string | undefined;
  }>;

/** Whoever starts it wants to know at once. */
const AT_START = { attempts: 1 };

/** @throws EventStoreUnusable with what to change */
export const openEsdbForReading = async (connectionString: string): Promise<EsdbForReading> => {
  let client: ReturnType<typeof openClient> | undefined;
  try {
    client = openClient(connectionString);
    const first = new Reads(client, AT_START);
    const founding = await readFounding({ readStream: (...args) => first.stream(...args) });
    const reads = new Reads(client);
    const opened = client;
    return {
      logId: founding?.logId,
      readAll: (options) => reads.all(options),
      readStream: (...args) => reads.stream(...args),
      head: () => reads.lastPosition(),
      close: async () => {
        opened.discard();
      },
    };
  } catch (error) {
    client?.discard();
    throw startProblem(connectionString, error);
  }
};
