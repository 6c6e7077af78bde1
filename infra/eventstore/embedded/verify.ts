import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { lastPosition, openLogEnvironment, type LogEnvironment } from './environment.ts';
import { eventsAfter, otherWork } from './reader.ts';
import { DamagedRecord } from './record.ts';

/** What a log that has been read from end to end was found to be. */
export type LogCheck = Readonly<{ logId: string; head: Position; streams: number }>;

/**
 * Reads every record up to `head`: whole, at its place, with the revision that follows in its
 * stream.
 * @throws DamagedRecord at the first that is not
 */
export const verifyRecords = async (
  { log, logId }: LogEnvironment,
  head: Position = lastPosition(log),
): Promise<LogCheck> => {
  const revisions = new Map<string, Revision>();
  for (let position = 0; position < head;) {
    await otherWork();
    for (const event of eventsAfter(log, position, head)) {
      const follows = (revisions.get(event.stream) ?? NO_REVISION) + 1;
      if (event.revision !== follows)
        throw new DamagedRecord(
          event.position,
          `revision ${event.revision} of ${event.stream} where ${follows} follows`,
        );
      revisions.set(event.stream, event.revision);
      position = event.position;
    }
  }
  return { logId, head, streams: revisions.size };
};

/** Reads a log that nobody has open, such as a backup, from end to end. */
export const verifyLog = async (directory: string): Promise<LogCheck> => {
  const environment = openLogEnvironment(directory);
  try {
    return await verifyRecords(environment);
  } finally {
    await environment.close();
  }
};
