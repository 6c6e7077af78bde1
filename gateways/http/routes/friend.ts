import { Type } from '@sinclair/typebox';
import { changesOf } from '../contacts.ts';
import { body, exactHash, idsToFind, pagination, since, userId } from '../fields.ts';
import { isUserId } from '../../openim/user.ts';
import { idsUnlessKnown } from '../idHash.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { blackInfo, friendInfo, idsOrNull, sortedIncremental, version } from '../shapes.ts';

const access = { kind: 'self', field: 'userID' } as const;

export const friendRoutes = ({ contacts }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/get_friend_list',
    summary: 'Friends of a user, by page.',
    access,
    body: body({ userID: userId, pagination }),
    data: Type.Object({ friendsInfo: Type.Array(friendInfo), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page } }) => {
      const { total, items } = await contacts.friends.page(userID, page);
      return answer({ friendsInfo: [...items], total });
    },
  }),

  route({
    path: '/friend/get_designated_friends',
    summary: 'Those of some users that are friends of a user.',
    access: { kind: 'self', field: 'ownerUserID' },
    body: body({ ownerUserID: userId, friendUserIDs: idsToFind }),
    // The reference says null where there is none; the JS SDK (0.0.14) then fails to send a first message.
    data: Type.Object({ friendsInfo: Type.Array(friendInfo) }),
    run: async ({ body: { ownerUserID, friendUserIDs } }) =>
      answer({
        friendsInfo: [
          ...(await contacts.friendsAmong(ownerUserID, friendUserIDs.filter(isUserId))),
        ],
      }),
  }),

  route({
    path: '/friend/get_black_list',
    summary: 'Whom a user has blocked, by page.',
    access,
    body: body({ userID: userId, pagination }),
    data: Type.Object({ blacks: Type.Array(blackInfo), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page } }) => {
      const { total, items } = await contacts.blacks(userID, page);
      return answer({ blacks: [...items], total });
    },
  }),

  route({
    path: '/friend/get_incremental_friends',
    summary: "What has changed in a user's friends since a version.",
    access,
    body: body({ userID: userId, ...since }),
    data: sortedIncremental(friendInfo),
    run: async ({ body: { userID, ...from } }) =>
      answer(changesOf(await contacts.friends.since(userID, from))),
  }),

  route({
    path: '/friend/get_full_friend_user_ids',
    summary: 'Ids of all friends of a user, in their order.',
    access,
    body: body({ userID: userId, idHash: exactHash }),
    data: Type.Object({ ...version, userIDs: idsOrNull }),
    run: async ({ body: { userID, idHash } }) => {
      const { ids, ...current } = await contacts.friends.ids(userID);
      const { equal, ids: userIDs } = idsUnlessKnown(ids, idHash);
      return answer({ ...current, equal, userIDs });
    },
  }),
];
