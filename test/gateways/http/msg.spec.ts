import { describe, expect, test } from 'vitest';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import {
  getActiveConversationsReq,
  getActiveConversationsResp,
  getConversationsReq,
} from '../../../gateways/openim/jssdk.ts';
import { ADMIN, NOW, viewOf } from '../../support/fakes.ts';
import { ann, annAndBob } from '../../support/people.ts';
import { gateway, TOKENS } from './client.ts';

const asAdmin = { token: TOKENS.admin };
const asAnn = { token: TOKENS.ann };
const userID = 'ann';
const CONTENT = Buffer.from('{"content":"hi"}').toString('base64');

const wireMessage = (seq: number) => ({
  sendID: 'bob',
  recvID: 'ann',
  groupID: '',
  clientMsgID: `c${String(seq)}`,
  serverMsgID: `id${String(seq)}`,
  senderPlatformID: 0,
  senderNickname: '',
  senderFaceURL: '',
  sessionType: 1,
  msgFrom: 100,
  contentType: 101,
  content: CONTENT,
  seq,
  sendTime: NOW + seq,
  createTime: NOW,
  status: 2,
  isRead: seq === 1,
  offlinePushInfo: null,
  atUserIDList: [],
  attachedInfo: '',
  ex: '',
});

const text = {
  sendID: 'ann',
  recvID: 'bob',
  content: { content: 'hi', size: 1 },
  contentType: 101,
  sessionType: 1,
};

describe('sending for others', () => {
  test('[MSG-9] a message is handed on whole, and its ids come back', async () => {
    const { post, deps } = gateway();
    const offlinePushInfo = { title: 'New', iOSBadgeCount: true };
    const more = { senderNickname: 'Ann', senderPlatformID: 10, ex: 'e', clientMsgID: 'mine' };
    const body = { ...text, ...more, offlinePushInfo, notOfflinePush: true };
    const { json } = await post('/msg/send_msg', body, asAdmin);
    expect(json.data).toEqual({ serverMsgID: 'f'.repeat(32), clientMsgID: 'mine', sendTime: NOW });
    expect(deps.messages.sent).toEqual([
      {
        conversation: annAndBob,
        message: {
          from: 'ann',
          to: 'bob',
          clientMsgId: 'mine',
          contentType: 101,
          system: true,
          platform: 10,
          createTime: NOW,
          options: { offlinePush: false },
          body: {
            content: '{"content":"hi","size":1}',
            nickname: 'Ann',
            ex: 'e',
            push: {
              title: 'New',
              desc: '',
              ex: '',
              iosSound: '',
              iosBadge: true,
              signalInfo: '',
            },
          },
        },
        stored: true,
        senderSync: true,
        privileged: false,
        repeats: 'any',
      },
    ]);
  });

  test('[MSG-9] clientMsgID is made where none is given', async () => {
    const { post } = gateway();
    const { json } = await post('/msg/send_msg', text, asAdmin);
    expect((json.data as { clientMsgID: string }).clientMsgID).toMatch(/^[0-9a-f]{32}$/u);
  });

  test('[MSG-10] app admins and notification accounts are privileged, and OA is of accounts', async () => {
    const { post, deps } = gateway();
    deps.users.add('news' as UserId, 3);
    const content = { notificationName: 'News', notificationType: 1, text: 'x', mixType: 0 };
    const notice = { ...text, contentType: 1400, content };
    const send = async (body: object) => (await post('/msg/send_msg', body, asAdmin)).json.errCode;
    expect(await send({ ...text, sendID: ADMIN })).toBe(0);
    expect(await send({ ...notice, sendID: 'news' })).toBe(0);
    expect(await send({ ...notice, sendID: 'ann' })).toBe(1002);
    expect(await send({ ...notice, sendID: 'zed' })).toBe(1004);
    const [first, second] = deps.messages.sent;
    expect([first?.privileged, second?.privileged]).toEqual([true, true]);
    expect(second?.conversation).toBe('sn_bob_news');
    expect(second?.message.body).toEqual({
      content: JSON.stringify({ detail: JSON.stringify(content) }),
    });
  });

  test('[MSG-11] online-only ones are not stored, and an import keeps its time', async () => {
    const { post, deps } = gateway();
    await post('/msg/send_msg', { ...text, isOnlineOnly: true, sendTime: 5 }, asAdmin);
    expect(deps.messages.sent[0]).toMatchObject({ stored: false, senderSync: false, sendTime: 5 });
  });

  const size = { type: 'image/png', width: 1, height: '2', url: 'u' };
  const pictures = { sourcePicture: size, bigPicture: size, snapshotPicture: size };
  test.each([
    [101, { content: 'x' }, { content: '' }],
    [102, pictures, { ...pictures, bigPicture: { ...size, url: '' } }],
    [103, { sourceUrl: 'u', duration: 1 }, { sourceUrl: 'u', duration: 0 }],
    [105, { sourceUrl: 'u', fileName: 'f', fileSize: 1 }, { sourceUrl: 'u', fileName: 'f' }],
    [106, { text: '', atUserList: ['bob'] }, { text: 'x', atUserList: [] }],
    [110, { data: 'd' }, { description: 'd' }],
    [118, { content: 'x' }, {}],
  ])('[MSG-12] content of type %i must be whole', async (contentType, right, wrong) => {
    const { post } = gateway();
    const send = (content: object) =>
      post('/msg/send_msg', { ...text, contentType, content }, asAdmin);
    expect((await send(right)).json.errCode).toBe(0);
    const refused = await send(wrong);
    expect(refused).toMatchObject({ status: 200, json: { errCode: 1001 } });
    expect(refused.json.errDlt).toContain('content.');
  });

  test.each([
    ['contentType', { ...text, contentType: 2101 }],
    ['sessionType', { ...text, sessionType: 2 }],
    ['recvID', { ...text, recvID: null }],
    ['groupID', { ...text, sessionType: 3 }],
  ])('[MSG-12] what cannot be sent is refused: %s', async (named, body) => {
    const { json } = await gateway().post('/msg/send_msg', body, asAdmin);
    expect(json.errCode).toBe(1001);
    expect(json.errDlt).toContain(named);
  });
});

