import { describe, expect, test } from 'vitest';
import type {
  MessageData,
  MessageRevoked,
  NoticePosted,
  NumberedEvent,
} from '../../../core/conversation/events.ts';
import { ERASED, type Recorded } from '../../../core/kernel/fact.ts';
import type { ConversationId, EventId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { emptyMsgData } from '../../../gateways/openim/msgData.ts';
import { notificationOptions } from '../../../gateways/openim/options.ts';
import {
  RECEIPT_SEQS_MAX,
  renderEvent,
  renderHidden,
  renderPassing,
  renderRevoked,
  renderShown,
  renderVoid,
} from '../../../gateways/openim/render.ts';
import { conversationUpdateTips, notificationContent } from '../../../gateways/openim/tips.ts';

const u1 = 'u1' as UserId;
const u2 = 'u2' as UserId;
const g1 = 'g1' as GroupId;
const chat = 'si_u1_u2' as ConversationId;
const id = '0cc175b9-c0f1-b6a8-31c3-99e269772661' as EventId;
const HEX = '0cc175b9c0f1b6a831c399e269772661';
const meta = { actor: 'u1', operationId: 'op1' };

const recorded = (
  conversation: string,
  seq: number,
  event: NumberedEvent,
): Recorded<NumberedEvent> => ({
  ...event,
  id,
  meta,
  stream: `conversation-${conversation}`,
  revision: seq - 1,
  position: 90,
  created: 1_760_000_000_001,
});

const message: MessageData = {
  clientMsgId: 'c0ffee',
  contentType: 101,
  createTime: 1_759_999_989_000,
  sendTime: 1_759_999_990_000,
  body: { content: '{"content":"hi"}' },
};

const sent = (data: Partial<MessageData> = {}): NumberedEvent => ({
  type: 'MessageSent',
  data: { from: u1, to: u2, ...message, ...data },
});

const revoked = {
  conversation: chat,
  seq: 7,
  clientMsgId: 'c0ffee',
  sentBy: u1,
  sentAt: 1_759_999_990_000,
  by: u1,
  role: 0,
  byAdmin: false,
  sendTime: 1_760_000_000_000,
  revoker: { nickname: 'Ann' },
  source: { nickname: 'Ann' },
};

const revocation: MessageRevoked = {
  type: 'MessageRevoked',
  data: { from: u1, to: u2, ...revoked },
};

/** Content of a revoked message, as gateway reference 4.13 has it. */
const REVOKED_CONTENT = String.raw`{"detail":"{\"revokerID\":\"u1\",\"revokerRole\":0,\"clientMsgID\":\"c0ffee\",\"revokerNickname\":\"Ann\",\"revokeTime\":1760000000000,\"sourceMessageSendTime\":1759999990000,\"sourceMessageSendID\":\"u1\",\"sourceMessageSenderNickname\":\"Ann\",\"sessionType\":1,\"seq\":7,\"ex\":\"\"}"}`;

const rendered = {
  ...emptyMsgData(),
  sendID: 'u1',
  recvID: 'u2',
  clientMsgID: 'c0ffee',
  serverMsgID: HEX,
  sessionType: 1,
  msgFrom: 100,
  contentType: 101,
  content: '{"content":"hi"}',
  seq: 7,
  sendTime: 1_759_999_990_000,
  createTime: 1_759_999_989_000,
  status: 2,
};

describe('a message', () => {
  test('has the number of its place and what is not stored as zero', () => {
    expect(renderEvent(recorded(chat, 7, sent()))).toEqual(rendered);
    expect(renderEvent(recorded(chat, 7, sent()), true)).toEqual({ ...rendered, isRead: true });
  });

  test('has all that its sender gave it', () => {
    const said = sent({
      platform: 5,
      options: { notPrivate: false },
      atUsers: ['u2'],
      body: {
        content: '{}',
        nickname: 'Ann',
        faceUrl: 'https://faces.example/ann',
        attachedInfo: '{"a":1}',
        ex: 'e',
        push: { title: 't', desc: 'd', ex: 'x', iosSound: 's', iosBadge: true, signalInfo: 'i' },
      },
    });
    expect(renderEvent(recorded(chat, 7, said))).toEqual({
      ...rendered,
      senderPlatformID: 5,
      options: { notPrivate: false },
      atUserIDList: ['u2'],
      content: '{}',
      senderNickname: 'Ann',
      senderFaceURL: 'https://faces.example/ann',
      attachedInfo: '{"a":1}',
      ex: 'e',
      offlinePushInfo: {
        title: 't',
        desc: 'd',
        ex: 'x',
        iOSPushSound: 's',
        iOSBadgeCount: true,
        signalInfo: 'i',
      },
    });
  });

  test('whose sender’s key is gone is shown as deleted', () => {
    expect(renderEvent(recorded(chat, 7, sent({ body: ERASED })))).toEqual({
      ...rendered,
      content: '',
      status: 4,
    });
  });

  test('has its session type from the conversation, and its parties from the event', () => {
    const toGroup = { from: u1, group: g1, ...message };
    const said = renderEvent(recorded('sg_g1', 1, { type: 'MessageSent', data: toGroup }));
    expect(said).toMatchObject({ sessionType: 3, groupID: 'g1', recvID: '', msgFrom: 100 });
    const told = { ...toGroup, system: true } as const;
    const notice = renderEvent(recorded('sg_g1', 1, { type: 'NoticePosted', data: told }));
    expect(notice).toMatchObject({ sessionType: 3, groupID: 'g1', recvID: 'g1', msgFrom: 200 });
    expect(renderEvent(recorded('sn_u1_u2', 1, sent()))).toMatchObject({ sessionType: 4 });
    expect(renderEvent(recorded('n_u1_u2', 1, sent()))).toMatchObject({ sessionType: 1 });
    const stored = recorded('n_g1', 1, { type: 'NoticePosted', data: told });
    expect(renderEvent(stored)).toMatchObject({ sessionType: 3, recvID: 'g1' });
  });

  test('that is not stored has no number', () => {
    const passing = { conversation: chat, id, meta, data: { from: u1, to: u2, ...message } };
    expect(renderPassing(passing)).toEqual({ ...rendered, seq: 0 });
  });

  test('[SEQ-10] that never was is a deleted number and nothing else', () => {
    const data = { from: u1, to: u2, reason: 'imported', sendTime: 5, clientMsgId: 'c9' };
    const gap = { ...emptyMsgData(), seq: 3, status: 4 };
    expect(renderEvent(recorded(chat, 3, { type: 'SeqVoided', data }))).toEqual(gap);
    expect(renderVoid(3)).toEqual(gap);
  });
});

describe('what has become of a message', () => {
  const full = {
    ...rendered,
    senderNickname: 'Ann',
    options: { notPrivate: false },
    offlinePushInfo: {
      title: '',
      desc: 'Ann: hi',
      ex: '',
      iOSPushSound: '',
      iOSBadgeCount: false,
      signalInfo: '',
    },
    attachedInfo: '{"hint":"hi"}',
    ex: 'hi',
  };
  const bare = { ...full, content: '', offlinePushInfo: undefined, attachedInfo: '', ex: '' };

  test('[SYN-3] taken back: ids, number and send time stay, all text is gone', () => {
    expect(renderRevoked(full, revocation.data)).toEqual({
      ...bare,
      contentType: 2101,
      content: REVOKED_CONTENT,
    });
  });

  test('[SYN-4] hidden: ids, number and send time stay, all text is gone', () => {
    expect(renderHidden(full)).toEqual({ ...bare, status: 4 });
  });

  test('hidden and taken back: revoked content, deleted status', () => {
    expect(renderRevoked(renderHidden(full), revocation.data)).toMatchObject({
      contentType: 2101,
      content: REVOKED_CONTENT,
      status: 4,
    });
  });

  test('names that are erased are empty', () => {
    const nameless = { ...revocation.data, revoker: ERASED, source: ERASED };
    const { content } = renderRevoked(full, nameless);
    expect(content).toBe(REVOKED_CONTENT.replaceAll('Ann', ''));
  });

  test('each kind of what a viewer is shown is rendered', () => {
    const event = recorded(chat, 7, sent());
    expect(renderShown({ kind: 'event', seq: 7, event, isRead: true }).isRead).toBe(true);
    expect(renderShown({ kind: 'hidden', seq: 7, event }).status).toBe(4);
    expect(renderShown({ kind: 'void', seq: 8 })).toEqual(renderVoid(8));
    const back = { ...recorded('n_u1_u2', 2, revocation), ...revocation };
    const shown = renderShown({ kind: 'revoked', seq: 7, event, revocation: back });
    expect(shown).toMatchObject({ seq: 7, contentType: 2101, content: REVOKED_CONTENT });
  });
});

describe('a stored notification', () => {
  const notification = {
    ...emptyMsgData(),
    sendID: 'u1',
    recvID: 'u2',
    clientMsgID: HEX,
    serverMsgID: HEX,
    sessionType: 1,
    msgFrom: 200,
    seq: 2,
    sendTime: 1_760_000_000_000,
    createTime: 1_760_000_000_000,
    status: 2,
    options: notificationOptions({ stored: true }),
  };

  test('2101, as in the reference', () => {
    expect(renderEvent(recorded('n_u1_u2', 2, revocation))).toEqual({
      ...notification,
      contentType: 2101,
      content: String.raw`{"detail":"{\"revokerUserID\":\"u1\",\"clientMsgID\":\"c0ffee\",\"revokeTime\":1760000000000,\"sesstionType\":1,\"seq\":7,\"conversationID\":\"si_u1_u2\",\"isAdminRevoke\":false}"}`,
    });
  });

  test('2101 in a group', () => {
    const data = { ...revoked, from: u1, group: g1, conversation: 'sg_g1' as ConversationId };
    const told = renderEvent(recorded('n_g1', 2, { type: 'MessageRevoked', data }));
    expect(told).toMatchObject({ sessionType: 3, recvID: 'g1', groupID: 'g1' });
    expect(told.content).toContain(String.raw`\"sesstionType\":3`);
  });

  const read = (after: number, upTo: number, seqs: readonly number[]): NumberedEvent => ({
    type: 'MessagesRead',
    data: { from: u2, to: u1, conversation: chat, after, upTo, seqs, sendTime: 1_760_000_000_000 },
  });

  test('2200, as in the reference', () => {
    expect(renderEvent(recorded('n_u1_u2', 1, read(4, 7, [])))).toEqual({
      ...notification,
      sendID: 'u2',
      recvID: 'u1',
      seq: 1,
      contentType: 2200,
      content: String.raw`{"detail":"{\"markAsReadUserID\":\"u2\",\"conversationID\":\"si_u1_u2\",\"seqs\":[5,6,7],\"hasReadSeq\":7}"}`,
    });
  });

  test('2200 names numbers beyond the mark too, each once, and the newest thousand', () => {
    const numbersIn = (event: NumberedEvent): readonly number[] => {
      const { content } = renderEvent(recorded('n_u1_u2', 1, event));
      const list = /seqs\\":\[([\d,]*)\]/.exec(content)?.[1] ?? '';
      return list.split(',').map(Number);
    };
    expect(numbersIn(read(4, 6, [6, 9, 3]))).toEqual([3, 5, 6, 9]);
    const many = numbersIn(read(0, 2_000_000, [2_000_005]));
    expect(many).toHaveLength(RECEIPT_SEQS_MAX);
    expect([many[0], many.at(-2), many.at(-1)]).toEqual([1_999_002, 2_000_000, 2_000_005]);
  });

  test('2102', () => {
    const data = {
      from: u1,
      to: u2,
      conversation: chat,
      seqs: [3, 4],
      scope: 'all',
      sendTime: 1_760_000_000_000,
    } as const;
    expect(renderEvent(recorded('n_u1_u2', 2, { type: 'MessagesDeleted', data }))).toEqual({
      ...notification,
      contentType: 2102,
      content: String.raw`{"detail":"{\"userID\":\"u1\",\"conversationID\":\"si_u1_u2\",\"seqs\":[3,4]}"}`,
    });
  });

  test('1300, as in the reference', () => {
    expect(conversationUpdateTips({ userID: 'u1', conversationIDList: ['si_u1_u2'] })).toBe(
      String.raw`{"detail":"{\"userID\":\"u1\",\"conversationIDList\":[\"si_u1_u2\"]}"}`,
    );
  });
});

describe('[GRP-81] a line that names others', () => {
  const tips = {
    opUser: { userID: 'u1', nickname: 'One' },
    kickedUserList: [
      { userID: 'u2', nickname: '' },
      { userID: 'u3', nickname: '' },
      { userID: 'u4', nickname: '' },
    ],
    operationTime: 0,
  };
  const line = (others: NoticePosted['data']['others']): NumberedEvent => ({
    type: 'NoticePosted',
    data: {
      from: u1,
      group: g1,
      ...message,
      contentType: 1508,
      body: { content: notificationContent(tips) },
      ...(others && { others }),
    },
  });
  const shown = (event: NumberedEvent): unknown =>
    JSON.parse(
      (JSON.parse(renderEvent(recorded('sg_g1', 1, event)).content) as { detail: string }).detail,
    );

  test('shows their names where it has their ids, and none of who has been erased', () => {
    const others = [
      { user: u2, shown: { nickname: 'Two' } },
      { user: 'u3' as UserId, shown: ERASED },
    ];
    const [two, ...rest] = tips.kickedUserList;
    expect(shown(line(others))).toEqual({
      ...tips,
      kickedUserList: [{ ...two, nickname: 'Two' }, ...rest],
    });
  });

  test('is shown as it is stored where it names nobody', () => {
    const event = line(undefined);
    expect(renderEvent(recorded('sg_g1', 1, event)).content).toBe(notificationContent(tips));
  });
});
