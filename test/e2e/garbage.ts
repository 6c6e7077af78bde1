import { gzipSync } from 'node:zlib';
import { encodeRequest, PbCoder, textMessage, type Form } from '../support/rawWire.ts';
import type { Chance } from '../support/seeded.ts';

const FRAME_MAX = 2_000;

/** A valid request with a few bytes changed, cut or repeated: it gets past the first doors. */
const damaged = (chance: Chance, frame: Uint8Array): Uint8Array => {
  const bytes = Uint8Array.from(frame);
  for (let left = 1 + chance.integer(4); left > 0; left -= 1)
    bytes[chance.integer(bytes.length)] = chance.integer(256);
  if (chance.integer(4) === 0) return bytes.subarray(0, chance.integer(bytes.length));
  return chance.integer(4) === 0 ? Buffer.concat([bytes, bytes]) : bytes;
};

const values = [null, true, -1, 1e300, '', '1001', '\u0000', [], [[]], {}, { type: 'ping' }];

/** JSON of any shape, often with the keys of the envelope. */
const anyJson = (chance: Chance): string => {
  const keys = ['reqIdentifier', 'sendID', 'operationID', 'msgIncr', 'data', 'token', 'type'];
  const object = Object.fromEntries(keys.map((key) => [key, chance.pick(values)]));
  return JSON.stringify(chance.integer(5) === 0 ? chance.pick(values) : object);
};

/** Frames of every kind of wrong, for a connection of the given form and user. */
export const garbageFrom =
  (chance: Chance, userID: string) =>
  (form: Form): Uint8Array | string => {
    const plain: Form = { ...form, gzip: false };
    const zipped = (bytes: Uint8Array) => (form.gzip ? gzipSync(bytes) : bytes);
    const request = (data: Uint8Array) => ({
      reqIdentifier: chance.pick([1001, 1002, 1003, 1005, 1006, 1007, 2003, 2004, 2005]),
      sendID: userID,
      operationID: 'garbage',
      msgIncr: 'garbage',
      data,
    });
    const message = () =>
      PbCoder.MsgData.encode(
        textMessage({ from: userID, to: '', clientMsgID: 'g', text: 'g', platformID: 1 }),
      ).finish();
    switch (chance.integer(6)) {
      case 0:
        return chance.bytes(chance.integer(FRAME_MAX));
      case 1:
        return zipped(chance.bytes(chance.integer(FRAME_MAX)));
      case 2:
        return zipped(damaged(chance, encodeRequest(plain, request(message()))));
      case 3:
        return encodeRequest(form, request(chance.bytes(chance.integer(FRAME_MAX))));
      case 4:
        return encodeRequest(form, request(damaged(chance, message())));
      default:
        return chance.integer(2) === 0 ? anyJson(chance) : zipped(Buffer.from(anyJson(chance)));
    }
  };