describe('reading', () => {
  const dataOf = async (path: string, body: object) =>
    (await gateway().post(path, body, asAnn)).json.data;

  test('greatest numbers', async () => {
    expect(await dataOf('/msg/newest_seq', { userID })).toEqual({ maxSeqs: { si_ann_bob: 2 } });
  });

  test('[WIR-48] messages come with base64 content, and empty maps not at all', async () => {
    const range = { conversationID: annAndBob, begin: 1, end: 2, num: 2 };
    const foreign = { ...range, conversationID: 'si_x_y' };
    const body = { userID, seqRanges: [range, foreign], order: 1 };
    expect(await dataOf('/msg/pull_msg_by_seq', body)).toEqual({
      msgs: { si_ann_bob: { Msgs: [wireMessage(1), wireMessage(2)], isEnd: true, endSeq: 2 } },
    });
  });

  test('what is read and how much there is', async () => {
    const path = '/msg/get_conversations_has_read_and_max_seq';
    const seqs = { si_ann_bob: { maxSeq: 2, hasReadSeq: 1, maxSeqTime: NOW } };
    expect(await dataOf(path, { userID })).toEqual({ seqs, pinnedConversationIDs: null });
    const none = { userID, conversationIDs: ['si_x_y'], returnPinned: true };
    expect(await dataOf(path, none)).toEqual({ pinnedConversationIDs: [] });
  });

  test('the time', async () => {
    expect(await dataOf('/msg/get_server_time', {})).toEqual({ serverTime: NOW });
  });
});

