import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience } from '../../../infra/app/patience.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('[OPS-23] who waits for an end', () => {
  test('waits so long from the first time that it was asked for, and no longer', () => {
    const lost = vi.fn();
    const { begin } = patience(1_000, lost);
    vi.advanceTimersByTime(5_000);
    begin();
    vi.advanceTimersByTime(999);
    begin();
    expect(lost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(lost).toHaveBeenCalledTimes(1);
  });

  test('is told nothing once it has come', () => {
    const lost = vi.fn();
    const { begin, end } = patience(1_000, lost);
    begin();
    end();
    begin();
    vi.advanceTimersByTime(5_000);
    expect(lost).not.toHaveBeenCalled();
  });
});
