import type { Mark } from '../conversation/markRead.ts';
import type { Millis } from '../kernel/ids.ts';

/** At most one read mark of a user in a conversation is written in this time. */
export const READ_MARK_MS = 500;

/** What has become of each of the marks that were written together. */
export type Written<T> = (mark: Mark) => T;

type Open<T> = {
  /** What has come since the last was written, and the answers to it. */
  next: { marks: Mark[]; written: Promise<Written<T>>; write: () => void } | undefined;
};

/**
 * Clients mark as read with every message that comes in. The first mark is written at once; those that
 * follow within the time share one event, and each is answered when its event is written.
 */
export const coalesceMarks = <T>({
  write,
  pause,
}: Readonly<{
  write: (key: string, marks: readonly Mark[]) => Promise<Written<T>>;
  pause: (ms: Millis) => Promise<void>;
}>): ((key: string, mark: Mark) => Promise<T>) => {
  const open = new Map<string, Open<T>>();

  const later = async (key: string, entry: Open<T>, mark: Mark): Promise<T> => {
    entry.next ??= nextOf(key);
    entry.next.marks.push(mark);
    return (await entry.next.written)(mark);
  };
  const nextOf = (key: string): NonNullable<Open<T>['next']> => {
    let start: () => void = () => undefined;
    const marks: Mark[] = [];
    const written = new Promise<void>((resolve) => (start = resolve)).then(() => write(key, marks));
    return { marks, written, write: () => start() };
  };

  /** Until nothing more has come in a whole period. A failed write is its callers' to hear of. */
  const drain = async (key: string, entry: Open<T>, first: Promise<unknown>): Promise<void> => {
    let current = first;
    for (;;) {
      await Promise.allSettled([current]);
      await pause(READ_MARK_MS);
      const { next } = entry;
      if (next === undefined) break;
      entry.next = undefined;
      next.write();
      current = next.written;
    }
    open.delete(key);
  };

  return async (key, mark) => {
    const entry = open.get(key);
    if (entry !== undefined) return later(key, entry, mark);
    const started: Open<T> = { next: undefined };
    open.set(key, started);
    const written = write(key, [mark]);
    void drain(key, started, written);
    return (await written)(mark);
  };
};
