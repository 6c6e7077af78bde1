import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { signalled } from '../../../infra/app/signalled.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('[OPS-23] a signal that comes twice at once, as by npm, is one; a later one is left to the system', async () => {
  const process = new EventEmitter();
  const stop = signalled(process);
  process.emit('SIGINT');
  expect(await stop).toBe('SIGINT');
  // Without a listener the system would end the process in the midst of its closing.
  vi.advanceTimersByTime(100);
  expect(process.emit('SIGINT')).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(process.emit('SIGINT')).toBe(false);
});
