const POLL_EVERY = 25;
/** What a busy machine may take for anything; what passes is over long before. */
const LIMIT_MS = 45_000;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/**
 * Resolves with the first value that `look` gives which is not undefined. Fails, saying what was waited
 * for and what `seen` reports, once `within` milliseconds have passed.
 */
export const until = async <T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  { within = LIMIT_MS, seen }: { within?: number; seen?: () => unknown } = {},
): Promise<T> => {
  const deadline = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      const state = seen === undefined ? '' : `; seen: ${JSON.stringify(seen())}`;
      throw new Error(`not within ${String(within)} ms: ${what}${state}`);
    }
    await pause(POLL_EVERY);
  }
};

/** `until` for a condition that is only true or false. */
export const untilTrue = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  options: { within?: number; seen?: () => unknown } = {},
): Promise<void> => {
  await until(what, async () => ((await holds()) ? true : undefined), options);
};

/**
 * For what must not happen (a reconnect, a second push) where no later event could prove it: the
 * condition has to hold at every look during the whole of `milliseconds`.
 */
export const holdsFor = async (
  what: string,
  milliseconds: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> => {
  const deadline = performance.now() + milliseconds;
  do {
    if (!(await holds())) throw new Error(`did not stay so: ${what}`);
    await pause(POLL_EVERY);
  } while (performance.now() < deadline);
};
