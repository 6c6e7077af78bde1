import { expect, test } from 'vitest';
import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  EVENT_BYTES_MAX,
  type EventStore,
  type StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { appended, event, events, newId, newStream, plain } from './events.ts';

const whole = { from: 'start', direction: 'forwards', max: 10_000 } as const;

export const appendingContract = (store: () => EventStore): void => {
  const idsOf = async (stream: string) =>
    (await store().readStream(stream, whole)).map(({ id }) => id);

  test('[STO-2] what is appended is read as it was, in its place', async () => {
    const stream = newStream();
    const batch = [event('a'), { ...event('ü€😀'), metadata: new Uint8Array() }];
    const before = Date.now();
    const result = appended(await store().append(stream, 'no_stream', batch));
    const read = await store().readStream(stream, whole);
    expect(read.map(plain)).toEqual(
      batch.map((one, revision) =>
        plain({
          ...one,
          stream,
          revision,
          position: read[revision]?.position ?? 0,
          created: result.created,
        }),
      ),
    );
    expect(result).toMatchObject({ revision: 1, position: read[1]?.position });
    expect(result.created).toBeGreaterThanOrEqual(before);
    expect(result.created).toBeLessThanOrEqual(Date.now());
  });

  test('[STO-2] bytes that are no text come back the same', async () => {
    const stream = newStream();
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    await store().append(stream, 'no_stream', [{ ...event(), data, metadata: data }]);
    const [read] = await store().readStream(stream, whole);
    expect([...(read?.data ?? [])]).toEqual([...data]);
    expect([...(read?.metadata ?? [])]).toEqual([...data]);
  });

  test('[STO-66] an event that is brought from another log keeps its time', async () => {
    const stream = newStream('user');
    const before = 1_600_000_000_123;
    const metadata = new TextEncoder().encode('{"a":"ann"}');
    const [old, none, ahead] = [event(), event(), event()];
    const batch = [
      { ...old, metadata, created: before },
      { ...none, metadata: new TextEncoder().encode('{}'), created: before + 1 },
      { ...ahead, created: before - 5 },
    ];
    await store().append(stream, 'no_stream', batch);
    const read = await store().readStream(stream, whole);
    expect(read.map(({ created }) => created)).toEqual([before, before + 1, before - 5]);
    expect(read.map((one) => new TextDecoder().decode(one.metadata))).toEqual([
      '{"a":"ann"}',
      '{}',
      '{"actor":"test"}',
    ]);
    await store().append(stream, 2, [event()]);
    const [last] = await store().readStream(stream, {
      from: 'end',
      direction: 'backwards',
      max: 1,
    });
    expect(last?.created).toBeGreaterThan(before + 1_000);
  });

  test('[STO-2] names with any letters are streams of their own', async () => {
    const base = newStream();
    const streams = [base, `${base}x`, `${base}ü€😀`, `$$${base}`];
    for (const stream of streams) await store().append(stream, 'no_stream', [event(stream)]);
    for (const stream of streams)
      expect((await store().readStream(stream, whole)).map((read) => read.stream)).toEqual([
        stream,
      ]);
  });

  test('[STO-4] an expectation that does not hold is a conflict that names the revision', async () => {
    const stream = newStream();
    const append = (expected: Parameters<EventStore['append']>[1], count = 1) =>
      store().append(stream, expected, events(count));
    expect(await append(0)).toEqual({ kind: 'conflict', actual: 'no_stream' });
    expect(await append('stream_exists')).toEqual({ kind: 'conflict', actual: 'no_stream' });
    await append('no_stream', 3);
    expect(await append('no_stream')).toEqual({ kind: 'conflict', actual: 2 });
    expect(await append(1)).toEqual({ kind: 'conflict', actual: 2 });
    expect(await append(3)).toEqual({ kind: 'conflict', actual: 2 });
    expect(await append(2)).toMatchObject({ kind: 'appended', revision: 3 });
    expect(await append('stream_exists')).toMatchObject({ kind: 'appended', revision: 4 });
    expect(await append('any')).toMatchObject({ kind: 'appended', revision: 5 });
  });

  test('[STO-4] a stream that has only metadata exists', async () => {
    const stream = newStream();
    await store().append(`$$${stream}`, 'any', [{ ...event(), type: '$metadata' }]);
    const result = await store().append(stream, 'stream_exists', [event()]);
    expect(result).toMatchObject({ kind: 'appended', revision: 0 });
  });

  test('[STO-3] the same append with the same revision is one, with the first answer', async () => {
    const stream = newStream();
    const [first, second] = [events(3), events(2)];
    const created = await store().append(stream, 'no_stream', first);
    const more = await store().append(stream, 2, second);
    await store().append(stream, 4, events(1));
    expect(await store().append(stream, 'no_stream', first)).toEqual(created);
    expect(await store().append(stream, 2, second)).toEqual(more);
    expect(await idsOf(stream)).toHaveLength(6);
  });

  test('[STO-3] a part of an earlier append is a repetition of that part', async () => {
    const stream = newStream();
    const batch = events(4);
    await store().append(stream, 'no_stream', batch);
    const read = await store().readStream(stream, whole);
    expect(await store().append(stream, 'no_stream', batch.slice(0, 2))).toMatchObject({
      revision: 1,
      position: read[1]?.position,
    });
    expect(await store().append(stream, 1, batch.slice(2))).toMatchObject({ revision: 3 });
  });

  test('[STO-3] other ids, ids in another order or too many are a conflict, and nothing is stored', async () => {
    const stream = newStream();
    const [a, b] = [event('a'), event('b')];
    await store().append(stream, 'no_stream', [a, b]);
    const conflict = { kind: 'conflict', actual: 1 };
    expect(await store().append(stream, 'no_stream', [event()])).toEqual(conflict);
    expect(await store().append(stream, 'no_stream', [b, a])).toEqual(conflict);
    expect(await store().append(stream, 'no_stream', [a, event()])).toEqual(conflict);
    expect(await store().append(stream, 'no_stream', [a, b, event()])).toEqual(conflict);
    expect(await idsOf(stream)).toEqual([a.id, b.id]);
  });

  test('[STO-5] a recent append with any or stream_exists is known by its ids', async () => {
    const stream = newStream();
    const [first, second] = [events(2), events(2)];
    const one = await store().append(stream, 'any', first);
    const two = await store().append(stream, 'stream_exists', second);
    await store().append(stream, 'any', events(1));
    expect(await store().append(stream, 'any', first)).toEqual(one);
    expect(await store().append(stream, 'stream_exists', first)).toEqual(one);
    expect(await store().append(stream, 'any', second)).toEqual(two);
    expect(await idsOf(stream)).toHaveLength(5);
  });

  test('[STO-5] with any the first id decides: new, all is written; known, all must be', async () => {
    const [stream, other] = [newStream(), newStream()];
    const [a, b, c] = [event('a'), event('b'), event('c')];
    await store().append(stream, 'any', [a, b]);
    expect(await store().append(stream, 'any', [c, b])).toMatchObject({ revision: 3 });
    expect(await store().append(stream, 'any', [a, event()])).toEqual({
      kind: 'conflict',
      actual: 3,
    });
    expect(await store().append(other, 'any', [a])).toMatchObject({
      kind: 'appended',
      revision: 0,
    });
    expect(await idsOf(stream)).toEqual([a.id, b.id, c.id, b.id]);
  });

  test('[STO-6] who expects what is there may store the same id again', async () => {
    const stream = newStream();
    const once = event();
    await store().append(stream, 'no_stream', [once]);
    expect(await store().append(stream, 0, [once])).toMatchObject({ revision: 1 });
    expect(await idsOf(stream)).toEqual([once.id, once.id]);
  });

  const refused: readonly (readonly [string, string, readonly StoreEvent[]])[] = [
    ['too many events', 'AppendTooBig', events(APPEND_EVENTS_MAX + 1)],
    ['one event too big', 'AppendTooBig', [{ ...event(), data: new Uint8Array(EVENT_BYTES_MAX) }]],
    [
      'too many bytes',
      'AppendTooBig',
      Array.from({ length: 8 }, () => ({
        ...event(),
        data: new Uint8Array(APPEND_BYTES_MAX / 8 - 10),
      })),
    ],
    ['no event', 'InvalidAppend', []],
    ['an id that is none', 'InvalidAppend', [{ ...event(), id: `${newId()}0` as EventId }]],
    ['no type', 'InvalidAppend', [{ ...event(), type: '' }]],
  ];

  test.each(refused)('[STO-7] %s: a fault, and nothing is stored', async (_what, name, batch) => {
    const stream = newStream();
    await expect(store().append(stream, 'any', batch)).rejects.toMatchObject({ name });
    expect(await idsOf(stream)).toEqual([]);
  });

  test('[STO-7] an append as large as is allowed is stored', async () => {
    const stream = newStream();
    const room = APPEND_BYTES_MAX / APPEND_EVENTS_MAX - 40;
    const batch = events(APPEND_EVENTS_MAX).map((one) => ({ ...one, data: new Uint8Array(room) }));
    expect(await store().append(stream, 'no_stream', batch)).toMatchObject({
      revision: APPEND_EVENTS_MAX - 1,
    });
  });

  test.each(['', '$$'])('[STO-7] no stream is called "%s"', async (stream) => {
    await expect(store().append(stream, 'any', [event()])).rejects.toMatchObject({
      name: 'InvalidAppend',
    });
  });

  test('[STO-2] many appends at once to one stream take the numbers 0 to n-1', async () => {
    const stream = newStream();
    const results = await Promise.all(
      events(300).map((one) => store().append(stream, 'any', [one])),
    );
    const revisions = results.map((result) => appended(result).revision).sort((a, b) => a - b);
    expect(revisions).toEqual(revisions.map((_, index) => index));
    const read = await store().readStream(stream, whole);
    expect(read.map(({ revision }) => revision)).toEqual(revisions);
  });

  test('[STO-4] of many that expect the same revision one is stored', async () => {
    const stream = newStream();
    const results = await Promise.all(
      events(50).map((one) => store().append(stream, 'no_stream', [one])),
    );
    expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'conflict')).toHaveLength(49);
    expect(await idsOf(stream)).toHaveLength(1);
  });

  test('[STO-3] the same append made many times at once is one', async () => {
    const stream = newStream();
    const batch = events(3);
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store().append(stream, 'no_stream', batch)),
    );
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(await idsOf(stream)).toEqual(batch.map(({ id }) => id));
  });
};
