import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeRequest,
  encodePush,
  encodeReply,
  FRAME_BYTES_MAX,
  TRACE_LENGTH_MAX,
  WIRE_FORMS,
  type Reply,
  type WireForm,
} from '../../../gateways/openim/envelope.ts';
import {
  gunzip,
  gzip,
  INFLATED_BYTES_MAX,
  STORED_BYTES_MAX,
} from '../../../gateways/openim/gzip.ts';
import { MalformedFrame } from '../../../gateways/openim/malformed.ts';
import { decodeReply, encodeRequest, type Form } from '../../support/rawWire.ts';

const JSON_PLAIN: WireForm = { kind: 'json', gzip: false };
const JSON_GZIP: WireForm = { kind: 'json', gzip: true };
const GOB_GZIP: WireForm = { kind: 'gob', gzip: true };

const clientsForm = ({ kind, gzip }: WireForm): Form => ({
  sdkType: kind === 'gob' ? 'go' : 'js',
  gzip,
});
const frame = (json: string): Uint8Array => Buffer.from(json);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const NOTHING = new Uint8Array();
const reply = (said: Partial<Reply> & { identifier: number }): Reply => ({
  msgIncr: '',
  operationId: '',
  errCode: 0,
  errMsg: '',
  data: NOTHING,
  ...said,
});

describe('JSON', () => {
  const asked = { msgIncr: 'm1', operationId: 'op1' };
  const goldens: readonly (readonly [Reply, string])[] = [
    [
      reply({
        ...asked,
        identifier: 1001,
        data: Buffer.from('0a0c0a0873695f75315f75321005', 'hex'),
      }),
      '{"reqIdentifier":1001,"msgIncr":"m1","operationID":"op1","errCode":0,"errMsg":"","data":"CgwKCHNpX3UxX3UyEAU="}',
    ],
    [
      reply({ ...asked, identifier: 1003, errCode: 1302, errMsg: 'BlockedByPeer' }),
      '{"reqIdentifier":1003,"msgIncr":"m1","operationID":"op1","errCode":1302,"errMsg":"BlockedByPeer","data":null}',
    ],
    [
      reply({ identifier: 2002 }),
      '{"reqIdentifier":2002,"msgIncr":"","operationID":"","errCode":0,"errMsg":"","data":null}',
    ],
  ];
  test.each(goldens)('[WIR-3] a reply of %j', (said, json) => {
    expect(Buffer.from(encodeReply(said, JSON_PLAIN)).toString()).toBe(json);
  });

  test('[WIR-3] a request', () => {
    const json =
      '{"reqIdentifier":1001,"sendID":"u1","operationID":"op1","msgIncr":"m1","data":"CgJ1MQ=="}';
    const read = decodeRequest(frame(json), JSON_PLAIN);
    expect(read).toEqual({
      size: json.length,
      identifier: 1001,
      sendId: 'u1',
      operationId: 'op1',
      msgIncr: 'm1',
      data: Buffer.from('0a027531', 'hex'),
    });
  });

  test('what is missing or null is empty, and unknown keys are passed over', () => {
    const json = '{"reqIdentifier":2005,"data":null,"sendID":null,"later":{"a":[1]}}';
    expect(decodeRequest(frame(json), JSON_PLAIN)).toEqual({
      size: json.length,
      identifier: 2005,
      sendId: '',
      operationId: '',
      msgIncr: '',
      data: Buffer.alloc(0),
    });
  });

  const wrong: readonly string[] = [
    '',
    '{',
    'null',
    '[]',
    '"1001"',
    '{"reqIdentifier":"1001"}',
    '{"reqIdentifier":1.5}',
    '{"reqIdentifier":1e300}',
    '{"sendID":7}',
    '{"data":[1,2]}',
    '{"data":"CgJ1MQ="}',
    '{"data":"Cg!1MQ=="}',
    '['.repeat(100_000),
  ];
  test.each(wrong)('[WIR-7] %#: is no request', (json) => {
    expect(() => decodeRequest(frame(json), JSON_PLAIN)).toThrow(MalformedFrame);
  });

  test.each(['operationID', 'msgIncr'])('[WIR-7] a %s has its limit', (name) => {
    const fits = frame(JSON.stringify({ [name]: 'x'.repeat(TRACE_LENGTH_MAX) }));
    expect(decodeRequest(fits, JSON_PLAIN).size).toBe(fits.length);
    const long = frame(JSON.stringify({ [name]: 'x'.repeat(TRACE_LENGTH_MAX + 1) }));
    expect(() => decodeRequest(long, JSON_PLAIN)).toThrow(MalformedFrame);
  });

  test('[WIR-7] bytes that are not UTF-8 are no request', () => {
    const bytes = Buffer.from('{"sendID":"u\xff"}', 'latin1');
    expect(() => decodeRequest(bytes, JSON_PLAIN)).toThrow(MalformedFrame);
    const meant = frame('{"sendID":"u\uFFFD"}');
    expect(decodeRequest(meant, JSON_PLAIN).sendId).toBe('u\uFFFD');
  });
});

