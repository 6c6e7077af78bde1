import { PbCoder } from '@openim/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as jssdk from '../../../gateways/openim/jssdk.ts';
import { msgData, type MsgData } from '../../../gateways/openim/msgData.ts';
import type { Message } from '../../../gateways/openim/protobuf.ts';
import * as requests from '../../../gateways/openim/requests.ts';
import { int32s, int64s, msgDatas, texts } from './arbitraries.ts';

/**
 * The official TypeScript codec of the protocol is the golden here: what we write it reads as the same,
 * and what it writes we read as the same.
 */
type Official = Readonly<{
  encode: (message: never) => { finish: () => Uint8Array };
  decode: (bytes: Uint8Array) => unknown;
}>;

/** Fields that the official codec has not, or not everywhere; bytes below stand for them. */
const OURS_ALONE = new Set(['endSeq', 'order', 'returnPinned', 'pinnedConversationIDs']);

/** Our values in the shape that the official codec has: content as bytes, maps as objects. */
const official = (value: unknown): unknown => {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [String(key), official(entry)]));
  }
  if (Array.isArray(value)) return value.map(official);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !OURS_ALONE.has(key));
  return Object.fromEntries(
    entries.map(([key, entry]) =>
      key === 'content'
        ? [key, new Uint8Array(Buffer.from(String(entry)))]
        : [key, official(entry)],
    ),
  );
};

/** Fields that only the official codec knows, as it makes them when they are absent. */
const WITHOUT = new Set(['keyVersion', 'dstUserIDs', 'displayIsRead', 'minSeqs', 'modify']);

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !WITHOUT.has(key) && !OURS_ALONE.has(key))
      .map(([key, entry]) => [key, plain(entry)]),
  );
};

/** The official encoder wants the fields it knows alone, too. */
const completed = (value: unknown): unknown => {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(completed);
  const all = Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, completed(entry)]),
  );
  if ('seqRanges' in all) return { ...all, order: 0 };
  if ('maxSeqs' in all) return { ...all, minSeqs: {} };
  return 'content' in all ? { ...all, keyVersion: 0, dstUserIDs: [] } : all;
};

/** Messages are large and there are many kinds of them. */
const RUNS = 25;

const agrees = <M>(ours: Message<M>, theirs: Official, values: fc.Arbitrary<M>): void => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = ours.encode(value);
      expect(ours.decode(bytes)).toEqual(value);
      const shape = official(value);
      expect(plain(theirs.decode(bytes))).toEqual(shape);
      const written = theirs.encode(completed(shape) as never).finish();
      expect(ours.decode(written)).toEqual(value);
    }),
    { numRuns: RUNS },
  );
};

/** Ids, so that no key is `__proto__` and none is a number that objects put first. */
const ids = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `si_${text}`);
const mapOf = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> =>
  fc.array(fc.tuple(ids, values), { maxLength: 4 }).map((entries) => new Map(entries));
const few = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(values, { maxLength: 4 });

const pulls = fc.record({ Msgs: few(msgDatas), isEnd: fc.boolean(), endSeq: fc.constant(0) });
const byConversation = fc.record({ msgs: mapOf(pulls), notificationMsgs: mapOf(pulls) });
const order = fc.constant(0);

