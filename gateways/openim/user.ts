import type { UserId } from '../../core/kernel/ids.ts';
import type { UserView } from '../ports.ts';
import type { UserInfo } from './jssdk.ts';

/** What a user id is made of (REST reference 4): it goes into stream names, subjects and URLs as it is. */
export const USER_ID_PATTERN = '^[A-Za-z0-9_]{1,64}$';

const USER_ID = new RegExp(USER_ID_PATTERN, 'u');

export const isUserId = (text: string): text is UserId => USER_ID.test(text);

export const userInfo = (view: UserView): UserInfo => ({
  userID: view.user,
  nickname: view.nickname,
  faceURL: view.faceUrl,
  ex: view.ex,
  createTime: view.createdAt,
  appMangerLevel: view.level,
  globalRecvMsgOpt: view.globalReceive,
});
