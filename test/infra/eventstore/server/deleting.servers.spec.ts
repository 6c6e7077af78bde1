import {
  ANY,
  END,
  BACKWARDS,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
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
const credentials = { username: 'ann', password: 'secret' };
const read = (stream: string) => collect(served.client().readStream(stream));
const append = (...args: Parameters<ReturnType<typeof served.client>['appendToStream']>) =>
  served.client().appendToStream(...args);

describe('[STO-34] metadata', () => {
  test('is kept as given, custom keys too, and each set replaces it', async () => {
    const client = served.client();
    const stream = newStream('described');
    expect(await client.getStreamMetadata(stream)).toMatchObject({ streamName: stream });
    await client.setStreamMetadata(stream, {
      maxAge: 3600,
      acl: { readRoles: ['$all'] },
      custom: [1],
    });
    const first = await client.getStreamMetadata(stream);
    expect(first.metadata).toMatchObject({
      maxAge: 3600,
      acl: { readRoles: ['$all'] },
      custom: [1],
    });
    await client.setStreamMetadata(stream, { other: 'x' });
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ other: 'x' });
    expect(revisions(await read(`$$${stream}`))).toEqual([1]);
  });

  test('makes a stream exist, though it has no events', async () => {
    const stream = newStream('described');
    await served.client().setStreamMetadata(stream, { note: 'x' });
    await expect(read(stream)).rejects.toThrow(StreamNotFoundError);
    await append(stream, numbered(1), { expectedRevision: STREAM_EXISTS });
    await expect(append(`$$$$${stream}`, numbered(1))).rejects.toThrow();
  });
});

describe('[STO-35] a soft delete', () => {
  test('hides a stream until something is appended, and its revisions go on', async () => {
    const client = served.client();
    const stream = newStream('deleted');
    await append(stream, numbered(3));
    const { position } = await client.deleteStream(stream);
    expect(position).toBeDefined();
    await expect(read(stream)).rejects.toThrow(StreamNotFoundError);
    await client.deleteStream(stream);
    await expect(append(stream, numbered(1), { expectedRevision: STREAM_EXISTS })).rejects.toThrow(
      StreamDeletedError,
    );
    const events = numbered(2);
    const again = await append(stream, events, { expectedRevision: NO_STREAM });
    expect(again.nextExpectedRevision).toBe(4n);
    expect(revisions(await read(stream))).toEqual([3, 4]);
    expect((await client.getStreamMetadata(stream)).metadata?.truncateBefore).toBe(3);
  });

  test('is undone by appends of every expectation, at once in any number', async () => {
    for (const expectedRevision of [ANY, 1n] as const) {
      const stream = newStream('deleted');
      await append(stream, numbered(2));
      await served.client().deleteStream(stream);
      await append(stream, numbered(1), { expectedRevision });
      expect(revisions(await read(stream))).toEqual([2]);
    }
    const stream = newStream('deleted');
    await append(stream, numbered(2));
    await served.client().deleteStream(stream);
    await Promise.all(Array.from({ length: 20 }, () => append(stream, numbered(1))));
    expect(revisions(await read(stream))).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
  });

  test('is not undone by a repetition of what was appended before it', async () => {
    const stream = newStream('deleted');
    const events = numbered(2);
    const first = await append(stream, events, { expectedRevision: ANY });
    await served.client().deleteStream(stream);
    expect(await append(stream, events, { expectedRevision: ANY })).toEqual(first);
    await expect(read(stream)).rejects.toThrow(StreamNotFoundError);
  });

  test('is undone by new metadata, without the events', async () => {
    const stream = newStream('deleted');
    await append(stream, numbered(2));
    await served.client().deleteStream(stream);
    await served.client().setStreamMetadata(stream, { note: 'back' });
    expect(await read(stream)).toEqual([]);
    await append(stream, numbered(1));
    expect(revisions(await read(stream))).toEqual([2]);
  });
});

