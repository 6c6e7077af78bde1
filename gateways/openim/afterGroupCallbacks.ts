import type { GroupEvent, MemberNotes } from '../../core/group/events.ts';
import { group as conversationOf } from '../../core/conversation/ids.ts';
import type { GroupId } from '../../core/kernel/ids.ts';
import type { After, Telling } from './afterCallbacks.ts';
import { byCall, opened, orNull } from './callbackFields.ts';
import { GROUP_TYPE_CHARACTER, newGroupFields } from './callbackGroup.ts';
import type { AfterName } from './callbacks.ts';

/** In the order of what is said in the group. */
const told = (name: AfterName, groupID: GroupId, body: object): After => ({
  name,
  order: conversationOf(groupID),
  body: { groupID, ...body },
});

/** What is told of groups. OpenIM has no callback for the facts that are not here. */
export const GROUPS_TOLD: Telling<GroupEvent> = {
  GroupCreated: ({ data, created }) => {
    const { name = '', introduction = '', faceUrl = '', ex = '' } = opened(data.profile);
    const { text: announcement = '' } = opened(data.announcement);
    const shown = { name, introduction, faceUrl, ex, announcement };
    const body = { ...newGroupFields({ ...data, ...shown }), createTime: created };
    return [told('afterCreateGroup', data.group, body)];
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
