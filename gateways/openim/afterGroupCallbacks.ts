import type { GroupEvent, MemberNotes, Role } from '../../core/group/events.ts';
import { group as conversationOf } from '../../core/conversation/ids.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { After, Telling } from './afterCallbacks.ts';
import { byCall, opened, orNull } from './callbackFields.ts';
import type { AfterName } from './callbacks.ts';

/** OpenIM has one kind of group left, and its callbacks carry the kind as the character of that number. */
const GROUP_TYPE = 2;
const GROUP_TYPE_CHARACTER = '\u0002';
const STATUS_OK = 0;
const OWNER: Role = 100;
const ADMIN: Role = 60;
const MEMBER: Role = 20;

const withRole = (users: readonly UserId[], roleLevel: Role) =>
  users.map((userID) => ({ userID, roleLevel }));

/** In the order of what is said in the group. */
const told = (name: AfterName, groupID: GroupId, body: object): After => ({
  name,
  order: conversationOf(groupID),
  body: { groupID, ...body },
});

/** What is told of groups. OpenIM has no callback for the facts that are not here. */
export const GROUPS_TOLD: Telling<GroupEvent> = {
  GroupCreated: ({ data, created }) => {
    const { group, owner, admins, members, creator, rules, profile, announcement } = data;
    const { name = '', introduction = '', faceUrl = '', ex = '' } = opened(profile);
    const { text = '' } = opened(announcement);
    const body = {
      groupName: name,
      notification: text,
      introduction,
      faceURL: faceUrl,
      ownerUserID: owner,
      createTime: created,
      memberCount: 1 + admins.length + members.length,
      ex,
      status: STATUS_OK,
      creatorUserID: creator,
      groupType: GROUP_TYPE,
      needVerification: rules.verification,
      lookMemberInfo: rules.lookMemberInfo,
      applyMemberFriend: rules.applyMemberFriend,
      initMemberList: [
        ...withRole([owner], OWNER),
        ...withRole(admins, ADMIN),
        ...withRole(members, MEMBER),
      ],
    };
    return [told('afterCreateGroup', group, body)];
  },

  GroupChanged: ({ meta, data: { group, profile, announcement, rules } }) => {
    const { name, introduction, faceUrl, ex } = opened(profile);
    const body = orNull({
      groupName: name,
      notification: opened(announcement).text,
      introduction,
      faceURL: faceUrl,
      ex,
      needVerification: rules?.verification,
      lookMemberInfo: rules?.lookMemberInfo,
      applyMemberFriend: rules?.applyMemberFriend,
    });
    return byCall(meta, {
      info: told('afterSetGroupInfo', group, body),
      infoEx: told('afterSetGroupInfoEx', group, body),
    });
  },

  MembersAdded: ({ data: { group, source, inviter, users } }) => {
    // Told of those who came by themselves.
    if (inviter !== undefined) return [];
    // Who comes in is called the inviter: so it is in OpenIM's call, too.
    return users.map((user) =>
      told('afterJoinGroup', group, { reqMessage: '', joinSource: source, inviterUserID: user }),
    );
  },

  MemberLeft: ({ data: { group, user } }) => [told('afterQuitGroup', group, { userID: user })],

  MembersKicked: ({ data: { group, users, reason } }) => {
    const { text = '' } = opened(reason);
    return [told('afterKickGroupMember', group, { kickedUserIDs: users, reason: text })];
  },

  GroupDismissed: ({ data: { group, by } }) => [
    // Who was in it is no part of the fact.
    told('afterDismissGroup', group, {
      ownerID: by,
      groupType: GROUP_TYPE_CHARACTER,
      membersID: [],
    }),
  ],

  OwnerTransferred: ({ data: { group, from, to } }) => [
    told('afterTransferGroupOwner', group, { oldOwnerUserID: from, newOwnerUserID: to }),
  ],

  MemberChanged: ({ data: { group, user, role, notes } }) => {
    const { nickname, faceUrl, ex } = opened<MemberNotes>(notes);
    const body = orNull({ nickName: nickname, faceURL: faceUrl, roleLevel: role, ex });
    return [told('afterSetGroupMemberInfo', group, { userID: user, ...body })];
  },
};
