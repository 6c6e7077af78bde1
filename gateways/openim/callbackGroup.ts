import type { GroupRules, Role } from '../../core/group/events.ts';
import type { UserId } from '../../core/kernel/ids.ts';

/** OpenIM has one kind of group left, and most of its callbacks carry the kind as the character of that number. */
const GROUP_TYPE = 2;
export const GROUP_TYPE_CHARACTER = '\u0002';
const STATUS_OK = 0;
const OWNER: Role = 100;
const ADMIN: Role = 60;
const MEMBER: Role = 20;

type NewGroup = Readonly<{
  owner: UserId;
  admins: readonly UserId[];
  members: readonly UserId[];
  creator: UserId;
  rules: GroupRules;
  name: string;
  introduction: string;
  faceUrl: string;
  ex: string;
  announcement: string;
}>;

const withRole = (users: readonly UserId[], roleLevel: Role) =>
  users.map((userID) => ({ userID, roleLevel }));

/** A group as it is made: the app server is asked before and told afterwards in the same words. */
export const newGroupFields = (made: NewGroup) => ({
  groupName: made.name,
  notification: made.announcement,
  introduction: made.introduction,
  faceURL: made.faceUrl,
  ownerUserID: made.owner,
  memberCount: 1 + made.admins.length + made.members.length,
  ex: made.ex,
  status: STATUS_OK,
  creatorUserID: made.creator,
  groupType: GROUP_TYPE,
  needVerification: made.rules.verification,
  lookMemberInfo: made.rules.lookMemberInfo,
  applyMemberFriend: made.rules.applyMemberFriend,
  initMemberList: [
    ...withRole([made.owner], OWNER),
    ...withRole(made.admins, ADMIN),
    ...withRole(made.members, MEMBER),
  ],
});