describe('[STO-35] a tombstone', () => {
  test('ends a stream for ever, and its metadata with it', async () => {
    const client = served.client();
    const stream = newStream('buried');
    await append(stream, numbered(2));
    await client.tombstoneStream(stream);
    await expect(read(stream)).rejects.toThrow(StreamDeletedError);
    await expect(read(`$$${stream}`)).rejects.toThrow(StreamDeletedError);
    await expect(append(stream, numbered(1))).rejects.toThrow(StreamDeletedError);
    await expect(append(stream, numbered(1), { credentials })).rejects.toThrow(StreamDeletedError);
    await expect(client.setStreamMetadata(stream, {})).rejects.toThrow(StreamDeletedError);
    await expect(client.deleteStream(stream)).rejects.toThrow(StreamDeletedError);
    await expect(client.tombstoneStream(stream)).rejects.toThrow(StreamDeletedError);
    const [newest] = await collect(
      client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }),
    );
    expect([newest?.event?.type, newest?.event?.revision]).toEqual([
      '$streamDeleted',
      2n ** 63n - 1n,
    ]);
  });

  test('needs no stream', async () => {
    for (const expectedRevision of [ANY, NO_STREAM] as const) {
      const stream = newStream('buried');
      await served.client().tombstoneStream(stream, { expectedRevision });
      await expect(append(stream, numbered(1))).rejects.toThrow(StreamDeletedError);
    }
  });
});

describe.each(['deleteStream', 'tombstoneStream'] as const)('[STO-35] %s', (call) => {
  test('looks at the expected revision', async () => {
    const client = served.client();
    const stream = newStream('expected');
    await append(stream, numbered(3));
    for (const expectedRevision of [NO_STREAM, 1n, 5n] as const) {
      const failure: unknown = await client[call](stream, { expectedRevision }).catch(
        (e: unknown) => e,
      );
      expect(failure).toBeInstanceOf(WrongExpectedVersionError);
      expect(failure).toMatchObject({ streamName: stream, actualVersion: 2n });
    }
    expect(revisions(await read(stream))).toEqual([0, 1, 2]);
    await client[call](stream, { expectedRevision: 2n });
  });
});

test('[STO-35] where there is nothing, nothing is deleted; metadata alone is enough', async () => {
  const client = served.client();
  const stream = newStream('nothing');
  for (const expectedRevision of [ANY, NO_STREAM] as const)
    await expect(client.deleteStream(stream, { expectedRevision })).rejects.toThrow(
      WrongExpectedVersionError,
    );
  await client.setStreamMetadata(stream, { note: 'x' });
  await client.deleteStream(stream, { expectedRevision: NO_STREAM });
});

test('[STO-35] what has been deleted is so for another server of the same log', async () => {
  const [soft, hard] = [newStream('soft'), newStream('hard')];
  for (const stream of [soft, hard]) await append(stream, numbered(1));
  await served.client().deleteStream(soft);
  await served.client().tombstoneStream(hard);
  const { serveEventStore } = await import('../../../../infra/eventstore/server/serve.ts');
  const log = { error: () => undefined };
  const other = await serveEventStore({ store: served.store(), port: 0, log });
  const client = clientOf(other.port);
  const readThere = (stream: string) => collect(client.readStream(stream, { fromRevision: START }));
  await expect(readThere(soft)).rejects.toThrow(StreamNotFoundError);
  await expect(readThere(hard)).rejects.toThrow(StreamDeletedError);
  await client.dispose();
  await other.close();
});

test('[STO-35] a name that is not ASCII is told as far as it can be', async () => {
  const stream = newStream('gelöscht');
  await served.client().tombstoneStream(stream);
  await expect(read(stream)).rejects.toMatchObject({ streamName: encodeURI(stream) });
});

test('nothing of it was a fault of the server', () => {
  expect(served.faults).toEqual([]);
});
