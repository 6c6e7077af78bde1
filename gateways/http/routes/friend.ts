import { Type } from '@sinclair/typebox';
import type { FriendChange } from '../../../core/friendship/handler.ts';
import { bareBlackInfo, bareFriendInfo, friendInfo } from '../../openim/friend.ts';
import { isUserId, userInfo } from '../../openim/user.ts';
import { changesOf } from '../changes.ts';
import { body, exactHash, IDS_MAX, pagination, since, userId, USERS_MAX } from '../fields.ts';
import { idsUnlessKnown } from '../idHash.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import {
  friendInfo as friendShape,
  idsOrNull,
  relation,
  sortedIncremental,
  strings,
  version,
} from '../shapes.ts';

/** As long as any name may be, and as long as an app's own text about a friend. */
const REMARK_LENGTH_MAX = 2_048;
const EX_LENGTH_MAX = 16_384;

const access = { kind: 'self', field: 'userID' } as const;
const byOwner = { kind: 'self', field: 'ownerUserID' } as const;

/** Users to look up, each once. */
const idsOnce = (maxItems: number, minItems = 0) =>
  Type.Array(Type.String(), { minItems, maxItems, uniqueItems: true });
const usersOnce = Type.Array(userId, { minItems: 1, maxItems: USERS_MAX, uniqueItems: true });

export const friendRoutes = (deps: RouteDeps): readonly Route[] => [
  ...changeRoutes(deps),
  ...lookUpRoutes(deps),
  ...listRoutes(deps),
];

const changeRoutes = ({ friends }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/delete_friend',
    summary: "Takes a friend out of the owner's list; the owner stays in the friend's.",
    access: byOwner,
    body: body({ ownerUserID: userId, friendUserID: userId }),
    writes: true,
    run: ({ body: { ownerUserID, friendUserID }, meta }) =>
      friends.remove(ownerUserID, friendUserID, meta),
  }),

  route({
    path: '/friend/set_friend_remark',
    summary: 'What the owner calls a friend; empty for nothing.',
    access: byOwner,
    body: body({
      ownerUserID: userId,
      friendUserID: userId,
      remark: Type.String({ default: '', maxLength: REMARK_LENGTH_MAX }),
    }),
    writes: true,
    run: ({ body: { ownerUserID, friendUserID, remark }, meta }) =>
      friends.configure(ownerUserID, [friendUserID], { remark }, meta),
  }),

  route({
    path: '/friend/update_friends',
    summary: 'Sets pin, remark and free text of some friends; what is absent stays as it was.',
    access: byOwner,
    body: body({
      ownerUserID: userId,
      friendUserIDs: usersOnce,
      isPinned: Type.Optional(Type.Boolean()),
      remark: Type.Optional(Type.String({ maxLength: REMARK_LENGTH_MAX })),
      ex: Type.Optional(Type.String({ maxLength: EX_LENGTH_MAX })),
    }),
    writes: true,
    run: ({ body: { ownerUserID, friendUserIDs, isPinned, remark, ex }, meta }) => {
      const change: FriendChange = {
        ...(isPinned === undefined ? {} : { pinned: isPinned }),
        ...(remark === undefined ? {} : { remark }),
        ...(ex === undefined ? {} : { ex }),
      };
      return friends.configure(ownerUserID, friendUserIDs, change, meta);
    },
  }),

  route({
    path: '/friend/import_friend',
    summary: 'Makes users friends of one, without asking them.',
    access: { kind: 'admin' },
    body: body({ ownerUserID: userId, friendUserIDs: usersOnce }),
    writes: true,
    run: ({ body: { ownerUserID, friendUserIDs }, meta }) =>
      friends.import(ownerUserID, friendUserIDs, meta),
  }),
];

