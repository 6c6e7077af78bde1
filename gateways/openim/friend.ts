import type { BlackView, FriendRequestView, FriendView } from '../ports.ts';
import type { UserInfo } from './jssdk.ts';

type Profile = FriendView['profile'];

/** Some routes count in seconds (REST reference 1.10). */
const inSeconds = (time: number): number => Math.floor(time / 1000);

export const publicUserInfo = ({ user, nickname, faceUrl, ex }: Omit<Profile, 'changedPos'>) => ({
  userID: user,
  nickname,
  faceURL: faceUrl,
  ex,
});

/** In it only what the user shows of itself is filled. */
const friendUser = (profile: Profile): UserInfo => ({
  ...publicUserInfo(profile),
  createTime: 0,
  appMangerLevel: 0,
  globalRecvMsgOpt: 0,
});

const friendBase = ({ owner, remark, source, operator, ex, pinned }: FriendView) => ({
  ownerUserID: owner,
  remark,
  addSource: source,
  operatorUserID: operator,
  ex,
  isPinned: pinned,
});

export const friendInfo = (view: FriendView) => ({
  ...friendBase(view),
  createTime: inSeconds(view.createdAt),
  friendUser: friendUser(view.profile),
});

/** Beside the user itself; in milliseconds. */
export const bareFriendInfo = (view: FriendView) => ({
  ...friendBase(view),
  createTime: view.createdAt,
  friendUser: null,
});

/** In milliseconds. */
export const friendInfoOnly = (view: FriendView) => ({
  ...friendBase(view),
  friendUserID: view.friend,
  createTime: view.createdAt,
});

/** How somebody was blocked is not told apart: there is one way (OpenIM's addSource). */
const blackBase = ({ owner, operator, ex }: BlackView) => ({
  ownerUserID: owner,
  addSource: 0,
  operatorUserID: operator,
  ex,
});

export const blackInfo = (view: BlackView) => ({
  ...blackBase(view),
  createTime: inSeconds(view.createdAt),
  blackUserInfo: publicUserInfo(view.profile),
});

/** `get_specified_blacks` counts in milliseconds. */
export const blackInfoInMs = (view: BlackView) => ({
  ...blackInfo(view),
  createTime: view.createdAt,
});

/** Beside the user itself; in milliseconds. */
export const bareBlackInfo = (view: BlackView) => ({
  ...blackBase(view),
  createTime: view.createdAt,
  blackUserInfo: null,
});

export const friendRequest = (view: FriendRequestView) => ({
  fromUserID: view.from,
  fromNickname: view.asker.nickname,
  fromFaceURL: view.asker.faceUrl,
  toUserID: view.to,
  toNickname: view.asked.nickname,
  toFaceURL: view.asked.faceUrl,
  handleResult: view.result,
  reqMsg: view.greeting,
  createTime: view.createdAt,
  handlerUserID: view.handler,
  handleMsg: view.answer,
  handleTime: view.handledAt,
  ex: view.ex,
});
