import { assert } from '../../../core/kernel/assert.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { otherWork, eventsAfter } from './reader.ts';
import type { LogTable } from './environment.ts';
import type { Log } from './log.ts';
import type { StreamIndex } from './streamIndex.ts';

/** How long an event may be in the index's memory only; what a crash costs at the next opening. */
const WRITE_EVERY_MS = 1_000;
/** Events of the log read again at the opening before the index is written in between. */
const REPLAY_WRITE_EVENTS = 100_000;
/** Events in the index's memory at which the log refuses writes: some 100 MB. */
const UNWRITTEN_MAX = 1_000_000;

/** Adds to the index what the log has beyond it. Says so when there is much. */
export const replayIndex = async (
  table: LogTable,
  index: StreamIndex,
  head: Position,
  log: Log,
): Promise<void> => {
  const from = index.indexed;
  for (let position = from; position < head;) {
    await otherWork();
    for (const event of eventsAfter(table, position, head)) {
      const { stream, revision } = event;
      position = event.position;
      // Where a crash cut the index's last writing short, some streams are further than its mark.
      const next = index.revisionOf(stream) + 1;
      assert(revision <= next, `${stream} goes on with revision ${revision}, not ${next}`);
      if (revision === next) index.add(stream, revision, position);
      else index.passOver(position);
    }
    if (index.unwritten < REPLAY_WRITE_EVENTS) continue;
    await index.flush();
    log.info({ from, position, head }, 'reading the log again to index it');
  }
};

/** Writes the index every second, and earlier when there is much to write. */
export class IndexKeeper {
  readonly #index: StreamIndex;
  readonly #log: Log;
  readonly #overfull: (reason: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `overfull` is told when the index can no longer wait for its disk. */
  constructor(index: StreamIndex, log: Log, overfull: (reason: string) => void) {
    this.#index = index;
    this.#log = log;
    this.#overfull = overfull;
  }

  /** To be called after each commit. */
  committed(): void {
    if (this.#index.due) void this.#write();
    else this.#timer ??= setTimeout(() => void this.#write(), WRITE_EVERY_MS).unref();
  }

  /** Writes all of it; rejects when that fails, which costs a replay at the next opening. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#index.unwritten > 0) await this.#index.flush();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.#index.flush();
    } catch (error) {
      const { unwritten } = this.#index;
      this.#log.warn({ error: String(error), unwritten }, 'the stream index could not be written');
      if (unwritten > UNWRITTEN_MAX)
        this.#overfull(`the stream index cannot be written: ${String(error)}`);
    }
  }
}
