import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { LogTable } from './environment.ts';
import { DamagedRecord, decodeRecord } from './record.ts';

/**
 * Events read in one go: about 2 ms, before other work has its turn and LMDB's pages are let go.
 */
export const PAGE_EVENTS_MAX = 1_000;
/** Bytes of records read in one go: large events make smaller pages. */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * A page of the events after a position (exclusive), up to one (inclusive), in order; bounded in
 * events and bytes, and at least one event unless there is none. To be consumed at once: it holds a
 * cursor.
 * @throws DamagedRecord for a record that is damaged, or missing
 */
export function* eventsAfter(
  log: LogTable,
  after: Position,
  until: Position,
): Generator<StoredEvent> {
  const last = Math.min(until, after + PAGE_EVENTS_MAX);
  let expected = after + 1;
  let bytes = 0;
  if (expected > last) return;
  for (const { key, value } of log.getRange({ start: expected, end: last + 1 })) {
    if (key !== expected) break;
    yield decodeRecord(key, value);
    expected++;
    bytes += value.length;
    if (bytes >= PAGE_BYTES_MAX) return;
  }
  if (expected <= last) throw new DamagedRecord(expected, 'there is no record');
}

/** A page of the events before a position (exclusive), newest first; bounded likewise. */
export function* eventsBefore(log: LogTable, before: Position): Generator<StoredEvent> {
  const last = Math.max(0, before - 1 - PAGE_EVENTS_MAX);
  let expected = before - 1;
  let bytes = 0;
  if (expected <= last) return;
  for (const { key, value } of log.getRange({ start: expected, end: last, reverse: true })) {
    if (key !== expected) break;
    yield decodeRecord(key, value);
    expected--;
    bytes += value.length;
    if (bytes >= PAGE_BYTES_MAX) return;
  }
  if (expected > last) throw new DamagedRecord(expected, 'there is no record');
}

/** Lets waiting sockets and timers have their turn between two pages. */
export const otherWork = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
