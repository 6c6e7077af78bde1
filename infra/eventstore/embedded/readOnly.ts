import type { AllPage, EventStore, ReadAll } from '../../../core/kernel/eventStore.ts';
import { pageOf, startOf } from '../allPage.ts';
import { lastPosition, openLogForReading } from './environment.ts';
import { eventsAfter, eventsBefore, otherWork } from './reader.ts';

/** A log that is only read, from one end to the other, up to where it ended when it was opened. */
export type LogForReading = Pick<EventStore, 'readAll' | 'head' | 'logId' | 'close'>;

/**
 * Opens a log for reading, beside the server that has it open: LMDB lets every process of the machine
 * read what is committed. Streams cannot be looked up, for their index is the server's.
 */
export const openEmbeddedForReading = (directory: string): LogForReading => {
  const { log, logId, close } = openLogForReading(directory);
  const head = lastPosition(log);
  return {
    readAll: async (options: ReadAll): Promise<AllPage> => {
      await otherWork();
      const start = startOf(options, head);
      const forwards = options.direction === 'forwards';
      const following = forwards ? eventsAfter(log, start, head) : eventsBefore(log, start);
      return pageOf(options, start, head, following);
    },
    head: async () => head,
    logId: async () => logId,
    close,
  };
};
