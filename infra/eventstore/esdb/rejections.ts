import { isOfBatchAppend } from './client.ts';

/**
 * What the client lets fall when its append stream ends under it: each write that waits for room rejects
 * once more where nobody listens, and an answer to an append that is no longer waited for throws. Both
 * have been dealt with where the append itself was; Node would end the process.
 */
type Listener = () => void;

const listeners = new Set<Listener>();

/**
 * Tolerates exactly those, while anybody appends, and tells whoever asked. Returns how to stop. All other
 * unhandled rejections end the process as they would have without it.
 */
export const tolerateAppendRejections = (onTolerated: Listener): (() => void) => {
  if (listeners.size === 0) process.on('unhandledRejection', tolerate);
  // Of its own, so that two who pass the same function are two.
  const listener = (): void => onTolerated();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) process.off('unhandledRejection', tolerate);
  };
};

const tolerate = (reason: unknown): void => {
  if (reason instanceof Error && isOfBatchAppend(reason)) {
    for (const listener of [...listeners]) listener();
    return;
  }
  // With a listener there is no end of the process by itself; who else listens has been told too.
  if (process.listenerCount('unhandledRejection') > 1) return;
  throw reason;
};
