import { Type, type Static } from '@sinclair/typebox';
import type { GroupProfile, GroupRules, Verification } from '../../../core/group/events.ts';
import type { GroupId } from '../../../core/kernel/ids.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { groupInfo, WORKING_GROUP } from '../../openim/group.ts';
import type { Caller, GroupActor, GroupChange, GroupView, NewGroup } from '../../ports.ts';
import {
  body,
  flag,
  groupId,
  groupIdOrNone,
  int32,
  int32OrZero,
  line,
  note,
  userId,
  userIdOrNone,
  USERS_MAX,
} from '../fields.ts';
import { repetition } from '../parse.ts';
import { refuse, refusedWith, type Answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { groupInfo as groupShape } from '../shapes.ts';

/** As long as any name may be, and as long as an app's own text. */
const NAME_LENGTH_MAX = 2_048;
const TEXT_LENGTH_MAX = 16_384;

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }));
/** Whether the members see a line in the chat; not given: as it is for that notice. */
export const sendMessage = Type.Optional(Type.Boolean());

export const lineOf = (given: boolean | undefined): Readonly<{ line?: boolean }> =>
  given === undefined ? {} : { line: given };

export const actorOf = ({ user, admin }: Caller): GroupActor => ({ user, admin });

const ofGroup = body({ groupID: groupId });
const byAdmins = { kind: 'groupAdmin', field: 'groupID' } as const;
const byOwner = { kind: 'groupOwner', field: 'groupID' } as const;

export const groupRoutes = (deps: RouteDeps): readonly Route[] => [
  createRoute(deps),
  ...changeRoutes(deps),
  ...muteRoutes(deps),
];

/** Of what clients send of a group, what they may say; the rest is worked out, and passed over here. */
const newGroup = body({
  groupID: groupIdOrNone,
  groupName: line(),
  notification: note(),
  introduction: note(),
  faceURL: line(),
  ex: note(),
  creatorUserID: userIdOrNone,
  groupType: int32(),
  needVerification: Type.Unsafe<Verification>(int32OrZero(0, 2)),
  lookMemberInfo: Type.Unsafe<0 | 1>(int32OrZero(0, 1)),
  applyMemberFriend: Type.Unsafe<0 | 1>(int32OrZero(0, 1)),
});

const createRoute = ({ groups, groupLists, projected, now }: RouteDeps): Route =>
  route({
    path: '/group/create_group',
    summary: 'Makes a group of an owner, admins and members.',
    access: { kind: 'self', field: 'ownerUserID' },
    body: body({
      memberUserIDs: Type.Array(userId, { default: [], maxItems: USERS_MAX }),
      adminUserIDs: Type.Array(userId, { default: [], maxItems: USERS_MAX }),
      ownerUserID: userId,
      groupInfo: newGroup,
      sendMessage,
    }),
    data: Type.Object({ groupInfo: groupShape }),
    writes: true,
    refused: refusedWith({ 'user/unknown': WIRE_ERRORS.userIdNotFound }),
    run: async ({ body: asked, caller, meta, commandId }) => {
      const { memberUserIDs, adminUserIDs, ownerUserID, groupInfo: given } = asked;
      if (given.groupType !== WORKING_GROUP) {
        return refuse('args/invalid', `groupInfo.groupType: must be ${WORKING_GROUP}`);
      }
      const twice = repetition([ownerUserID, ...adminUserIDs, ...memberUserIDs]);
      if (twice !== undefined) {
        return refuse('args/invalid', `memberUserIDs: must name each only once, not so: ${twice}`);
      }
      const request: NewGroup = {
        ...(given.groupID !== '' && { group: given.groupID }),
        owner: ownerUserID,
        admins: adminUserIDs,
        members: memberUserIDs,
        creator: given.creatorUserID || caller.user,
        rules: rulesOf(given),
        profile: profileOf(given),
        announcement: given.notification,
        ...lineOf(asked.sendMessage),
      };
      // Calls that say that they are one make one group.
      const made = await groups.create(request, actorOf(caller), meta, commandId);
      if (made.kind === 'refused') return made;
      // As the lists show it; where they do not in time, as it was asked for.
      await projected(made.position);
      const [shown = newView(made.group, request, now())] = await groupLists.groups([made.group]);
      return { ...made, data: { groupInfo: groupInfo(shown) } };
    },
  });

const rulesOf = (given: Static<typeof newGroup>): GroupRules => ({
  verification: given.needVerification,
  lookMemberInfo: given.lookMemberInfo,
  applyMemberFriend: given.applyMemberFriend,
});

const profileOf = (given: Static<typeof newGroup>): GroupProfile => ({
  name: given.groupName,
  introduction: given.introduction,
  faceUrl: given.faceURL,
  ex: given.ex,
});

const newView = (
  group: GroupId,
  { profile, rules, announcement, owner, creator, admins, members }: NewGroup,
  createdAt: number,
): GroupView => ({
  ...profile,
  ...rules,
  group,
  announcement,
  announcedAt: announcement === '' ? 0 : createdAt,
  announcedBy: announcement === '' ? '' : creator,
  owner,
  creator,
  memberCount: 1 + admins.length + members.length,
  status: 0,
  createdAt,
});

