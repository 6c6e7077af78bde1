import {
  BACKWARDS,
  binaryEvent,
  END,
  FORWARDS,
  jsonEvent,
  START,
  StreamNotFoundError,
  type AllStreamResolvedEvent,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { collect, numbered, revisions, servedLog } from '../../../support/eventStore/server.ts';
import { newStream } from '../../../support/eventStore/events.ts';
import { untilTrue } from '../../../support/until.ts';

const served = servedLog();
const read = (...args: Parameters<ReturnType<typeof served.client>['readStream']>) =>
  collect(served.client().readStream(...args));
const append = (...args: Parameters<ReturnType<typeof served.client>['appendToStream']>) =>
  served.client().appendToStream(...args);

describe('[STO-32] a stream is read', () => {
  const stream = newStream('read');
  test('from either end, from a revision, and no more than asked for', async () => {
    await append(stream, numbered(200));
    const all = Array.from({ length: 200 }, (_, revision) => revision);
    expect(revisions(await read(stream))).toEqual(all);
    expect(revisions(await read(stream, { fromRevision: START, maxCount: 3 }))).toEqual([0, 1, 2]);
    expect(revisions(await read(stream, { fromRevision: 198n }))).toEqual([198, 199]);
    expect(revisions(await read(stream, { fromRevision: 200n }))).toEqual([]);
    const back = { direction: BACKWARDS } as const;
    expect(revisions(await read(stream, { ...back, fromRevision: END }))).toEqual(all.toReversed());
    expect(
      revisions(await read(stream, { ...back, fromRevision: 70n, maxCount: 69 })).at(-1),
    ).toEqual(2);
    expect(revisions(await read(stream, { ...back, fromRevision: 1n }))).toEqual([1, 0]);
    expect(revisions(await read(stream, { ...back, fromRevision: 999n, maxCount: 1 }))).toEqual([
      199,
    ]);
  });

  test('not at all if there is none, and the client needs no new connection', async () => {
    await expect(read(newStream('missing'))).rejects.toThrow(StreamNotFoundError);
    expect(await read(stream, { maxCount: 1 })).toHaveLength(1);
  });

  test('through links, to what they lead to', async () => {
    const links = newStream('links');
    await append(
      links,
      [`5@${stream}`, `7000@${stream}`, '1@nowhere', 'nonsense'].map((data) =>
        binaryEvent({ type: '$>', data: Buffer.from(data) }),
      ),
    );
    const resolved = await read(links, { resolveLinkTos: true });
    expect(resolved.map(({ event, link }) => [event?.revision, link?.revision])).toEqual([
      [5n, 0n],
      [undefined, 1n],
      [undefined, 2n],
      [undefined, 3n],
    ]);
    const bare = await read(links);
    expect(bare.map(({ event, link }) => [event?.type, link])).toEqual(
      Array.from({ length: 4 }, () => ['$>', undefined]),
    );
  });
});

const placeOf = ({ event }: AllStreamResolvedEvent) => `${event?.streamId} ${event?.revision}`;

test('[STO-32] $all is read from a position on, which is among it, and backwards before it', async () => {
  const client = served.client();
  const stream = newStream('all');
  const results = [];
  for (const event of numbered(3)) results.push(await append(stream, event));
  const fromPosition = results[1]?.position ?? START;
  const back = { direction: BACKWARDS } as const;
  const [first] = await collect(client.readAll({ fromPosition }));
  expect([placeOf(first!), first?.event?.position]).toEqual([`${stream} 1`, fromPosition]);
  const [before] = await collect(client.readAll({ ...back, fromPosition }));
  expect(placeOf(before!)).toBe(`${stream} 0`);
  const newest = await collect(client.readAll({ ...back, fromPosition: END, maxCount: 2 }));
  expect(newest.map(placeOf)).toEqual([`${stream} 2`, `${stream} 1`]);
  const whole = await collect(client.readAll());
  const reversed = await collect(client.readAll({ ...back, fromPosition: END }));
  expect(whole.map(placeOf)).toEqual(reversed.map(placeOf).toReversed());
  const beyond = await collect(client.readAll({ direction: FORWARDS, fromPosition: END }));
  expect(beyond).toEqual([]);
});

test('[STO-33] for a slow caller no more is read than it takes, and nobody waits for it', async () => {
  const stream = newStream('big');
  const event = () => binaryEvent({ type: 'big', data: Buffer.alloc(100_000) });
  for (let round = 0; round < 100; round++) await append(stream, [event(), event(), event()]);
  const reads: unknown[] = [];
  const store = served.store();
  const readStream = store.readStream.bind(store);
  store.readStream = (...args) => {
    if (args[0] === stream && args[1].max > 1) reads.push(args);
    return readStream(...args);
  };
  const reading = served.client().readStream(stream)[Symbol.asyncIterator]();
  await reading.next();
  await append(newStream('other'), numbered(1));
  await untilTrue('pages have been read', () => reads.length > 0);
  // Of five pages of 64 the caller has taken one event.
  expect(reads.length).toBeLessThan(5);
  let count = 1;
  while ((await reading.next()).done !== true) count++;
  expect(count).toBe(300);
  store.readStream = readStream;
});

test('[STO-32] a stream with metadata shows what that leaves to be seen', async () => {
  const client = served.client();
  const newest = newStream('newest');
  await append(newest, numbered(20));
  await client.setStreamMetadata(newest, { maxCount: 2 });
  expect(revisions(await read(newest))).toEqual([18, 19]);
  expect(revisions(await read(newest, { direction: BACKWARDS, fromRevision: END }))).toEqual([
    19, 18,
  ]);
  await append(newest, numbered(1));
  expect(revisions(await read(newest, { fromRevision: 3n }))).toEqual([19, 20]);

  const cut = newStream('cut');
  await append(cut, numbered(5));
  await client.setStreamMetadata(cut, { truncateBefore: 3, maxCount: 100 });
  expect(revisions(await read(cut))).toEqual([3, 4]);
  expect(revisions(await read(cut, { direction: BACKWARDS, fromRevision: END }))).toEqual([4, 3]);

  const aged = newStream('aged');
  await append(aged, numbered(2));
  await client.setStreamMetadata(aged, { maxAge: 1 });
  await untilTrue('they are too old', async () => (await read(aged)).length === 0);
  await append(aged, jsonEvent({ type: 'young', data: {} }));
  expect(revisions(await read(aged))).toEqual([2]);
});

test('nothing of it was a fault of the server', () => {
  expect(served.faults).toEqual([]);
});