describe('[WIR-23] the conversation of a notification account', () => {
  const wire = 'sn_zed_ann';
  const stored = 'sn_ann_zed';

  test.each([
    ['/msg/mark_msgs_as_read', { conversationID: wire, seqs: [1] }],
    ['/msg/mark_conversation_as_read', { conversationID: wire, hasReadSeq: 1 }],
    ['/msg/set_conversation_has_read_seq', { conversationID: wire, hasReadSeq: 1 }],
    ['/msg/revoke_msg', { conversationID: wire, seq: 1 }],
    ['/msg/delete_msgs', { conversationID: wire, seqs: [1] }],
    ['/msg/clear_conversation_msg', { conversationIDs: [wire] }],
    [
      '/conversation/set_conversations',
      {
        userIDs: ['ann'],
        conversation: { conversationID: wire, conversationType: 4, userID: 'zed' },
      },
    ],
  ])('is found by either form of its id: %s', async (path, body) => {
    const { post, deps } = gateway();
    expect((await post(path, { userID, ...body }, asAnn)).json.errCode).toBe(0);
    const { marks, revoked, hidden, cleared, configured } = deps.messages;
    const asked = JSON.stringify([marks, revoked, hidden, cleared, configured]);
    expect(asked).toContain(stored);
    expect(asked).not.toContain(wire);
  });

  test('is answered under the name that it was asked by', async () => {
    const { post, deps } = gateway();
    const conversation = stored as ConversationId;
    deps.chats.views = [{ ...viewOf(ann, 'zed' as UserId), conversation }];
    const dataOf = async (path: string, body: object) =>
      (await post(path, { userID, ownerUserID: userID, ...body }, asAnn)).json.data;
    const range = { conversationID: wire, begin: 1, end: 2, num: 2 };
    expect(await dataOf('/msg/pull_msg_by_seq', { seqRanges: [range, range] })).toEqual({
      msgs: { [wire]: { Msgs: [wireMessage(1), wireMessage(2)], isEnd: true, endSeq: 2 } },
    });
    const states = await dataOf('/msg/get_conversations_has_read_and_max_seq', {
      conversationIDs: [wire],
    });
    expect(Object.keys((states as { seqs: object }).seqs)).toEqual([wire]);
    const one = await dataOf('/conversation/get_conversation', { conversationID: wire });
    expect(one).toMatchObject({ conversation: { conversationID: stored } });
    for (const path of ['/conversation/get_conversations', '/jssdk/get_conversations']) {
      const list = await dataOf(path, { conversationIDs: [wire] });
      expect((list as { conversations: unknown[] }).conversations).toHaveLength(1);
    }
  });
});

describe('marking', () => {
  const base = { conversationID: annAndBob, userID };

  test.each([
    ['/msg/mark_msgs_as_read', { seqs: [1, 2] }, { upTo: 2, seqs: [1, 2], quiet: false }],
    ['/msg/mark_conversation_as_read', { hasReadSeq: 2 }, { upTo: 2, seqs: [], quiet: false }],
    ['/msg/set_conversation_has_read_seq', { hasReadSeq: 2 }, { upTo: 2, seqs: [], quiet: true }],
  ])('%s', async (path, given, mark) => {
    const { post, deps } = gateway();
    expect((await post(path, { ...base, ...given }, asAnn)).json.errCode).toBe(0);
    expect(deps.messages.marks).toEqual([{ conversation: annAndBob, reader: 'ann', ...mark }]);
  });

  test.each([{ seqs: [] }, { seqs: [0] }, { seqs: [1.5] }])('refuses %o', async (seqs) => {
    const { json } = await gateway().post('/msg/mark_msgs_as_read', { ...base, ...seqs }, asAnn);
    expect(json.errCode).toBe(1001);
    expect(json.errDlt).toContain('seqs');
  });

  test('[WIR-22] what is between others is a matter of rights', async () => {
    const { post, deps } = gateway();
    deps.messages.markRead = () =>
      Promise.resolve({ kind: 'refused', reason: 'conversation/not-party', detail: 'others' });
    const body = { ...base, hasReadSeq: 1 };
    expect((await post('/msg/mark_conversation_as_read', body, asAnn)).json.errCode).toBe(1002);
  });

  test.each([
    [{}, 'self'],
    [{ IsSyncSelf: true }, 'self-everywhere'],
    [{ IsSyncSelf: true, IsSyncOther: true }, 'all'],
  ])('[MSG-13] messages are deleted for whom %o says', async (deleteSyncOpt, scope) => {
    const { post, deps } = gateway();
    await post('/msg/delete_msgs', { ...base, seqs: [1, 2], deleteSyncOpt }, asAnn);
    expect(deps.messages.hidden).toEqual([
      { user: 'ann', conversation: annAndBob, seqs: [1, 2], scope, admin: false },
    ]);
  });

  test('[MSG-14] all conversations are cleared, or those that are named', async () => {
    const { post, deps } = gateway();
    await post('/msg/user_clear_all_msg', { userID }, asAnn);
    const named = { userID, conversationIDs: [annAndBob], deleteSyncOpt: { IsSyncSelf: true } };
    await post('/msg/clear_conversation_msg', named, asAnn);
    const cleared = { user: 'ann', conversations: [annAndBob] };
    expect(deps.messages.cleared).toEqual([
      { ...cleared, everywhere: false },
      { ...cleared, everywhere: true },
    ]);
  });

  test('[MSG-14] nobody clears a conversation for somebody else', async () => {
    const { post, deps } = gateway();
    const body = { userID, deleteSyncOpt: { IsSyncOther: true } };
    const { json } = await post('/msg/user_clear_all_msg', body, asAnn);
    expect(json).toMatchObject({ errCode: 1001, errMsg: 'ArgsError' });
    expect(json.errDlt).toContain('IsSyncOther');
    expect(deps.messages.cleared).toEqual([]);
  });

  test('[MSG-4] a message is revoked once', async () => {
    const { post, deps } = gateway();
    const revoke = async () => (await post('/msg/revoke_msg', { ...base, seq: 1 }, asAnn)).json;
    expect(await revoke()).toEqual({ errCode: 0, errMsg: '', errDlt: '' });
    expect(deps.messages.revoked).toEqual([
      { conversation: annAndBob, seq: 1, by: 'ann', admin: false },
    ]);
    expect(await revoke()).toMatchObject({ errCode: 1404, errMsg: 'MsgAlreadyRevoke' });
  });
});

