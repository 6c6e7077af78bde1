import { notificationContent } from './tips.ts';
import type { friendRequest } from './friend.ts';

/** Between whom; each tips of friends begins with it (gateway reference 4.9). */
export type FromTo = Readonly<{ fromUserID: string; toUserID: string }>;

/** The version that the list of the one who is told has with the change; to clients a hint. */
export type FriendVersion = Readonly<{ friendVersion: number; friendVersionID: string }>;

type Request = Omit<ReturnType<typeof friendRequest>, 'handleResult'> &
  Readonly<{ handleResult: number }>;

/** 1203. Without a request Go core's loop of notices would end: it is never null. */
export const friendApplicationTips = (fromTo: FromTo, request: Request): string =>
  notificationContent({ fromToUserID: fromTo, request });

/** 1201. Without a request, clients fetch their friends and tell the app nothing more. */
export const friendApprovedTips = (
  fromTo: FromTo,
  handleMsg: string,
  { friendVersion, friendVersionID }: FriendVersion,
  request: Request | null,
): string =>
  notificationContent({ fromToUserID: fromTo, handleMsg, friendVersion, friendVersionID, request });

/** 1202. Never without a request, as 1203. */
export const friendRejectedTips = (fromTo: FromTo, handleMsg: string, request: Request): string =>
  notificationContent({ fromToUserID: fromTo, handleMsg, request });

/** 1205 */
export const friendDeletedTips = (
  fromTo: FromTo,
  { friendVersion, friendVersionID }: FriendVersion,
): string => notificationContent({ fromToUserID: fromTo, friendVersion, friendVersionID });

/** 1206. The order of friends does not depend on remarks. */
export const friendInfoChangedTips = (
  fromTo: FromTo,
  { friendVersion, friendVersionID }: FriendVersion,
): string =>
  notificationContent({
    fromToUserID: fromTo,
    friendVersion,
    friendVersionID,
    friendSortVersion: 0,
  });

/** 1207, 1208 */
export const blackTips = (fromTo: FromTo): string => notificationContent({ fromToUserID: fromTo });

/** 1210: clients look at `toUserID` alone, the owner. */
export const friendsInfoUpdateTips = (
  owner: string,
  friendIDs: readonly string[],
  { friendVersion, friendVersionID }: FriendVersion,
): string =>
  notificationContent({
    fromToUserID: { fromUserID: '', toUserID: owner },
    friendIDs,
    friendVersion,
    friendVersionID,
  });
