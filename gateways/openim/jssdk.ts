import { msgData, type MsgData } from './msgData.ts';
import { flag, int32, int64, many, maybe, message, one, text, uint32 } from './protobuf.ts';

/** The two routes that the JS SDK calls with protobuf bodies (gateway reference 7.1). */

export type GetActiveConversationsReq = { ownerUserID: string; count: number };
export const getActiveConversationsReq = message<GetActiveConversationsReq>({
  ownerUserID: one(1, text),
  count: one(2, int64),
});

export type GetConversationsReq = { ownerUserID: string; conversationIDs: string[] };
export const getConversationsReq = message<GetConversationsReq>({
  ownerUserID: one(1, text),
  conversationIDs: many(2, text),
});

/** One user's row of a conversation (5.4). Times in milliseconds, durations in seconds. */
export type Conversation = {
  ownerUserID: string;
  conversationID: string;
  recvMsgOpt: number;
  conversationType: number;
  userID: string;
  groupID: string;
  isPinned: boolean;
  attachedInfo: string;
  isPrivateChat: boolean;
  groupAtType: number;
  ex: string;
  burnDuration: number;
  minSeq: number;
  maxSeq: number;
  msgDestructTime: number;
  latestMsgDestructTime: number;
  isMsgDestruct: boolean;
};
const conversation = message<Conversation>({
  ownerUserID: one(1, text),
  conversationID: one(2, text),
  recvMsgOpt: one(3, int32),
  conversationType: one(4, int32),
  userID: one(5, text),
  groupID: one(6, text),
  isPinned: one(7, flag),
  attachedInfo: one(8, text),
  isPrivateChat: one(9, flag),
  groupAtType: one(10, int32),
  ex: one(11, text),
  burnDuration: one(12, int32),
  minSeq: one(13, int64),
  maxSeq: one(14, int64),
  msgDestructTime: one(15, int64),
  latestMsgDestructTime: one(16, int64),
  isMsgDestruct: one(17, flag),
});

export type UserInfo = {
  userID: string;
  nickname: string;
  faceURL: string;
  ex: string;
  createTime: number;
  appMangerLevel: number;
  globalRecvMsgOpt: number;
};
const userInfo = message<UserInfo>({
  userID: one(1, text),
  nickname: one(2, text),
  faceURL: one(3, text),
  ex: one(4, text),
  createTime: one(5, int64),
  appMangerLevel: one(6, int32),
  globalRecvMsgOpt: one(7, int32),
});

export type FriendInfoOnly = {
  ownerUserID: string;
  friendUserID: string;
  remark: string;
  createTime: number;
  addSource: number;
  operatorUserID: string;
  ex: string;
  isPinned: boolean;
};
const friendInfoOnly = message<FriendInfoOnly>({
  ownerUserID: one(1, text),
  friendUserID: one(2, text),
  remark: one(3, text),
  createTime: one(4, int64),
  addSource: one(5, int32),
  operatorUserID: one(6, text),
  ex: one(7, text),
  isPinned: one(8, flag),
});

/** Enumerations in appendix B of the gateway reference; `groupType` is always 2. */
export type GroupInfo = {
  groupID: string;
  groupName: string;
  notification: string;
  introduction: string;
  faceURL: string;
  ownerUserID: string;
  createTime: number;
  memberCount: number;
  ex: string;
  status: number;
  creatorUserID: string;
  groupType: number;
  needVerification: number;
  lookMemberInfo: number;
  applyMemberFriend: number;
  notificationUpdateTime: number;
  notificationUserID: string;
};
const groupInfo = message<GroupInfo>({
  groupID: one(1, text),
  groupName: one(2, text),
  notification: one(3, text),
  introduction: one(4, text),
  faceURL: one(5, text),
  ownerUserID: one(6, text),
  createTime: one(7, int64),
  memberCount: one(8, uint32),
  ex: one(9, text),
  status: one(10, int32),
  creatorUserID: one(11, text),
  groupType: one(12, int32),
  needVerification: one(13, int32),
  lookMemberInfo: one(14, int32),
  applyMemberFriend: one(15, int32),
  notificationUpdateTime: one(16, int64),
  notificationUserID: one(17, text),
});

/** A conversation as a list shows it. What does not apply is absent (a group has no friend). */
export type ConversationMsg = {
  conversation: Conversation | undefined;
  lastMsg: MsgData | undefined;
  user: UserInfo | undefined;
  friend: FriendInfoOnly | undefined;
  group: GroupInfo | undefined;
  maxSeq: number;
  readSeq: number;
};
const conversationMsg = message<ConversationMsg>({
  conversation: maybe(1, conversation),
  lastMsg: maybe(2, msgData),
  user: maybe(3, userInfo),
  friend: maybe(4, friendInfoOnly),
  group: maybe(5, groupInfo),
  maxSeq: one(6, int64),
  readSeq: one(7, int64),
});

/** `unreadCount` is over all conversations, not only these. */
export type ConversationMsgs = { unreadCount: number; conversations: ConversationMsg[] };
const conversationMsgs = message<ConversationMsgs>({
  unreadCount: one(1, int64),
  conversations: many(2, conversationMsg),
});

/** Both routes answer alike. */
export const getActiveConversationsResp = conversationMsgs;
export const getConversationsResp = conversationMsgs;
