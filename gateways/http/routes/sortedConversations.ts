import { Type, type Static } from '@sinclair/typebox';
import type { ConversationId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { askedIds } from '../../openim/conversationIds.ts';
import type { MsgData } from '../../openim/msgData.ts';
import { renderShown } from '../../openim/render.ts';
import { isUserId } from '../../openim/user.ts';
import type { ConversationView, GroupView, ReadState, UserView } from '../../ports.ts';
import { body, conversationId, IDS_MAX, pageOf, pagination, userId } from '../fields.ts';
import { answer, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const int = Type.Integer();
const str = Type.String();

const msgInfo = Type.Object({
  serverMsgID: str,
  clientMsgID: str,
  sessionType: int,
  sendID: str,
  recvID: str,
  senderName: str,
  faceURL: str,
  groupID: str,
  groupName: str,
  groupFaceURL: str,
  groupType: int,
  groupMemberCount: int,
  LatestMsgRecvTime: int,
  msgFrom: int,
  contentType: int,
  content: str,
  ex: str,
});

const sorted = Type.Object({
  conversationTotal: int,
  unreadTotal: int,
  conversationElems: Type.Array(
    Type.Object({
      conversationID: str,
      recvMsgOpt: int,
      unreadCount: int,
      IsPinned: Type.Boolean(),
      msgInfo: Type.Union([msgInfo, Type.Null()]),
    }),
  ),
});

type Row = Readonly<{ view: ConversationView; unread: number; newest: number }>;

const rowsOf = (
  views: readonly ConversationView[],
  states: readonly ReadState[],
): readonly Row[] => {
  const stateOf = new Map(states.map((state) => [state.conversation, state]));
  return views.map((view) => {
    const { maxSeq = 0, hasReadSeq = 0, maxSeqTime = 0 } = stateOf.get(view.conversation) ?? {};
    return { view, unread: Math.max(0, maxSeq - hasReadSeq), newest: maxSeqTime };
  });
};

/** Pinned first, then by the time of the newest message. */
const byActivity = (one: Row, other: Row): number =>
  Number(other.view.pinned) - Number(one.view.pinned) || other.newest - one.newest;

/** Who has sent the messages, and into which groups. */
type Named = Readonly<{
  users: ReadonlyMap<string, UserView>;
  groups: ReadonlyMap<string, GroupView>;
}>;

const infoOf = (message: MsgData, { users, groups }: Named): Static<typeof msgInfo> => {
  const sender = users.get(message.sendID);
  const group = groups.get(message.groupID);
  return {
    serverMsgID: message.serverMsgID,
    clientMsgID: message.clientMsgID,
    sessionType: message.sessionType,
    sendID: message.sendID,
    recvID: message.recvID,
    senderName: sender?.nickname ?? message.senderNickname,
    faceURL: sender?.faceUrl ?? message.senderFaceURL,
    groupID: message.groupID,
    groupName: group?.name ?? '',
    groupFaceURL: group?.faceUrl ?? '',
    groupType: group === undefined ? 0 : WORKING_GROUP,
    groupMemberCount: group?.memberCount ?? 0,
    LatestMsgRecvTime: message.sendTime,
    msgFrom: message.msgFrom,
    contentType: message.contentType,
    content: message.content,
    ex: message.ex,
  };
};

/** The only kind of group there is (OpenIM's groupType). */
const WORKING_GROUP = 2;

/** Deprecated by OpenIM, and asked for by app servers of its older versions. */
export const sortedConversationsRoute = ({ chats, userLists, groupLists }: RouteDeps): Route => {
  const namedIn = async (messages: readonly MsgData[]): Promise<Named> => {
    const senders = [...new Set(messages.map(({ sendID }) => sendID))].filter(isUserId);
    const groupIds = [...new Set(messages.map(({ groupID }) => groupID as GroupId))];
    const [users, groups] = await Promise.all([
      userLists.byIds(senders),
      groupLists.groups(groupIds.filter((group) => group !== '')),
    ]);
    return {
      users: new Map(users.map((view) => [view.user, view])),
      groups: new Map(groups.map((view) => [view.group, view])),
    };
  };

  /** Of the page alone: each is looked for in the log. */
  const messagesOf = async (owner: UserId, rows: readonly Row[]) => {
    const ids = rows.map(({ view }) => view.conversation);
    const shown = await chats.lastVisible(owner, ids);
    return new Map<ConversationId, MsgData>(
      [...shown].map(([conversation, one]) => [conversation, renderShown(one)]),
    );
  };

  return route({
    path: '/conversation/get_sorted_conversation_list',
    summary: "A user's conversations, pinned first and then the newest, by page.",
    access: { kind: 'self', field: 'userID' },
    body: body({
      userID: userId,
      conversationIDs: Type.Array(conversationId, { default: [], maxItems: IDS_MAX }),
      pagination,
    }),
    data: sorted,
    run: async ({
      body: { userID, conversationIDs, pagination: page },
    }): Promise<Answer<Static<typeof sorted>>> => {
      const asked = [...askedIds(userID, conversationIDs).keys()];
      const views = await chats.conversations(userID, asked.length === 0 ? undefined : asked);
      const { states } = await chats.readStates(userID, asked);
      const rows = rowsOf(views, states).toSorted(byActivity);
      const shown = pageOf(rows, page);
      const messages = await messagesOf(userID, shown);
      const named = await namedIn([...messages.values()]);
      return answer({
        conversationTotal: rows.length,
        unreadTotal: rows.reduce((sum, { unread }) => sum + unread, 0),
        conversationElems: shown.map(({ view, unread }) => {
          const message = messages.get(view.conversation);
          return {
            conversationID: view.conversation,
            recvMsgOpt: view.receive,
            unreadCount: unread,
            IsPinned: view.pinned,
            msgInfo: message === undefined ? null : infoOf(message, named),
          };
        }),
      });
    },
  });
};
