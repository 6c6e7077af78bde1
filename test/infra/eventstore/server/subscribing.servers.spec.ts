import {
  binaryEvent,
  END,
  eventTypeFilter,
  excludeSystemEvents,
  START,
  StreamDeletedError,
  streamNameFilter,
  type AllStreamResolvedEvent,
  type Filter,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { clientOf, collect, numbered, servedLog } from '../../../support/eventStore/server.ts';
import { newStream } from '../../../support/eventStore/events.ts';
import { untilTrue } from '../../../support/until.ts';

const served = servedLog();
const append = (...args: Parameters<ReturnType<typeof served.client>['appendToStream']>) =>
  served.client().appendToStream(...args);

type Subscription = ReturnType<
  | ReturnType<typeof served.client>['subscribeToStream']
  | ReturnType<typeof served.client>['subscribeToAll']
>;

/** All that a subscription says, in order: events by stream and revision, and what else happens. */
const follow = (subscription: Subscription) => {
  const said: string[] = [];
  const errors: Error[] = [];
  subscription
    .on('data', ({ event, link }: ResolvedEvent | AllStreamResolvedEvent) => {
      const original = link ?? event;
      said.push(`${original?.streamId} ${original?.revision}`);
    })
    .on('confirmation', () => said.push('confirmed'))
    .on('caughtUp', () => said.push('caught up'))
    .on('error', (error: Error) => errors.push(error));
  return {
    said,
    errors,
    count: (what: string) => said.filter((one) => one.startsWith(what)).length,
    until: (what: string, count = 1) =>
      untilTrue(
        `${count} × ${what}`,
        () => said.filter((one) => one.startsWith(what)).length >= count,
        { seen: () => said.slice(-20) },
      ),
    end: () => subscription.unsubscribe(),
  };
};

const named = (stream: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${stream} ${first + index}`);

describe('[STO-36] a subscription to a stream', () => {
  test('begins at the start, at the end or after a revision, and says when it has caught up', async () => {
    const stream = newStream('followed');
    await append(stream, numbered(4));
    const client = served.client();
    const whole = follow(client.subscribeToStream(stream, { fromRevision: START }));
    const part = follow(client.subscribeToStream(stream, { fromRevision: 2n }));
    const tail = follow(client.subscribeToStream(stream, { fromRevision: END }));
    const ahead = follow(client.subscribeToStream(stream, { fromRevision: 4n }));
    await Promise.all([whole, part, tail, ahead].map((one) => one.until('caught up')));
    await append(stream, numbered(300));
    await append(stream, numbered(1));
    for (const one of [whole, part, tail, ahead]) await one.until(`${stream} 304`);
    expect(whole.said).toEqual([
      'confirmed',
      ...named(stream, 0, 3),
      'caught up',
      ...named(stream, 4, 304),
    ]);
    expect(part.said).toEqual(['confirmed', `${stream} 3`, 'caught up', ...named(stream, 4, 304)]);
    expect(tail.said).toEqual(['confirmed', 'caught up', ...named(stream, 4, 304)]);
    expect(ahead.said).toEqual(['confirmed', 'caught up', ...named(stream, 5, 304)]);
    await Promise.all([whole, part, tail, ahead].map((one) => one.end()));
  });

  test('waits for a stream that is still to come', async () => {
    const stream = newStream('later');
    const waiting = follow(served.client().subscribeToStream(stream));
    await waiting.until('caught up');
    await append(stream, numbered(1));
    await waiting.until(`${stream} 0`);
    await waiting.end();
  });

  test('is told every event while it is there, whatever metadata hides later', async () => {
    const stream = newStream('short');
    await append(stream, numbered(5));
    await served.client().setStreamMetadata(stream, { maxCount: 2 });
    const followed = follow(served.client().subscribeToStream(stream));
    await followed.until('caught up');
    await append(stream, numbered(10));
    await followed.until(`${stream} 14`);
    expect(followed.said.slice(1)).toEqual([
      ...named(stream, 3, 4),
      'caught up',
      ...named(stream, 5, 14),
    ]);
    await followed.end();
  });

  test('goes on after a soft delete, and ends with a tombstone', async () => {
    const stream = newStream('deleted');
    await append(stream, numbered(2));
    const followed = follow(served.client().subscribeToStream(stream));
    await followed.until('caught up');
    await served.client().deleteStream(stream);
    await append(stream, numbered(1));
    await followed.until(`${stream} 2`);
    await served.client().tombstoneStream(stream);
    await untilTrue('it ends', () => followed.errors.length > 0);
    expect(followed.errors[0]).toBeInstanceOf(StreamDeletedError);
    expect(followed.said.at(-1)).toBe(`${stream} ${2n ** 63n - 1n}`);
    const late = follow(served.client().subscribeToStream(stream));
    await untilTrue('it does not begin', () => late.errors.length > 0);
    expect(late.errors[0]).toBeInstanceOf(StreamDeletedError);
  });

  test('can be taken as a sequence, and through links', async () => {
    const stream = newStream('target');
    const links = newStream('links');
    await append(stream, numbered(3));
    await append(
      links,
      [2, 0, 1].map((n) => binaryEvent({ type: '$>', data: Buffer.from(`${n}@${stream}`) })),
    );
    const subscription = served.client().subscribeToStream(links, { resolveLinkTos: true });
    const seen: bigint[] = [];
    for await (const { event } of subscription) {
      if (event !== undefined) seen.push(event.revision);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([2n, 0n, 1n]);
    await subscription.unsubscribe();
  });
});

describe('[STO-36] a subscription to $all', () => {
  test('begins at the start, at the end or after a position, each event once and in order', async () => {
    const client = served.client();
    const stream = newStream('all');
    const { position } = await append(stream, numbered(2));
    await append(stream, numbered(2));
    const whole = follow(client.subscribeToAll({ fromPosition: START }));
    const part = follow(client.subscribeToAll({ fromPosition: position ?? START }));
    const tail = follow(client.subscribeToAll({ fromPosition: END }));
    await Promise.all([whole, part, tail].map((one) => one.until('caught up')));
    await Promise.all(numbered(200).map((event) => append(stream, event)));
    for (const one of [whole, part, tail]) await one.until(`${stream} 203`);
    const events = await collect(client.readAll());
    const all = events.map(({ event }) => `${event?.streamId} ${event?.revision}`);
    const only = (said: string[]) => said.filter((one) => / \d/.test(one));
    expect(only(whole.said)).toEqual(all);
    expect(only(part.said)).toEqual(all.slice(all.indexOf(`${stream} 2`)));
    expect(tail.said).toEqual(['confirmed', 'caught up', ...all.slice(all.indexOf(`${stream} 4`))]);
    for (const one of [whole, part, tail]) expect(one.count('caught up')).toBe(1);
    await Promise.all([whole, part, tail].map((one) => one.end()));
  });

  const filters: [string, (word: string) => Filter][] = [
    ['beginnings of streams', (word) => streamNameFilter({ prefixes: [`${word}a`, `${word}b`] })],
    ['a regular expression for streams', (word) => streamNameFilter({ regex: `^${word}[ab]` })],
    ['beginnings of types', (word) => eventTypeFilter({ prefixes: [`${word}a`, `${word}b`] })],
    ['a regular expression for types', (word) => eventTypeFilter({ regex: `${word}(a|b)` })],
  ];
  test.each(filters)('[STO-37] is filtered by %s', async (_name, filterOf) => {
    const word = newStream('f').replace('-', '');
    const filtered = follow(served.client().subscribeToAll({ filter: filterOf(word) }));
    await filtered.until('caught up');
    for (const kind of ['a', 'c', 'b', 'c', 'a'])
      await append(`${word}${kind}-1`, numbered(1, `${word}${kind}`));
    await filtered.until(`${word}a-1 1`);
    expect(filtered.said.filter((one) => one.startsWith(word))).toEqual([
      `${word}a-1 0`,
      `${word}b-1 0`,
      `${word}a-1 1`,
    ]);
    await filtered.end();
  });

  test('[STO-37] a filtered one says how far it is, never ahead of its events, and waits', async () => {
    const stream = newStream('checked');
    const from = (await append(stream, numbered(8))).position;
    const checkpoints: Position[] = [];
    const order: bigint[] = [];
    let inHand = 0;
    const filter = excludeSystemEvents({
      maxSearchWindow: 32,
      checkpointInterval: 2,
      checkpointReached: async (_subscription, position) => {
        expect(++inHand).toBe(1);
        checkpoints.push(position);
        order.push(position.commit);
        await new Promise((resolve) => setImmediate(resolve));
        inHand--;
      },
    });
    const subscription = served.client().subscribeToAll({
      filter,
      fromPosition: { commit: from!.commit - 8n, prepare: from!.commit - 8n },
    });
    let seen = 0;
    subscription.on('data', ({ event }) => {
      seen++;
      order.push(event?.position.commit ?? 0n);
    });
    for (let batch = 0; batch < 19; batch++) await append(stream, numbered(batch === 18 ? 16 : 20));
    await untilTrue('all have come', () => seen >= 384, { seen: () => seen });
    await untilTrue('checkpoints have come', () => checkpoints.length >= 6);
    expect(seen).toBe(384);
    expect([6, 7]).toContain(checkpoints.length);
    expect(order).toEqual(order.toSorted((one, other) => Number(one - other)));
    // From a checkpoint on there is nothing again of what came before it.
    const middle = checkpoints[2]!;
    const again = follow(served.client().subscribeToAll({ fromPosition: middle }));
    await again.until(`${stream} 383`);
    expect(again.count(stream)).toBe(
      order.filter((one) => one > middle.commit).length -
        checkpoints.filter(({ commit }) => commit > middle.commit).length,
    );
    await subscription.unsubscribe();
    await again.end();
  });

  test('[STO-37] what is no regular expression here is refused', async () => {
    const filter = streamNameFilter({ regex: '(' });
    const refused = follow(served.client().subscribeToAll({ filter }));
    await untilTrue('it ends', () => refused.errors.length > 0);
    expect(refused.errors[0]?.message).toContain('regular expression');
  });
});

test('[STO-36] a slow consumer gets everything, once and in order', async () => {
  const stream = newStream('slow');
  const subscription = served.client().subscribeToStream(stream);
  const reading = (async () => {
    const seen: bigint[] = [];
    for await (const { event } of subscription) {
      seen.push(event?.revision ?? -1n);
      await new Promise((resolve) => setImmediate(resolve));
      if (seen.length === 2_000) return seen;
    }
    return seen;
  })();
  for (let batch = 0; batch < 20; batch++) await append(stream, numbered(100));
  expect(await reading).toEqual(Array.from({ length: 2_000 }, (_, revision) => BigInt(revision)));
  await subscription.unsubscribe();
});

test('[STO-36] sixty-four subscriptions at once on one connection each get everything', async () => {
  const client = clientOf(served.port());
  const stream = newStream('many');
  const half = Array.from({ length: 32 }, () => follow(client.subscribeToStream(stream)));
  const all = Array.from({ length: 32 }, () =>
    follow(client.subscribeToAll({ fromPosition: END })),
  );
  for (const one of [...half, ...all]) await one.until('caught up');
  for (let batch = 0; batch < 5; batch++) await append(stream, numbered(100));
  for (const one of [...half, ...all]) await one.until(`${stream} 499`);
  for (const one of [...half, ...all]) expect(one.count(stream)).toBe(500);
  await Promise.all([...half, ...all].map((one) => one.end()));
  await client.dispose();
});

test('nothing of it was a fault of the server', () => {
  expect(served.faults).toEqual([]);
});