const lookUpRoutes = ({ friendLists, userLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/get_designated_friends',
    summary: 'Those of some users that are friends of a user.',
    access: byOwner,
    body: body({ ownerUserID: userId, friendUserIDs: idsOnce(IDS_MAX) }),
    // The reference says null where there is none; the JS SDK (0.0.14) then fails to send a first message.
    data: Type.Object({ friendsInfo: Type.Array(friendShape) }),
    run: async ({ body: { ownerUserID, friendUserIDs } }) => {
      const found = await friendLists.friendsAmong(ownerUserID, friendUserIDs.filter(isUserId));
      return answer({ friendsInfo: found.map(friendInfo) });
    },
  }),

  route({
    path: '/friend/get_specified_friends_info',
    summary: 'Some users, each with whether it is a friend of a user and whether it is blocked.',
    access: byOwner,
    body: body({ ownerUserID: userId, userIDList: idsOnce(USERS_MAX, 1) }),
    data: Type.Object({ infos: Type.Array(relation) }),
    run: async ({ body: { ownerUserID, userIDList } }) => {
      const ids = userIDList.filter(isUserId);
      const [users, friends, blacks] = await Promise.all([
        userLists.byIds(ids),
        friendLists.friendsAmong(ownerUserID, ids),
        friendLists.blacksAmong(ownerUserID, ids),
      ]);
      const friendOf = new Map(friends.map((view) => [view.friend, view]));
      const blackOf = new Map(blacks.map((view) => [view.blocked, view]));
      const infos = users.map((user) => {
        const [friend, black] = [friendOf.get(user.user), blackOf.get(user.user)];
        return {
          userInfo: userInfo(user),
          friendInfo: friend === undefined ? null : bareFriendInfo(friend),
          blackInfo: black === undefined ? null : bareBlackInfo(black),
        };
      });
      return answer({ infos });
    },
  }),

  route({
    path: '/friend/is_friend',
    summary: 'Which of two users has the other in its list.',
    access: { kind: 'participant', fields: ['userID1', 'userID2'] },
    body: body({ userID1: userId, userID2: userId }),
    data: Type.Object({ inUser1Friends: Type.Boolean(), inUser2Friends: Type.Boolean() }),
    run: async ({ body: { userID1, userID2 } }) => {
      const [one, other] = await Promise.all([
        friendLists.friendsAmong(userID1, [userID2]),
        friendLists.friendsAmong(userID2, [userID1]),
      ]);
      return answer({ inUser1Friends: one.length > 0, inUser2Friends: other.length > 0 });
    },
  }),
];

const listRoutes = ({ friendLists, versionIdOf }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/get_friend_list',
    summary: 'Friends of a user, by page: pinned ones first, then as they came.',
    access,
    body: body({ userID: userId, pagination }),
    data: Type.Object({ friendsInfo: Type.Array(friendShape), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page } }) => {
      const { total, items } = await friendLists.friends(userID, page);
      return answer({ friendsInfo: items.map(friendInfo), total });
    },
  }),

  route({
    path: '/friend/get_friend_id',
    summary: 'Ids of all friends of a user, in their order.',
    access,
    body: body({ userID: userId }),
    data: Type.Object({ friendIDs: strings }),
    run: async ({ body: { userID } }) => {
      const { ids } = await friendLists.friendIds(userID);
      return answer({ friendIDs: [...ids] });
    },
  }),

  route({
    path: '/friend/get_incremental_friends',
    summary: "What has changed in a user's friends since a version.",
    access,
    body: body({ userID: userId, ...since }),
    data: sortedIncremental(friendShape),
    run: async ({ body: { userID, version: number, versionID } }) => {
      const from = { version: number, versionId: versionID };
      const list = await friendLists.friendsSince(userID, versionIdOf('friends', userID), from);
      return answer({ ...changesOf(list, friendInfo), sortVersion: list.sortVersion });
    },
  }),

  route({
    path: '/friend/get_full_friend_user_ids',
    summary: 'Ids of all friends of a user, in their order, unless the client has them.',
    access,
    body: body({ userID: userId, idHash: exactHash }),
    data: Type.Object({ ...version, userIDs: idsOrNull }),
    run: async ({ body: { userID, idHash } }) => {
      const { ids, version: number } = await friendLists.friendIds(userID);
      const { equal, ids: userIDs } = idsUnlessKnown(ids, idHash);
      const versionID = versionIdOf('friends', userID);
      return answer({ version: number, versionID, equal, userIDs });
    },
  }),
];
