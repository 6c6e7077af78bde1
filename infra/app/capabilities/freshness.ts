import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { Follower } from '../../../projections/kernel/follower.ts';
import type { Log } from '../../observe/log.ts';

/** What was in the log this long ago has been seen by whoever acts on what the follower keeps fresh. */
export const BEHIND_MS_MAX = 2_000;
/** While it is asked for, it is proved this often: half of a proof's time is left for the next one. */
const PROVE_EVERY_MS = 500;

export type Freshness = Readonly<{
  /** Whether all that was in the log two seconds ago has been seen, as far as is known without waiting. */
  isFresh: () => boolean;
  /** The same, found out if it is not known; false where that takes longer than those two seconds. */
  proven: () => Promise<boolean>;
}>;

type Deps = Readonly<{
  head: () => Promise<Position>;
  /** Whether the follower comes to the position in time. */
  waitFor: (position: Position, ms: Millis) => Promise<boolean>;
  /** Milliseconds of a clock that only goes forward. */
  clock: () => Millis;
  /** What has kept the head of the log from being told. */
  onFault: (error: unknown) => void;
}>;

const within = async <T>(ms: Millis, asked: Promise<T>): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * How old what the follower has made of the log may be. When it has come to where the log ended at some
 * moment, it has seen all from before that moment. The log is asked for its end twice a second, and only
 * while somebody wants to know.
 */
export const freshness = ({ head, waitFor, clock, onFault }: Deps): Freshness => {
  let provenAt = -Infinity;
  let askedAt = -Infinity;
  let underWay = 0;
  let newest: Promise<void> = Promise.resolve();

  const isProven = (): boolean => clock() - provenAt <= BEHIND_MS_MAX;
  const prove = async (asked: Millis): Promise<void> => {
    underWay += 1;
    try {
      const end = await within(BEHIND_MS_MAX, head());
      if (end !== undefined && (await waitFor(end, BEHIND_MS_MAX))) {
        provenAt = Math.max(provenAt, asked);
      }
    } catch (error) {
      onFault(error);
    } finally {
      underWay -= 1;
    }
  };
  /** One that takes long, as all does in a busy process, does not hold up the next: what it proves is old by then. */
  const start = (): Promise<void> => {
    const at = clock();
    if (underWay > 0 && at - askedAt <= PROVE_EVERY_MS) return newest;
    askedAt = at;
    newest = prove(at);
    return newest;
  };

  return {
    isFresh: () => {
      if (clock() - provenAt > PROVE_EVERY_MS) void start();
      return isProven();
    },
    proven: async () => {
      if (!isProven()) await start();
      return isProven();
    },
  };
};

/** Of all that the process's follower has handed on. */
export const freshnessOf = (
  events: Pick<EventLog, 'head'>,
  { waitFor }: Pick<Follower, 'waitFor'>,
  log: Log,
): Freshness =>
  freshness({
    head: () => events.head(),
    waitFor,
    clock: () => performance.now(),
    onFault: (error) => {
      log.warn({ err: error }, 'how far the log goes cannot be told for now');
    },
  });
