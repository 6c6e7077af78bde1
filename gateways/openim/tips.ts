/**
 * Content of notifications: `{"detail":"<tips as JSON>"}`. Clients read tips by key and trust that each
 * is there, so all fields are written, in the order of gateway reference 4.9.
 */
export const notificationContent = (tips: object): string =>
  JSON.stringify({ detail: JSON.stringify(tips) });

/** With the name of each user that it has by its id alone, wherever it stands in the tips. */
export const withNicknames = (content: string, names: ReadonlyMap<string, string>): string => {
  const fill = (_: string, value: unknown): unknown => {
    if (!isUnnamed(value)) return value;
    const nickname = names.get(value.userID);
    return nickname === undefined ? value : { ...value, nickname };
  };
  const { detail } = JSON.parse(content) as Readonly<{ detail: string }>;
  return JSON.stringify({ detail: JSON.stringify(JSON.parse(detail), fill) });
};

const isUnnamed = (value: unknown): value is Readonly<{ userID: string; nickname: '' }> =>
  typeof value === 'object' &&
  value !== null &&
  'userID' in value &&
  typeof value.userID === 'string' &&
  'nickname' in value &&
  value.nickname === '';

export type RevokeMsgTips = Readonly<{
  revokerUserID: string;
  clientMsgID: string;
  revokeTime: number;
  sessionType: number;
  seq: number;
  conversationID: string;
  isAdminRevoke: boolean;
}>;

/** 2101. The wire spells the session type with a slip that clients rely on. */
export const revokeMsgTips = (tips: RevokeMsgTips): string =>
  notificationContent({
    revokerUserID: tips.revokerUserID,
    clientMsgID: tips.clientMsgID,
    revokeTime: tips.revokeTime,
    sesstionType: tips.sessionType,
    seq: tips.seq,
    conversationID: tips.conversationID,
    isAdminRevoke: tips.isAdminRevoke,
  });

export type DeleteMsgsTips = Readonly<{
  userID: string;
  conversationID: string;
  seqs: readonly number[];
}>;

/** 2102 */
export const deleteMsgsTips = ({ userID, conversationID, seqs }: DeleteMsgsTips): string =>
  notificationContent({ userID, conversationID, seqs });

export type MarkAsReadTips = Readonly<{
  markAsReadUserID: string;
  conversationID: string;
  seqs: readonly number[];
  hasReadSeq: number;
}>;

/** 2200 */
export const markAsReadTips = (tips: MarkAsReadTips): string =>
  notificationContent({
    markAsReadUserID: tips.markAsReadUserID,
    conversationID: tips.conversationID,
    seqs: tips.seqs,
    hasReadSeq: tips.hasReadSeq,
  });

export type ConversationUpdateTips = Readonly<{
  userID: string;
  conversationIDList: readonly string[];
}>;

/** 1300 */
export const conversationUpdateTips = (tips: ConversationUpdateTips): string =>
  notificationContent({ userID: tips.userID, conversationIDList: tips.conversationIDList });

export type MessageRevokedContent = Readonly<{
  revokerID: string;
  revokerRole: number;
  clientMsgID: string;
  revokerNickname: string;
  revokeTime: number;
  sourceMessageSendTime: number;
  sourceMessageSendID: string;
  sourceMessageSenderNickname: string;
  sessionType: number;
  seq: number;
}>;

/** What a pull shows in the place of a message that was revoked; its `ex` is always empty. */
export const messageRevokedContent = (content: MessageRevokedContent): string =>
  notificationContent({
    revokerID: content.revokerID,
    revokerRole: content.revokerRole,
    clientMsgID: content.clientMsgID,
    revokerNickname: content.revokerNickname,
    revokeTime: content.revokeTime,
    sourceMessageSendTime: content.sourceMessageSendTime,
    sourceMessageSendID: content.sourceMessageSendID,
    sourceMessageSenderNickname: content.sourceMessageSenderNickname,
    sessionType: content.sessionType,
    seq: content.seq,
    ex: '',
  });

/** 1303: clients fetch their own profile anew. */
export const userInfoUpdatedTips = ({ userID }: Readonly<{ userID: string }>): string =>
  notificationContent({ userID });

export type ConversationSetPrivateTips = Readonly<{
  recvID: string;
  sendID: string;
  isPrivate: boolean;
  conversationID: string;
}>;

/** 1701 */
export const conversationSetPrivateTips = (tips: ConversationSetPrivateTips): string =>
  notificationContent({
    recvID: tips.recvID,
    sendID: tips.sendID,
    isPrivate: tips.isPrivate,
    conversationID: tips.conversationID,
  });

export type ClearConversationTips = Readonly<{
  userID: string;
  conversationIDs: readonly string[];
}>;

/** 1703 */
export const clearConversationTips = (tips: ClearConversationTips): string =>
  notificationContent({ userID: tips.userID, conversationIDs: tips.conversationIDs });