describe('light clients', () => {
  const friend = { ownerUserID: 'ann', friendUserID: 'bob', remark: 'R' };
  const entry = { lastMsg: wireMessage(2), friend, group: null, maxSeq: 2, readSeq: 1 };

  test.each([
    ['/jssdk/get_active_conversations', { ownerUserID: 'bob', count: 0 }],
    ['/jssdk/get_conversations', { conversationIDs: [annAndBob, 'si_x_y'] }],
  ])('%s answers the caller in JSON', async (path, body) => {
    const { json } = await gateway().post(path, body, asAnn);
    expect(json.data).toMatchObject({
      unreadCount: 1,
      conversations: [{ ...entry, conversation: { ownerUserID: 'ann' }, user: { userID: 'bob' } }],
    });
  });

  const ownerUserID = 'ann';
  test.each([
    [
      '/jssdk/get_active_conversations',
      getActiveConversationsReq.encode({ ownerUserID, count: 9 }),
    ],
    [
      '/jssdk/get_conversations',
      getConversationsReq.encode({ ownerUserID, conversationIDs: [annAndBob] }),
    ],
  ])('%s answers protobuf with protobuf', async (path, bytes) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const { json } = await gateway().post(path, Buffer.from(bytes), { ...asAnn, headers });
    expect(json.errCode).toBe(0);
    const found = getActiveConversationsResp.decode(Buffer.from(String(json.data), 'base64'));
    expect(found).toMatchObject({
      unreadCount: 1,
      conversations: [{ maxSeq: 2, readSeq: 1, friend, lastMsg: { content: '{"content":"hi"}' } }],
    });
  });

  test('a conversation that has been cleared is answered by id, without a message, and not active', async () => {
    const { post, deps } = gateway();
    deps.chats.cleared = [annAndBob];
    const row = { conversation: { conversationID: annAndBob }, maxSeq: 2, user: { userID: 'bob' } };
    const byId = await post('/jssdk/get_conversations', { conversationIDs: [annAndBob] }, asAnn);
    expect(byId.json.data).toMatchObject({ conversations: [{ ...row, lastMsg: null }] });
    const active = await post('/jssdk/get_active_conversations', { count: 9 }, asAnn);
    expect(active.json.data).toMatchObject({ unreadCount: 1, conversations: [] });
    const bytes = getConversationsReq.encode({ ownerUserID, conversationIDs: [annAndBob] });
    const headers = { 'content-type': 'application/x-protobuf' };
    const proto = await post('/jssdk/get_conversations', Buffer.from(bytes), { ...asAnn, headers });
    const data = Buffer.from(String(proto.json.data), 'base64');
    expect(getActiveConversationsResp.decode(data).conversations).toMatchObject([
      { ...row, lastMsg: undefined },
    ]);
  });

  test.each([
    ['text/plain', '{}'],
    ['application/protobuf', '\u0007\u0007'],
  ])('%s that is not what it says is refused', async (type, body) => {
    const options = { ...asAnn, headers: { 'content-type': type } };
    const { json } = await gateway().post('/jssdk/get_active_conversations', body, options);
    expect(json.errCode).toBe(1001);
  });
});
