import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { decodeRequest, WIRE_FORMS } from '../../../gateways/openim/envelope.ts';
import { getActiveConversationsResp, getConversationsReq } from '../../../gateways/openim/jssdk.ts';
import { MalformedFrame } from '../../../gateways/openim/malformed.ts';
import { emptyMsgData, msgData } from '../../../gateways/openim/msgData.ts';
import {
  getConversationsHasReadAndMaxSeqReq,
  getLastMessageReq,
  getSeqMessageReq,
  pullMessageBySeqsReq,
  pullMessageBySeqsResp,
  subUserOnlineStatus,
} from '../../../gateways/openim/requests.ts';
import { encodeRequest } from '../../support/rawWire.ts';
import { chanceFrom, seedOfRun, type Chance } from '../../support/seeded.ts';

const RUNS = 50_000;
/** For all runs on a busy machine; a decoder that hangs takes for ever. */
const TIME_MAX = 60_000;

const message = msgData.encode({
  ...emptyMsgData(),
  sendID: 'u1',
  clientMsgID: 'c1',
  content: '{"content":"hé"}',
  seq: 300,
  sendTime: 1_760_000_000_000,
  options: { history: false },
  atUserIDList: ['u2', 'u3'],
});

const envelope = {
  reqIdentifier: 1003,
  sendID: 'u1',
  operationID: 'op1',
  msgIncr: 'm1',
  data: message,
};
const frames = [
  encodeRequest({ sdkType: 'go', gzip: false }, envelope),
  encodeRequest({ sdkType: 'js', gzip: false }, envelope),
];
const SEEDS: readonly Uint8Array[] = [
  message,
  ...frames,
  ...frames.map((frame) => gzipSync(frame)),
];

type Decode = (bytes: Uint8Array) => unknown;

const DECODERS: readonly Decode[] = [
  ...WIRE_FORMS.filter(({ gzip }) => !gzip).map(
    (form): Decode =>
      (bytes) =>
        decodeRequest(bytes, form),
  ),
  msgData.decode,
  pullMessageBySeqsReq.decode,
  pullMessageBySeqsResp.decode,
  getSeqMessageReq.decode,
  getConversationsHasReadAndMaxSeqReq.decode,
  getLastMessageReq.decode,
  subUserOnlineStatus.decode,
  getConversationsReq.decode,
  getActiveConversationsResp.decode,
];

/** What is damaged is the stream, or what it holds. zlib is slow with either, so there are fewer. */
const INFLATING_RUNS = 2_000;
const INFLATING: readonly Decode[] = WIRE_FORMS.filter(({ gzip }) => gzip).flatMap((form) => [
  (bytes) => decodeRequest(bytes, form),
  (bytes) => decodeRequest(gzipSync(bytes), form),
]);

/** Bytes that mean something to one of the formats: lengths, signs, ends. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0xf7, 0xf8, 0xfe, 0xff] as const;

/** A valid input with a few bytes changed, cut out, doubled or put in; or none at all. */
const mutated = (chance: Chance): Uint8Array => {
  if (chance.integer(8) === 0) return chance.bytes(chance.integer(80));
  let bytes = [...chance.pick(SEEDS)];
  for (let left = 1 + chance.integer(4); left > 0; left--) {
    const at = chance.integer(bytes.length + 1);
    const piece = bytes.slice(at, at + chance.integer(12));
    switch (chance.integer(4)) {
      case 0:
        bytes[at] = chance.pick(TELLING);
        break;
      case 1:
        bytes[at] = chance.integer(256);
        break;
      case 2:
        bytes = [...bytes.slice(0, at), ...bytes.slice(at + piece.length)];
        break;
      default:
        bytes = [...bytes.slice(0, at), ...piece, ...bytes.slice(at)];
    }
  }
  return Uint8Array.from(bytes);
};

/** What a decoder throws that is not MalformedFrame. */
const faultOf = (decode: Decode, bytes: Uint8Array): unknown => {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    return error instanceof MalformedFrame ? undefined : error;
  }
};

const expectDecent = (decoders: readonly Decode[], runs: number): void => {
  const seed = seedOfRun();
  const chance = chanceFrom(seed);
  for (let run = 0; run < runs; run++) {
    const bytes = mutated(chance);
    for (const decode of decoders) {
      const cause = faultOf(decode, bytes);
      if (cause === undefined) continue;
      throw new Error(`seed ${seed}: ${Buffer.from(bytes).toString('hex')}`, { cause });
    }
  }
};

describe('[WIR-7] whatever the bytes, they are read or said to be malformed', () => {
  // Half a million errors are made, and nobody looks at where.
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  test('by every decoder', () => expectDecent(DECODERS, RUNS), TIME_MAX);
  test('inflated or not', () => expectDecent(INFLATING, INFLATING_RUNS), TIME_MAX);
});
