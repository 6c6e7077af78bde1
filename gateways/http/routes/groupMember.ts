import { Type, type Static } from '@sinclair/typebox';
import type { Role } from '../../../core/group/events.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { memberInfo } from '../../openim/group.ts';
import { isUserId } from '../../openim/user.ts';
import type { MemberChange } from '../../ports.ts';
import {
  body,
  groupId,
  IDS_MAX,
  int32,
  int32OrZero,
  line,
  pagination,
  userId,
  userIdOrNone,
  USERS_MAX,
} from '../fields.ts';
import { repetition } from '../parse.ts';
import { answer, refuse, refusedWith, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { memberInfo as memberShape, strings } from '../shapes.ts';
import { actorOf, lineOf, sendMessage } from './group.ts';

const byMembers = { kind: 'member', field: 'groupID' } as const;
const byAdmins = { kind: 'groupAdmin', field: 'groupID' } as const;

const usersOnce = Type.Array(userId, { minItems: 1, maxItems: USERS_MAX, uniqueItems: true });

export const groupMemberRoutes = (deps: RouteDeps): readonly Route[] => [
  ...comingAndGoingRoutes(deps),
  ...muteRoutes(deps),
  changeRoute(deps),
  ...listRoutes(deps),
];

const comingAndGoingRoutes = ({ groups }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/invite_user_to_group',
    summary: 'Brings users in, or asks for them where the group has it so.',
    access: byMembers,
    body: body({ groupID: groupId, reason: line(), invitedUserIDs: usersOnce, sendMessage }),
    writes: true,
    run: ({ body: { groupID, reason, invitedUserIDs, sendMessage: given }, caller, meta }) => {
      const request = { group: groupID, users: invitedUserIDs, message: reason, ...lineOf(given) };
      return groups.invite(request, actorOf(caller), meta);
    },
  }),

  route({
    path: '/group/kick_group',
    summary: 'Takes members out of a group.',
    access: byAdmins,
    body: body({ groupID: groupId, kickedUserIDs: usersOnce, reason: line(), sendMessage }),
    writes: true,
    refused: refusedWith({
      'group/not-member': WIRE_ERRORS.userIdNotFound,
      'group/owner-stays': WIRE_ERRORS.args,
    }),
    run: async ({ body: { groupID, kickedUserIDs, reason, sendMessage: given }, caller, meta }) => {
      if (kickedUserIDs.includes(caller.user)) {
        return refuse('args/invalid', 'kickedUserIDs: who wants to leave quits');
      }
      const request = { group: groupID, users: kickedUserIDs, reason, ...lineOf(given) };
      return groups.kick(request, actorOf(caller), meta);
    },
  }),

  route({
    path: '/group/quit_group',
    summary: 'Leaves a group.',
    access: { kind: 'self', field: 'userID', emptyIsCaller: true },
    body: body({ groupID: groupId, userID: userIdOrNone }),
    writes: true,
    run: ({ body: { groupID, userID }, caller, meta }) =>
      groups.quit(groupID, userID === '' ? caller.user : userID, meta),
  }),
];

/** 136 years. */
const SECONDS_MAX = 2 ** 32 - 1;

const muteRoutes = ({ groups }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/mute_group_member',
    summary: 'Has a member be silent for some seconds.',
    access: byAdmins,
    body: body({ groupID: groupId, userID: userId, mutedSeconds: int32(1, SECONDS_MAX) }),
    writes: true,
    run: ({ body: { groupID, userID, mutedSeconds }, caller, meta }) =>
      groups.muteMember(
        { group: groupID, user: userID, seconds: mutedSeconds },
        actorOf(caller),
        meta,
      ),
  }),

  route({
    path: '/group/cancel_mute_group_member',
    summary: 'Lets a member speak again.',
    access: byAdmins,
    body: body({ groupID: groupId, userID: userId }),
    writes: true,
    run: ({ body: { groupID, userID }, caller, meta }) =>
      groups.muteMember({ group: groupID, user: userID, seconds: 0 }, actorOf(caller), meta),
  }),
];

