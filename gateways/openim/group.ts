import type { GroupRequestView, GroupView, MemberView } from '../ports.ts';
import { publicUserInfo } from './friend.ts';
import type { GroupInfo } from './jssdk.ts';

/** The only kind that is left: of any other, clients send messages that nobody takes. */
export const WORKING_GROUP = 2;

export const groupInfo = (view: GroupView): GroupInfo => ({
  groupID: view.group,
  groupName: view.name,
  notification: view.announcement,
  introduction: view.introduction,
  faceURL: view.faceUrl,
  ownerUserID: view.owner,
  createTime: view.createdAt,
  memberCount: view.memberCount,
  ex: view.ex,
  status: view.status,
  creatorUserID: view.creator,
  groupType: WORKING_GROUP,
  needVerification: view.verification,
  lookMemberInfo: view.lookMemberInfo,
  applyMemberFriend: view.applyMemberFriend,
  notificationUpdateTime: view.announcedAt,
  notificationUserID: view.announcedBy,
});

/** Whether a member is an app admin as well is not told. Times in milliseconds. */
export const memberInfo = (view: MemberView) => ({
  groupID: view.group as string,
  userID: view.user as string,
  roleLevel: view.role as number,
  joinTime: view.joinedAt,
  nickname: view.nickname,
  faceURL: view.faceUrl,
  appMangerLevel: 0,
  joinSource: view.source,
  operatorUserID: view.operator as string,
  ex: view.ex,
  muteEndTime: view.mutedUntil,
  inviterUserID: view.inviter as string,
});
export type MemberInfo = ReturnType<typeof memberInfo>;

/** Neither user nor group is ever null: clients look into both. Times in milliseconds. */
export const groupRequest = (view: GroupRequestView) => ({
  userInfo: publicUserInfo(view.user),
  groupInfo: groupInfo(view.group),
  handleResult: view.result,
  reqMsg: view.message,
  handleMsg: view.answer,
  reqTime: view.requestedAt,
  handleUserID: view.handler,
  handleTime: view.handledAt,
  ex: view.ex,
  joinSource: view.source,
  inviterUserID: view.inviter,
});
