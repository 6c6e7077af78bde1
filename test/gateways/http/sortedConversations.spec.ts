import { describe, expect, test } from 'vitest';
import { single } from '../../../core/conversation/ids.ts';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import { FakeChats, NOW, viewOf } from '../../support/fakes.ts';
import { ann, annAndBob, bob } from '../../support/people.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };
const all = { pageNumber: 1, showNumber: 10 };

/** Ann has chats with users; each has two messages, of which one is unread, and was written to then. */
class ManyChats extends FakeChats {
  readonly #times = new Map<ConversationId, number>();

  add(other: string, time: number, pinned = false): void {
    const conversation = single(ann, other as UserId);
    this.views = [...this.views, { ...viewOf(ann, other as UserId), conversation, pinned }];
    this.#times.set(conversation, time);
  }

  override async readStates(user: UserId, ids: readonly ConversationId[]) {
    const { states, pinned } = await super.readStates(user, ids);
    const timed = states.map((state) => {
      const maxSeqTime = this.#times.get(state.conversation) ?? state.maxSeqTime;
      return { ...state, maxSeqTime };
    });
    return { states: timed, pinned };
  }
}

const many = () => {
  const chats = new ManyChats();
  chats.add('old', NOW - 2);
  chats.add('pinned', NOW - 9, true);
  chats.add('same', NOW - 2);
  return gateway({ chats });
};
const path = '/conversation/get_sorted_conversation_list';
const idsIn = (data: unknown): readonly string[] => {
  const { conversationElems } = data as { conversationElems: { conversationID: string }[] };
  return conversationElems.map(({ conversationID }) => conversationID);
};

test('[SYN-20] conversations are sorted: pinned first, then the newest, and none is lost', async () => {
  const { post } = many();
  const { json } = await post(path, { userID: 'ann', pagination: all }, asAnn);
  expect(json.data).toMatchObject({ conversationTotal: 4, unreadTotal: 4 });
  expect(idsIn(json.data)).toEqual(['si_ann_pinned', annAndBob, 'si_ann_old', 'si_ann_same']);
  const second = { userID: 'ann', pagination: { pageNumber: 2, showNumber: 3 } };
  expect(idsIn((await post(path, second, asAnn)).json.data)).toEqual(['si_ann_same']);
});

test('[SYN-20] each has its newest message, with who has sent it', async () => {
  const { post } = gateway();
  const body = { userID: 'ann', conversationIDs: [annAndBob, 'si_ann_zed'], pagination: all };
  const { json } = await post(path, body, asAnn);
  expect(json.data).toEqual({
    conversationTotal: 1,
    unreadTotal: 1,
    conversationElems: [
      {
        conversationID: annAndBob,
        recvMsgOpt: 0,
        unreadCount: 1,
        IsPinned: false,
        msgInfo: {
          ...{
            serverMsgID: 'id2',
            clientMsgID: 'c2',
            sessionType: 1,
            sendID: 'bob',
            recvID: 'ann',
          },
          ...{ senderName: 'bob!', faceURL: '', groupID: '', groupName: '', groupFaceURL: '' },
          ...{ groupType: 0, groupMemberCount: 0, LatestMsgRecvTime: NOW + 2, msgFrom: 100 },
          ...{ contentType: 101, content: '{"content":"hi"}', ex: '' },
        },
      },
    ],
  });
  const none = { userID: 'ann', conversationIDs: ['si_ann_zed'], pagination: all };
  expect((await post(path, none, asAnn)).json.data).toEqual({
    conversationTotal: 0,
    unreadTotal: 0,
    conversationElems: [],
  });
});

test('[MSG-36] what an app says of a user is set in the rows of those who have a chat with it', async () => {
  const { post, deps } = many();
  const update = '/conversation/update_conversations_by_user';
  expect((await post(update, { userID: 'ann' }, asAdmin)).json.errCode).toBe(0);
  expect(deps.messages.configured).toEqual([]);
  expect((await post(update, { userID: 'ann', ex: 'vip' }, asAdmin)).json.errCode).toBe(0);
  const settings = { kind: 1, peer: { user: ann }, settings: {}, notes: { ex: 'vip' } };
  expect(deps.messages.configured).toHaveLength(4);
  expect(deps.messages.configured).toContainEqual({
    user: bob,
    conversation: annAndBob,
    ...settings,
  });
  expect((await post(update, { userID: 'ann', ex: 'vip' }, asAnn)).json.errCode).toBe(1002);
});

describe('deleting conversations', () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const deletePath = '/conversation/delete_conversations';

  test('[SYN-27] those that are named, or those that are silent for days, go from the list', async () => {
    const chats = new ManyChats();
    chats.add('silent', NOW - 3 * DAY_MS - 1);
    chats.add('never', 0);
    chats.add('lately', NOW - 3 * DAY_MS);
    const { post, deps } = gateway({ chats });
    const of = (more: object) => post(deletePath, { ownerUserID: 'ann', ...more }, asAnn);
    expect((await of({ conversationIDs: [annAndBob, annAndBob] })).json.errCode).toBe(0);
    expect((await of({ needDeleteTime: 3 })).json.errCode).toBe(0);
    expect(deps.messages.deleted).toEqual([
      { user: ann, conversations: [annAndBob] },
      { user: ann, conversations: ['si_ann_silent'] },
    ]);
  });

  test.each([
    ['neither', {}],
    ['both', { needDeleteTime: 1, conversationIDs: [annAndBob] }],
    ['less than no days', { needDeleteTime: -1 }],
    ['days beyond all time', { needDeleteTime: 100_001 }],
  ])('with %s is refused', async (_, more) => {
    const { post, deps } = gateway();
    const { json } = await post(deletePath, { ownerUserID: 'ann', ...more }, asAnn);
    expect(json.errCode).toBe(1001);
    expect(deps.messages.deleted).toEqual([]);
  });
});
