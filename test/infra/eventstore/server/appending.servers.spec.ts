import { randomUUID } from 'node:crypto';
import {
  ANY,
  binaryEvent,
  DeadlineExceededError,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type EventData,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import {
  clientOf,
  collect,
  numbered,
  revisions,
  servedLog,
} from '../../../support/eventStore/server.ts';
import { newStream } from '../../../support/eventStore/events.ts';

const served = servedLog();
/** With credentials of its own a call goes by Append, without by BatchAppend. */
const CALLS = [
  ['BatchAppend', {}],
  ['Append', { credentials: { username: 'ann', password: 'secret' } }],
] as const;

describe.each(CALLS)('by %s', (_name, call) => {
  const append = (
    stream: string,
    events: EventData | EventData[],
    expectedRevision: AppendExpectedRevision = ANY,
  ) => served.client().appendToStream(stream, events, { ...call, expectedRevision });

  test('[STO-30] JSON, bytes, metadata and any text come back as they were given', async () => {
    const stream = newStream('given');
    const text = 'a\u2010b\u0001\n"\\ \u{1F600} \u00e9';
    const bytes = new Uint8Array([0, 1, 2, 255, 0]);
    await append(stream, [
      jsonEvent({ type: 'json', data: { text }, metadata: { $correlationId: 'x', text } }),
      binaryEvent({ type: 'binary', data: bytes, metadata: bytes }),
      binaryEvent({ type: 'looks-like-json', data: new TextEncoder().encode('{"a":1}') }),
      jsonEvent({ type: 'bare', data: {} }),
      jsonEvent({ type: 'marked', data: { a: 1 }, metadata: new Uint8Array([1, 0, 2]) }),
    ]);
    const events = await collect(served.client().readStream(stream));
    const read = events.map(({ event }) => [
      event?.type,
      event?.isJson,
      event?.data,
      event?.metadata,
    ]);
    expect(read).toEqual([
      ['json', true, { text }, { $correlationId: 'x', text }],
      ['binary', false, bytes, bytes],
      ['looks-like-json', false, new Uint8Array(Buffer.from('{"a":1}')), undefined],
      ['bare', true, {}, undefined],
      ['marked', true, { a: 1 }, new Uint8Array([1, 0, 2])],
    ]);
  });

  test('[STO-31] each expectation is met, or answered with what is the case', async () => {
    const stream = newStream('expected');
    await expect(append(stream, numbered(1), STREAM_EXISTS)).rejects.toThrow(
      WrongExpectedVersionError,
    );
    const first = await append(stream, numbered(2), NO_STREAM);
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await append(stream, numbered(1), STREAM_EXISTS)).toMatchObject({
      nextExpectedRevision: 2n,
    });
    expect(await append(stream, numbered(1), 2n)).toMatchObject({ nextExpectedRevision: 3n });
    const wrong = [NO_STREAM, 1n, 7n] as const;
    for (const expected of wrong) {
      const failure: unknown = await append(stream, numbered(1), expected).catch((e: unknown) => e);
      expect(failure).toBeInstanceOf(WrongExpectedVersionError);
      expect(failure).toMatchObject({
        streamName: stream,
        expectedVersion: expected,
        actualVersion: 3n,
      });
    }
    const missing: unknown = await append(newStream('missing'), numbered(1), 4n).catch(
      (e: unknown) => e,
    );
    expect(missing).toMatchObject({ expectedVersion: 4n, actualVersion: NO_STREAM });
  });

  test('[STO-31] a repetition is answered as the first time', async () => {
    const stream = newStream('repeated');
    const events = numbered(3);
    const first = await append(stream, events, NO_STREAM);
    await append(stream, numbered(1), 2n);
    expect(await append(stream, events, NO_STREAM)).toEqual(first);
    expect(revisions(await collect(served.client().readStream(stream)))).toEqual([0, 1, 2, 3]);
  });

  test('[STO-31] an append of nothing looks at the stream, and leaves it as it is', async () => {
    const stream = newStream('nothing');
    await append(stream, [], NO_STREAM);
    await expect(collect(served.client().readStream(stream))).rejects.toThrow(StreamNotFoundError);
    await append(stream, numbered(2));
    expect(await append(stream, [], 1n)).toMatchObject({ nextExpectedRevision: 1n });
    await expect(append(stream, [], NO_STREAM)).rejects.toThrow(WrongExpectedVersionError);
  });

  test('[STO-31] too many bytes or events are refused, and nothing of them is stored', async () => {
    const stream = newStream('large');
    const event = () => binaryEvent({ type: 'large', data: Buffer.alloc(200_000) });
    for (const events of [[event(), event(), event()], numbered(40_000)]) {
      const failure: unknown = await append(stream, events).catch((e: unknown) => e);
      expect(failure).toBeInstanceOf(MaxAppendSizeExceededError);
      expect(failure).toMatchObject({ maxAppendSize: 512 * 1024 });
    }
    const one = binaryEvent({ type: 'large', data: Buffer.alloc(300_000) });
    await expect(append(stream, one)).rejects.toThrow();
    await expect(append(stream, jsonEvent({ type: '$streamDeleted', data: {} }))).rejects.toThrow();
    await expect(collect(served.client().readStream(stream))).rejects.toThrow(StreamNotFoundError);
  });

  test('[STO-31] a deadline that has passed is an error, and the client goes on', async () => {
    const options = { ...call, deadline: 1 };
    const stream = newStream('late');
    const late = served.client().appendToStream(stream, numbered(30_000), options);
    await expect(late).rejects.toThrow(DeadlineExceededError);
    expect(await append(stream, numbered(1))).toMatchObject({ success: true });
  });
});

