import type { Named } from '../../core/conversation/events.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { GroupLists } from '../ports.ts';
import { groupInfo, memberInfo, WORKING_GROUP, type MemberInfo } from './group.ts';
import type { GroupInfo } from './jssdk.ts';

/** Whom and what a notice of a group speaks of. */
export type Cast = Readonly<{
  group: GroupInfo;
  member: (user: UserId) => MemberInfo;
  /** Who has done it. */
  opUser: MemberInfo;
}>;

/** With the names of whom it speaks of, and without their faces. */
export const withoutFaces = (cast: Cast): Cast => ({
  ...cast,
  member: (user) => ({ ...cast.member(user), faceURL: '' }),
});

/** What a user says of itself; blank where that has been erased, or there is no such user. */
export type ShownProfile = Readonly<{ nickname: string; faceUrl: string; ex: string }>;

export type CastDeps = Readonly<{
  /** As they show the fact that is told of. */
  lists: Pick<GroupLists, 'groups' | 'membersAmong'>;
  /** As the log has it. */
  profileOf: (user: UserId) => Promise<ShownProfile>;
  isAdmin: (user: UserId) => boolean;
}>;

const MEMBER = 20;
/** An app admin who acts from outside is shown as an admin of the group (REST reference 6.4). */
const ACTING_ADMIN = 60;
const APP_ADMIN_LEVEL = 2;

const NO_GROUP: Omit<GroupInfo, 'groupID'> = {
  groupName: '',
  notification: '',
  introduction: '',
  faceURL: '',
  ownerUserID: '',
  createTime: 0,
  memberCount: 0,
  ex: '',
  status: 0,
  creatorUserID: '',
  groupType: WORKING_GROUP,
  needVerification: 0,
  lookMemberInfo: 0,
  applyMemberFriend: 0,
  notificationUpdateTime: 0,
  notificationUserID: '',
};

const blank = (groupID: string, userID: string): MemberInfo => ({
  groupID,
  userID,
  roleLevel: MEMBER,
  joinTime: 0,
  nickname: '',
  faceURL: '',
  appMangerLevel: 0,
  joinSource: 0,
  operatorUserID: '',
  ex: '',
  muteEndTime: 0,
  inviterUserID: '',
});

type Scene = Readonly<{ group: GroupId; by: UserId; named: readonly UserId[] }>;

/**
 * Somebody who is not, or no longer, a member, as far as one can be shown. Not with the user's own `ex`, which is none
 * of the member's, and of fifty would be more than a frame takes.
 */
const outsider = (group: string, user: UserId, profile: ShownProfile): MemberInfo => ({
  ...blank(group, user),
  nickname: profile.nickname,
  faceURL: profile.faceUrl,
});

const actingFromOutside = (member: MemberInfo, isAdmin: boolean): MemberInfo =>
  isAdmin
    ? { ...member, roleLevel: ACTING_ADMIN, appMangerLevel: APP_ADMIN_LEVEL }
    : { ...member, operatorUserID: member.userID };

/**
 * For a line, which is kept with its author's words and erased with them: others are in it by their ids, for
 * their names are kept beside it and erased with them (`othersOf`); and of the group there is in it what this
 * very fact says (`said`).
 */
export const castOfLine = async (
  { profileOf, isAdmin }: CastDeps,
  { group, by }: Scene,
  said: Partial<GroupInfo>,
): Promise<Cast> => {
  const { nickname, faceUrl } = await profileOf(by);
  const author = { ...blank(group, by), nickname, faceURL: faceUrl };
  const opUser = isAdmin(by) ? actingFromOutside(author, true) : author;
  return {
    group: { ...NO_GROUP, groupID: group, ...said },
    opUser,
    member: (user) => (user === by ? opUser : blank(group, user)),
  };
};

/** The names of the others that a line speaks of, as the log has them. */
export const othersOf = async (
  { profileOf }: CastDeps,
  { by, named }: Scene,
): Promise<readonly Named[]> => {
  const users = [...new Set(named)].filter((user) => user !== by);
  const profiles = await Promise.all(users.map(profileOf));
  return users.flatMap((user, index) => {
    const nickname = profiles[index]?.nickname ?? '';
    return nickname === '' ? [] : [{ user, shown: { nickname } }];
  });
};

/** For a notice, as the lists show everybody; who is in none of them, as its profile does. */
export const castOfNotice = async (
  { lists, profileOf, isAdmin }: CastDeps,
  { group, by, named }: Scene,
): Promise<Cast> => {
  const users = [...new Set([by, ...named])];
  const [[shown], members] = await Promise.all([
    lists.groups([group]),
    lists.membersAmong(group, users),
  ]);
  const infos = new Map(members.map((view) => [view.user, memberInfo(view)]));
  for (const user of users) {
    if (!infos.has(user)) infos.set(user, outsider(group, user, await profileOf(user)));
  }
  const member = (user: UserId): MemberInfo => infos.get(user) ?? blank(group, user);
  const isMember = members.some(({ user }) => user === by);
  return {
    group: shown === undefined ? { ...NO_GROUP, groupID: group } : groupInfo(shown),
    member,
    opUser: isMember ? member(by) : actingFromOutside(member(by), isAdmin(by)),
  };
};
