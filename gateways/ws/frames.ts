import type { ConversationId } from '../../core/kernel/ids.ts';
import { encodePush, encodeReply, type WireForm } from '../openim/envelope.ts';
import type { MsgData } from '../openim/msgData.ts';
import { OPTION_KEYS, REQUESTS } from '../openim/numbers.ts';
import {
  pushMessages,
  sendMsgResp,
  subUserOnlineStatusTips,
  type PullMsgs,
} from '../openim/requests.ts';
import { EMPTY } from './answer.ts';
import type { UnansweredSend } from './unansweredSends.ts';

/** The frame of one thing in whichever form a connection has asked for. */
export type Frames = (form: WireForm) => Uint8Array;

/** A frame that no request has asked for: its msgIncr is empty (GW 2.2). */
const unasked = (identifier: number, data: Uint8Array, form: WireForm): Uint8Array =>
  encodeReply({ identifier, msgIncr: '', operationId: '', errCode: 0, errMsg: '', data }, form);

/** Encodes once what many are to get, and wraps it once for each form that is asked for. */
const once = (
  encode: () => Uint8Array,
  wrap: (data: Uint8Array, form: WireForm) => Uint8Array,
): Frames => {
  const frames: (Uint8Array | undefined)[] = [];
  let data: Uint8Array | undefined;
  return (form) => {
    const index = (form.kind === 'gob' ? 0 : 1) + (form.gzip ? 2 : 0);
    data ??= encode();
    return (frames[index] ??= wrap(data, form));
  };
};

const isNotification = (conversation: ConversationId, message: MsgData): boolean =>
  conversation.startsWith('n_') || message.options[OPTION_KEYS.isNotNotification] === false;

/** 2001: one message of one conversation; clients misjudge gaps when there are more (GW 3.3). */
export const pushFrames = (
  conversation: ConversationId,
  message: MsgData,
  operationId: string,
): Frames =>
  once(
    () => encodePushed(conversation, message),
    (data, form) => encodePush(operationId, data, form),
  );

const encodePushed = (conversation: ConversationId, message: MsgData): Uint8Array => {
  const only = new Map<string, PullMsgs>([
    [conversation, { Msgs: [message], isEnd: false, endSeq: 0 }],
  ]);
  const none = new Map<string, PullMsgs>();
  return pushMessages.encode(
    isNotification(conversation, message)
      ? { msgs: none, notificationMsgs: only }
      : { msgs: only, notificationMsgs: none },
  );
};

/** 2002: the last frame of a connection whose login has ended. */
export const kickFrame = (form: WireForm): Uint8Array => unasked(REQUESTS.kick, EMPTY, form);

/** 2005 as a change that was subscribed to. */
export const presenceFrames = (user: string, platforms: readonly number[]): Frames =>
  once(
    () =>
      subUserOnlineStatusTips.encode({
        subscribers: [{ userID: user, onlinePlatformIDs: [...platforms] }],
      }),
    (data, form) => unasked(REQUESTS.onlineStatus, data, form),
  );

type Answered = Readonly<Pick<MsgData, 'serverMsgID' | 'clientMsgID' | 'sendTime'>>;

/** The answer to a 1003: the server's id of the message and its time. */
export const sendAnswerFrame = (
  { msgIncr, operationId }: UnansweredSend,
  { serverMsgID, clientMsgID, sendTime }: Answered,
  form: WireForm,
): Uint8Array =>
  encodeReply(
    {
      identifier: REQUESTS.sendMessage,
      msgIncr,
      operationId,
      errCode: 0,
      errMsg: '',
      data: sendMsgResp.encode({ serverMsgID, clientMsgID, sendTime }),
    },
    form,
  );