test('[STO-31] one append may come in many messages', async () => {
  const stream = newStream('chunks');
  const events = Array.from({ length: 500 }, () =>
    binaryEvent({ type: 'chunk', data: Buffer.alloc(128) }),
  );
  const result = await served.client().appendToStream(stream, events, { batchAppendSize: 1024 });
  expect(result.nextExpectedRevision).toBe(499n);
  const read = await collect(served.client().readStream(stream));
  expect(read.map(({ event }) => event?.id)).toEqual(events.map(({ id }) => id));
});

test('[STO-31] ten thousand appends at once from a client that has just come all succeed', async () => {
  const cold = clientOf(served.port());
  const stream = newStream('burst');
  const event = () => binaryEvent({ type: 'burst', data: Buffer.alloc(1024) });
  await Promise.all(Array.from({ length: 10_000 }, () => cold.appendToStream(stream, event())));
  const last = await collect(
    cold.readStream(stream, { fromRevision: 'end', direction: 'backwards', maxCount: 1 }),
  );
  expect(revisions(last)).toEqual([9_999]);
  await cold.dispose();
});

test('[STO-31] on a warm connection appends are done in the order of their calls', async () => {
  const stream = newStream('order');
  const events = numbered(1_000);
  await served.client().appendToStream(newStream('warm'), numbered(1));
  await Promise.all(events.map((event) => served.client().appendToStream(stream, event)));
  const read = await collect(served.client().readStream(stream, { fromRevision: START }));
  expect(read.map(({ event }) => event?.id)).toEqual(events.map(({ id }) => id));
});

test('[STO-30] an id may be written in capitals, and the time of commit is the clock’s', async () => {
  const stream = newStream('id');
  const id = randomUUID();
  const before = Date.now();
  const { position } = await served
    .client()
    .appendToStream(stream, jsonEvent({ id: id.toUpperCase(), type: 'x', data: {} }));
  const [found] = await collect(served.client().readStream(stream));
  expect(found?.event?.id).toBe(id);
  expect(found?.event?.position).toEqual(position);
  const created = found?.event?.created;
  expect(Number(created)).toBeGreaterThanOrEqual(before);
  expect(Number(created)).toBeLessThanOrEqual(Date.now());
});

test('nothing of it was a fault of the server', () => {
  expect(served.faults).toEqual([]);
});
