import type { AllPage, EventStore, ReadAll } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { pageOf, startOf } from '../allPage.ts';
import { lastPosition, openLogForReading } from './environment.ts';
import { eventsAfter, eventsBefore, otherWork } from './reader.ts';

/** A log that is only read, from one end to the other. */
export type LogForReading = Pick<EventStore, 'readAll' | 'head' | 'logId' | 'close'>;

/**
 * Opens a log for reading, beside the server that has it open: LMDB lets every process of the machine
 * read what is committed. Streams cannot be looked up, for their index is the server's. It is read up to
 * where it ended when it was opened; `growing`: up to where it ends by now.
 */
export const openEmbeddedForReading = (
  directory: string,
  { growing = false }: Readonly<{ growing?: boolean }> = {},
): LogForReading => {
  const { log, logId, close } = openLogForReading(directory);
  const first = lastPosition(log);
  const headNow = (): Position => (growing ? lastPosition(log) : first);
  return {
    readAll: async (options: ReadAll): Promise<AllPage> => {
      await otherWork();
      const head = headNow();
      const start = startOf(options, head);
      const forwards = options.direction === 'forwards';
      const following = forwards ? eventsAfter(log, start, head) : eventsBefore(log, start);
      return pageOf(options, start, head, following);
    },
    head: async () => headNow(),
    logId: async () => logId,
    close,
  };
};
