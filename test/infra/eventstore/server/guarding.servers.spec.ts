import { connect } from 'node:http2';
import {
  AccessDeniedError,
  END,
  ErrorType,
  EventStoreDBClient,
  jsonEvent,
  UnavailableError,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { OutcomeUnknown, StoreUnavailable } from '../../../../core/kernel/eventStore.ts';
import { STREAM_PREFIXES } from '../../../../core/kernel/catalogue.ts';
import { memoryEventStore } from '../../../../infra/eventstore/memory.ts';
import { MessageWriter } from '../../../../infra/eventstore/protocol/protobufWriter.ts';
import { writeStream } from '../../../../infra/eventstore/server/responses.ts';
import { NotLoopback, serveEventStore } from '../../../../infra/eventstore/server/serve.ts';
import { clientOf, collect, numbered, servedLog } from '../../../support/eventStore/server.ts';
import { event, newId, newStream } from '../../../support/eventStore/events.ts';
import { untilTrue } from '../../../support/until.ts';

const log = { error: () => undefined };
const credentials = { username: 'ann', password: 'secret' };
const OURS = [...new Set([...STREAM_PREFIXES, 'checkpoint-', 'webhook-', 'snapshot_'])].map(
  (prefix) => `${prefix}a`,
);

/** `ReadReq` from the start, of a stream or of $all; without a count a subscription. */
const readRequest = (stream?: string, count?: number): Buffer => {
  const writer = new MessageWriter();
  writer.message(1, () => {
    writer.message(9, () => writer.empty(2));
    if (count === undefined) writer.empty(6);
    else writer.uint(5, count);
    if (stream === undefined) writer.message(2, () => writer.empty(2));
    else {
      writer.message(1, () => {
        writer.empty(3);
        writeStream(writer, 1, stream);
      });
    }
  });
  return writer.finish();
};

/** As a message of gRPC: not compressed, and its length. */
const framed = (body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
};

describe('unless that is allowed', () => {
  const served = servedLog();

  test.each(OURS)('[STO-38] nothing is written to %s', async (stream) => {
    const client = served.client();
    await served.store().append(stream, 'any', [event()]);
    const denied = [
      () => client.appendToStream(stream, numbered(1)),
      () => client.appendToStream(stream, numbered(1), { credentials }),
      () => client.appendToStream(stream, []),
      () => client.setStreamMetadata(stream, { note: 'x' }),
      () => client.deleteStream(stream),
      () => client.tombstoneStream(stream),
    ];
    for (const write of denied) await expect(write()).rejects.toThrow(AccessDeniedError);
    expect(await collect(client.readStream(stream))).toHaveLength(1);
    // And the same client is as good as before.
    await client.appendToStream(newStream('foreign'), numbered(1));
  });
});

describe('where that is allowed', () => {
  const served = servedLog({ allowWrites: true });

  test.each(OURS)('[STO-38] events are appended to %s', async (stream) => {
    await served.client().appendToStream(stream, numbered(1));
    await served.client().setStreamMetadata(stream, { note: 'x' });
  });

  test('[STO-38] a conversation is still never cut short', async () => {
    const client = served.client();
    const stream = 'conversation-si_a_b';
    const denied = [
      () => client.deleteStream(stream),
      () => client.tombstoneStream(stream),
      () => client.setStreamMetadata(stream, { maxCount: 1 }),
      () => client.setStreamMetadata(stream, { maxAge: 1 }),
      () => client.setStreamMetadata(stream, { truncateBefore: 1 }),
      () => client.appendToStream(`$$${stream}`, jsonEvent({ type: 'x', data: { $tb: 5 } })),
    ];
    await client.appendToStream(stream, numbered(3));
    for (const write of denied) await expect(write()).rejects.toThrow(AccessDeniedError);
    expect(await collect(client.readStream(stream))).toHaveLength(3);
    await client.setStreamMetadata('snapshot_group-a', { maxCount: 1 });
    await client.deleteStream('inbox-a');
  });
});

describe('the server', () => {
  test('[STO-39] listens only to its own machine, unless more is asked for', async () => {
    const store = memoryEventStore();
    for (const host of ['0.0.0.0', '::', '192.0.2.1'])
      await expect(serveEventStore({ store, host, port: 0, log })).rejects.toThrow(NotLoopback);
    for (const host of ['127.0.0.1', '::1', 'localhost'])
      await (await serveEventStore({ store, host, port: 0, log })).close();
    await (await serveEventStore({ store, host: '0.0.0.0', exposed: true, port: 0, log })).close();
    await store.close();
  });

  test('[STO-39] says that a port is taken', async () => {
    const store = memoryEventStore();
    const first = await serveEventStore({ store, port: 0, log });
    await expect(serveEventStore({ store, port: first.port, log })).rejects.toThrow(
      /EADDRINUSE|bind/,
    );
    await first.close();
    await store.close();
  });

  test('[STO-39] is found as the leader of a cluster of one', async () => {
    const store = memoryEventStore();
    const server = await serveEventStore({ store, port: 0, log });
    const client = EventStoreDBClient.connectionString(
      `esdb+discover://127.0.0.1:${server.port}?tls=false`,
    );
    await client.appendToStream('found', numbered(1), { requiresLeader: true });
    await client.dispose();
    await server.close();
    await store.close();
  });

  test('[STO-39] told to stop, answers what it has taken on and ends the rest', async () => {
    const store = memoryEventStore();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const append = store.append.bind(store);
    let appending = 0;
    store.append = async (...args) => {
      appending++;
      await held;
      return append(...args);
    };
    const server = await serveEventStore({ store, port: 0, log });
    const client = clientOf(server.port);
    const errors: Error[] = [];
    client.subscribeToAll({ fromPosition: END }).on('error', (error) => errors.push(error));
    const writing = Promise.all([
      client.appendToStream('a', numbered(1)),
      client.appendToStream('b', numbered(1)),
      client.appendToStream('c', numbered(1), { credentials }),
    ]);
    await untilTrue('they are under way', () => appending === 3);
    const closing = server.close();
    await untilTrue('the subscription has ended', () => errors.length === 1);
    expect(errors[0]).toBeInstanceOf(UnavailableError);
    release();
    expect((await writing).map(({ success }) => success)).toEqual([true, true, true]);
    await closing;
    expect(await store.head()).toBe(3);
    // The same client finds the server that comes after it at the same place.
    const next = await serveEventStore({ store, port: server.port, log });
    await untilTrue('it is served again', async () =>
      client.appendToStream('d', numbered(1)).then(
        () => true,
        () => false,
      ),
    );
    await client.dispose();
    await next.close();
    await store.close();
  });

  test('[STO-33] forgets a client that has gone, in the middle of whatever it did', async () => {
    const store = memoryEventStore();
    let subscriptions = 0;
    const subscribeAll = store.subscribeAll.bind(store);
    store.subscribeAll = (options) => {
      subscriptions++;
      const subscription = subscribeAll(options);
      return { close: () => subscription.close().finally(() => subscriptions--) };
    };
    const large = { ...event(), data: Buffer.alloc(200_000) };
    for (let n = 0; n < 200; n++) await store.append('large', 'any', [{ ...large, id: newId() }]);
    const server = await serveEventStore({ store, port: 0, log });
    const session = connect(`http://127.0.0.1:${server.port}`);
    session.on('error', () => undefined);
    // Two subscriptions and a long read, of which nobody takes anything.
    for (const body of [readRequest(), readRequest('large'), readRequest('large', 200)]) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/event_store.client.streams.Streams/Read',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      stream.end(framed(body));
    }
    await untilTrue('it is subscribed', () => subscriptions === 2, { seen: () => subscriptions });
    session.destroy();
    await untilTrue('nothing is left', () => subscriptions === 0, { seen: () => subscriptions });
    const client = clientOf(server.port);
    await client.appendToStream('after', numbered(1));
    await client.dispose();
    await server.close();
    await store.close();
  });

  test('[STO-31] a fault of the log is told to the one it meets, by every call', async () => {
    const store = memoryEventStore();
    const faults: object[] = [];
    const counting = { error: (fields: object) => faults.push(fields) };
    const server = await serveEventStore({ store, port: 0, log: counting });
    const client = clientOf(server.port);
    await client.appendToStream('a', numbered(1));
    const append = store.append.bind(store);
    const failing = async (fault: Error, batch: unknown, single: unknown): Promise<void> => {
      store.append = async () => Promise.reject(fault);
      const failures = [{}, { credentials }].map((call) =>
        client.appendToStream('a', numbered(1), call).catch((error: unknown) => error),
      );
      expect(await Promise.all(failures)).toEqual([
        expect.objectContaining({ type: batch }),
        expect.objectContaining({ type: single }),
      ]);
      store.append = append;
    };
    const { TIMEOUT, DEADLINE_EXCEEDED, UNAVAILABLE, UNKNOWN } = ErrorType;
    await failing(new OutcomeUnknown('lost'), DEADLINE_EXCEEDED, TIMEOUT);
    expect(faults).toEqual([]);
    await failing(new TypeError('a bug'), UNKNOWN, UNKNOWN);
    expect(faults).toHaveLength(2);
    await client.appendToStream('a', numbered(1));
    await failing(new StoreUnavailable('disk full'), UNKNOWN, UNAVAILABLE);
    expect(faults).toHaveLength(2);
    await client.dispose();
    await server.close();
    await store.close();
  });

  test('[STO-39] does not know what it has not listed', async () => {
    const store = memoryEventStore();
    const server = await serveEventStore({ store, port: 0, log });
    const client = clientOf(server.port);
    await expect(client.listProjections()).rejects.toMatchObject({ code: 12 });
    await client.dispose();
    await server.close();
    await store.close();
  });
});
