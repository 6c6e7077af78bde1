import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Malformed, MessageReader } from '../../../../infra/eventstore/protocol/protobufReader.ts';
import { MessageWriter } from '../../../../infra/eventstore/protocol/protobufWriter.ts';
import { readReadRequest } from '../../../../infra/eventstore/server/readRequest.ts';
import { readUuid, writeUuid } from '../../../../infra/eventstore/protocol/uuid.ts';
import {
  readAppendMessage,
  readBatchMessage,
  readDeleteRequest,
} from '../../../../infra/eventstore/server/writeRequests.ts';

const written = (write: (writer: MessageWriter) => void, capacity?: number): MessageReader => {
  const writer = new MessageWriter(capacity);
  write(writer);
  return new MessageReader(writer.finish());
};

const fields = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('uint' as const), value: fc.maxSafeNat() }),
    fc.record({ kind: fc.constant('bits' as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme' }) }),
    fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  ),
  { maxLength: 30 },
);

test('[STO-40] a message is read as it was written, however small its room was at first', () => {
  fc.assert(
    fc.property(fields, fc.nat(600), fc.nat(40), (all, capacity, number) => {
      const reader = written((writer) => {
        for (const [index, field] of [...all.entries()].toReversed()) {
          const at = index + 1 + number;
          writer.message(at, () => {
            if (field.kind === 'uint' || field.kind === 'bits') writer.uint(1, field.value);
            else if (field.kind === 'text') writer.text(1, field.value);
            else writer.bytes(1, field.value);
          });
        }
      }, capacity);
      for (const [index, field] of all.entries()) {
        expect(reader.next()).toBe(true);
        expect(reader.field).toBe(index + 1 + number);
        const inner = reader.message();
        expect(inner.next()).toBe(true);
        if (field.kind === 'uint') expect(inner.uint()).toBe(field.value);
        else if (field.kind === 'bits') expect(inner.bits()).toBe(field.value);
        else if (field.kind === 'text') expect(inner.text()).toBe(field.value);
        else expect(new Uint8Array(inner.bytes())).toEqual(field.value);
        expect(inner.next()).toBe(false);
      }
      expect(reader.next()).toBe(false);
    }),
  );
});

test('[STO-40] fields nobody asks for are passed over, of every wire type', () => {
  const bytes = Buffer.from([
    ...[0x08, 0xff, 0x01], // 1: varint
    ...[0x11, 1, 2, 3, 4, 5, 6, 7, 8], // 2: 64 bits
    ...[0x1a, 2, 0xff, 0xff], // 3: bytes
    ...[0x25, 1, 2, 3, 4], // 4: 32 bits
    ...[0x28, 7], // 5: varint
  ]);
  const reader = new MessageReader(bytes);
  for (let field = 1; field < 5; field++) {
    expect(reader.next()).toBe(true);
    reader.skip();
  }
  expect(reader.next()).toBe(true);
  expect([reader.field, reader.uint()]).toEqual([5, 7]);
});

test('[STO-40] whatever bytes come, they are a request or are refused, and nothing else', () => {
  const parsers = [readReadRequest, readAppendMessage, readBatchMessage, readDeleteRequest];
  // Bytes that look like fields lead further in than any bytes would.
  const bytes = fc.array(
    fc.oneof(fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0, 1, 2, 3), fc.nat(255)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom(...parsers), (all, parse) => {
      try {
        parse(Buffer.from(all));
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }),
    { numRuns: 2_000 },
  );
});

describe('[STO-40] an id', () => {
  test('is the same in both its forms, and lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom('text', 'structured'), (id, form) => {
        fc.pre(/[1-9a-f]/.test(id));
        const reader = written((writer) => writeUuid(writer, 1, id.toUpperCase(), form));
        reader.next();
        expect(readUuid(reader.message())).toBe(id);
      }),
    );
  });

  test('is not nothing, nor all zeros, nor any text', () => {
    for (const id of ['', 'x', '00000000-0000-0000-0000-000000000000', 'g'.repeat(36)]) {
      const reader = written((writer) => writeUuid(writer, 1, id));
      reader.next();
      expect(() => readUuid(reader.message())).toThrow(Malformed);
    }
    expect(() => readUuid(new MessageReader(Buffer.alloc(0)))).toThrow(Malformed);
  });
});
