import { Type } from '@sinclair/typebox';
import { blackInfo, blackInfoInMs } from '../../openim/friend.ts';
import { isUserId } from '../../openim/user.ts';
import { changesOf } from '../changes.ts';
import { body, note, pagination, since, userId, USERS_MAX } from '../fields.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { blackInfo as blackShape, incremental } from '../shapes.ts';

const access = { kind: 'self', field: 'userID' } as const;
const byOwner = { kind: 'self', field: 'ownerUserID' } as const;

export const blackRoutes = ({ blocks, friendLists, versionIdOf }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/add_black',
    summary: 'Blocks a user: it cannot write to the owner any more.',
    access: byOwner,
    body: body({ ownerUserID: userId, blackUserID: userId, ex: note() }),
    writes: true,
    run: ({ body: { ownerUserID, blackUserID, ex }, meta }) =>
      blocks.block({ owner: ownerUserID, blocked: blackUserID, ex }, meta),
  }),

  route({
    path: '/friend/remove_black',
    summary: 'Lets a blocked user write to the owner again.',
    access: byOwner,
    body: body({ ownerUserID: userId, blackUserID: userId }),
    writes: true,
    run: ({ body: { ownerUserID, blackUserID }, meta }) =>
      blocks.unblock(ownerUserID, blackUserID, meta),
  }),

  route({
    path: '/friend/get_black_list',
    summary: 'Whom a user has blocked, by page.',
    access,
    body: body({ userID: userId, pagination }),
    data: Type.Object({ blacks: Type.Array(blackShape), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page } }) => {
      const { total, items } = await friendLists.blacks(userID, page);
      return answer({ blacks: items.map(blackInfo), total });
    },
  }),

  route({
    path: '/friend/get_specified_blacks',
    summary: 'Those of some users that a user has blocked.',
    access: byOwner,
    body: body({
      ownerUserID: userId,
      userIDList: Type.Array(Type.String(), {
        minItems: 1,
        maxItems: USERS_MAX,
        uniqueItems: true,
      }),
    }),
    data: Type.Object({ blacks: Type.Array(blackShape), total: Type.Integer() }),
    run: async ({ body: { ownerUserID, userIDList } }) => {
      const found = await friendLists.blacksAmong(ownerUserID, userIDList.filter(isUserId));
      return answer({ blacks: found.map(blackInfoInMs), total: found.length });
    },
  }),

  route({
    path: '/friend/get_incremental_blacks',
    summary: 'What has changed in whom a user has blocked since a version.',
    access,
    body: body({ userID: userId, ...since }),
    data: incremental(blackShape),
    run: async ({ body: { userID, version, versionID } }) => {
      const from = { version, versionId: versionID };
      const list = await friendLists.blacksSince(userID, versionIdOf('blacks', userID), from);
      return answer(changesOf(list, blackInfo));
    },
  }),
];
