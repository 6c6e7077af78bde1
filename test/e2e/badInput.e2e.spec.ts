import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encodeGobRequest } from '../support/gob.ts';
import { numberAt } from '../support/json.ts';
import { addressOf, dial, DialRefused, dialNatively } from '../support/rawSocket.ts';
import {
  encodeRequest,
  forged,
  GOB_FORM,
  JSON_FORM,
  PbCoder,
  textMessage,
  userOnly,
  type Form,
  type MsgData,
} from '../support/rawWire.ts';
import { chanceFrom, seedOfRun } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until } from '../support/until.ts';
import { registered } from './kits.ts';
import { garbageFrom } from './garbage.ts';
import { probeOf, type Probe } from './probe.ts';

const IOS = 1;
const WEB = 5;

const seed = seedOfRun();
let server: Seqline;
let ann: string;
let bob: string;
let token: string;

beforeAll(async () => {
  server = await startSeqline();
  ann = await registered(server, 'ann');
  bob = await registered(server, 'bob');
  token = await server.tokenOf(ann, IOS);
});
afterAll(() => server.dispose());

const loginOf = (form: Form) => ({
  wsAddr: server.wsAddr,
  userID: ann,
  token,
  platformID: IOS,
  form,
});

/** Whatever has been thrown at it: it is ready, and what ann sends bob is numbered and answered. */
const stillWorks = async (): Promise<void> => {
  expect(await server.ready()).toBe(true);
  const socket = await dial(loginOf(JSON_FORM));
  const clientMsgID = `still-works-${String(Date.now())}-${String(Math.random())}`;
  const message = textMessage({ from: ann, to: bob, clientMsgID, text: 'hi', platformID: IOS });
  const reply = await socket.request(1003, PbCoder.MsgData.encode(message).finish());
  expect(reply.errCode).toBe(0);
  socket.terminate();
};
afterEach(stillWorks);

const utf8 = new TextEncoder();
const probe: Probe = (form, frame) => probeOf(loginOf(form), frame);

/** A JSON envelope with some keys replaced; `undefined` leaves a key out. */
const envelope = (changes: Readonly<Record<string, unknown>>): Uint8Array =>
  utf8.encode(
    JSON.stringify({
      reqIdentifier: 1001,
      sendID: ann,
      operationID: 'bad',
      msgIncr: 'probe',
      data: Buffer.from(userOnly(ann)).toString('base64'),
      ...changes,
    }),
  );

describe('a frame whose envelope cannot be believed closes the connection', () => {
  test.each<[string, () => Uint8Array | string]>([
    ['nothing at all', () => new Uint8Array()],
    ['no JSON', () => utf8.encode('{{{')],
    ['cut-off JSON', () => envelope({}).subarray(0, -5)],
    ['bytes that are no UTF-8', () => Uint8Array.from([0xff, 0xfe, 0x80, 0x00])],
    ['a list', () => utf8.encode('[]')],
    ['a number', () => utf8.encode('7')],
    ['null', () => utf8.encode('null')],
    ['an identifier in words', () => envelope({ reqIdentifier: '1001' })],
    ['an identifier with a fraction', () => envelope({ reqIdentifier: 1001.5 })],
    ['a number for a text', () => envelope({ operationID: 5 })],
    ['data that is no base64', () => envelope({ data: '***' })],
    ['data that is an object', () => envelope({ data: {} })],
    ['another sender', () => envelope({ sendID: bob })],
    ['no sender', () => envelope({ sendID: undefined })],
    ['words in a text frame', () => 'hello'],
    ['deep nesting', () => utf8.encode('['.repeat(200_000))],
  ])('[WIR-4] JSON: %s', async (_, frame) => {
    expect(await probe(JSON_FORM, frame())).toBe('closed');
  });

  const request = (changes: Parameters<typeof encodeGobRequest>[0]): Uint8Array =>
    encodeGobRequest({
      ReqIdentifier: 1001,
      SendID: ann,
      OperationID: 'bad',
      MsgIncr: 'probe',
      Data: userOnly(ann),
      ...changes,
    });

  test.each<[string, () => Uint8Array | string]>([
    ['nothing at all', () => new Uint8Array()],
    ['not zipped', () => request({})],
    ['zipped and cut short', () => gzipSync(request({})).subarray(0, -12)],
    [
      'zipped with a wrong checksum',
      () => {
        const frame = gzipSync(request({}));
        frame.writeUInt32LE((frame.readUInt32LE(frame.length - 8) ^ 1) >>> 0, frame.length - 8);
        return frame;
      },
    ],
    ['an empty stream', () => gzipSync(new Uint8Array())],
    ['a stream cut short', () => gzipSync(request({}).subarray(0, -4))],
    ['a definition and no value', () => gzipSync(request({}).subarray(0, 0x67))],
    ['a value of a type never defined', () => gzipSync(Buffer.from('07ff8401fe07d200', 'hex'))],
    ['a length beyond the end', () => gzipSync(Buffer.from('f8ffffffffffffffff00', 'hex'))],
    ['a length of 4 GB', () => gzipSync(Buffer.from('fcffffffff00', 'hex'))],
    [
      'data declared as text',
      () => {
        const frame = Buffer.from(request({}));
        const field = frame.indexOf('Data') + 'Data'.length;
        frame.writeUInt8(0x0c, field + 1);
        return gzipSync(frame);
      },
    ],
    ['another sender', () => gzipSync(request({ SendID: bob }))],
    ['words in a text frame', () => 'hello'],
    ['64 MB of zeros in 64 KB', () => gzipSync(Buffer.alloc(64 * 1024 * 1024))],
  ])('[WIR-4] gob: %s', async (_, frame) => {
    expect(await probe(GOB_FORM, frame())).toBe('closed');
  });

  test('[WIR-7] an oversize frame', async () => {
    const frame = Buffer.alloc(16 * 1024 * 1024, 1);
    expect(await probe(JSON_FORM, frame)).toBe('closed');
    expect(await probe(GOB_FORM, frame)).toBe('closed');
  });
});

