import type { AllPage, ReadAll, ReadStream, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { pageOf, startOf } from '../allPage.ts';
import { revisionsOf } from '../streamRange.ts';
import type { LogTable } from './environment.ts';
import { eventsAfter, eventsBefore, otherWork, PAGE_BYTES_MAX, PAGE_EVENTS_MAX } from './reader.ts';
import type { RecentEvents } from './recentEvents.ts';
import { DamagedRecord, decodeRecord } from './record.ts';
import type { StreamIndex } from './streamIndex.ts';

export type ReadParts = Readonly<{
  log: LogTable;
  index: StreamIndex;
  recent: RecentEvents;
}>;

/** The event at a position, from memory or from disk. @throws DamagedRecord */
export const eventAtPosition = ({ log, recent }: ReadParts, position: Position): StoredEvent =>
  recent.after(position - 1, position, 1)?.[0] ?? decodeRecord(position, log.get(position));

/** @throws DamagedRecord when the record is not that of this stream and revision */
const eventOf = (
  parts: ReadParts,
  stream: string,
  revision: Revision,
  position: Position,
): StoredEvent => {
  const event = eventAtPosition(parts, position);
  if (event.stream === stream && event.revision === revision) return event;
  throw new DamagedRecord(position, `revision ${revision} of ${stream} should be here`);
};

export const eventAtRevision = (
  parts: ReadParts,
  stream: string,
  revision: Revision,
): StoredEvent | undefined => {
  if (revision > parts.index.revisionOf(stream)) return undefined;
  const [position] = parts.index.positionsOf(stream, { first: revision, last: revision });
  return position === undefined ? undefined : eventOf(parts, stream, revision, position);
};

/** Reads page by page, so that a long stream neither holds the event loop nor pins LMDB's pages. */
export const readStreamOf = async (
  parts: ReadParts,
  stream: string,
  options: ReadStream,
): Promise<readonly StoredEvent[]> => {
  const range = revisionsOf(options, parts.index.revisionOf(stream));
  if (range === undefined) return [];
  const events: StoredEvent[] = [];
  for (let first = range.first; first <= range.last; first += PAGE_EVENTS_MAX) {
    if (first > range.first) await otherWork();
    const last = Math.min(range.last, first + PAGE_EVENTS_MAX - 1);
    let bytes = 0;
    for (const [index, position] of parts.index.positionsOf(stream, { first, last }).entries()) {
      if (bytes > PAGE_BYTES_MAX) {
        await otherWork();
        bytes = 0;
      }
      const event = eventOf(parts, stream, first + index, position);
      events.push(event);
      bytes += event.data.byteLength + event.metadata.byteLength;
    }
  }
  return options.direction === 'forwards' ? events : events.reverse();
};

/**
 * One page; how much of the log it looks at is bounded, so it may be empty without being the end.
 */
export const readAllOf = async (
  { log, recent }: ReadParts,
  options: ReadAll,
  head: Position,
): Promise<AllPage> => {
  const start = startOf(options, head);
  if (options.direction === 'backwards') {
    await otherWork();
    return pageOf(options, start, head, eventsBefore(log, start));
  }
  const inMemory = recent.after(start, head, PAGE_EVENTS_MAX);
  if (inMemory === undefined) await otherWork();
  return pageOf(options, start, head, inMemory ?? eventsAfter(log, start, head));
};

/**
 * A batch for a subscriber that is at `after`: from memory if it is close behind, else from disk.
 */
export const nextOf = async (
  { log, recent }: ReadParts,
  after: Position,
  until: Position,
): Promise<readonly StoredEvent[]> => {
  const inMemory = recent.after(after, until, PAGE_EVENTS_MAX);
  if (inMemory !== undefined) return inMemory;
  await otherWork();
  return [...eventsAfter(log, after, until)];
};
