import { Type } from '@sinclair/typebox';
import { friendRequest } from '../../openim/friend.ts';
import { body, int32, int64OrZero, line, note, pagination, userId } from '../fields.ts';
import { answer, refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { friendRequest as requestShape } from '../shapes.ts';

/** Of a request (OpenIM's handleResult). */
const AGREE = 1;
const REFUSE = -1;

const access = { kind: 'self', field: 'userID' } as const;

const pageOfRequests = body({
  userID: userId,
  pagination,
  /** Those with one of these results only; none given: all. */
  handleResults: Type.Array(int32(REFUSE, AGREE), { default: [], maxItems: 16 }),
});

export const friendRequestRoutes = (deps: RouteDeps): readonly Route[] => [
  ...askRoutes(deps),
  ...listRoutes(deps),
];

const askRoutes = ({ friends }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/add_friend',
    summary: 'Asks a user to be a friend.',
    access: { kind: 'self', field: 'fromUserID' },
    body: body({ fromUserID: userId, toUserID: userId, reqMsg: line(), ex: note() }),
    writes: true,
    run: ({ body: { fromUserID, toUserID, reqMsg, ex }, meta }) =>
      friends.request({ from: fromUserID, to: toUserID, greeting: reqMsg, ex }, meta),
  }),

  route({
    path: '/friend/add_friend_response',
    summary: 'Agrees to a request (1), or refuses it (-1).',
    access: { kind: 'self', field: 'toUserID' },
    body: body({
      fromUserID: userId,
      toUserID: userId,
      handleResult: int32(REFUSE, AGREE),
      handleMsg: line(),
    }),
    writes: true,
    run: async ({ body: { fromUserID, toUserID, handleResult, handleMsg }, meta }) => {
      if (handleResult === 0) {
        return refuse('args/invalid', 'handleResult: must be 1 (agree) or -1 (refuse)');
      }
      const agrees = handleResult === AGREE;
      const given = { from: fromUserID, to: toUserID, agrees, message: handleMsg };
      return friends.answer(given, meta);
    },
  }),
];

const listRoutes = ({ friendLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/friend/get_friend_apply_list',
    summary: 'Requests that a user has received, newest first, by page.',
    access,
    body: pageOfRequests,
    // The capital F is OpenIM's, in this call only.
    data: Type.Object({ FriendRequests: Type.Array(requestShape), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page, handleResults } }) => {
      const { total, items } = await friendLists.requestsTo(userID, page, handleResults);
      return answer({ FriendRequests: items.map(friendRequest), total });
    },
  }),

  route({
    path: '/friend/get_self_friend_apply_list',
    summary: 'Requests that a user has made, newest first, by page.',
    access,
    body: pageOfRequests,
    data: Type.Object({ friendRequests: Type.Array(requestShape), total: Type.Integer() }),
    run: async ({ body: { userID, pagination: page, handleResults } }) => {
      const { total, items } = await friendLists.requestsFrom(userID, page, handleResults);
      return answer({ friendRequests: items.map(friendRequest), total });
    },
  }),

  route({
    path: '/friend/get_designated_friend_apply',
    summary: 'The requests between two users, in both directions.',
    access: { kind: 'participant', fields: ['fromUserID', 'toUserID'] },
    body: body({ fromUserID: userId, toUserID: userId }),
    data: Type.Object({ friendRequests: Type.Array(requestShape) }),
    run: async ({ body: { fromUserID, toUserID } }) => {
      const found = await friendLists.requestsBetween(fromUserID, toUserID);
      return answer({ friendRequests: found.map(friendRequest) });
    },
  }),

  route({
    path: '/friend/get_self_unhandled_apply_count',
    summary: 'How many requests made after a time wait for a user.',
    access,
    body: body({ userID: userId, time: int64OrZero(0) }),
    data: Type.Object({ count: Type.Integer() }),
    run: async ({ body: { userID, time } }) =>
      answer({ count: await friendLists.waiting(userID, time) }),
  }),
];
