import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Request } from '../../../gateways/openim/envelope.ts';
import { decodeGobRequest, encodeGobReply } from '../../../gateways/openim/gob.ts';
import { MalformedFrame } from '../../../gateways/openim/malformed.ts';
import { decodeGob, encodeGobRequest } from '../../support/gob.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex');

/** Written by Go's own gob package (gateway reference 2.5.2). */
const REQUEST =
  '66ff810301010c47656e6572616c577352657101ff82000106010d5265714964656e74696669657201040001' +
  '05546f6b656e010c00010653656e644944010c00010b4f7065726174696f6e4944010c0001074d7367496e6372' +
  '010c00010444617461010a0000001aff8201fe07d20202753101036f703101026d3101040a02753100';
const READ: Omit<Request, 'size'> = {
  identifier: 1001,
  sendId: 'u1',
  operationId: 'op1',
  msgIncr: 'm1',
  data: bytes('0a027531'),
};

/** What Go reads as a reply begins with this (2.5.3). */
const PREFIX =
  '60ff81030101045265737001ff82000106010d5265714964656e7469666965720104000107' +
  '4d7367496e6372010c00010b4f7065726174696f6e4944010c000107457272436f64650104' +
  '0001064572724d7367010c00010444617461010a000000';

const NOTHING = new Uint8Array();
const QUIET = { msgIncr: '', operationId: '', errCode: 0, errMsg: '', data: NOTHING };
const ASKED = { ...QUIET, msgIncr: 'm1', operationId: 'op1' };

/** A stream of messages, each with its length before it. */
const stream = (...messages: readonly string[]): Buffer =>
  Buffer.concat(
    messages.map((hex) => {
      const payload = bytes(hex);
      const { length } = payload;
      const prefix = length < 128 ? [length] : [0xfe, length >> 8, length & 0xff];
      return Buffer.concat([Buffer.from(prefix), payload]);
    }),
  );

/** Definition of a structure of type 65 with these fields, as hex: [name, type id as signed hex]. */
const structure = (...fields: readonly (readonly [string, string])[]): string => {
  const list = fields.map(([name, type]) => {
    const text = Buffer.from(name);
    return `01 ${hexOf(Buffer.from([text.length]))} ${hexOf(text)} 01 ${type} 00`;
  });
  const count = hexOf(Buffer.from([fields.length]));
  return `ff81 03 01 01 01 52 01 ff82 00 01 ${count} ${list.join(' ')} 00 00`;
};

describe('a request in gob', () => {
  test('[WIR-3] is read as Go writes it', () => {
    expect(decodeGobRequest(bytes(REQUEST))).toEqual(READ);
  });

  test('is read by names: other order, other type ids, unknown fields', () => {
    const definition = structure(
      ['Extra', '0c'],
      ['MsgIncr', '0c'],
      ['Odd', '06'],
      ['ReqIdentifier', '04'],
    );
    const value = 'ff82 01 03 616263 01 02 6d31 01 05 01 fe07d2 00';
    expect(decodeGobRequest(stream(definition, value))).toEqual({
      ...READ,
      sendId: '',
      operationId: '',
      data: NOTHING,
    });
  });

  test('may hold unknown fields of types that it defines itself', () => {
    // 66 is a list of strings, 67 a map from strings to 66, 68 a structure with one of each.
    const definitions = [
      'ff83 02 02 0c 00 00',
      'ff85 04 02 0c 01 ff84 00 00',
      'ff87 03 02 02 01 01 61 01 ff84 00 01 01 62 01 ff86 00 00 00',
      structure(['Nested', 'ff88'], ['SendID', '0c']),
    ];
    const value = 'ff82 01 01 02 01 78 01 79 01 01 01 6b 01 01 7a 00 01 02 7531 00';
    expect(decodeGobRequest(stream(...definitions, value)).sendId).toBe('u1');
  });

  test('leaves alone what follows its value, as Go does', () => {
    expect(decodeGobRequest(Buffer.concat([bytes(REQUEST), bytes('ffff')]))).toEqual(READ);
  });

  test('has data of its own, whatever becomes of the frame', () => {
    const frame = bytes(REQUEST);
    const { data } = decodeGobRequest(frame);
    frame.fill(0);
    expect(hexOf(data)).toBe('0a027531');
  });

  const requests = fc.record({
    identifier: fc.integer({ min: -1_000_000, max: 2 ** 40 }),
    sendId: fc.string({ unit: 'grapheme', maxLength: 300 }),
    operationId: fc.string({ unit: 'grapheme', maxLength: 40 }),
    msgIncr: fc.string({ maxLength: 40 }),
    data: fc.uint8Array({ maxLength: 700 }),
  });

  test('[WIR-3] is what a client made for tests has written, whatever it says', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const frame = encodeGobRequest({
          ReqIdentifier: request.identifier,
          SendID: request.sendId,
          OperationID: request.operationId,
          MsgIncr: request.msgIncr,
          Data: request.data,
        });
        const read = decodeGobRequest(frame);
        expect({ ...read, data: new Uint8Array(read.data) }).toEqual(request);
      }),
    );
  });
});

