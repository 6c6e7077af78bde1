import type { EventLog } from './eventLog.ts';
import { OutcomeUnknown, StoreUnavailable } from './eventStore.ts';
import type { Millis } from './ids.ts';

/** Pause before the same append is tried again after an unknown outcome; doubles each time. */
const UNKNOWN_RETRY_MS = 25;
/** A store that says it is away is not waited for longer: whoever sent is told to try again. */
const AWAY_MS_MAX = 1_900;

type Deps = Readonly<{
  log: Pick<EventLog, 'append'>;
  clock: () => Millis;
  pause: (ms: Millis) => Promise<void>;
}>;

/**
 * After an unknown outcome the very same append is repeated: the store knows it by its ids. Until one is
 * answered it stays unknown, whatever becomes of the repetitions: a store that is away by now may have
 * stored the first. `OutcomeUnknown` is thrown past the deadline, and sooner if the store is known to be away; any
 * other fault says that surely nothing was stored.
 */
export const appendUntilKnown =
  ({ log, clock, pause }: Deps) =>
  async (
    deadline: Millis,
    ...append: Parameters<EventLog['append']>
  ): ReturnType<EventLog['append']> => {
    const begun = clock();
    let unknown: OutcomeUnknown | undefined;
    for (let pauseMs = UNKNOWN_RETRY_MS; ; pauseMs *= 2) {
      try {
        return await log.append(...append);
      } catch (error) {
        unknown = unknownBy(error, unknown);
        const isAway = !(error instanceof OutcomeUnknown);
        if (clock() > (isAway ? begun + AWAY_MS_MAX : deadline)) throw unknown;
        await pause(pauseMs);
      }
    }
  };

/** What an append comes to by this error; throws it where it says what became of the append. */
const unknownBy = (error: unknown, before: OutcomeUnknown | undefined): OutcomeUnknown => {
  if (error instanceof OutcomeUnknown) return error;
  if (before === undefined) throw error;
  const unknown = new OutcomeUnknown(before.message, { cause: error });
  if (!isFaultOfStore(error)) throw unknown;
  return unknown;
};

/** What a store that is away or slow brings about: nothing that we know has become wrong by it. */
export const isFaultOfStore = (error: unknown): boolean =>
  error instanceof OutcomeUnknown || error instanceof StoreUnavailable;
