import type { MessageOptions } from '../../core/conversation/events.ts';
import { flag, int32, int64, many, maybe, message, one, text } from './protobuf.ts';
import { flags } from './protobufMaps.ts';

/** What the phone shows when the app is away. */
export type OfflinePushInfo = {
  title: string;
  desc: string;
  ex: string;
  iOSPushSound: string;
  iOSBadgeCount: boolean;
  signalInfo: string;
};

/**
 * `openim.sdkws.MsgData`: one message as clients send and get it (gateway reference 4.1). Times are in
 * milliseconds. Two fields that only the JS SDK's codec knows (40 and 41) are passed over.
 */
export type MsgData = {
  sendID: string;
  recvID: string;
  groupID: string;
  clientMsgID: string;
  serverMsgID: string;
  senderPlatformID: number;
  senderNickname: string;
  senderFaceURL: string;
  /** 1 single, 3 group, 4 notification account. */
  sessionType: number;
  /** 100 user, 200 system. */
  msgFrom: number;
  contentType: number;
  /** UTF-8 JSON; on the wire it is bytes, and here always valid. */
  content: string;
  /** 0: not stored. */
  seq: number;
  sendTime: number;
  createTime: number;
  /** 1 sending, 2 sent, 3 failed, 4 deleted, 5 filtered. */
  status: number;
  isRead: boolean;
  /** An absent key counts as true. */
  options: MessageOptions;
  offlinePushInfo: OfflinePushInfo | undefined;
  atUserIDList: string[];
  attachedInfo: string;
  ex: string;
};

export const offlinePushInfo = message<OfflinePushInfo>({
  title: one(1, text),
  desc: one(2, text),
  ex: one(3, text),
  iOSPushSound: one(4, text),
  iOSBadgeCount: one(5, flag),
  signalInfo: one(6, text),
});

export const emptyMsgData = (): MsgData => ({
  sendID: '',
  recvID: '',
  groupID: '',
  clientMsgID: '',
  serverMsgID: '',
  senderPlatformID: 0,
  senderNickname: '',
  senderFaceURL: '',
  sessionType: 0,
  msgFrom: 0,
  contentType: 0,
  content: '',
  seq: 0,
  sendTime: 0,
  createTime: 0,
  status: 0,
  isRead: false,
  options: {},
  offlinePushInfo: undefined,
  atUserIDList: [],
  attachedInfo: '',
  ex: '',
});

export const msgData = message<MsgData>(
  {
    sendID: one(1, text),
    recvID: one(2, text),
    groupID: one(3, text),
    clientMsgID: one(4, text),
    serverMsgID: one(5, text),
    senderPlatformID: one(6, int32),
    senderNickname: one(7, text),
    senderFaceURL: one(8, text),
    sessionType: one(9, int32),
    msgFrom: one(10, int32),
    contentType: one(11, int32),
    content: one(12, text),
    seq: one(14, int64),
    sendTime: one(15, int64),
    createTime: one(16, int64),
    status: one(17, int32),
    isRead: one(18, flag),
    options: flags(19),
    offlinePushInfo: maybe(20, offlinePushInfo),
    atUserIDList: many(21, text),
    attachedInfo: one(22, text),
    ex: one(23, text),
  },
  emptyMsgData,
);