describe('our protobuf agrees with the official codec', () => {
  test('MsgData', () => agrees<MsgData>(msgData, PbCoder.MsgData, msgDatas));

  test('1001', () =>
    agrees(requests.getMaxSeqResp, PbCoder.GetMaxSeqResp, fc.record({ maxSeqs: mapOf(int64s) })));

  test('1002', () => {
    const range = fc.record({ conversationID: texts, begin: int64s, end: int64s, num: int64s });
    const request = fc.record({ userID: texts, seqRanges: few(range), order });
    agrees(requests.pullMessageBySeqsReq, PbCoder.PullMessageBySeqsReq, request);
    agrees(requests.pullMessageBySeqsResp, PbCoder.PullMessageBySeqsResp, byConversation);
    agrees(requests.pullMsgs, PbCoder.PullMsgs, pulls);
  });

  test('1002 of messages that were encoded before', () => {
    const encoded = (all: ReadonlyMap<string, requests.PullMsgs>) =>
      new Map(
        [...all].map(([name, entry]) => [
          name,
          { ...entry, Msgs: entry.Msgs.map((one) => msgData.encode(one)) },
        ]),
      );
    const room = fc.option(fc.nat(2000), { nil: undefined });
    fc.assert(
      fc.property(mapOf(pulls), mapOf(pulls), room, (msgs, notificationMsgs, capacity) => {
        const whole = requests.pullMessageBySeqsResp.encode({ msgs, notificationMsgs });
        const pages = { msgs: encoded(msgs), notificationMsgs: encoded(notificationMsgs) };
        const bytes = requests.encodedMessages.encode(pages, capacity);
        const again = requests.encodedMessages.encode(requests.encodedMessages.decode(bytes));
        expect([bytes, again].map((one) => Buffer.compare(one, whole))).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  test('1003', () => {
    const answer = fc.record({ serverMsgID: texts, clientMsgID: texts, sendTime: int64s });
    agrees(requests.sendMsgResp, PbCoder.UserSendMsgResp, answer);
  });

  test('1005', () => {
    const seqs = fc.record({ conversationID: texts, seqs: few(int64s) });
    const request = fc.record({ userID: texts, conversations: few(seqs), order });
    agrees(requests.getSeqMessageReq, PbCoder.GetSeqMessageReq, request);
    agrees(requests.getSeqMessageResp, PbCoder.GetSeqMessageResp, byConversation);
  });

  test('1006', () => {
    const seqs = fc.record({ maxSeq: int64s, hasReadSeq: int64s, maxSeqTime: int64s });
    agrees(
      requests.getConversationsHasReadAndMaxSeqReq,
      PbCoder.GetConversationsHasReadAndMaxSeqReq,
      fc.record({ userID: texts, conversationIDs: few(texts), returnPinned: fc.constant(false) }),
    );
    agrees(
      requests.getConversationsHasReadAndMaxSeqResp,
      PbCoder.GetConversationsHasReadAndMaxSeqResp,
      fc.record({ seqs: mapOf(seqs), pinnedConversationIDs: fc.constant([]) }),
    );
  });

  test('2001', () => agrees(requests.pushMessages, PbCoder.PushMessages, byConversation));

  test('2005', () => {
    const element = fc.record({ userID: texts, onlinePlatformIDs: few(int32s) });
    agrees(
      requests.subUserOnlineStatus,
      PbCoder.SubUserOnlineStatus,
      fc.record({ subscribeUserID: few(texts), unsubscribeUserID: few(texts) }),
    );
    agrees(
      requests.subUserOnlineStatusTips,
      PbCoder.SubUserOnlineStatusTips,
      fc.record({ subscribers: few(element) }),
    );
  });

  test('the JS SDK routes', () => {
    agrees(
      jssdk.getActiveConversationsReq,
      PbCoder.GetActiveConversationsReq,
      fc.record({ ownerUserID: texts, count: int64s }),
    );
    agrees(
      jssdk.getConversationsReq,
      PbCoder.GetConversationsReq,
      fc.record({ ownerUserID: texts, conversationIDs: few(texts) }),
    );
    const answer = fc.record({ unreadCount: int64s, conversations: few(conversationMsgs) });
    agrees(jssdk.getActiveConversationsResp, PbCoder.GetActiveConversationsResp, answer);
    agrees(jssdk.getConversationsResp, PbCoder.GetConversationsResp, answer);
  });
});

const conversations = fc.record({
  ownerUserID: texts,
  conversationID: texts,
  recvMsgOpt: int32s,
  conversationType: int32s,
  userID: texts,
  groupID: texts,
  isPinned: fc.boolean(),
  attachedInfo: texts,
  isPrivateChat: fc.boolean(),
  groupAtType: int32s,
  ex: texts,
  burnDuration: int32s,
  minSeq: int64s,
  maxSeq: int64s,
  msgDestructTime: int64s,
  latestMsgDestructTime: int64s,
  isMsgDestruct: fc.boolean(),
});
const users = fc.record({
  userID: texts,
  nickname: texts,
  faceURL: texts,
  ex: texts,
  createTime: int64s,
  appMangerLevel: int32s,
  globalRecvMsgOpt: int32s,
});
const friends = fc.record({
  ownerUserID: texts,
  friendUserID: texts,
  remark: texts,
  createTime: int64s,
  addSource: int32s,
  operatorUserID: texts,
  ex: texts,
  isPinned: fc.boolean(),
});
const groups = fc.record({
  groupID: texts,
  groupName: texts,
  notification: texts,
  introduction: texts,
  faceURL: texts,
  ownerUserID: texts,
  createTime: int64s,
  memberCount: fc.nat(2 ** 32 - 1),
  ex: texts,
  status: int32s,
  creatorUserID: texts,
  groupType: int32s,
  needVerification: int32s,
  lookMemberInfo: int32s,
  applyMemberFriend: int32s,
  notificationUpdateTime: int64s,
  notificationUserID: texts,
});
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });
const conversationMsgs = fc.record({
  conversation: maybe(conversations),
  lastMsg: maybe(msgDatas),
  user: maybe(users),
  friend: maybe(friends),
  group: maybe(groups),
  maxSeq: int64s,
  readSeq: int64s,
});

/** What the official package does not know: bytes by the field numbers of gateway reference 3.3. */
describe('what only we know', () => {
  const goldens: readonly (readonly [string, Uint8Array, string])[] = [
    ['1001', requests.getMaxSeqReq.encode({ userID: 'u1' }), '0a027531'],
    [
      '1007',
      requests.getLastMessageReq.encode({ userID: 'u1', conversationIDs: ['a', 'b'] }),
      '0a027531120161120162',
    ],
    ['2003', requests.delUserPushTokenReq.encode({ userID: 'u1', platformID: 5 }), '0a0275311005'],
    [
      '2004',
      requests.setAppBackgroundStatusReq.encode({ userID: 'u1', isBackground: true }),
      '0a0275311001',
    ],
    [
      'where a pull ends',
      requests.pullMsgs.encode({ Msgs: [], isEnd: true, endSeq: 9 }),
      '10011809',
    ],
    [
      'the order of 1002',
      requests.pullMessageBySeqsReq.encode({ userID: 'u1', seqRanges: [], order: 1 }),
      '0a0275311801',
    ],
    [
      'the order of 1005',
      requests.getSeqMessageReq.encode({ userID: 'u1', conversations: [], order: 1 }),
      '0a0275311801',
    ],
    [
      'the pinned ones of 1006',
      requests.getConversationsHasReadAndMaxSeqReq.encode({
        userID: 'u1',
        conversationIDs: [],
        returnPinned: true,
      }),
      '0a0275311801',
    ],
    [
      'the pinned ones in the answer',
      requests.getConversationsHasReadAndMaxSeqResp.encode({
        seqs: new Map(),
        pinnedConversationIDs: ['a', 'b'],
      }),
      '120161120162',
    ],
  ];
  test.each(goldens)('%s', (_what, bytes, hex) => {
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
  });

  test('the reply to 1001 of the reference', () => {
    const bytes = requests.getMaxSeqResp.encode({ maxSeqs: new Map([['si_u1_u2', 5]]) });
    expect(Buffer.from(bytes).toString('hex')).toBe('0a0c0a0873695f75315f75321005');
  });

  test('the newest messages of 1007 come back as they went', () => {
    fc.assert(
      fc.property(fc.record({ msgs: mapOf(msgDatas) }), (answer) => {
        const { decode, encode } = requests.getLastMessageResp;
        expect(decode(encode(answer))).toEqual(answer);
      }),
      { numRuns: RUNS },
    );
  });
});