const numbers = {
  needVerification: Type.Optional(Type.Unsafe<Verification>(int32(0, 2))),
  lookMemberInfo: Type.Optional(Type.Unsafe<0 | 1>(int32(0, 1))),
  applyMemberFriend: Type.Optional(Type.Unsafe<0 | 1>(int32(0, 1))),
};
const texts = {
  groupName: text(NAME_LENGTH_MAX),
  notification: text(TEXT_LENGTH_MAX),
  introduction: text(TEXT_LENGTH_MAX),
  faceURL: text(NAME_LENGTH_MAX),
  ex: text(TEXT_LENGTH_MAX),
};
const settable = body({ ...texts, ...numbers });
type Settable = Static<typeof settable>;

const changeRoutes = ({ groups }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/set_group_info',
    summary: 'Sets what a group says of itself, as OpenIM 3.8.0 had it: nothing can be cleared.',
    access: { kind: 'groupAdmin', field: 'groupInfoForSet.groupID' },
    body: body({ groupInfoForSet: body({ groupID: groupId, ...settable.properties }) }),
    writes: true,
    run: ({ body: { groupInfoForSet: set }, caller, meta }): Promise<Answer<never>> => {
      const { groupName, notification, introduction, faceURL, ...others } = set;
      const given = {
        ...others,
        ...(groupName ? { groupName } : {}),
        ...(notification ? { notification } : {}),
        ...(introduction ? { introduction } : {}),
        ...(faceURL ? { faceURL } : {}),
      };
      const by = actorOf(caller);
      return groups.change(set.groupID, changeOf(given), by, { ...meta, call: 'info' });
    },
  }),

  route({
    path: '/group/set_group_info_ex',
    summary: 'Sets what a group says of itself; what is absent stays, and all but the name clears.',
    access: byAdmins,
    body: body({ groupID: groupId, ...settable.properties }),
    writes: true,
    run: async ({ body: { groupID, ...set }, caller, meta }): Promise<Answer<never>> => {
      // OpenIM passes such a call over, and answers with success.
      if (set.groupName?.trim() === '') return { kind: 'done' };
      const by = actorOf(caller);
      return groups.change(groupID, changeOf(set), by, { ...meta, call: 'infoEx' });
    },
  }),

  route({
    path: '/group/transfer_group',
    summary: 'Makes another member the owner.',
    access: byOwner,
    body: body({ groupID: groupId, oldOwnerUserID: userId, newOwnerUserID: userId }),
    writes: true,
    refused: refusedWith({ 'group/not-member': WIRE_ERRORS.args }),
    run: ({ body: { groupID, oldOwnerUserID, newOwnerUserID }, caller, meta }) =>
      groups.transfer(
        { group: groupID, from: oldOwnerUserID, to: newOwnerUserID },
        actorOf(caller),
        meta,
      ),
  }),

  route({
    path: '/group/dismiss_group',
    summary: 'Ends a group; `deleteMember` empties a dismissed one and tells nobody.',
    access: byOwner,
    body: body({
      groupID: groupId,
      deleteMember: flag(),
      sendMessage,
    }),
    writes: true,
    run: ({ body: { groupID, deleteMember, sendMessage: given }, caller, meta }) =>
      groups.dismiss(
        { group: groupID, disband: deleteMember, ...lineOf(given) },
        actorOf(caller),
        meta,
      ),
  }),
];

const muteRoutes = ({ groups }: RouteDeps): readonly Route[] => [
  route({
    path: '/group/mute_group',
    summary: 'Only owner and admins may speak.',
    access: byAdmins,
    body: ofGroup,
    writes: true,
    run: ({ body: { groupID }, caller, meta }) => groups.mute(groupID, true, actorOf(caller), meta),
  }),

  route({
    path: '/group/cancel_mute_group',
    summary: 'All members may speak again.',
    access: byAdmins,
    body: ofGroup,
    writes: true,
    run: ({ body: { groupID }, caller, meta }) =>
      groups.mute(groupID, false, actorOf(caller), meta),
  }),
];

const changeOf = (set: Settable): GroupChange => {
  const profile = {
    ...(set.groupName !== undefined && { name: set.groupName }),
    ...(set.introduction !== undefined && { introduction: set.introduction }),
    ...(set.faceURL !== undefined && { faceUrl: set.faceURL }),
    ...(set.ex !== undefined && { ex: set.ex }),
  };
  const rules = {
    ...(set.needVerification !== undefined && { verification: set.needVerification }),
    ...(set.lookMemberInfo !== undefined && { lookMemberInfo: set.lookMemberInfo }),
    ...(set.applyMemberFriend !== undefined && { applyMemberFriend: set.applyMemberFriend }),
  };
  return {
    ...(Object.keys(profile).length > 0 && { profile }),
    ...(set.notification !== undefined && { announcement: set.notification.trim() }),
    ...(Object.keys(rules).length > 0 && { rules }),
  };
};
