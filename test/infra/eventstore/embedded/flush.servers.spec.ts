import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OutcomeUnknown, StoreUnavailable } from '../../../../core/kernel/eventStore.ts';
import { appended, event, events, follow, newStream } from '../../../support/eventStore/events.ts';
import { breakRootOf } from '../../../support/eventStore/brokenRoot.ts';
import { controlledFlush, temporaryLogs } from '../../../support/eventStore/logs.ts';
import { untilTrue } from '../../../support/until.ts';

const whole = { from: 'start', direction: 'forwards', max: 100 } as const;

describe('the embedded log and its flushes', () => {
  const { directory, open } = temporaryLogs();

  test('[STO-1] before its flush an append is not answered, read or announced', async () => {
    const { flush, hold, begun } = controlledFlush();
    const log = await open({ directory: await directory(), flush });
    await log.append('before', 'any', events(1));
    const follower = follow(log, { after: 'start' });
    await follower.until(1);
    const release = hold();
    let answered = 0;
    const append = log.append('held', 'no_stream', events(2)).then(() => answered++);
    await untilTrue('the flush', () => begun() === 2);
    // Other work goes on, and another append cannot make the first one visible.
    const second = log.append('held', 'any', events(1)).then(() => answered++);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([answered, begun()]).toEqual([0, 2]);
    expect(await log.head()).toBe(1);
    expect(await log.readStream('held', whole)).toEqual([]);
    expect((await log.readAll({ ...whole })).events).toHaveLength(1);
    expect(
      (await log.readAll({ ...whole, from: 'end', direction: 'backwards' })).events,
    ).toHaveLength(1);
    expect(follower.seen).toHaveLength(1);
    release();
    await Promise.all([append, second]);
    await follower.until(4);
    expect(await log.readStream('held', whole)).toHaveLength(3);
  });

  test('[STO-1] one append on an idle log costs one flush', async () => {
    const { flush, begun } = controlledFlush();
    const log = await open({ directory: await directory(), flush });
    for (let round = 1; round <= 5; round++) {
      await log.append(newStream(), 'any', events(3));
      expect(begun()).toBe(round);
    }
  });

  test('[STO-1] all that comes during a flush goes into the next', async () => {
    const { flush, hold, begun } = controlledFlush();
    const log = await open({ directory: await directory(), flush });
    const release = hold();
    const first = log.append('first', 'any', events(1));
    await untilTrue('the flush', () => begun() === 1);
    const others = Array.from({ length: 500 }, () => log.append(newStream(), 'any', events(1)));
    release();
    await Promise.all([first, ...others]);
    expect(begun()).toBe(2);
  });

  test('[STO-21] who appended hears of it before any subscriber', async () => {
    const log = await open({ directory: await directory() });
    const order: string[] = [];
    const follower = follow(log, { after: 'end', onEvents: () => void order.push('subscriber') });
    const reply = async (): Promise<void> => {
      await log.append(newStream(), 'any', events(1));
      for (let step = 0; step < 10; step++) await Promise.resolve();
      order.push('reply');
    };
    for (let round = 1; round <= 20; round++) {
      await reply();
      await follower.until(round);
    }
    expect(order).toEqual(Array.from({ length: 20 }, () => ['reply', 'subscriber']).flat());
  });

  test('[STO-15] a flush that fails stores nothing; writing goes on once the disk takes it', async () => {
    const { flush, fail } = controlledFlush();
    const log = await open({ directory: await directory(), flush });
    const follower = follow(log, { after: 'start' });
    await log.append('kept', 'any', events(1));
    fail({ before: new Error('no space left on device') });
    const attempts = [event('a'), event('b')].map((one) => log.append('lost', 'no_stream', [one]));
    for (const attempt of attempts) await expect(attempt).rejects.toThrow(StoreUnavailable);
    expect(log.writability()).toMatchObject({ writable: false });
    expect(JSON.stringify(log.writability())).toMatch(/no space left on device.*MiB free/);
    await expect(log.append('kept', 'any', events(1))).rejects.toThrow(/no space left/);
    expect(await log.readStream('lost', whole)).toEqual([]);
    expect(await log.readStream('kept', whole)).toHaveLength(1);
    fail({});
    await untilTrue('the log takes writes', () => log.writability().writable);
    const result = appended(await log.append('lost', 'no_stream', events(1)));
    expect(result).toMatchObject({ revision: 0, position: 2 });
    await follower.until(2);
    expect(follower.seen.map(({ stream }) => stream)).toEqual(['kept', 'lost']);
  });

  test('[STO-15] a failure after the data was stored: outcome unknown, and no more writes', async () => {
    const { flush, fail } = controlledFlush();
    const at = await directory();
    const log = await open({ directory: at, flush });
    const batch = events(2);
    fail({ after: new Error('input/output error') });
    await expect(log.append('unsure', 'no_stream', batch)).rejects.toThrow(OutcomeUnknown);
    fail({});
    await expect(log.append('unsure', 'no_stream', batch)).rejects.toThrow(StoreUnavailable);
    expect(await log.head()).toBe(0);
    expect(await log.readStream('unsure', whole)).toEqual([]);
    await log.close();
    const again = await open({ directory: at });
    expect(await again.append('unsure', 'no_stream', batch)).toMatchObject({ revision: 1 });
    expect(await again.head()).toBe(2);
  });

  test('[STO-24] a disk that loses the root of the log: nothing is taken, and nothing called damaged', async () => {
    const at = await directory();
    const log = await open({ directory: at });
    await log.append('kept', 'any', events(3));
    const follower = follow(log, { after: 'start' });
    await follower.until(3);
    breakRootOf(join(at, 'log', 'data.mdb'));
    const batch = events(1);
    await expect(log.append('kept', 2, batch)).rejects.toThrow(OutcomeUnknown);
    expect(log.writability()).toMatchObject({ writable: false });
    await expect(log.append('kept', 2, batch)).rejects.toThrow(/opened again/);
    await expect(log.verify()).rejects.toThrow(StoreUnavailable);
    await expect(log.readAll(whole)).rejects.toThrow(StoreUnavailable);
    await expect(log.readStream('kept', whole)).rejects.toThrow(StoreUnavailable);
    expect(() => follow(log, { after: 'start' })).toThrow(StoreUnavailable);
    await log.close();
    const again = await open({ directory: at });
    expect(await again.append('kept', 2, batch)).toMatchObject({ revision: 3, position: 4 });
    expect(await again.verify()).toMatchObject({ head: 4 });
  });

  test('[STO-24] so it is with a log that is empty', async () => {
    const at = await directory();
    const log = await open({ directory: at });
    breakRootOf(join(at, 'log', 'data.mdb'));
    await expect(log.append('first', 'any', events(1))).rejects.toThrow(OutcomeUnknown);
    expect(JSON.stringify(log.writability())).toMatch(/opened again/);
  });

  test('[STO-1] closing waits for what was asked for', async () => {
    const at = await directory();
    const log = await open({ directory: at });
    const asked = Array.from({ length: 50 }, () => log.append('asked', 'any', events(1)));
    await log.close();
    await Promise.all(asked);
    const again = await open({ directory: at });
    expect(await again.readStream('asked', whole)).toHaveLength(50);
  });

  test('[STO-23] what is being read while the log is closed ends as unavailable', async () => {
    const at = await directory();
    const log = await open({ directory: at });
    for (let round = 0; round < 20; round++) await log.append('long', 'any', events(500));
    await log.close();
    const again = await open({ directory: at });
    const reads = [again.readStream('long', { ...whole, max: 10_000 }), again.verify()];
    await again.close();
    for (const read of await Promise.allSettled(reads)) {
      if (read.status === 'fulfilled') throw new Error('it was read after the log was closed');
      expect(read.reason).toBeInstanceOf(StoreUnavailable);
    }
  });
});
