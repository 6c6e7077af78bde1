import { Type, type Static } from '@sinclair/typebox';
import type { ConversationKind, ConversationSettings, Peer } from '../../../core/inbox/events.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { conversation } from '../../openim/conversation.ts';
import { askedIds, storedId } from '../../openim/conversationIds.ts';
import { SESSION_TYPES } from '../../openim/numbers.ts';
import type { Refused } from '../../ports.ts';
import { changesOf } from '../changes.ts';
import {
  body,
  conversationId,
  exactHash,
  groupId,
  IDS_MAX,
  NOTE_LENGTH_MAX,
  int32,
  int64,
  pageOf,
  pagination,
  since,
  userId,
  userIds,
  USERS_MAX,
} from '../fields.ts';
import { idsUnlessKnown } from '../idHash.ts';
import { answer, refuse, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { deleteConversationsRoute } from './deleteConversations.ts';
import { peerConversationsRoute } from './peerConversations.ts';
import { sortedConversationsRoute } from './sortedConversations.ts';
import { conversation as shape, idsOrNull, incremental, strings, version } from '../shapes.ts';

const ofOwner = { kind: 'self', field: 'ownerUserID' } as const;
const ofUser = { kind: 'self', field: 'userID' } as const;

/** Receives, but without a prompt (OpenIM's recvMsgOpt). */
const RECEIVE_QUIETLY = 2;

export const conversationRoutes = (deps: RouteDeps): readonly Route[] => [
  ...rowRoutes(deps),
  ...idRoutes(deps),
  ...syncRoutes(deps),
  setRoute(deps),
  sortedConversationsRoute(deps),
  peerConversationsRoute(deps),
  deleteConversationsRoute(deps),
];

const list = Type.Object({ conversations: Type.Array(shape) });

const rowRoutes = ({ chats }: RouteDeps): readonly Route[] => [
  route({
    path: '/conversation/get_all_conversations',
    summary: 'All conversations of a user.',
    access: ofOwner,
    body: body({ ownerUserID: userId }),
    data: list,
    run: async ({ body: { ownerUserID } }) => {
      const views = await chats.conversations(ownerUserID);
      return answer({ conversations: views.map(conversation) });
    },
  }),

  route({
    path: '/conversation/get_conversations',
    summary: 'Some conversations of a user; those that are not there are left out.',
    access: ofOwner,
    body: body({
      ownerUserID: userId,
      conversationIDs: Type.Array(conversationId, { maxItems: IDS_MAX }),
    }),
    data: list,
    run: async ({ body: { ownerUserID, conversationIDs } }) => {
      const none = conversationIDs.length === 0;
      const asked = askedIds(ownerUserID, conversationIDs);
      const views = none ? [] : await chats.conversations(ownerUserID, [...asked.keys()]);
      return answer({ conversations: views.map(conversation) });
    },
  }),

  route({
    path: '/conversation/get_conversation',
    summary: 'One conversation of a user.',
    access: ofOwner,
    body: body({ conversationID: conversationId, ownerUserID: userId }),
    data: Type.Object({ conversation: shape }),
    run: async ({ body: { ownerUserID, conversationID } }) => {
      const [view] = await chats.conversations(ownerUserID, [
        storedId(ownerUserID, conversationID),
      ]);
      if (view === undefined) {
        return refuse('conversation/unknown', `conversationID: ${ownerUserID} has none of this id`);
      }
      return answer({ conversation: conversation(view) });
    },
  }),

  route({
    path: '/conversation/get_owner_conversation',
    summary: 'Conversations of a user, by page.',
    access: ofUser,
    body: body({ userID: userId, pagination }),
    data: Type.Object({ total: Type.Integer(), conversations: Type.Array(shape) }),
    run: async ({ body: { userID, pagination: page } }) => {
      const views = await chats.conversations(userID);
      return answer({
        total: views.length,
        conversations: pageOf(views, page).map(conversation),
      });
    },
  }),
];

const ids = Type.Object({ conversationIDs: strings });

const idRoutes = ({ chats }: RouteDeps): readonly Route[] => [
  route({
    path: '/conversation/get_not_notify_conversation_ids',
    summary: 'Conversations a user receives without a prompt.',
    access: ofUser,
    body: body({ userID: userId }),
    data: ids,
    run: async ({ body: { userID } }) => {
      const views = await chats.conversations(userID);
      const quiet = views.filter(({ receive }) => receive === RECEIVE_QUIETLY);
      return answer({ conversationIDs: quiet.map((view) => view.conversation) });
    },
  }),

  route({
    path: '/conversation/get_pinned_conversation_ids',
    summary: 'Conversations a user has pinned.',
    access: ofUser,
    body: body({ userID: userId }),
    data: ids,
    run: async ({ body: { userID } }) =>
      answer({ conversationIDs: [...(await chats.pinned(userID))] }),
  }),
];

const syncRoutes = ({ chats }: RouteDeps): readonly Route[] => [
  route({
    path: '/conversation/get_incremental_conversations',
    summary: "What has changed in a user's conversations since a version.",
    access: ofUser,
    body: body({ userID: userId, ...since }),
    data: incremental(shape),
    run: async ({ body: { userID, versionID, version: from } }) => {
      const found = await chats.incremental(userID, { version: from, versionId: versionID });
      return answer(changesOf(found, conversation));
    },
  }),

  route({
    path: '/conversation/get_full_conversation_ids',
    summary: 'Ids of all conversations of a user, in their order.',
    access: ofUser,
    body: body({ userID: userId, idHash: exactHash }),
    data: Type.Object({ ...version, conversationIDs: idsOrNull }),
    run: async ({ body: { userID, idHash } }) => {
      // The version first: a list newer than its version is only fetched once more.
      const current = await chats.incremental(userID, { version: 0, versionId: '' });
      const views = await chats.conversations(userID);
      const all = views.map((view) => view.conversation);
      const { equal, ids: conversationIDs } = idsUnlessKnown(all, idHash);
      const { version: at, versionId: versionID } = current;
      return answer({ version: at, versionID, equal, conversationIDs });
    },
  }),
];

/** Seconds. */
const duration = (maximum: number) => Type.Optional(int32(0, maximum));
const INT32_MAX = 2 ** 31 - 1;

const wanted = body({
  conversationID: conversationId,
  conversationType: int32(SESSION_TYPES.single, SESSION_TYPES.notificationAccount),
  userID: Type.Optional(userId),
  groupID: Type.Optional(groupId),
  recvMsgOpt: Type.Optional(int32(0, 2)),
  isPinned: Type.Optional(Type.Boolean()),
  attachedInfo: Type.Optional(Type.String({ maxLength: NOTE_LENGTH_MAX })),
  isPrivateChat: Type.Optional(Type.Boolean()),
  ex: Type.Optional(Type.String({ maxLength: NOTE_LENGTH_MAX })),
  burnDuration: duration(INT32_MAX),
  groupAtType: Type.Optional(int32(0, 4)),
  msgDestructTime: Type.Optional(int64(0)),
  isMsgDestruct: Type.Optional(Type.Boolean()),
});
type Wanted = Static<typeof wanted>;

const sideOf = ({
  conversationType,
  userID,
  groupID,
}: Wanted): Readonly<{ kind: ConversationKind; peer: Peer }> | Refused => {
  switch (conversationType) {
    case SESSION_TYPES.single:
    case SESSION_TYPES.notificationAccount:
      return userID === undefined
        ? refuse('args/invalid', 'conversation.userID: must be given')
        : { kind: conversationType, peer: { user: userID } };
    case SESSION_TYPES.group:
      return groupID === undefined
        ? refuse('args/invalid', 'conversation.groupID: must be given')
        : { kind: conversationType, peer: { group: groupID } };
    default:
      return refuse('args/invalid', 'conversation.conversationType: must be 1, 3 or 4');
  }
};

const settingsOf = (set: Wanted): ConversationSettings => ({
  ...(set.recvMsgOpt !== undefined && { receive: set.recvMsgOpt }),
  ...(set.isPinned !== undefined && { pinned: set.isPinned }),
  ...(set.isPrivateChat !== undefined && { privateChat: set.isPrivateChat }),
  ...(set.burnDuration !== undefined && { burnDuration: set.burnDuration }),
  ...(set.groupAtType !== undefined && { groupAtType: set.groupAtType }),
  ...(set.msgDestructTime !== undefined && { destructTime: set.msgDestructTime }),
  ...(set.isMsgDestruct !== undefined && { destruct: set.isMsgDestruct }),
});

const setRoute = ({ messages }: RouteDeps): Route =>
  route({
    path: '/conversation/set_conversations',
    summary: 'Sets what is given for a conversation, for each of its named owners.',
    access: { kind: 'self', field: 'userIDs' },
    body: body({ userIDs: userIds(USERS_MAX), conversation: wanted }),
    run: async ({ body: { userIDs, conversation: set }, caller, meta }): Promise<Answer<never>> => {
      const side = sideOf(set);
      if ('reason' in side) return side;
      const notes = {
        ...(set.ex !== undefined && { ex: set.ex }),
        ...(set.attachedInfo !== undefined && { attachedInfo: set.attachedInfo }),
      };
      const privileged = caller.admin && { privileged: true as const };
      const change = { ...side, settings: settingsOf(set), notes, ...privileged };
      let newest: Position | undefined;
      // Each owner is a stream of its own: what was done before a refusal stays, and is safe to repeat.
      for (const user of userIDs) {
        const conversation = storedId(user, set.conversationID);
        const result = await messages.configure({ user, conversation, ...change }, meta);
        if (result.kind === 'refused') return result;
        newest = result.position ?? newest;
      }
      return { kind: 'done', ...(newest === undefined ? {} : { position: newest }) };
    },
  });
