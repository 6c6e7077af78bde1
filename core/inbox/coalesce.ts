import type { Millis, Seq } from '../kernel/ids.ts';

/** At most one read mark of a user in a conversation is written in this time. */
export const READ_MARK_MS = 500;

export type Mark = Readonly<{ upTo: Seq; seqs: readonly Seq[] }>;

type Open<T> = {
  /** What has come since the last one was written, and the answer it will share. */
  next: { mark: Mark; written: Promise<T>; write: (mark: Mark) => void } | undefined;
};

const merge = (one: Mark, other: Mark): Mark => ({
  upTo: Math.max(one.upTo, other.upTo),
  seqs: [...new Set([...one.seqs, ...other.seqs])],
});

/**
 * Clients mark as read with every message that comes in. The first mark is written at once; those that
 * follow within the time share one event, and each is answered when its event is written.
 */
export const coalesceMarks = <T>({
  write,
  pause,
}: Readonly<{
  write: (key: string, mark: Mark) => Promise<T>;
  pause: (ms: Millis) => Promise<void>;
}>): ((key: string, mark: Mark) => Promise<T>) => {
  const open = new Map<string, Open<T>>();

  const later = (key: string, entry: Open<T>, mark: Mark): Promise<T> => {
    if (entry.next !== undefined) {
      entry.next.mark = merge(entry.next.mark, mark);
      return entry.next.written;
    }
    let start: (mark: Mark) => void = () => undefined;
    const written = new Promise<Mark>((resolve) => (start = resolve)).then((merged) =>
      write(key, merged),
    );
    entry.next = { mark, written, write: (merged) => start(merged) };
    return written;
  };

  /** Until nothing more has come in a whole period. A failed write is its callers' to hear of. */
  const drain = async (key: string, entry: Open<T>, first: Promise<T>): Promise<void> => {
    let current = first;
    for (;;) {
      await Promise.allSettled([current]);
      await pause(READ_MARK_MS);
      const { next } = entry;
      if (next === undefined) break;
      entry.next = undefined;
      next.write(next.mark);
      current = next.written;
    }
    open.delete(key);
  };

  return (key, mark) => {
    const entry = open.get(key);
    if (entry !== undefined) return later(key, entry, mark);
    const started: Open<T> = { next: undefined };
    open.set(key, started);
    const written = write(key, mark);
    void drain(key, started, written);
    return written;
  };
};