describe('gzip', () => {
  /** The request of the gob golden as Go compresses it (gateway reference 2.5.2). */
  const BY_GO =
    '1f8b08000000000000ff24c7510a82301807f0ef3f4dc1ec02dd627710620f1158d0f3c8cf18d5379df30079c40ed4' +
    '427afbfdfaf4ce80fac0c2c13eaf53cb23d24228b06b79341d4b74bde3809cb0b9f8070b6a427166e94cb3727b1a38' +
    'd8e8bcfc5f1ea7bb915b589d37365a5444b44f0bbee547a95923f383867a69e4959a35fd020000ffff0b71d1868200' +
    '0000';

  test('[WIR-3] a frame compressed by Go is read', () => {
    const read = decodeRequest(Buffer.from(BY_GO, 'hex'), GOB_GZIP);
    expect({ ...read, data: hex(read.data) }).toEqual({
      identifier: 1001,
      sendId: 'u1',
      operationId: 'op1',
      msgIncr: 'm1',
      data: '0a027531',
      size: gunzip(Buffer.from(BY_GO, 'hex')).length,
    });
  });

  test('small frames are stored and large ones compressed, and every reader reads both', () => {
    const sizes = [0, 1, 600, STORED_BYTES_MAX - 1, STORED_BYTES_MAX, 70_000];
    for (const size of sizes) {
      const bytes = Buffer.alloc(size, 'abcdefg');
      const wrapped = gzip(bytes);
      expect(gunzipSync(wrapped).equals(bytes)).toBe(true);
      expect(Buffer.from(gunzip(wrapped)).equals(bytes)).toBe(true);
      expect(wrapped.length).toBe(size < STORED_BYTES_MAX ? size + 23 : wrapped.length);
      expect(wrapped.length).toBeLessThan(Math.max(size, STORED_BYTES_MAX) + 23);
    }
  });

  test('a small frame is one stored block, byte for byte', () => {
    expect(hex(gzip(Buffer.from('abc')))).toBe(
      `1f8b08000000000000ff${'01 0300 fcff'.replaceAll(' ', '')}616263c241243503000000`,
    );
  });

  test('[WIR-7] a bomb ends at the limit', () => {
    const fits = gzipSync(Buffer.alloc(INFLATED_BYTES_MAX));
    expect(gunzip(fits)).toHaveLength(INFLATED_BYTES_MAX);
    const bomb = gzipSync(Buffer.alloc(INFLATED_BYTES_MAX + 1));
    expect(() => decodeRequest(bomb, GOB_GZIP)).toThrow(MalformedFrame);
    expect(() => decodeRequest(bomb, JSON_GZIP)).toThrow(MalformedFrame);
  });

  test('[WIR-7] what is damaged or cut off is no frame', () => {
    const bytes = gzipSync(Buffer.from('{"reqIdentifier":1001}'));
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(bytes.length - 8) ^ 1, bytes.length - 8);
    for (const wrong of [NOTHING, bytes.subarray(0, -1), damaged, Buffer.from('{}')]) {
      expect(() => decodeRequest(wrong, JSON_GZIP)).toThrow(MalformedFrame);
    }
  });
});

test('[WIR-7] a frame that is too long is not looked into', () => {
  const long = Buffer.alloc(FRAME_BYTES_MAX + 1, '{');
  expect(() => decodeRequest(long, JSON_PLAIN)).toThrow('a frame of more than 262144 bytes');
});

describe.each(WIRE_FORMS)('in the form %j', (form) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  const data = fc.uint8Array({ maxLength: 3_000, size: 'medium' });

  test('[WIR-3] what a client made for tests asks is understood', () => {
    const requests = fc.record({
      reqIdentifier: fc.integer({ min: 1, max: 9_999 }),
      sendID: text,
      operationID: text,
      msgIncr: text,
      data,
    });
    fc.assert(
      fc.property(requests, (asked) => {
        const read = decodeRequest(encodeRequest(clientsForm(form), asked), form);
        expect(read.size).toBeGreaterThan(asked.data.length);
        expect({ ...read, size: 0, data: hex(read.data) }).toEqual({
          size: 0,
          identifier: asked.reqIdentifier,
          sendId: asked.sendID,
          operationId: asked.operationID,
          msgIncr: asked.msgIncr,
          data: hex(asked.data),
        });
      }),
    );
  });

  test('[WIR-3] what it is told is what was said', () => {
    const replies = fc.record({
      identifier: fc.integer({ min: 1, max: 9_999 }),
      msgIncr: text,
      operationId: text,
      errCode: fc.integer({ min: 0, max: 99_999 }),
      errMsg: text,
      data,
    });
    fc.assert(
      fc.property(replies, (said) => {
        const read = decodeReply(clientsForm(form), encodeReply(said, form));
        expect({ ...read, data: hex(read.data) }).toEqual({
          reqIdentifier: said.identifier,
          msgIncr: said.msgIncr,
          operationID: said.operationId,
          errCode: said.errCode,
          errMsg: said.errMsg,
          data: hex(said.data),
        });
      }),
    );
  });

  test('a push carries the operation that caused it and no msgIncr', () => {
    const read = decodeReply(
      clientsForm(form),
      encodePush('op7', Buffer.from('0a00', 'hex'), form),
    );
    expect({ ...read, data: hex(read.data) }).toEqual({
      reqIdentifier: 2001,
      msgIncr: '',
      operationID: 'op7',
      errCode: 0,
      errMsg: '',
      data: '0a00',
    });
  });
});
