import { CONTENT_BYTES_MAX } from '../../../core/conversation/decider.ts';
import type {
  MessageBody,
  MessageData,
  MessageOptions,
  OfflinePush,
  Parties,
} from '../../../core/conversation/events.ts';
import { group, notificationAccount, single } from '../../../core/conversation/ids.ts';
import { isGroupId } from '../../../core/group/ids.ts';
import type { ConversationId, Seq } from '../../../core/kernel/ids.ts';
import { WIRE_ERRORS } from '../../openim/errors.ts';
import { msgData, type MsgData, type OfflinePushInfo } from '../../openim/msgData.ts';
import { isNotificationContent, MESSAGE_FROM, SESSION_TYPES } from '../../openim/numbers.ts';
import { isOn, isStored, sendOptions } from '../../openim/options.ts';
import { renderShown } from '../../openim/render.ts';
import { isUserId } from '../../openim/user.ts';
import { NotAnswerable, type Caller, type SendMessage } from '../../ports.ts';
import { failure, refusal, refused as refusedBy, type Answer, type Handler } from '../answer.ts';
import type { Connection } from '../connection.ts';
import { sendAnswerFrame } from '../frames.ts';
import type { UnansweredSend } from '../unansweredSends.ts';
import type { HandlerDeps } from './common.ts';

/** A message with all that goes with its content; some dozens of them must fit into one answer. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
/** SDKs make ids of 32 hex digits. */
export const CLIENT_MSG_ID_LENGTH_MAX = 64;

/**
 * 1003. The answer is the server's id and time, once the message is durable; the echo follows it, and
 * has the number. When the echo is here first, the answer has been written before it (`FanOut`).
 */
export const sendMessage =
  (deps: Pick<HandlerDeps, 'messages' | 'chats' | 'fanOut' | 'log' | 'meter'>): Handler =>
  async (connection, { data, msgIncr, operationId }) => {
    const readAt = deps.meter.moment();
    const read = readSend(data, connection.caller);
    if ('refused' in read) return read.refused;
    const { send } = read;
    const { conversation, message } = send;
    const { clientMsgId } = message;
    const waiting: UnansweredSend = { msgIncr, operationId, readAt, answered: false };
    connection.sends.add(conversation, clientMsgId, waiting);
    const result = await deps.messages
      .send(send, { actor: connection.caller.user, operationId, login: connection.caller.token })
      .catch((error: unknown) => ({ kind: 'failed' as const, error }));
    if (!connection.sends.settle(conversation, clientMsgId, waiting)) return ANSWERED;
    switch (result.kind) {
      case 'failed':
        throw result.error;
      case 'refused':
        return refusedBy(result);
      case 'done': {
        const { serverMsgId: serverMsgID, sendTime, seq } = result.sent;
        const answer = { serverMsgID, clientMsgID: clientMsgId, sendTime };
        // Written here and now: whatever is waited for first, the echo might come in between.
        connection.send(sendAnswerFrame(waiting, answer, connection.form));
        deps.meter.acknowledged(readAt);
        // Nothing was left to do and yet it has a number: it is there since an earlier time.
        if (result.position === undefined && seq > 0) {
          await repeatEcho(deps, connection, conversation, seq, operationId);
        }
        return ANSWERED;
      }
    }
  };

const ANSWERED: Answer = { kind: 'answered' };

/**
 * A client that sends again has perhaps never seen its echo; without it, its message has no number for
 * ever (GW 4.3, 6).
 */
const repeatEcho = async (
  { chats, fanOut, log }: Pick<HandlerDeps, 'chats' | 'fanOut' | 'log'>,
  connection: Connection,
  conversation: ConversationId,
  seq: Seq,
  operationId: string,
): Promise<void> => {
  const { user } = connection.caller;
  try {
    const pulled = await chats.pullSeqs(user, [{ conversation, seqs: [seq] }], 'ascending');
    const shown = 'kind' in pulled ? undefined : pulled[0]?.shown[0];
    if (shown?.kind !== 'event') return;
    fanOut.repeat(connection, conversation, renderShown(shown), operationId);
  } catch (error) {
    if (error instanceof NotAnswerable) return; // It comes with the next sync all the same.
    log.error({ err: error, operationId, conversation, seq }, 'an echo could not be repeated');
  }
};

type Refusal = Readonly<{ refused: Answer }>;
type Read = Readonly<{ send: SendMessage }> | Refusal;

const refused = (answer: Answer): Refusal => ({ refused: answer });
const wrong = (detail: string): Refusal => refused(failure(WIRE_ERRORS.args, detail));
const forbidden = (detail: string): Refusal => refused(failure(WIRE_ERRORS.noPermission, detail));

