/**
 * The callbacks of OpenIM that have a place here: their names in webhooks.yml, and the commands that
 * receivers tell them apart by (REST reference 10.6).
 */

/** Asked before something is done. */
export const BEFORE = {
  beforeSendSingleMsg: 'callbackBeforeSendSingleMsgCommand',
  beforeSendGroupMsg: 'callbackBeforeSendGroupMsgCommand',
  beforeMsgModify: 'callbackBeforeMsgModifyCommand',
  beforeUserRegister: 'callbackBeforeUserRegisterCommand',
  beforeUpdateUserInfo: 'callbackBeforeUpdateUserInfoCommand',
  beforeUpdateUserInfoEx: 'callbackBeforeUpdateUserInfoExCommand',
  beforeAddFriend: 'callbackBeforeAddFriendCommand',
  beforeAddFriendAgree: 'callbackBeforeAddFriendAgreeCommand',
  beforeSetFriendRemark: 'callbackBeforeSetFriendRemarkCommand',
  beforeImportFriends: 'callbackBeforeImportFriendsCommand',
  beforeAddBlack: 'callbackBeforeAddBlackCommand',
  beforeCreateGroup: 'callbackBeforeCreateGroupCommand',
  beforeSetGroupInfo: 'callbackBeforeSetGroupInfoCommand',
  beforeSetGroupInfoEx: 'callbackBeforeSetGroupInfoExCommand',
  beforeApplyJoinGroup: 'callbackBeforeJoinGroupCommand',
  beforeInviteUserToGroup: 'callbackBeforeInviteJoinGroupCommand',
  beforeMemberJoinGroup: 'callbackBeforeMembersJoinGroupCommand',
  beforeSetGroupMemberInfo: 'callbackBeforeSetGroupMemberInfoCommand',
} as const;

/** Told after something has been done. */
export const AFTER = {
  afterSendSingleMsg: 'callbackAfterSendSingleMsgCommand',
  afterSendGroupMsg: 'callbackAfterSendGroupMsgCommand',
  afterMsgSaveDB: 'callbackAfterMsgSaveDBCommand',
  /** So called by OpenIM. */
  afterRevokeMsg: 'callbackBeforeAfterMsgCommand',
  afterSingleMsgRead: 'callbackAfterSingleMsgReadCommand',
  afterGroupMsgRead: 'callbackAfterGroupMsgReadCommand',
  afterUserRegister: 'callbackAfterUserRegisterCommand',
  afterUpdateUserInfo: 'callbackAfterUpdateUserInfoCommand',
  afterUpdateUserInfoEx: 'callbackAfterUpdateUserInfoExCommand',
  /** So called by OpenIM, which asks before it pushes; here nobody else pushes, and so it is told. */
  beforeOfflinePush: 'callbackBeforeOfflinePushCommand',
  afterUserOnline: 'callbackAfterUserOnlineCommand',
  afterUserOffline: 'callbackAfterUserOfflineCommand',
  afterUserKickOff: 'callbackAfterUserKickOffCommand',
  afterAddFriend: 'callbackAfterAddFriendCommand',
  afterAddFriendAgree: 'callbackAfterAddFriendAgreeCommand',
  afterSetFriendRemark: 'callbackAfterSetFriendRemarkCommand',
  afterDeleteFriend: 'callbackAfterDeleteFriendCommand',
  afterImportFriends: 'callbackAfterImportFriendsCommand',
  afterRemoveBlack: 'callbackAfterRemoveBlackCommand',
  afterCreateGroup: 'callbackAfterCreateGroupCommand',
  afterJoinGroup: 'callbackAfterJoinGroupCommand',
  afterSetGroupInfo: 'callbackAfterSetGroupInfoCommand',
  afterSetGroupInfoEx: 'callbackAfterSetGroupInfoExCommand',
  afterSetGroupMemberInfo: 'callbackAfterSetGroupMemberInfoCommand',
  afterQuitGroup: 'callbackAfterQuitGroupCommand',
  afterKickGroupMember: 'callbackAfterKickGroupCommand',
  afterDismissGroup: 'callbackAfterDisMissGroupCommand',
  afterTransferGroupOwner: 'callbackAfterTransferGroupOwnerCommand',
  afterCreateSingleChatConversations: 'callbackAfterCreateSingleChatConversationsCommand',
  afterCreateGroupChatConversations: 'callbackAfterCreateGroupChatConversationsCommand',
} as const;

/** By number, from 1. */
export const PLATFORM_NAMES = [
  '',
  'IOS',
  'Android',
  'Windows',
  'OSX',
  'Web',
  'MiniWeb',
  'Linux',
  'APad',
  'IPad',
  'Admin',
  'HarmonyOS',
] as const;

export type BeforeName = keyof typeof BEFORE;
export type AfterName = keyof typeof AFTER;

/** Those that are about one message, and can be filtered by it. */
const OF_MESSAGES: ReadonlySet<string> = new Set([
  'beforeSendSingleMsg',
  'beforeSendGroupMsg',
  'beforeMsgModify',
  'afterSendSingleMsg',
  'afterSendGroupMsg',
  'afterMsgSaveDB',
  'beforeOfflinePush',
] satisfies (BeforeName | AfterName)[]);

/** What a file of settings may name. */
export const KNOWN_CALLBACKS = {
  before: new Set(Object.keys(BEFORE)),
  after: new Set(Object.keys(AFTER)),
  messages: OF_MESSAGES,
} as const;
