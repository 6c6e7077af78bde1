import { msgData, type MsgData } from './msgData.ts';
import { bytes, flag, int32, int64, many, message, one, packed, text } from './protobuf.ts';
import { mapped } from './protobufMaps.ts';

/** Requests of the socket and their answers, by number (gateway reference 3.3). */

/** 1001 */
export type GetMaxSeqReq = { userID: string };
export const getMaxSeqReq = message<GetMaxSeqReq>({ userID: one(1, text) });

/** Field 2 (minSeqs) is never sent by the official server, and read by no client. */
export type GetMaxSeqResp = { maxSeqs: Map<string, number> };
export const getMaxSeqResp = message<GetMaxSeqResp>({ maxSeqs: mapped(1, int64, () => 0) });

/** `begin` and `end` are both inclusive; `begin` may be 0. */
export type SeqRange = { conversationID: string; begin: number; end: number; num: number };
const seqRange = message<SeqRange>({
  conversationID: one(1, text),
  begin: one(2, int64),
  end: one(3, int64),
  num: one(4, int64),
});

/** 1002. `order`: PULL_ORDER. */
export type PullMessageBySeqsReq = { userID: string; seqRanges: SeqRange[]; order: number };
export const pullMessageBySeqsReq = message<PullMessageBySeqsReq>({
  userID: one(1, text),
  seqRanges: many(2, seqRange),
  order: one(3, int32),
});

export type PullMsgs = { Msgs: MsgData[]; isEnd: boolean; endSeq: number };
export const pullMsgs = message<PullMsgs>({
  Msgs: many(1, msgData),
  isEnd: one(2, flag),
  endSeq: one(3, int64),
});

/** Messages by conversation: those of `n_` conversations stand apart. */
export type MessagesByConversation = {
  msgs: Map<string, PullMsgs>;
  notificationMsgs: Map<string, PullMsgs>;
};
const messagesByConversation = message<MessagesByConversation>({
  msgs: mapped(1, pullMsgs, pullMsgs.empty),
  notificationMsgs: mapped(2, pullMsgs, pullMsgs.empty),
});

/** The same with messages that are encoded already: those of a page are the same for all its readers. */
export type EncodedMsgs = { Msgs: Uint8Array[]; isEnd: boolean; endSeq: number };
const encodedMsgs = message<EncodedMsgs>({
  Msgs: many(1, bytes),
  isEnd: one(2, flag),
  endSeq: one(3, int64),
});
export type EncodedByConversation = {
  msgs: Map<string, EncodedMsgs>;
  notificationMsgs: Map<string, EncodedMsgs>;
};
export const encodedMessages = message<EncodedByConversation>({
  msgs: mapped(1, encodedMsgs, encodedMsgs.empty),
  notificationMsgs: mapped(2, encodedMsgs, encodedMsgs.empty),
});

/** 1002, 1005 and 2001 are of one shape. */
export const pullMessageBySeqsResp = messagesByConversation;
export const getSeqMessageResp = messagesByConversation;
export const pushMessages = messagesByConversation;

/** 1003: the request is a MsgData. Field 4 (what a callback has altered) is left to the echo. */
export type SendMsgResp = { serverMsgID: string; clientMsgID: string; sendTime: number };
export const sendMsgResp = message<SendMsgResp>({
  serverMsgID: one(1, text),
  clientMsgID: one(2, text),
  sendTime: one(3, int64),
});

/** Its numbers begin at 2 in the original, too. */
export type ConversationSeqs = { conversationID: string; seqs: number[] };
const conversationSeqs = message<ConversationSeqs>({
  conversationID: one(2, text),
  seqs: packed(3, int64),
});

/** 1005. `order`: PULL_ORDER. */
export type GetSeqMessageReq = {
  userID: string;
  conversations: ConversationSeqs[];
  order: number;
};
export const getSeqMessageReq = message<GetSeqMessageReq>({
  userID: one(1, text),
  conversations: many(2, conversationSeqs),
  order: one(3, int32),
});

/** 1006. No conversations: all of the user's. */
export type GetConversationsHasReadAndMaxSeqReq = {
  userID: string;
  conversationIDs: string[];
  returnPinned: boolean;
};
export const getConversationsHasReadAndMaxSeqReq = message<GetConversationsHasReadAndMaxSeqReq>({
  userID: one(1, text),
  conversationIDs: many(2, text),
  returnPinned: one(3, flag),
});

/** `maxSeqTime`: milliseconds, when the newest message was sent; 0 without one. */
export type Seqs = { maxSeq: number; hasReadSeq: number; maxSeqTime: number };
const seqs = message<Seqs>({
  maxSeq: one(1, int64),
  hasReadSeq: one(2, int64),
  maxSeqTime: one(3, int64),
});

export type GetConversationsHasReadAndMaxSeqResp = {
  seqs: Map<string, Seqs>;
  pinnedConversationIDs: string[];
};
export const getConversationsHasReadAndMaxSeqResp = message<GetConversationsHasReadAndMaxSeqResp>({
  seqs: mapped(1, seqs, seqs.empty),
  pinnedConversationIDs: many(2, text),
});

/** 1007 */
export type GetLastMessageReq = { userID: string; conversationIDs: string[] };
export const getLastMessageReq = message<GetLastMessageReq>({
  userID: one(1, text),
  conversationIDs: many(2, text),
});

export type GetLastMessageResp = { msgs: Map<string, MsgData> };
export const getLastMessageResp = message<GetLastMessageResp>({
  msgs: mapped(1, msgData, msgData.empty),
});

/** 2003; its answer is empty. */
export type DelUserPushTokenReq = { userID: string; platformID: number };
export const delUserPushTokenReq = message<DelUserPushTokenReq>({
  userID: one(1, text),
  platformID: one(2, int32),
});

/** 2004; its answer is empty. */
export type SetAppBackgroundStatusReq = { userID: string; isBackground: boolean };
export const setAppBackgroundStatusReq = message<SetAppBackgroundStatusReq>({
  userID: one(1, text),
  isBackground: one(2, flag),
});

/** 2005 */
export type SubUserOnlineStatus = { subscribeUserID: string[]; unsubscribeUserID: string[] };
export const subUserOnlineStatus = message<SubUserOnlineStatus>({
  subscribeUserID: many(1, text),
  unsubscribeUserID: many(2, text),
});

/** No platforms: offline. */
export type SubUserOnlineStatusElem = { userID: string; onlinePlatformIDs: number[] };
const subUserOnlineStatusElem = message<SubUserOnlineStatusElem>({
  userID: one(1, text),
  onlinePlatformIDs: packed(2, int32),
});

/** 2005, as an answer and as a change that is pushed. */
export type SubUserOnlineStatusTips = { subscribers: SubUserOnlineStatusElem[] };
export const subUserOnlineStatusTips = message<SubUserOnlineStatusTips>({
  subscribers: many(1, subUserOnlineStatusElem),
});