const OWNER = 100;
const NAME_LENGTH_MAX = 2_048;
const TEXT_LENGTH_MAX = 16_384;

const memberChange = body({
  groupID: groupId,
  userID: userId,
  nickname: Type.Optional(Type.String({ maxLength: NAME_LENGTH_MAX })),
  faceURL: Type.Optional(Type.String({ maxLength: NAME_LENGTH_MAX })),
  roleLevel: Type.Optional(int32()),
  ex: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
});
type Change = Static<typeof memberChange>;

const isGiven = (level: number | undefined): level is Exclude<Role, 100> =>
  level === 60 || level === 20;

const changeOf = ({ groupID, userID, nickname, faceURL, roleLevel, ex }: Change): MemberChange => {
  const notes = {
    ...(nickname !== undefined && { nickname }),
    ...(faceURL !== undefined && { faceUrl: faceURL }),
    ...(ex !== undefined && { ex }),
  };
  return {
    group: groupID,
    user: userID,
    ...(isGiven(roleLevel) && { role: roleLevel }),
    ...(Object.keys(notes).length > 0 && { notes }),
  };
};

const changeRoute = ({ groups }: RouteDeps): Route =>
  route({
    path: '/group/set_group_member_info',
    summary: 'Sets how members show themselves in a group, and who is an admin of it.',
    access: { kind: 'member', field: 'members.groupID' },
    body: body({ members: Type.Array(memberChange, { minItems: 1, maxItems: USERS_MAX }) }),
    writes: true,
    refused: refusedWith({ 'group/not-member': WIRE_ERRORS.args }),
    run: async ({ body: { members }, caller, meta }): Promise<Answer<never>> => {
      const twice = repetition(members.map(({ groupID, userID }) => `${groupID} ${userID}`));
      if (twice !== undefined) {
        return refuse('args/invalid', `members: must name each only once, not so: ${twice}`);
      }
      const levels = members.flatMap(({ roleLevel }) => roleLevel ?? []);
      if (levels.includes(OWNER)) {
        return refuse(
          'group/not-allowed',
          'members.roleLevel: a group is transferred to its owner',
        );
      }
      if (!levels.every(isGiven)) {
        return refuse('args/invalid', 'members.roleLevel: must be 60 (admin) or 20 (member)');
      }
      return groups.changeMembers(members.map(changeOf), actorOf(caller), meta);
    },
  });

const listRoutes = ({ groupLists }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/get_group_members_info',
    summary: 'Some members of a group; who is none is left out.',
    access: byMembers,
    body: body({
      groupID: groupId,
      userIDs: Type.Array(Type.String(), { minItems: 1, maxItems: IDS_MAX }),
    }),
    data: Type.Object({ members: Type.Array(memberShape) }),
    run: async ({ body: { groupID, userIDs } }) => {
      const ids = [...new Set(userIDs)].filter(isUserId);
      const found = await groupLists.membersAmong(groupID, ids);
      return answer({ members: found.map(memberInfo) });
    },
  }),

  route({
    path: '/group/get_group_member_list',
    summary: 'Members of a group, by page: owner, admins, and then as they came.',
    access: byMembers,
    // The filter is OpenIM's, which passes it over as well.
    body: body({ pagination, groupID: groupId, filter: int32OrZero(0, 5), keyword: line() }),
    data: Type.Object({ total: Type.Integer(), members: Type.Array(memberShape) }),
    run: async ({ body: { groupID, pagination: page, keyword } }) => {
      const { total, items } = await groupLists.members(groupID, page, keyword);
      return answer({ total, members: items.map(memberInfo) });
    },
  }),

  route({
    path: '/group/get_group_member_user_id',
    summary: 'Ids of all members of a group, in their order.',
    access: byMembers,
    body: body({ groupID: groupId }),
    data: Type.Object({ userIDs: strings }),
    run: async ({ body: { groupID } }) => {
      const { ids } = await groupLists.memberIds(groupID);
      return answer({ userIDs: [...ids] });
    },
  }),
];
