import { Type } from '@sinclair/typebox';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { groupRequest } from '../../openim/group.ts';
import type { Caller, GroupRequestView } from '../../ports.ts';
import {
  body,
  groupId,
  int32,
  int64OrZero,
  line,
  note,
  pagination,
  userId,
  USERS_MAX,
} from '../fields.ts';
import { answer, refuse, refusedWith } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { groupRequest as requestShape } from '../shapes.ts';
import { actorOf } from './group.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';

/** Of a request (OpenIM's handleResult). */
const AGREE = 1;
const REFUSE = -1;
/** Of what a user comes by (OpenIM's joinSource). */
const SOURCE_MAX = 4;
/** Groups in one call by which requests are looked for. */
const GROUPS_MAX = 1_000;
/** The least role that may answer requests. */
const GROUP_ADMIN = 60;

const ofUser = { kind: 'self', field: 'userID' } as const;

const requests = Type.Object({ total: Type.Integer(), groupRequests: Type.Array(requestShape) });

/** Those of these groups, with one of these results; none given: all. */
const filters = {
  groupIDs: Type.Array(groupId, { default: [], maxItems: GROUPS_MAX }),
  handleResults: Type.Array(int32(REFUSE, AGREE), { default: [], maxItems: 16 }),
};

const listed = (total: number, found: readonly GroupRequestView[]) =>
  answer({ total, groupRequests: found.map(groupRequest) });

export const groupRequestRoutes = (deps: RouteDeps): readonly Route[] => [
  ...askRoutes(deps),
  ...listRoutes(deps),
  ...lookUpRoutes(deps),
];

const askRoutes = ({ groups }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/join_group',
    summary: 'Comes into a group, or asks to, as the group has it.',
    // In spite of its name: who wants to come in.
    access: { kind: 'self', field: 'inviterUserID' },
    body: body({
      groupID: groupId,
      reqMessage: line(),
      joinSource: int32(1, SOURCE_MAX),
      inviterUserID: userId,
      ex: note(),
    }),
    writes: true,
    run: ({ body: { groupID, reqMessage, joinSource, inviterUserID, ex }, meta }) =>
      groups.join(
        { group: groupID, user: inviterUserID, message: reqMessage, ex, source: joinSource },
        meta,
      ),
  }),

  route({
    path: '/group/group_application_response',
    summary: 'Agrees to a request to come in (1), or refuses it (-1).',
    access: { kind: 'groupAdmin', field: 'groupID' },
    body: body({
      groupID: groupId,
      fromUserID: userId,
      handledMsg: line(),
      handleResult: int32(REFUSE, AGREE),
    }),
    writes: true,
    run: async ({ body: { groupID, fromUserID, handledMsg, handleResult }, caller, meta }) => {
      if (handleResult === 0) {
        return refuse('args/invalid', 'handleResult: must be 1 (agree) or -1 (refuse)');
      }
      const agrees = handleResult === AGREE;
      const request = { group: groupID, user: fromUserID, agrees, message: handledMsg };
      return groups.answer(request, actorOf(caller), meta);
    },
  }),
];

const listRoutes = ({ groups, groupLists, userLists }: RouteDeps): readonly Route[] => {
  /** The first of these that the user does not manage. */
  const unmanaged = async (
    { admin }: Caller,
    user: UserId,
    named: readonly GroupId[],
  ): Promise<GroupId | undefined> => {
    if (admin) return undefined;
    for (const group of named) {
      if (((await groups.roleOf(group, user)) ?? 0) < GROUP_ADMIN) return group;
    }
    return undefined;
  };

  return [
    route({
      path: '/group/get_recv_group_applicationList',
      summary: 'Requests to the groups that a user owns or administers, newest first.',
      access: { kind: 'self', field: 'fromUserID' },
      body: body({ pagination, fromUserID: userId, ...filters }),
      data: requests,
      refused: refusedWith({ 'group/unknown': WIRE_ERRORS.groupIdNotFound }),
      run: async ({ body: asked, caller }) => {
        const { fromUserID, groupIDs, handleResults, pagination: page } = asked;
        const foreign = await unmanaged(caller, fromUserID, groupIDs);
        if (foreign !== undefined) {
          return refuse('caller/not-allowed', `groupIDs: ${foreign} is not the user's to manage`);
        }
        const known = groupIDs.length === 0 ? [] : await groupLists.groups(groupIDs);
        if (known.length < new Set(groupIDs).size) {
          return refuse('group/unknown', 'groupIDs: not all of these groups are there');
        }
        const found = await groupLists.requestsTo(fromUserID, groupIDs, handleResults, page);
        return listed(found.total, found.items);
      },
    }),

    route({
      path: '/group/get_user_req_group_applicationList',
      summary: 'Requests of a user to come into groups, newest first.',
      access: ofUser,
      body: body({ pagination, userID: userId, ...filters }),
      data: requests,
      run: async ({ body: { userID, groupIDs, handleResults, pagination: page } }) => {
        if ((await userLists.existing([userID])).size === 0) {
          return refuse('user/unknown', `userID: ${userID} is not registered`);
        }
        const found = await groupLists.requestsFrom(userID, groupIDs, handleResults, page);
        return listed(found.total, found.items);
      },
    }),
  ];
};

const lookUpRoutes = ({ groupLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_group_users_req_application_list',
    summary: 'Requests of some users to come into a group.',
    access: { kind: 'groupAdmin', field: 'groupID' },
    body: body({ groupID: groupId, userIDs: Type.Array(userId, { maxItems: USERS_MAX }) }),
    data: requests,
    refused: refusedWith({ 'group/unknown': WIRE_ERRORS.groupIdNotFound }),
    run: async ({ body: { groupID, userIDs } }) => {
      if ((await groupLists.groups([groupID])).length === 0) {
        return refuse('group/unknown', 'groupID: there is no such group');
      }
      const found = await groupLists.requestsOf(groupID, userIDs);
      return listed(found.length, found);
    },
  }),

  route({
    path: '/group/get_specified_user_group_request_info',
    summary: 'The request of a user to come into a group, if there is one.',
    access: { kind: 'selfOrGroupAdmin', field: 'userID', group: 'groupID' },
    body: body({ groupID: groupId, userID: userId }),
    data: requests,
    run: async ({ body: { groupID, userID } }) => {
      const found = await groupLists.requestsOf(groupID, [userID]);
      return listed(found.length, found);
    },
  }),

  route({
    path: '/group/get_group_application_unhandled_count',
    summary: "How many requests wait for a user's answer, made after a time.",
    access: ofUser,
    body: body({ userID: userId, time: int64OrZero() }),
    data: Type.Object({ count: Type.Integer() }),
    run: async ({ body: { userID, time } }) =>
      answer({ count: await groupLists.waiting(userID, time) }),
  }),
];