describe('a request that cannot be done is answered with why', () => {
  const asked = (reqIdentifier: number, data: Uint8Array) =>
    encodeRequest(JSON_FORM, {
      reqIdentifier,
      sendID: ann,
      operationID: 'bad',
      msgIncr: 'probe',
      data,
    });
  const send = (changes: Partial<MsgData>) => {
    const clientMsgID = `bad-${String(Math.random())}`;
    const plain = textMessage({ from: ann, to: bob, clientMsgID, text: 'bad', platformID: IOS });
    return asked(1003, PbCoder.MsgData.encode({ ...plain, ...changes }).finish());
  };
  const noProtobuf = Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01]);
  const history = (userID: string) =>
    PbCoder.GetSeqMessageReq.encode({ userID, conversations: [] }).finish();
  const ranges = (userID: string) =>
    PbCoder.PullMessageBySeqsReq.encode({ userID, seqRanges: [], order: 0 }).finish();

  test.each<[string, readonly number[], () => Uint8Array]>([
    ['1001 without protobuf', [1001], () => asked(1001, noProtobuf)],
    ['1002 without protobuf', [1001], () => asked(1002, noProtobuf)],
    ['1003 without protobuf', [1001], () => asked(1003, noProtobuf)],
    ['1005 without protobuf', [1001], () => asked(1005, noProtobuf)],
    ['1006 without protobuf', [1001], () => asked(1006, noProtobuf)],
    ["1001 for somebody else's numbers", [1002], () => asked(1001, userOnly(bob))],
    ["1002 for somebody else's messages", [1002], () => asked(1002, ranges(bob))],
    ["1005 for somebody else's messages", [1002], () => asked(1005, history(bob))],
    ["1006 for somebody else's marks", [1002], () => asked(1006, userOnly(bob))],
    ['[MSG-5] 1003 in the name of another', [1002], () => send({ sendID: bob })],
    ['1003 to nobody', [1001], () => send({ recvID: '' })],
    ['1003 without an id', [1001], () => send({ clientMsgID: '' })],
    ['1003 of a kind long gone', [1001], () => send({ sessionType: 2 })],
    ['1003 of no kind', [1001], () => send({ sessionType: 9 })],
    ['1003 of a forged notification', [1001, 1002], () => send({ contentType: 1501 })],
    [
      '[SEQ-11] 1003 that is too long',
      [1001],
      () => send({ content: new Uint8Array(64 * 1024).fill(97) }),
    ],
    ['1004, which nobody offers', [500, 1001], () => asked(1004, new Uint8Array())],
  ])('%s', async (_, codes, frame) => {
    const outcome = await probe(JSON_FORM, frame());
    expect(codes).toContain(numberAt(outcome, 'errCode'));
  });

  test.each([0, 7, 999, 2001, 2002, 4711, -1])('an unknown identifier: %i', async (unknown) => {
    const outcome = await probe(JSON_FORM, asked(unknown, userOnly(ann)));
    if (outcome !== 'closed') expect(numberAt(outcome, 'errCode')).toBe(1001);
  });

  test('a text ping is answered with what it carried', async () => {
    const sent = { type: 'ping', body: 'operation-7' };
    expect(await probe(GOB_FORM, JSON.stringify(sent))).toEqual({
      text: { type: 'pong', body: 'operation-7' },
    });
    const bare = await probe(JSON_FORM, '{"type":"ping"}');
    expect(bare).toEqual({ text: { type: 'pong', body: null } });
  });
});

