import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { lastPosition, openLogForReading } from './environment.ts';
import { otherWork, PAGE_BYTES_MAX, PAGE_EVENTS_MAX } from './reader.ts';
import { DamagedRecord, decodeRecord, streamSuspected } from './record.ts';

/** A place of the log that holds no whole event. */
export type Damage = Readonly<{
  position: Position;
  what: string;
  /** As far as can be told from what is left. */
  stream: string | undefined;
}>;

export type TolerantPage = Readonly<{
  events: readonly StoredEvent[];
  damaged: readonly Damage[];
  next: Position;
}>;

/** Reads a log beside the process that writes it, and goes on past what is damaged. */
export type TolerantReader = Readonly<{
  logId: string;
  head: () => Position;
  /** What follows a position, up to one (inclusive). */
  page: (after: Position, until: Position) => Promise<TolerantPage>;
  close: () => Promise<void>;
}>;

/** For checks only: whoever makes something of a log stops at the first record that is damaged. */
export const openTolerantReader = (directory: string): TolerantReader => {
  const { log, logId, close } = openLogForReading(directory);
  return {
    logId,
    head: () => lastPosition(log),
    close,
    page: async (after, until) => {
      await otherWork();
      const last = Math.min(until, after + PAGE_EVENTS_MAX);
      const events: StoredEvent[] = [];
      const damaged: Damage[] = [];
      let next = after;
      let bytes = 0;
      const missingTo = (position: Position): void => {
        for (next += 1; next < position; next += 1) {
          damaged.push({ position: next, what: 'there is no record', stream: undefined });
        }
      };
      for (const { key, value } of log.getRange({ start: after + 1, end: last + 1 })) {
        missingTo(key);
        const event = eventOrDamage(key, value);
        if ('what' in event) damaged.push(event);
        else events.push(event);
        bytes += value.length;
        if (bytes >= PAGE_BYTES_MAX) return { events, damaged, next };
      }
      missingTo(last + 1);
      return { events, damaged, next: last };
    },
  };
};

const eventOrDamage = (position: Position, record: Buffer): StoredEvent | Damage => {
  try {
    return decodeRecord(position, record);
  } catch (error) {
    // Lengths that lead out of the record are a damage like any other.
    if (!(error instanceof DamagedRecord || error instanceof RangeError)) throw error;
    return { position, what: error.message, stream: streamSuspected(record) };
  }
};
