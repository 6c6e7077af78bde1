import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ExpectedRevision, StoreEvent } from '../../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../../core/kernel/ids.ts';
import { ClientFault } from '../../../../infra/eventstore/esdb/faults.ts';
import {
  appendRequest,
  readAllRequest,
  readStreamRequest,
  subscribeRequest,
} from '../../../../infra/eventstore/esdb/wireRequests.ts';
import { appendResponse, readResponse } from '../../../../infra/eventstore/esdb/wireResponses.ts';
import { batchAppended, batchFailed } from '../../../../infra/eventstore/server/batchResponses.ts';
import type { Failure } from '../../../../infra/eventstore/server/failures.ts';
import { readReadRequest } from '../../../../infra/eventstore/server/readRequest.ts';
import {
  caughtUpResponse,
  checkpointResponse,
  eventResponse,
  streamNotFoundResponse,
} from '../../../../infra/eventstore/server/responses.ts';
import { readBatchMessage } from '../../../../infra/eventstore/server/writeRequests.ts';

const id = '11111111-2222-4333-8444-555555555555' as EventId;
const NOW = 1_750_000_000_123;

const bytes = fc.uint8Array({ maxLength: 300 });
const number = fc.nat(Number.MAX_SAFE_INTEGER - 1);
const event: fc.Arbitrary<StoreEvent> = fc.record({
  id: fc.uuid({ version: 4 }).map((text) => text as EventId),
  type: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  data: fc.oneof(
    bytes,
    fc.json().map((text) => Buffer.from(`{"a":${text}}`)),
  ),
  // A first byte of 0 or 1 is a mark of the server that these are read with.
  metadata: bytes.map((all) => all.map((byte, at) => (at === 0 ? byte | 2 : byte))),
});
const plain = ({ data, metadata, ...rest }: StoreEvent) => ({
  ...rest,
  data: Buffer.from(data).toString('hex'),
  metadata: Buffer.from(metadata).toString('hex'),
});

test('[STO-30] an append goes over as it was given, whatever its bytes', () => {
  const expected = fc.oneof(
    number,
    fc.constantFrom<ExpectedRevision>('any', 'no_stream', 'stream_exists'),
  );
  const stream = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' });
  fc.assert(
    fc.property(stream, expected, fc.array(event, { minLength: 1 }), (name, wanted, events) => {
      const sent = appendRequest({ id, stream: name, expected: wanted, events }, NOW);
      const { events: read, ...rest } = readBatchMessage(sent);
      const deadline = { kind: 'at', time: NOW + 60_000 };
      expect(rest).toEqual({
        id,
        final: true,
        options: { stream: name, expected: wanted, deadline },
      });
      const isJson = ({ data }: StoreEvent) => data[0] === 0x7b && data.at(-1) === 0x7d;
      // The server marks what is not JSON with a byte before the metadata.
      const marked = events.map((one) =>
        isJson(one) ? one : { ...one, metadata: Buffer.from([0, ...one.metadata]) },
      );
      expect(read.map(plain)).toEqual(marked.map(plain));
    }),
  );
});

test('[STO-30] an event is read as it is stored; what is the store’s own is only a place', () => {
  const place = fc.record({ revision: number, position: number, created: fc.nat(NOW) });
  fc.assert(
    fc.property(event, place, (one, where) => {
      const stored = { ...one, ...where, stream: 'conversation-si_ä_b' };
      const seen = readResponse(eventResponse({ event: stored, link: undefined }, 'text'));
      expect(seen?.position).toBe(where.position);
      const { revision, created, stream } = stored;
      expect(seen?.event).toMatchObject({ ...where, revision, created, stream });
      expect(seen?.event && plain(seen.event)).toMatchObject(plain(one));
    }),
  );
  const stored = { id, data: Buffer.of(), metadata: Buffer.of(), revision: 1, created: 2 };
  for (const [stream, type] of [
    ['$stats-1', 'x'],
    ['conversation-1', '$streamDeleted'],
  ] as const) {
    const own = { ...stored, position: 7, stream, type };
    expect(readResponse(eventResponse({ event: own, link: undefined }, 'text'))).toEqual({
      position: 7,
      event: undefined,
    });
  }
});

test('[STO-37] how far the server has looked is read, and what only says how it goes is not', () => {
  expect(readResponse(checkpointResponse(12))).toEqual({ position: 12, event: undefined });
  expect(readResponse(caughtUpResponse())).toBeUndefined();
  expect(() => readResponse(streamNotFoundResponse('x'))).toThrow(ClientFault);
});

test('[STO-31] each answer to an append is understood', () => {
  const appended = { revision: 4, position: 9 };
  expect(appendResponse(batchAppended(id, 's', appended))).toEqual({ id, outcome: appended });
  const conflict = { expected: 3, actual: 'no_stream' } as const;
  const failures: readonly (readonly [Failure, unknown])[] = [
    [
      { kind: 'conflict', stream: 's', conflict },
      { kind: 'conflict', actual: 'no_stream' },
    ],
    [
      { kind: 'conflict', stream: 's', conflict: { expected: 'any', actual: 0 } },
      { kind: 'conflict', actual: 0 },
    ],
    [{ kind: 'stream-deleted', stream: 's' }, { kind: 'stream-deleted' }],
    [{ kind: 'access-denied' }, { kind: 'denied' }],
    [{ kind: 'timeout' }, { kind: 'late' }],
    [{ kind: 'append-too-big' }, { kind: 'too-big' }],
    [{ kind: 'event-too-big', id, bytes: 1 }, { kind: 'too-big' }],
    [{ kind: 'malformed', message: 'bad' }, { kind: 'invalid' }],
    [{ kind: 'unavailable', message: 'stopping' }, { kind: 'other' }],
    [{ kind: 'unknown' }, { kind: 'other' }],
  ];
  for (const [failure, reason] of failures) {
    const { outcome } = appendResponse(batchFailed(id, 's', failure));
    expect(outcome, failure.kind).toBeInstanceOf(ClientFault);
    expect(outcome, failure.kind).toMatchObject({ reason });
  }
});

test('[STO-32] a read asks for what it was told to', () => {
  const usual = { resolveLinks: false, uuids: 'text', filter: undefined };
  for (const from of ['start', 'end', 5] as const) {
    for (const direction of ['forwards', 'backwards'] as const) {
      const part = { from, direction, count: 3 };
      expect(readReadRequest(readStreamRequest('s', part))).toEqual({
        ...{ ...usual, direction, count: 3 },
        source: { kind: 'stream', stream: 's', from },
      });
      expect(readReadRequest(readAllRequest(part))).toEqual({
        ...{ ...usual, direction, count: 3 },
        source: { kind: 'all', from },
      });
    }
  }
  expect(readReadRequest(subscribeRequest(0, ['a-', 'b-']))).toMatchObject({
    source: { kind: 'all', from: 'start' },
    count: undefined,
    filter: { on: 'stream', prefixes: ['a-', 'b-'], checkpointEvery: 32 },
  });
  const { filter } = readReadRequest(subscribeRequest(9, undefined));
  const concerns = new RegExp(filter?.regex ?? '', 'u');
  expect(['user-a', '$$user-a', '$stats', '$$$x'].filter((name) => concerns.test(name))).toEqual([
    'user-a',
    '$$user-a',
  ]);
});
