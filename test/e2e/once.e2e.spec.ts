import { afterAll, beforeAll, expect, test } from 'vitest';
import { numberAt, textAt } from '../support/json.ts';
import { dial, type RawSocket } from '../support/rawSocket.ts';
import {
  GOB_FORM,
  JSON_FORM,
  PbCoder,
  textMessage,
  textOf,
  userOnly,
  type Form,
  type MsgData,
} from '../support/rawWire.ts';
import { singleChat } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';
import { registered } from './kits.ts';

const IOS = 1;
const ANDROID = 2;
const WEB = 5;
const TIMES_BY_SOCKET = 40;
const TIMES_BY_HTTP = 20;

let server: Seqline;
beforeAll(async () => {
  server = await startSeqline();
});
afterAll(() => server.dispose());

type Ear = Readonly<{ socket: RawSocket; heard: readonly MsgData[]; faults: readonly string[] }>;

/** A socket that keeps every message it is pushed, in order. */
const listen = async (userID: string, platformID: number, form: Form): Promise<Ear> => {
  const heard: MsgData[] = [];
  const faults: string[] = [];
  const token = await server.tokenOf(userID, platformID);
  const socket = await dial(
    { wsAddr: server.wsAddr, userID, token, platformID, form },
    {
      fault: (what) => faults.push(what),
      frame: ({ reqIdentifier, data }) => {
        if (reqIdentifier !== 2001) faults.push(`frame ${String(reqIdentifier)}`);
        else
          for (const { Msgs } of Object.values(PbCoder.PushMessages.decode(data).msgs))
            heard.push(...Msgs);
      },
    },
  );
  return { socket, heard, faults };
};

type Answer = Readonly<{ serverMsgID: string; clientMsgID: string; sendTime: number }>;

const sendOn = async ({ socket }: Ear, message: MsgData): Promise<Answer> => {
  const reply = await socket.request(1003, PbCoder.MsgData.encode(message).finish());
  expect(reply.errCode, reply.errMsg).toBe(0);
  return PbCoder.UserSendMsgResp.decode(reply.data);
};

const sendByHttp = async (message: MsgData): Promise<Answer> => {
  const data = await server.asAdmin('/msg/send_msg', {
    sendID: message.sendID,
    recvID: message.recvID,
    clientMsgID: message.clientMsgID,
    senderPlatformID: message.senderPlatformID,
    senderNickname: message.senderNickname,
    content: { content: 'the one' },
    contentType: 101,
    sessionType: 1,
  });
  return {
    serverMsgID: textAt(data, 'serverMsgID'),
    clientMsgID: textAt(data, 'clientMsgID'),
    sendTime: numberAt(data, 'sendTime'),
  };
};

test('[SEQ-2] the same message sent a hundred times at once is one message with one answer', async () => {
  const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
  const phone = await listen(ann, IOS, GOB_FORM);
  const web = await listen(ann, WEB, JSON_FORM);
  const peer = await listen(bob, ANDROID, GOB_FORM);
  const compose = (clientMsgID: string, text: string) =>
    textMessage({ from: ann, to: bob, clientMsgID, text, platformID: IOS });
  const message = compose('the-one-and-only', 'the one');

  const answers = await Promise.all([
    ...Array.from({ length: TIMES_BY_SOCKET }, () => sendOn(phone, message)),
    ...Array.from({ length: TIMES_BY_SOCKET }, () => sendOn(web, message)),
    ...Array.from({ length: TIMES_BY_HTTP }, () => sendByHttp(message)),
  ]);

  const [first] = answers;
  expect(first?.serverMsgID).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);

  // Pushes come in order: once the next message is there, all that could come of the first has come.
  const next = await sendOn(phone, compose('the-next', 'the next'));
  for (const ear of [phone, web, peer]) {
    await untilTrue('the next message is pushed', () => ear.heard.some(({ seq }) => seq === 2));
    const copies = ear.heard.filter(({ clientMsgID }) => clientMsgID === 'the-one-and-only');
    expect(copies[0]).toMatchObject({ seq: 1, ...first, sendID: ann, status: 2 });
    expect(copies.map(({ seq }) => seq).every((seq) => seq === 1)).toBe(true);
    expect(ear.faults).toEqual([]);
  }
  expect(peer.heard.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(peer.heard.map(textOf)).toEqual(['{"content":"the one"}', '{"content":"the next"}']);
  expect(peer.heard[1]).toMatchObject(next);

  const newest = await peer.socket.request(1001, userOnly(bob));
  const { maxSeqs } = PbCoder.GetMaxSeqResp.decode(newest.data);
  expect(maxSeqs[singleChat(ann, bob)]).toBe(2);
  for (const { socket } of [phone, web, peer]) socket.terminate();
});

test('[SEQ-8] the same id from the other side, or to somebody else, is another message', async () => {
  const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
  const cid = await registered(server, 'cid');
  const [a, b] = [await listen(ann, IOS, JSON_FORM), await listen(bob, IOS, JSON_FORM)];
  const message = (from: string, to: string) =>
    textMessage({ from, to, clientMsgID: 'shared', text: `to ${to}`, platformID: IOS });

  const answers = [
    await sendOn(a, message(ann, bob)),
    await sendOn(b, message(bob, ann)),
    await sendOn(a, message(ann, cid)),
  ];

  expect(new Set(answers.map(({ serverMsgID }) => serverMsgID)).size).toBe(3);
  await untilTrue('bob hears both of his chat', () => b.heard.length === 2);
  expect(b.heard.map(({ seq, sendID }) => [seq, sendID])).toEqual([
    [1, ann],
    [2, bob],
  ]);
  for (const { socket } of [a, b]) socket.terminate();
});

test('[SEQ-2] another text under the same id changes nothing', async () => {
  const [ann, bob] = [await registered(server, 'ann'), await registered(server, 'bob')];
  const [a, b] = [await listen(ann, IOS, JSON_FORM), await listen(bob, IOS, JSON_FORM)];
  const message = (clientMsgID: string, text: string) =>
    textMessage({ from: ann, to: bob, clientMsgID, text, platformID: IOS });

  const first = await sendOn(a, message('edited', 'as it was'));
  const second = await sendOn(a, message('edited', 'as it is not'));
  await sendOn(a, message('after', 'after'));

  expect(second).toEqual(first);
  await untilTrue('bob hears the last', () => b.heard.some(({ seq }) => seq === 2));
  expect(b.heard.map(textOf)).toEqual(['{"content":"as it was"}', '{"content":"after"}']);
  for (const { socket } of [a, b]) socket.terminate();
});

test('[SEQ-2] chats that begin side by side each remember what they were sent', async () => {
  const ann = await registered(server, 'ann');
  const peers = [await registered(server, 'bob'), await registered(server, 'cid')];
  const a = await listen(ann, IOS, JSON_FORM);
  const message = (to: string) =>
    textMessage({ from: ann, to, clientMsgID: `to-${to}`, text: 'hi', platformID: IOS });
  const toAll = async () => {
    const answers: Answer[] = [];
    for (const peer of peers) answers.push(await sendOn(a, message(peer)));
    return answers;
  };

  const first = await toAll();
  expect(await toAll()).toEqual(first);

  const newest = await a.socket.request(1001, userOnly(ann));
  const { maxSeqs } = PbCoder.GetMaxSeqResp.decode(newest.data);
  for (const peer of peers) expect(maxSeqs[singleChat(ann, peer)]).toBe(1);
  a.socket.terminate();
});