/** What belongs to the door of GW 4.3; blocks and receiving options are looked at behind it. */
const readSend = (data: Uint8Array, caller: Caller): Read => {
  if (data.length > MESSAGE_BYTES_MAX) {
    return refused(refusal('message/too-long', `at most ${String(MESSAGE_BYTES_MAX)} bytes`));
  }
  const message = msgData.decode(data);
  const { sendID, clientMsgID, contentType, content } = message;
  if (sendID !== caller.user) return forbidden('sendID is not the caller');
  if (clientMsgID === '') return wrong('clientMsgID is empty');
  if (clientMsgID.length > CLIENT_MSG_ID_LENGTH_MAX) {
    return wrong(`clientMsgID: at most ${String(CLIENT_MSG_ID_LENGTH_MAX)} characters`);
  }
  if (contentType <= 0) return wrong('contentType is missing');
  // Clients act on notifications without asking who made them, so nobody may forge one.
  if (isNotificationContent(contentType) && !caller.admin) {
    return forbidden(`contentType ${String(contentType)} is for the server`);
  }
  const placed = placeOf(message, caller);
  if ('refused' in placed) return placed;
  if (Buffer.byteLength(content) > CONTENT_BYTES_MAX) {
    return refused(
      refusal('message/too-long', `content: at most ${String(CONTENT_BYTES_MAX)} bytes`),
    );
  }
  return { send: sendOf(message, placed, caller) };
};

type Place = Readonly<{ conversation: ConversationId; parties: Parties }>;

/** Who writes to whom, and in which conversation. */
const placeOf = (
  { sessionType, recvID, groupID }: MsgData,
  { user, admin }: Caller,
): Place | Refusal => {
  switch (sessionType) {
    case SESSION_TYPES.single:
    case SESSION_TYPES.notificationAccount: {
      const isAccount = sessionType === SESSION_TYPES.notificationAccount;
      if (isAccount && !admin) return forbidden('sessionType 4 is for app admins');
      if (recvID === '') return wrong('recvID is empty');
      // Names of any length would be kept in memory, with what is looked up under them.
      if (!isUserId(recvID)) return refused(refusal('user/unknown', 'recvID: is not registered'));
      const make = isAccount ? notificationAccount : single;
      return { conversation: make(user, recvID), parties: { from: user, to: recvID } };
    }
    case SESSION_TYPES.group:
      // What cannot be the id of a group is that of none.
      return isGroupId(groupID)
        ? { conversation: group(groupID), parties: { from: user, group: groupID } }
        : refused(refusal('group/unknown', 'groupID: there is no such group'));
    default:
      return wrong(`sessionType ${String(sessionType)} is unknown`);
  }
};

const sendOf = (
  message: MsgData,
  { conversation, parties }: Place,
  caller: Caller,
): SendMessage => {
  const options = sendOptions(message.contentType, message.options);
  const send = {
    conversation,
    message: saidBy(message, parties, options, caller.admin),
    stored: isStored(options),
    senderSync: isOn(options, 'senderSync'),
    privileged: caller.admin,
  };
  const isImported = caller.admin && message.sendTime > 0;
  return isImported ? { ...send, sendTime: message.sendTime } : send;
};

const saidBy = (
  message: MsgData,
  parties: Parties,
  options: MessageOptions,
  isAdmin: boolean,
): SendMessage['message'] => {
  const { clientMsgID: clientMsgId, contentType, createTime } = message;
  const { from } = parties;
  const body = bodyOf(message);
  // Written out: what begins with `...` and goes on is of a new shape each time, and takes two microseconds.
  const said: Parties & Omit<MessageData, 'sendTime'> =
    'group' in parties
      ? { from, group: parties.group, clientMsgId, contentType, createTime, body }
      : { from, to: parties.to, clientMsgId, contentType, createTime, body };
  if (message.senderPlatformID !== 0) said.platform = message.senderPlatformID;
  if (isAdmin && message.msgFrom === MESSAGE_FROM.system) said.system = true;
  if (hasAny(options)) said.options = options;
  if (message.atUserIDList.length > 0) said.atUsers = message.atUserIDList;
  return said;
};

const hasAny = (options: MessageOptions): boolean => {
  for (const key in options) if (Object.hasOwn(options, key)) return true;
  return false;
};

/** Absent fields are empty, so what is empty is not stored. */
const bodyOf = (message: MsgData): MessageBody => {
  const body: MessageBody = { content: message.content };
  if (message.senderNickname !== '') body.nickname = message.senderNickname;
  if (message.senderFaceURL !== '') body.faceUrl = message.senderFaceURL;
  if (message.attachedInfo !== '') body.attachedInfo = message.attachedInfo;
  if (message.ex !== '') body.ex = message.ex;
  if (message.offlinePushInfo !== undefined) body.push = pushOf(message.offlinePushInfo);
  return body;
};

const pushOf = (info: OfflinePushInfo): OfflinePush => ({
  ...(info.title !== '' && { title: info.title }),
  ...(info.desc !== '' && { desc: info.desc }),
  ...(info.ex !== '' && { ex: info.ex }),
  ...(info.iOSPushSound !== '' && { iosSound: info.iOSPushSound }),
  ...(info.iOSBadgeCount && { iosBadge: true }),
  ...(info.signalInfo !== '' && { signalInfo: info.signalInfo }),
});
