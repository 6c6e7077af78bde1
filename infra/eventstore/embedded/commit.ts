import { assert } from '../../../core/kernel/assert.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { CommitMeter } from '../../observe/commitMeter.ts';
import { POSITION_MAX, type LogEnvironment } from './environment.ts';
import { settled } from './settled.ts';
import { encodeRecord, recordBytesMax } from './record.ts';

/**
 * Stands around every flush: calls `commit` once, which resolves when the data is durable, and
 * resolves itself after that. A test puts its own in to delay, count or break flushes.
 */
export type Flush = (commit: () => Promise<void>) => Promise<void>;

/**
 * Makes a group of events durable; rejects with LMDB's own error, and then nothing of it is stored.
 */
export type Commit = (events: readonly StoredEvent[]) => Promise<void>;

/**
 * The one place where the log is written. LMDB's write thread puts the records into one transaction
 * and flushes it while the event loop goes on; the promise resolves after the flush. (The
 * synchronous form takes as long and less CPU for a single event, but holds the event loop for the
 * whole of the flush.)
 */
export const commitTo =
  ({ root, log }: LogEnvironment, flush: Flush, meter?: CommitMeter): Commit =>
  async (events) => {
    const records = encodeAll(events);
    const begun = performance.now();
    await flush(async () => {
      const last = events.at(-1)?.position ?? 0;
      assert(last <= POSITION_MAX, `position ${last} fits into a key`);
      let first: Promise<boolean> | undefined;
      const done = root.batch(() => {
        for (const { position, record } of records) {
          const put = log.put(position, record, { append: true });
          first ??= put;
          // Each put rejects with the transaction; `done` tells of it once for all.
          put.catch(() => undefined);
        }
      });
      await settled(done);
      // Keys only grow, so if the first was new to the table all were.
      assert((await first) !== false, `position ${events[0]?.position} is still free`);
    });
    if (meter === undefined) return;
    meter.flushed((performance.now() - begun) / 1000);
    for (const { type, record } of records) meter.stored(type, record.length);
  };

/** Proves that the disk takes writes again, without touching the log's table. */
export const probe = async ({ root, meta }: LogEnvironment, flush: Flush): Promise<void> =>
  flush(() =>
    settled(
      root.batch(() => {
        meta.put('probed', new Date().toISOString()).catch(() => undefined);
      }),
    ),
  );

/**
 * One piece of memory for the whole group: LMDB asks for the address of each that it has not seen.
 */
const encodeAll = (
  events: readonly StoredEvent[],
): readonly Readonly<{ position: Position; type: string; record: Buffer }>[] => {
  let size = 0;
  for (const event of events) size += recordBytesMax(event);
  const memory = Buffer.allocUnsafeSlow(size);
  let at = 0;
  return events.map((event) => {
    const start = at;
    at = encodeRecord(event, memory, start);
    const { position, type } = event;
    return { position, type, record: memory.subarray(start, at) };
  });
};
