import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../../core/kernel/ids.ts';
import {
  DamagedRecord,
  decodeRecord,
  encodeRecord,
  recordBytesMax,
} from '../../../../infra/eventstore/embedded/record.ts';
import { plain } from '../../../support/eventStore/events.ts';

const storedEvents: fc.Arbitrary<StoredEvent> = fc.record({
  id: fc.uuid().map((id) => id as EventId),
  type: fc.string({ minLength: 1, unit: 'grapheme' }),
  stream: fc.string({ minLength: 1, unit: 'grapheme' }),
  data: fc.uint8Array(),
  metadata: fc.uint8Array(),
  revision: fc.oneof(fc.nat(), fc.nat(Number.MAX_SAFE_INTEGER)),
  position: fc.nat(2 ** 48 - 1),
  created: fc.nat(2 ** 48 - 1),
});

const encoded = (event: StoredEvent): Buffer => {
  const target = Buffer.alloc(recordBytesMax(event) + 3);
  return target.subarray(3, encodeRecord(event, target, 3));
};

test('[STO-2] a record gives back the event it was made of', () => {
  fc.assert(
    fc.property(storedEvents, (event) => {
      expect(plain(decodeRecord(event.position, encoded(event)))).toEqual(plain(event));
    }),
  );
});

test('[STO-19] a record with any one bit changed, or at another position, is damaged', () => {
  fc.assert(
    fc.property(storedEvents, fc.nat(), fc.nat(7), (event, at, bit) => {
      const record = encoded(event);
      expect(() => decodeRecord(event.position + 1, record)).toThrow(DamagedRecord);
      const index = at % record.length;
      record[index] = (record[index] ?? 0) ^ (1 << bit);
      expect(() => decodeRecord(event.position, record)).toThrow(DamagedRecord);
    }),
  );
});
