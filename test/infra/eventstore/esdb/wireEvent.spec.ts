import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  dataOf,
  metadataOf,
  toWire,
  type WireEvent,
} from '../../../../infra/eventstore/esdb/wireEvent.ts';
import { bytes, newId } from '../../../support/eventStore/events.ts';

const id = newId();
const wire = (data: Uint8Array, metadata: Uint8Array = new Uint8Array()): WireEvent =>
  toWire({ id, type: 'Noted', data, metadata });

/** What the client makes of an event on its way to the server and back. */
const throughTheClient = ({ contentType, data, metadata }: WireEvent) => {
  const isJson = contentType === 'application/json';
  const parsed = (given: Uint8Array): unknown => {
    try {
      return JSON.parse(Buffer.from(given).toString('utf8'));
    } catch {
      return given;
    }
  };
  return {
    isJson,
    data: isJson ? (JSON.parse(JSON.stringify(data)) as unknown) : data,
    metadata: metadata.length === 0 ? undefined : parsed(metadata),
  };
};

const nearlyJson = fc.oneof(
  fc.json().map(bytes),
  fc.object().map((value) => bytes(JSON.stringify(value))),
  fc.object().map((value) => bytes(JSON.stringify(value, null, 2))),
  fc
    .constantFrom('{"a":1e2}', '{"a":1,"a":2}', '{"2":1,"1":2}', ' {}', '{}', '1', '"x"')
    .map(bytes),
  fc.constantFrom('{"__proto__":{"a":1}}', '{"a":12345678901234567890}', '\ufeff{}').map(bytes),
  fc.uint8Array(),
  fc.uint8Array().map((some) => Uint8Array.of(0, ...some)),
  fc.uint8Array().map((some) => Uint8Array.of(0x7b, 0x22, 0xff, ...some)),
);

test('[STO-30] whatever bytes an event has, the client gives them back', () => {
  fc.assert(
    fc.property(nearlyJson, nearlyJson, fc.boolean(), (data, metadata, asBuffer) => {
      const given = asBuffer ? [Buffer.from(data), Buffer.from(metadata)] : [data, metadata];
      const back = throughTheClient(wire(given[0] ?? data, given[1]));
      expect(Buffer.from(dataOf(back)).equals(data)).toBe(true);
      expect(Buffer.from(metadataOf(back)).equals(metadata)).toBe(true);
    }),
  );
});

test('[STO-30] what Seqline stores is JSON for every tool', () => {
  const json = bytes(JSON.stringify({ from: 'ann', body: { text: 'ü€😀' }, '2': 1 }));
  expect(wire(json, json)).toMatchObject({ contentType: 'application/json', metadata: json });
});
