import { Type, type TSchema } from '@sinclair/typebox';

/** Objects of answers (REST reference 5): every key is there; what does not apply is null. */

const int = () => Type.Integer();
const str = () => Type.String();
const bool = () => Type.Boolean();

/** All 64 bits count. */
export const exactNumber = Type.Unsafe<bigint>(Type.Integer({ format: 'uint64' }));

const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
export const strings = Type.Array(Type.String());

export const userInfo = Type.Object({
  userID: str(),
  nickname: str(),
  faceURL: str(),
  ex: str(),
  createTime: int(),
  appMangerLevel: int(),
  globalRecvMsgOpt: int(),
});

const publicUserInfo = Type.Object({
  userID: str(),
  nickname: str(),
  faceURL: str(),
  ex: str(),
});

/** `createTime` in seconds. */
export const friendInfo = Type.Object({
  ownerUserID: str(),
  remark: str(),
  createTime: int(),
  friendUser: userInfo,
  addSource: int(),
  operatorUserID: str(),
  ex: str(),
  isPinned: bool(),
});

/** Times in milliseconds. */
export const friendRequest = Type.Object({
  fromUserID: str(),
  fromNickname: str(),
  fromFaceURL: str(),
  toUserID: str(),
  toNickname: str(),
  toFaceURL: str(),
  handleResult: int(),
  reqMsg: str(),
  createTime: int(),
  handlerUserID: str(),
  handleMsg: str(),
  handleTime: int(),
  ex: str(),
});

const friendInfoOnly = Type.Object({
  ownerUserID: str(),
  friendUserID: str(),
  remark: str(),
  createTime: int(),
  addSource: int(),
  operatorUserID: str(),
  ex: str(),
  isPinned: bool(),
});

/** `createTime` in seconds. */
export const blackInfo = Type.Object({
  ownerUserID: str(),
  createTime: int(),
  blackUserInfo: publicUserInfo,
  addSource: int(),
  operatorUserID: str(),
  ex: str(),
});

/** A user, and what another has to do with it; `createTime` in milliseconds. */
export const relation = Type.Object({
  userInfo,
  friendInfo: orNull(Type.Object({ ...friendInfo.properties, friendUser: Type.Null() })),
  blackInfo: orNull(Type.Object({ ...blackInfo.properties, blackUserInfo: Type.Null() })),
});

export const groupInfo = Type.Object({
  groupID: str(),
  groupName: str(),
  notification: str(),
  introduction: str(),
  faceURL: str(),
  ownerUserID: str(),
  createTime: int(),
  memberCount: int(),
  ex: str(),
  status: int(),
  creatorUserID: str(),
  groupType: int(),
  needVerification: int(),
  lookMemberInfo: int(),
  applyMemberFriend: int(),
  notificationUpdateTime: int(),
  notificationUserID: str(),
});

export const memberInfo = Type.Object({
  groupID: str(),
  userID: str(),
  roleLevel: int(),
  joinTime: int(),
  nickname: str(),
  faceURL: str(),
  appMangerLevel: int(),
  joinSource: int(),
  operatorUserID: str(),
  ex: str(),
  muteEndTime: int(),
  inviterUserID: str(),
});

/** Times in milliseconds. */
export const groupRequest = Type.Object({
  userInfo: publicUserInfo,
  groupInfo,
  handleResult: int(),
  reqMsg: str(),
  handleMsg: str(),
  reqTime: int(),
  handleUserID: str(),
  handleTime: int(),
  ex: str(),
  joinSource: int(),
  inviterUserID: str(),
});

export const conversation = Type.Object({
  ownerUserID: str(),
  conversationID: str(),
  recvMsgOpt: int(),
  conversationType: int(),
  userID: str(),
  groupID: str(),
  isPinned: bool(),
  attachedInfo: str(),
  isPrivateChat: bool(),
  groupAtType: int(),
  ex: str(),
  burnDuration: int(),
  minSeq: int(),
  maxSeq: int(),
  msgDestructTime: int(),
  latestMsgDestructTime: int(),
  isMsgDestruct: bool(),
});

const offlinePushInfo = Type.Object({
  title: str(),
  desc: str(),
  ex: str(),
  iOSPushSound: str(),
  iOSBadgeCount: bool(),
  signalInfo: str(),
});

/** `content` is base64; `options` is absent when empty. */
const msgData = Type.Object({
  sendID: str(),
  recvID: str(),
  groupID: str(),
  clientMsgID: str(),
  serverMsgID: str(),
  senderPlatformID: int(),
  senderNickname: str(),
  senderFaceURL: str(),
  sessionType: int(),
  msgFrom: int(),
  contentType: int(),
  content: str(),
  seq: int(),
  sendTime: int(),
  createTime: int(),
  status: int(),
  isRead: bool(),
  options: Type.Optional(Type.Readonly(Type.Record(Type.String(), Type.Boolean()))),
  offlinePushInfo: orNull(offlinePushInfo),
  atUserIDList: strings,
  attachedInfo: str(),
  ex: str(),
});

export const pulls = Type.Record(
  Type.String(),
  Type.Object({ Msgs: Type.Array(msgData), isEnd: bool(), endSeq: int() }),
);

export const conversationMsgs = Type.Object({
  unreadCount: int(),
  conversations: Type.Array(
    Type.Object({
      conversation,
      lastMsg: orNull(msgData),
      user: orNull(userInfo),
      friend: orNull(friendInfoOnly),
      group: orNull(groupInfo),
      maxSeq: int(),
      readSeq: int(),
    }),
  ),
});

/** An answer to "what has changed since" (REST reference 9.3). `full`: fetch everything anew. */
export const incremental = <S extends TSchema>(item: S) =>
  Type.Object({
    version: int(),
    versionID: str(),
    full: bool(),
    delete: strings,
    insert: Type.Array(item),
    update: Type.Array(item),
  });

export const sortedIncremental = <S extends TSchema>(item: S) =>
  Type.Object({ ...incremental(item).properties, sortVersion: int() });

/**
 * Nobody new and nobody changed are null: the JS SDK (client-sdk 0.0.14) looks at the first of a list that is
 * there, and where that has none each login of a member of some group fails.
 */
export const incrementalMembers = Type.Object({
  ...sortedIncremental(memberInfo).properties,
  insert: orNull(Type.Array(memberInfo)),
  update: orNull(Type.Array(memberInfo)),
  group: orNull(groupInfo),
});

/** The ids of a whole list, in its order; null when the client's hash says that it has them. */
export const version = { version: int(), versionID: str(), equal: bool() };
export const idsOrNull = orNull(strings);