describe('a stream that is no request', () => {
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', NOTHING],
    ['a definition alone', bytes(REQUEST).subarray(0, 103)],
    ['a value of a type that is not defined', stream('ff82 00')],
    ['a value of a basic type', stream('04 00 06')],
    ['no field that we know', stream(structure(['A', '04']), 'ff82 01 02 00')],
    ['a number where bytes belong', stream(structure(['Data', '04']), 'ff82 01 02 00')],
    ['an unsigned number', stream(structure(['ReqIdentifier', '06']), 'ff82 01 02 00')],
    ['a field beyond the last', stream(structure(['SendID', '0c']), 'ff82 02 01 61 00')],
    ['bytes after the value', stream(structure(['SendID', '0c']), 'ff82 01 01 61 00 00')],
    ['a string of 2^50 bytes', stream(structure(['SendID', '0c']), 'ff82 01 f904000000000000 61')],
    ['a message of 2^50 bytes', bytes('f904000000000000')],
    ['a number of nine bytes', bytes('f7010101010101010101')],
    [
      'an identifier of 60 bits',
      stream(structure(['ReqIdentifier', '04']), 'ff82 01 f80fffffffffffffff 00'),
    ],
    ['a string that is not UTF-8', stream(structure(['SendID', '0c']), 'ff82 01 02 c328 00')],
    [
      'a structure of 65 fields',
      stream(structure(...Array.from({ length: 65 }, () => ['A', '04'] as const))),
    ],
    ['an interface', stream(structure(['SendID', '0c'], ['X', '10']), 'ff82 02 01 61 00')],
  ];
  test.each(wrong)('[WIR-7] %s', (_what, frame) => {
    expect(() => decodeGobRequest(frame)).toThrow(MalformedFrame);
  });

  test('[WIR-7] a type that holds itself is not followed without end', () => {
    // 66 is a list of 66: each byte of the value opens one more list.
    const endless = 'ff83 02 02 ff84 00 00';
    const value = `ff82 01 ${'01'.repeat(40)} 00`;
    const frame = stream(endless, structure(['X', 'ff84'], ['SendID', '0c']), value);
    expect(() => decodeGobRequest(frame)).toThrow('nested too deep');
  });

  test('[WIR-7] more definitions than any client has', () => {
    const many = Array.from({ length: 17 }, (_, index) => {
      const id = hexOf(Buffer.from([0xff, 0x81 + 2 * index]));
      return `${id} 02 02 0c 00 00`;
    });
    expect(() => decodeGobRequest(stream(...many))).toThrow('more than 16 gob types');
  });
});

describe('a reply in gob', () => {
  const data = bytes('0a0c0a0873695f75315f75321005');
  const kick = { ...QUIET, identifier: 2002 };
  const long = Buffer.alloc(300, 7);
  const goldens: readonly (readonly [string, Parameters<typeof encodeGobReply>[0], string])[] = [
    [
      'to 1001',
      { ...ASKED, identifier: 1001, data },
      `20 ff82 01 fe07d2 01 02 6d31 01 03 6f7031 03 0e ${hexOf(data)} 00`,
    ],
    [
      'that refuses',
      { ...ASKED, identifier: 1003, errCode: 1302, errMsg: 'BlockedByPeer' },
      '23 ff82 01 fe07d6 01 02 6d31 01 03 6f7031 01 fe0a2c 01 0d 426c6f636b65644279506565 72 00',
    ],
    ['that kicks', kick, '07 ff82 01 fe0fa4 00'],
    [
      'without data',
      { ...ASKED, identifier: 2004 },
      '10 ff82 01 fe0fa8 01 02 6d31 01 03 6f7031 00',
    ],
    [
      'that pushes',
      { ...QUIET, identifier: 2001, operationId: 'op1', data: long },
      `fe013c ff82 01 fe0fa2 02 03 6f7031 03 fe012c ${hexOf(long)} 00`,
    ],
    ['with a number below zero', { ...kick, errCode: -129 }, '0b ff82 01 fe0fa4 03 fe0101 00'],
    ['of zeros', { ...QUIET, identifier: 0 }, '03 ff82 00'],
  ];
  test.each(goldens)('[WIR-3] %s is what Go reads', (_what, reply, value) => {
    expect(hexOf(encodeGobReply(reply))).toBe(PREFIX + value.replaceAll(' ', ''));
  });

  const replies = fc.record({
    identifier: fc.integer({ min: 1, max: 100_000 }),
    msgIncr: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
    operationId: fc.string({ minLength: 1, maxLength: 40 }),
    errCode: fc.integer({ min: 1 }),
    errMsg: fc.string({ minLength: 1, maxLength: 40 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 70_000, size: 'medium' }),
  });
  test('[WIR-3] is read back by a client made for tests', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const read = Object.fromEntries(decodeGob(encodeGobReply(reply)));
        expect(read).toEqual({
          ReqIdentifier: reply.identifier,
          MsgIncr: reply.msgIncr,
          OperationID: reply.operationId,
          ErrCode: reply.errCode,
          ErrMsg: reply.errMsg,
          Data: Buffer.from(reply.data),
        });
      }),
    );
  });
});
