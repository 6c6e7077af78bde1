import type { MemberInfo } from './group.ts';
import type { GroupInfo } from './jssdk.ts';
import { notificationContent } from './tips.ts';

/** Where a change stands in the versions of the group's list of members: clients go by it (GW 7.3.4). */
export type MemberVersion = Readonly<{
  groupMemberVersion: number;
  groupMemberVersionID: string;
}>;

/** What each tips of a group begins with. Neither is ever null: Go core's loop of notices would end. */
export type About = Readonly<{ group: GroupInfo; opUser: MemberInfo }>;

type PublicUser = Readonly<{ userID: string; nickname: string; faceURL: string; ex: string }>;
/** In tips the group stands beside it. */
export type TipsRequest = Readonly<{
  userInfo: PublicUser;
  groupInfo: null;
  handleResult: number;
  reqMsg: string;
  handleMsg: string;
  reqTime: number;
  handleUserID: string;
  handleTime: number;
  ex: string;
  joinSource: number;
  inviterUserID: string;
}>;

/** OpenIM has the field in most tips, and fills it in two. */
const NO_TIME = 0;

/** 1501 */
export const groupCreatedTips = (
  { group, opUser }: About,
  memberList: readonly MemberInfo[],
  operationTime: number,
  groupOwnerUser: MemberInfo,
  version: MemberVersion,
): string =>
  notificationContent({ group, opUser, memberList, operationTime, groupOwnerUser, ...version });

/** 1502 */
export const groupInfoSetTips = ({ group, opUser }: About, version: MemberVersion): string =>
  notificationContent({ opUser, muteTime: NO_TIME, group, ...version });

/** 1503. Clients pass over a second one with the same uuid. */
export const joinApplicationTips = (
  group: GroupInfo,
  applicant: PublicUser,
  { reqMsg, uuid, request }: Readonly<{ reqMsg: string; uuid: string; request: TipsRequest }>,
): string => notificationContent({ group, applicant, reqMsg, uuid, request });

/** 1504 */
export const memberQuitTips = (
  group: GroupInfo,
  quitUser: MemberInfo,
  version: MemberVersion,
): string => notificationContent({ group, quitUser, operationTime: NO_TIME, ...version });

/** `receiverAs` 1: to owner and admins; 0: to who has asked. */
type Answer = Readonly<{
  handleMsg: string;
  receiverAs: 0 | 1;
  uuid: string;
  request: TipsRequest;
}>;

/** 1505, 1506 */
export const joinAnsweredTips = (
  { group, opUser }: About,
  { handleMsg, receiverAs, uuid, request }: Answer,
): string => notificationContent({ group, opUser, handleMsg, receiverAs, uuid, request });

/** 1507. The text is never filled. */
export const ownerTransferredTips = (
  { group, opUser }: About,
  newGroupOwner: MemberInfo,
  oldGroupOwnerInfo: MemberInfo,
  version: MemberVersion,
): string =>
  notificationContent({
    group,
    opUser,
    newGroupOwner,
    oldGroupOwner: '',
    operationTime: NO_TIME,
    oldGroupOwnerInfo,
    ...version,
  });

/** 1508 */
export const memberKickedTips = (
  { group, opUser }: About,
  kickedUserList: readonly MemberInfo[],
  version: MemberVersion,
): string =>
  notificationContent({ group, opUser, kickedUserList, operationTime: NO_TIME, ...version });

/** 1509 */
export const memberInvitedTips = (
  { group, opUser }: About,
  invitedUserList: readonly MemberInfo[],
  inviterUser: MemberInfo,
  version: MemberVersion,
): string =>
  notificationContent({
    group,
    opUser,
    invitedUserList,
    operationTime: NO_TIME,
    ...version,
    inviterUser,
  });

/** 1510 */
export const memberEnterTips = (
  group: GroupInfo,
  entrantUser: MemberInfo,
  operationTime: number,
  version: MemberVersion,
): string => notificationContent({ group, entrantUser, operationTime, ...version });

/** 1511: there is no next version. */
export const groupDismissedTips = ({ group, opUser }: About): string =>
  notificationContent({ group, opUser, operationTime: NO_TIME });

/** 1512 */
export const memberMutedTips = (
  { group, opUser }: About,
  mutedUser: MemberInfo,
  mutedSeconds: number,
  version: MemberVersion,
): string =>
  notificationContent({
    group,
    opUser,
    operationTime: NO_TIME,
    mutedUser,
    mutedSeconds,
    ...version,
  });

/** 1513 */
export const memberUnmutedTips = (
  { group, opUser }: About,
  mutedUser: MemberInfo,
  version: MemberVersion,
): string => notificationContent({ group, opUser, operationTime: NO_TIME, mutedUser, ...version });

/** 1514, 1515 */
export const groupMutedTips = ({ group, opUser }: About, version: MemberVersion): string =>
  notificationContent({ group, opUser, operationTime: NO_TIME, ...version });

/** 1516, 1517, 1518. With a sort version, clients fetch the order of the members anew. */
export const memberInfoSetTips = (
  { group, opUser }: About,
  changedUser: MemberInfo,
  version: MemberVersion,
  groupSortVersion: number,
): string =>
  notificationContent({
    group,
    opUser,
    operationTime: NO_TIME,
    changedUser,
    ...version,
    groupSortVersion,
  });

/** 1519, 1520 */
export const groupTextSetTips = ({ group, opUser }: About, version: MemberVersion): string =>
  notificationContent({ opUser, group, ...version });
