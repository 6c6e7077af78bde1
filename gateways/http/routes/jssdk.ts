import { Type, type Static } from '@sinclair/typebox';
import type { Shown } from '../../../core/sequence/shown.ts';
import type { ConversationId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { conversation } from '../../openim/conversation.ts';
import { askedIds } from '../../openim/conversationIds.ts';
import { friendInfoOnly } from '../../openim/friend.ts';
import { groupInfo } from '../../openim/group.ts';
import { msgDataJson } from '../../openim/json.ts';
import {
  getActiveConversationsReq,
  getActiveConversationsResp,
  getConversationsReq,
  type ConversationMsgs,
} from '../../openim/jssdk.ts';
import type { MsgData } from '../../openim/msgData.ts';
import { renderShown } from '../../openim/render.ts';
import { userInfo } from '../../openim/user.ts';
import type { ConversationView, FriendView, GroupView, ReadState, UserView } from '../../ports.ts';
import { body, conversationId, IDS_MAX, int64OrZero } from '../fields.ts';
import { answer, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { conversationMsgs } from '../shapes.ts';

const ACTIVE_COUNT = 100;
const ACTIVE_COUNT_MAX = 500;

/** JSON, or the protobuf message in base64, as the request came. */
const data = Type.Union([conversationMsgs, Type.String()]);

/** A conversation, with the newest message that its owner can see, if there is one. */
type Row = Readonly<{
  view: ConversationView;
  last: MsgData | undefined;
  state: ReadState | undefined;
}>;

type Listed = Readonly<{ unread: number; rows: readonly Row[] }>;

const unreadOf = ({ maxSeq, hasReadSeq }: ReadState): number => Math.max(0, maxSeq - hasReadSeq);

/** Pinned first, then by the time of the newest message. */
const byActivity = (one: Row, other: Row): number =>
  Number(other.view.pinned) - Number(one.view.pinned) ||
  (other.last?.sendTime ?? 0) - (one.last?.sendTime ?? 0);

const rowsOf = (
  views: readonly ConversationView[],
  last: ReadonlyMap<ConversationId, Shown>,
  states: readonly ReadState[],
): readonly Row[] => {
  const stateOf = new Map(states.map((state) => [state.conversation, state]));
  return views.map((view) => {
    const shown = last.get(view.conversation);
    const state = stateOf.get(view.conversation);
    return { view, last: shown && renderShown(shown), state };
  });
};

type Lists = Pick<RouteDeps, 'userLists' | 'friendLists' | 'groupLists'>;

type Peers = Readonly<{
  groups: ReadonlyMap<GroupId, GroupView>;
  users: ReadonlyMap<UserId, UserView>;
  friends: ReadonlyMap<UserId, FriendView>;
}>;

/** The other sides: of single chats users, and those of them that are friends of the owner; and groups. */
const peersOf = async (
  { userLists, friendLists, groupLists }: Lists,
  owner: UserId,
  rows: readonly Row[],
): Promise<Peers> => {
  const peers = rows.flatMap(({ view: { peer } }) => ('user' in peer ? [peer.user] : []));
  const ids = [...new Set(peers)];
  const groupIds = rows.flatMap(({ view: { peer } }) => ('group' in peer ? [peer.group] : []));
  const [users, friends, groups] = await Promise.all([
    ids.length === 0 ? [] : userLists.byIds(ids),
    ids.length === 0 ? [] : friendLists.friendsAmong(owner, ids),
    groupIds.length === 0 ? [] : groupLists.groups(groupIds),
  ]);
  return {
    groups: new Map(groups.map((view) => [view.group, view])),
    users: new Map(users.map((view) => [view.user, view])),
    friends: new Map(friends.map((view) => [view.friend, view])),
  };
};

export const jssdkRoutes = ({ chats, ...lists }: RouteDeps): readonly Route[] => {
  /** None given: all of the owner's. What is unread is counted over all in either case. */
  const listed = async (owner: UserId, ids?: readonly ConversationId[]): Promise<Listed> => {
    const { states } = await chats.readStates(owner, []);
    const views = ids?.length === 0 ? [] : await chats.conversations(owner, ids);
    const last = await chats.lastVisible(
      owner,
      views.map((view) => view.conversation),
    );
    const unread = states.reduce((sum, state) => sum + unreadOf(state), 0);
    return { unread, rows: rowsOf(views, last, states) };
  };

  const answered = async (
    owner: UserId,
    { unread, rows }: Listed,
    protobuf: boolean,
  ): Promise<Answer<Static<typeof data>>> => {
    const { users, friends, groups } = await peersOf(lists, owner, rows);
    const list = rows.map(({ view, last, state }) => {
      const peer = 'user' in view.peer ? users.get(view.peer.user) : undefined;
      const friend = peer === undefined ? undefined : friends.get(peer.user);
      const group = 'group' in view.peer ? groups.get(view.peer.group) : undefined;
      return {
        conversation: conversation(view),
        lastMsg: last,
        user: peer && userInfo(peer),
        friend: friend && friendInfoOnly(friend),
        group: group && groupInfo(group),
        maxSeq: state?.maxSeq ?? 0,
        readSeq: state?.hasReadSeq ?? 0,
      };
    });
    return answer(protobuf ? inBase64(unread, list) : inJson(unread, list));
  };

  return [
    route({
      path: '/jssdk/get_conversations',
      // Also one that has been cleared: the JS SDK (client-sdk 0.0.14) asks for a conversation that it knows to
      // exist before it sends there, and fails where it is left out.
      summary:
        "The caller's conversations of these ids, each with its newest message if there is one.",
      access: { kind: 'user' },
      body: body({ conversationIDs: Type.Array(conversationId, { maxItems: IDS_MAX }) }),
      data,
      decode: getConversationsReq.decode,
      run: async ({ body: { conversationIDs }, caller, protobuf }) =>
        answered(
          caller.user,
          await listed(caller.user, [...askedIds(caller.user, conversationIDs).keys()]),
          protobuf,
        ),
    }),

    route({
      path: '/jssdk/get_active_conversations',
      summary:
        "The caller's conversations, pinned first and then the newest, each with its message.",
      access: { kind: 'user' },
      body: body({ count: int64OrZero() }),
      data,
      decode: getActiveConversationsReq.decode,
      run: async ({ body: { count }, caller, protobuf }) => {
        const { unread, rows: all } = await listed(caller.user);
        const rows = all.filter(({ last }) => last !== undefined);
        const size = count <= 0 || count > ACTIVE_COUNT_MAX ? ACTIVE_COUNT : count;
        return answered(
          caller.user,
          { unread, rows: rows.toSorted(byActivity).slice(0, size) },
          protobuf,
        );
      },
    }),
  ];
};

type Item = Omit<ConversationMsgs['conversations'][number], 'lastMsg'> & {
  conversation: Static<typeof conversationMsgs>['conversations'][number]['conversation'];
  lastMsg: MsgData | undefined;
};

/** Both routes answer with one message. */
const inBase64 = (unreadCount: number, items: readonly Item[]): string => {
  const bytes = getActiveConversationsResp.encode({ unreadCount, conversations: [...items] });
  return Buffer.from(bytes.length === 0 ? NOTHING_UNREAD : bytes).toString('base64');
};

/**
 * The first field, said to be zero. A message of nothing but zeros has no bytes, and the JS SDK takes empty
 * data for no answer and fails (client-sdk 0.0.14); a zero that is written out it reads as any other.
 */
const NOTHING_UNREAD = Uint8Array.of(0x08, 0x00);

const inJson = (unreadCount: number, items: readonly Item[]): Static<typeof conversationMsgs> => ({
  unreadCount,
  conversations: items.map(({ user, friend, group, lastMsg, ...item }) => ({
    ...item,
    lastMsg: lastMsg === undefined ? null : msgDataJson(lastMsg),
    user: user ?? null,
    friend: friend ?? null,
    group: group ?? null,
  })),
});
