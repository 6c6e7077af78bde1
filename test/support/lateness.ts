import { monitorEventLoopDelay } from 'node:perf_hooks';

const LOOK_EVERY_MS = 10;

/** How much later this process has had its turn than it should have, at most, in milliseconds. */
export type Lateness = Readonly<{ most: () => number; stop: () => void }>;

/** A busy machine keeps all processes waiting alike: the one under test as well as that of the test. */
export const watchLateness = (): Lateness => {
  const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  delays.enable();
  return {
    most: () => delays.max / 1_000_000,
    stop: () => void delays.disable(),
  };
};
