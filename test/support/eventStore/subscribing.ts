import { expect, test } from 'vitest';
import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import { untilTrue } from '../until.ts';
import { allOf, appended, event, events, follow, newStream } from './events.ts';

const positions = (found: readonly StoredEvent[]) => found.map(({ position }) => position);

export const subscribingContract = (store: () => EventStore): void => {
  /**
   * Many streams of one category, written at once; resolves with the position of the last event.
   */
  const writeMany = async (category: string, count: number): Promise<number> => {
    const results = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        store().append(`${category}-${index % 7}`, 'any', [event(String(index))]),
      ),
    );
    return Math.max(...results.map((result) => appended(result).position));
  };

  const everything = (category: string) =>
    allOf(store(), { from: 'start', direction: 'forwards', max: 500, prefixes: [category] });

  test('[STO-10] whenever it begins, a subscriber sees each event once, in order', async () => {
    const category = newStream('live');
    const from = await store().head();
    const early = follow(store(), { after: from, prefixes: [category] });
    const first = await writeMany(category, 200);
    const writing = writeMany(category, 400);
    const during = follow(store(), { after: from, prefixes: [category] });
    const half = follow(store(), { after: first, prefixes: [category] });
    await writing;
    const late = follow(store(), { after: from, prefixes: [category] });
    await Promise.all([early.until(600), during.until(600), late.until(600), half.until(400)]);
    const wanted = positions(await everything(category));
    for (const whole of [early, during, late]) expect(positions(whole.seen)).toEqual(wanted);
    expect(positions(half.seen)).toEqual(wanted.filter((position) => position > first));
    await Promise.all([early, during, late, half].map((one) => one.close()));
  });

  test('[STO-10] from end, only what comes later', async () => {
    const category = newStream('live');
    await store().append(category, 'any', events(3));
    // Subscribers hear of an append a little after the one who made it.
    const before = follow(store(), { after: 'start', prefixes: [category] });
    await before.until(3);
    const tail = follow(store(), { after: 'end', prefixes: [category] });
    await store().append(category, 'any', events(2));
    await tail.until(2);
    expect(tail.seen.map(({ revision }) => revision)).toEqual([3, 4]);
    await Promise.all([before.close(), tail.close()]);
  });

  test('[STO-10] from a position that has not come yet, what comes after it', async () => {
    const category = newStream('live');
    const later = follow(store(), { after: (await store().head()) + 1, prefixes: [category] });
    const last = appended(await store().append(category, 'any', events(3))).position;
    await later.untilReached(last);
    const wanted = positions(await everything(category)).slice(-later.seen.length);
    expect(positions(later.seen)).toEqual(wanted);
    expect(later.seen.length).toBeGreaterThanOrEqual(2);
    await later.close();
  });

  test('[STO-10] what was filtered out is reached too', async () => {
    const quiet = follow(store(), { after: 'end', prefixes: [newStream('never')] });
    const { position } = appended(await store().append(newStream(), 'any', events(3)));
    await quiet.untilReached(position);
    expect(quiet.seen).toEqual([]);
    await quiet.close();
  });

  test('[STO-11] the next batch waits for the one in hand, and nothing is lost meanwhile', async () => {
    const category = newStream('slow');
    let inHand = 0;
    let most = 0;
    const slow = follow(store(), {
      after: 'end',
      prefixes: [category],
      onEvents: async () => {
        most = Math.max(most, ++inHand);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inHand--;
      },
    });
    for (let round = 0; round < 5; round++) await writeMany(category, 100);
    await slow.until(500);
    expect(most).toBe(1);
    expect(positions(slow.seen)).toEqual(positions(await everything(category)));
    await slow.close();
  });

  test('[STO-22] a handler that throws ends its own subscription, and no other', async () => {
    const category = newStream('bad');
    const bad = follow(store(), {
      after: 'end',
      prefixes: [category],
      onEvents: () => {
        throw new Error('cannot take it');
      },
    });
    const good = follow(store(), { after: 'end', prefixes: [category] });
    await store().append(category, 'any', events(1));
    await good.until(1);
    // Each of them hears by itself: the next event must not come to it together with this one.
    await untilTrue('it has failed', () => bad.failures.length > 0);
    await store().append(category, 'any', events(1));
    await good.until(2);
    expect(bad.failures.map(({ message }) => message)).toEqual(['cannot take it']);
    expect(bad.seen).toHaveLength(1);
    await Promise.all([bad.close(), good.close()]);
  });

  test('[STO-22] a closed subscription is handed nothing more', async () => {
    const category = newStream('closed');
    const closed = follow(store(), { after: 'end', prefixes: [category] });
    const open = follow(store(), { after: 'end', prefixes: [category] });
    await store().append(category, 'any', events(1));
    await Promise.all([closed.until(1), open.until(1)]);
    await closed.close();
    await store().append(category, 'any', events(1));
    await open.until(2);
    expect(closed.seen).toHaveLength(1);
    expect(closed.failures).toEqual([]);
    await open.close();
  });
};
