type Close = () => Promise<void>;

/** What was opened, to be closed in the opposite order. */
export class Closers {
  readonly #all: Close[] = [];

  add(close: Close): void {
    this.#all.push(close);
  }

  /**
   * Closes everything, whatever fails: the log is closed though the disk was too full for what came before it.
   * Throws the first fault when all is done.
   */
  async close(): Promise<void> {
    const faults: unknown[] = [];
    for (const closeOne of this.#all.splice(0).toReversed()) {
      try {
        await closeOne();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length === 1) throw faults[0];
    if (faults.length > 1) throw new AggregateError(faults, 'not everything could be closed');
  }
}

/** Closes these at once; throws the first fault when all have ended. */
export const closeTogether =
  (...parts: readonly Close[]): Close =>
  async () => {
    const ended = await Promise.allSettled(parts.map((close) => close()));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  };
