import { describe, expect, test } from 'vitest';
import { MalformedFrame } from '../../../gateways/openim/malformed.ts';
import { msgData } from '../../../gateways/openim/msgData.ts';
import {
  ELEMENTS_MAX,
  flag,
  int64,
  message,
  one,
  packed,
  text,
  uint32,
} from '../../../gateways/openim/protobuf.ts';
import {
  getSeqMessageReq,
  pullMessageBySeqsReq,
  subUserOnlineStatus,
} from '../../../gateways/openim/requests.ts';

type Sample = { name: string; count: number; on: boolean; small: number; list: number[] };
const sample = message<Sample>({
  name: one(1, text),
  count: one(2, int64),
  on: one(3, flag),
  small: one(4, uint32),
  list: packed(5, int64),
});

const read = (hex: string): Sample => sample.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('reading', () => {
  test('what is absent is zero', () => {
    expect(read('')).toEqual({ name: '', count: 0, on: false, small: 0, list: [] });
  });

  test('unknown fields of each wire type are skipped', () => {
    const unknown = '3005 31 0102030405060708 3a 03 616263 3d 01020304 f8ff7f 01';
    expect(read(`${unknown} 1007`).count).toBe(7);
  });

  test('lists of numbers come packed, one by one, or both', () => {
    expect(read('2a 03 01 ac02 2803 2a 01 04').list).toEqual([1, 300, 3, 4]);
  });

  test('numbers below zero, and the last exact ones', () => {
    expect(read('10 ffffffffffffffffff01').count).toBe(-1);
    expect(read('10 ffffffffffffff0f').count).toBe(Number.MAX_SAFE_INTEGER);
    expect(read('10 81808080808080f0ff01').count).toBe(Number.MIN_SAFE_INTEGER);
    expect(read('20 ffffffff0f').small).toBe(2 ** 32 - 1);
  });

  test('the last of a field that comes twice counts', () => {
    expect(read('1001 1002').count).toBe(2);
  });

  test('texts keep what looks like an error but was meant, and a byte order mark', () => {
    expect(read('0a 03 efbfbd').name).toBe('\uFFFD');
    expect(read('0a 04 efbbbf 61').name).toBe('\uFEFFa');
  });

  test('a key that objects have no room for is passed over', () => {
    // options: { __proto__: true, a: true }
    const hex = '9a010d 0a095f5f70726f746f5f5f 1001 9a0105 0a0161 1001';
    const { options } = msgData.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(Object.entries(options)).toEqual([['a', true]]);
  });
});

describe('bytes that are no message', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['a tag cut off', '80'],
    ['a number cut off', '10 ff'],
    ['a text cut off', '0a 05 6162'],
    ['a length of 2^31 and more', '0a ffffffff0f'],
    ['a length of 2^50', '0a 8080808080808002'],
    ['2^53', '10 8080808080808010'],
    ['-2^53', '10 80808080808080f0ff01'],
    ['the largest int64', '10 ffffffffffffffff7f'],
    ['a number of eleven bytes', '10 ffffffffffffffffffff01'],
    ['a number of 65 bits', '10 ffffffffffffffffff02'],
    ['field number 0', '0001'],
    ['a field number of 30 bits', '80808080 20 01'],
    ['a group', '33 34'],
    ['wire type 7', '37'],
    ['a number where a text belongs', '0801'],
    ['a text where a number belongs', '120161'],
    ['a fixed number where a varint belongs', '11 0102030405060708'],
    ['fixed numbers in a list', '29 0102030405060708'],
    ['a fixed number cut off', '39 010203'],
    ['a packed list that ends inside a number', '2a 02 01 ff 01'],
    ['a text that is not UTF-8', '0a 02 c328'],
    ['a surrogate in a text', '0a 03 eda080'],
  ];
  test.each(wrong)('[WIR-7] %s', (_what, hex) => {
    expect(() => read(hex)).toThrow(MalformedFrame);
  });

  test('[WIR-7] an inner message that is longer than the outer', () => {
    const bytes = Buffer.from('12040a0a6162', 'hex');
    expect(() => pullMessageBySeqsReq.decode(bytes)).toThrow(MalformedFrame);
  });

  test('[WIR-7] content that is not UTF-8', () => {
    expect(() => msgData.decode(Buffer.from('6202c328', 'hex'))).toThrow(MalformedFrame);
  });

  test('[WIR-7] an entry of a map with values of another type', () => {
    expect(() => msgData.decode(Buffer.from('9a0103120161', 'hex'))).toThrow(MalformedFrame);
  });

  test('[WIR-7] lists without end', () => {
    const seqs = new Array<number>(ELEMENTS_MAX).fill(1);
    const full = sample.encode({ ...sample.empty(), list: seqs });
    expect(sample.decode(full).list).toHaveLength(ELEMENTS_MAX);
    const over = Buffer.concat([full, Buffer.from('2801', 'hex')]);
    expect(() => sample.decode(over)).toThrow('a list of more than');
    const users = Buffer.alloc(2 * (ELEMENTS_MAX + 1), Buffer.from('0a00', 'hex'));
    expect(() => subUserOnlineStatus.decode(users)).toThrow('a list of more than');
  });
});

describe('writing', () => {
  test('grows to whatever a message needs, and a length to whatever bytes it needs', () => {
    for (const length of [1, 47, 48, 49, 127, 128, 511, 16_383, 16_384, 300_000]) {
      const userID = 'x'.repeat(length);
      const request = {
        userID,
        conversations: [{ conversationID: userID, seqs: [1, 2 ** 40] }],
        order: 0,
      };
      expect(getSeqMessageReq.decode(getSeqMessageReq.encode(request))).toEqual(request);
    }
  });

  test('a lone surrogate becomes what UTF-8 has for it', () => {
    expect(sample.decode(sample.encode({ ...sample.empty(), name: 'a\uD800' })).name).toBe(
      'a\uFFFD',
    );
  });
});
