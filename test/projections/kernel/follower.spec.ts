import { describe, expect, test } from 'vitest';
import type { EventId } from '../../../core/kernel/ids.ts';
import {
  type FollowerFailure,
  type Listener,
  startFollower,
} from '../../../projections/kernel/follower.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { registered, renamed, write } from '../../support/userEvents.ts';

const follow = (log: MemoryEventLog, after = 0, ...listeners: readonly Listener[]) => {
  const failures: FollowerFailure[] = [];
  const seen: number[] = [];
  const listener: Listener = (events) => seen.push(...events.map(({ position }) => position));
  const follower = startFollower({
    log,
    after,
    listeners: [...listeners, listener],
    onFailure: (failure) => failures.push(failure),
  });
  return { follower, failures, seen };
};

describe('the follower', () => {
  test('[PRJ-5] hands over every event once, in order: those before it and those to come', async () => {
    const log = new MemoryEventLog();
    const first = await write(log, registered('ann'));
    const second = await write(log, registered('bob'));
    const { follower, seen } = follow(log, first);
    expect(await follower.waitFor(second, 1_000)).toBe(true);
    const third = await write(log, renamed('ann', 'Ann'));
    expect(await follower.waitFor(third, 1_000)).toBe(true);
    expect(seen).toEqual([second, third]);
    await follower.close();
  });

  test('[PRJ-5] moves on past what is not ours', async () => {
    const log = new MemoryEventLog();
    const { follower, seen } = follow(log);
    expect(await follower.waitFor(log.foreign(), 1_000)).toBe(true);
    expect(seen).toEqual([]);
    await follower.close();
  });

  test('a wait ends with its time, and with the follower', async () => {
    const log = new MemoryEventLog();
    const { follower } = follow(log);
    expect(await follower.waitFor(9, 5)).toBe(false);
    const waiting = follower.waitFor(9, 60_000);
    await follower.close();
    expect(await waiting).toBe(false);
  });

  test('[PRJ-6] an event that cannot be read stops it, with position and reason', async () => {
    const log = new MemoryEventLog();
    const good = await write(log, registered('ann'));
    const { follower, seen } = follow(log);
    await follower.waitFor(good, 1_000);
    const waiting = follower.waitFor(good + 1, 60_000);
    log.failSubscriptions(new Error('DamagedEvent at 6'));
    expect(await waiting).toBe(false);
    expect(follower.failure()).toMatchObject({ position: good, reason: 'DamagedEvent at 6' });
    expect(seen).toEqual([good]);
    await follower.close();
  });

  test('[PRJ-6] an event of an unknown name stops it', async () => {
    const log = new MemoryEventLog();
    const { follower, failures } = follow(log);
    const id = '00000000-0000-4000-9000-000000000001' as EventId;
    const meta = { actor: 'test', operationId: 'test' };
    await log.append('user-ann', 'no_stream', [{ type: 'NeverHeardOf', data: {}, id, meta }]);
    expect(await follower.waitFor(1, 1_000)).toBe(false);
    expect(failures).toMatchObject([{ position: 0 }]);
    expect(follower.failure()?.reason).toContain('NeverHeardOf');
    await follower.close();
  });

  test('[PRJ-6] a listener that throws stops it, and none behind it is told more', async () => {
    const log = new MemoryEventLog();
    const { follower, failures, seen } = follow(log, 0, (events) => {
      if (events.some(({ type }) => type === 'UserChanged')) throw new Error('cannot take it');
    });
    const good = await write(log, registered('ann'));
    await follower.waitFor(good, 1_000);
    const bad = await write(log, renamed('ann', 'Ann'));
    expect(await follower.waitFor(bad, 1_000)).toBe(false);
    expect(failures).toMatchObject([{ position: good, reason: 'cannot take it' }]);
    expect(seen).toEqual([good]);
    await follower.close();
  });
});