describe('a connection that may not be is refused with its reason', () => {
  test.each<[string, number, () => Record<string, string>]>([
    ['somebody else', 1502, () => ({ sendID: bob })],
    ['another platform', 1502, () => ({ platformID: String(WEB) })],
    ['a token that is none', 1503, () => ({ token: 'abc' })],
    ['a forged token', 1505, () => ({ token: forged(token) })],
    ['no token', 1602, () => ({ token: '' })],
    ['no user', 1602, () => ({ sendID: '' })],
    ['no operation', 1602, () => ({ operationID: '' })],
    ['a platform in words', 1602, () => ({ platformID: 'phone' })],
    ['an unknown platform', 1602, () => ({ platformID: '99' })],
    ['an unknown kind of SDK', 1602, () => ({ sdkType: 'cobol' })],
    ['a background that is no boolean', 1602, () => ({ isBackground: 'perhaps' })],
  ])('%s', async (_, errCode, changes) => {
    const login = loginOf(JSON_FORM);
    const refused = await dial(login, {}, changes()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DialRefused);
    expect(refused).toMatchObject({ errCode });
    const natively = await dialNatively(addressOf(login, { ...changes(), isMsgResp: 'false' }));
    expect(natively).toMatchObject({ status: 200, body: { errCode } });
  });

  test('[TOK-3] a token of before a kick, on both doors', async () => {
    const cid = await registered(server, 'cid');
    const old = await server.tokenOf(cid, IOS);
    await server.tokenOf(cid, IOS);
    const login = { ...loginOf(GOB_FORM), userID: cid, token: old };
    const refused = await dial(login).catch((error: unknown) => error);
    expect(refused).toMatchObject({ errCode: 1506 });
    const called = await server.api('/user/get_users_info', { userIDs: [cid] }, { token: old });
    expect(called.errCode).toBe(1506);
  });

  test('[TOK-7] a token that was forced out, and the connection it had', async () => {
    const dan = await registered(server, 'dan');
    const own = await server.tokenOf(dan, IOS);
    const login = { ...loginOf(GOB_FORM), userID: dan, token: own };
    const frames: number[] = [];
    const socket = await dial(login, { frame: (frame) => frames.push(frame.reqIdentifier) });

    await server.asAdmin('/auth/force_logout', { userID: dan, platformID: IOS });

    await socket.closed;
    expect(frames).toEqual([2002]);
    await expect(dial(login)).rejects.toMatchObject({ errCode: 1506 });
  });
});

test(`10,000 frames of garbage leave the server well (seed ${String(seed)})`, async () => {
  const memory = async (): Promise<number> => {
    const status = await readFile(`/proc/${String(server.pid())}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  };
  const chance = chanceFrom(seed);
  const garbage = garbageFrom(chance, ann);
  const throwSome = async (form: Form, frames: number) => {
    const socket = await dial(loginOf(form));
    for (let number = 0; number < frames && socket.open; number += 1) socket.send(garbage(form));
    // Either something in it closed the connection, or the connection works: both are right.
    const outcome = await socket.request(1001, userOnly(ann)).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome.name).toBe('SocketClosed');
    socket.terminate();
  };
  const wave = async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => throwSome(at % 2 === 0 ? JSON_FORM : GOB_FORM, 50)),
    );
  };

  await wave();
  const before = await memory();
  for (let number = 0; number < 9; number += 1) await wave();

  const growth = await until(
    'the memory is given back',
    async () => {
      const grown = (await memory()) - before;
      return grown < 100 ? grown : undefined;
    },
    { within: 20_000 },
  );
  expect(growth).toBeLessThan(100);
});
