import { beforeAll, expect, test } from 'vitest';
import type { Direction, EventStore, ReadStream } from '../../../core/kernel/eventStore.ts';
import { allOf, appended, events, newStream } from './events.ts';

export const readingContract = (store: () => EventStore): void => {
  const stream = newStream();
  beforeAll(() => store().append(stream, 'no_stream', events(5)));

  const cases: readonly (readonly [ReadStream['from'], Direction, number, readonly number[]])[] = [
    ['start', 'forwards', 10, [0, 1, 2, 3, 4]],
    ['start', 'forwards', 2, [0, 1]],
    [3, 'forwards', 10, [3, 4]],
    [3, 'forwards', 1, [3]],
    [5, 'forwards', 10, []],
    ['end', 'forwards', 10, [4]],
    ['end', 'backwards', 10, [4, 3, 2, 1, 0]],
    ['end', 'backwards', 1, [4]],
    [2, 'backwards', 10, [2, 1, 0]],
    [2, 'backwards', 2, [2, 1]],
    [99, 'backwards', 2, [4, 3]],
    ['start', 'backwards', 10, [0]],
    ['start', 'forwards', 0, []],
    ['end', 'backwards', 0, []],
  ];

  test.each(cases)('[STO-8] a stream from %s %s, %i: %j', async (from, direction, max, wanted) => {
    const read = await store().readStream(stream, { from, direction, max });
    expect(read.map(({ revision }) => revision)).toEqual(wanted);
  });

  test.each(['start', 'end', 0, 7] as const)(
    '[STO-8] a stream that does not exist has no events from %s',
    async (from) => {
      for (const direction of ['forwards', 'backwards'] as const)
        expect(await store().readStream(newStream(), { from, direction, max: 5 })).toEqual([]);
    },
  );

  test('[STO-9] $all goes on where a page ended, both ways, without gap or double', async () => {
    const category = newStream('paged');
    const start = await store().head();
    for (let round = 0; round < 10; round++) {
      await store().append(`${category}-${round % 3}`, 'any', events(2));
      await store().append(newStream('other'), 'any', events(1));
    }
    const read = (direction: Direction, from: number | 'end', max: number) =>
      allOf(store(), { from, direction, max, prefixes: [category] });
    const forwards = await read('forwards', start, 3);
    const positions = forwards.map(({ position }) => position);
    expect(forwards).toHaveLength(20);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(positions[0]).toBeGreaterThan(start);
    const backwards = await read('backwards', 'end', 7);
    expect(backwards.map(({ position }) => position)).toEqual([...positions].reverse());
  });

  test('[STO-9] a position is exclusive both ways', async () => {
    const last = appended(await store().append(newStream(), 'any', events(3))).position;
    const page = (direction: Direction) =>
      store().readAll({ from: last, direction, max: 1_000_000 });
    expect((await page('forwards')).events).toEqual([]);
    expect((await page('backwards')).events.every(({ position }) => position < last)).toBe(true);
  });

  test('[STO-9] from end forwards and from start backwards there is nothing', async () => {
    for (const read of [
      { from: 'end', direction: 'forwards', max: 5 },
      { from: 'start', direction: 'backwards', max: 5 },
    ] as const)
      expect(await store().readAll(read)).toMatchObject({ events: [], end: true });
  });

  test('[STO-9] the end of $all is where later events are read from', async () => {
    const page = await store().readAll({ from: 'end', direction: 'forwards', max: 1 });
    const later = newStream();
    await store().append(later, 'any', events(2));
    const read = await allOf(store(), { from: page.next, direction: 'forwards', max: 1 });
    expect(read.map((one) => [one.stream, one.revision])).toEqual([
      [later, 0],
      [later, 1],
    ]);
  });

  test('[STO-9] any of several prefixes will do', async () => {
    const [one, two] = [newStream('one'), newStream('two')];
    const from = await store().head();
    for (const name of [one, two, newStream('three')]) await store().append(name, 'any', events(1));
    const read = await allOf(store(), {
      from,
      direction: 'forwards',
      max: 10,
      prefixes: ['one-', 'two-'],
    });
    expect(read.map((found) => found.stream)).toEqual([one, two]);
  });

  test('[STO-2] the events of one append stand together, and created never goes back', async () => {
    const from = await store().head();
    const streams = Array.from({ length: 20 }, () => newStream());
    await Promise.all(streams.map((name) => store().append(name, 'any', events(5))));
    const read = (await allOf(store(), { from, direction: 'forwards', max: 1_000 })).filter(
      (found) => streams.includes(found.stream),
    );
    for (let at = 0; at < read.length; at += 5)
      expect(new Set(read.slice(at, at + 5).map((found) => found.stream)).size).toBe(1);
    const created = read.map((found) => found.created);
    expect(created).toEqual([...created].sort((a, b) => a - b));
  });

  test('[STO-9] head is the position of the last event', async () => {
    const { position } = appended(await store().append(newStream(), 'any', events(2)));
    expect(await store().head()).toBe(position);
  });

  test('[STO-14] the log has one id, 32 hex digits', async () => {
    const id = await store().logId();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await store().logId()).toBe(id);
  });
};
