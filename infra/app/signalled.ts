import type { Millis } from '../../core/kernel/ids.ts';

/**
 * Ctrl-C reaches a server that npm has started twice: from the terminal, and passed on by npm. For so long the
 * second is the same wish; later it is somebody who will not wait, and ends the process at once.
 */
const SAME_WISH_MS: Millis = 1_000;

type Ending = 'SIGINT' | 'SIGTERM';

/** As much of the process as is used. */
type Signals = Readonly<{
  on: (signal: Ending, heard: () => void) => unknown;
  off: (signal: Ending, heard: () => void) => unknown;
}>;

/** Resolves with the first signal that asks `process` to end. */
export const signalled = (process: Signals): Promise<string> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const heard = (): void => {
        resolve(signal);
        setTimeout(() => process.off(signal, heard), SAME_WISH_MS).unref();
      };
      process.on(signal, heard);
    }
  });
