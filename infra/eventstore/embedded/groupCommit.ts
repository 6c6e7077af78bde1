import { otherWork } from './reader.ts';
import type { PendingAppend } from './groupPlan.ts';

/**
 * Events in one group: some 20 ms of work, far more than gathers during one flush of a fast disk.
 */
const GROUP_EVENTS_MAX = 4_096;
/** Bytes in one group: they are held twice until they are flushed. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/**
 * One group in flight, and whatever comes meanwhile is the next: so a group is as large as the disk
 * is slow, and a single append on an idle log waits for nothing but its own flush.
 */
export class GroupCommit {
  readonly #process: (group: readonly PendingAppend[]) => Promise<void>;
  #waiting: PendingAppend[] = [];
  #running: Promise<void> | undefined;

  constructor(process: (group: readonly PendingAppend[]) => Promise<void>) {
    this.#process = process;
  }

  add(append: PendingAppend): void {
    this.#waiting.push(append);
    this.#running ??= this.#run();
  }

  /** Resolves when no append waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What else this turn of the event loop brings joins the group, and so does what those who
      // have just been answered append next.
      await otherWork();
      const group = this.#take();
      try {
        await this.#process(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    // In the same turn as the look at what waits: whoever comes next begins anew.
    this.#running = undefined;
  }

  #take(): readonly PendingAppend[] {
    let events = 0;
    let bytes = 0;
    const over = this.#waiting.findIndex((append) => {
      events += append.events.length;
      bytes += append.bytes;
      return events > GROUP_EVENTS_MAX || bytes > GROUP_BYTES_MAX;
    });
    const group = over === -1 ? this.#waiting : this.#waiting.slice(0, over);
    this.#waiting = over === -1 ? [] : this.#waiting.slice(over);
    return group;
  }
}
