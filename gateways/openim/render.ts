import {
  conversationOfStream,
  type MessageData,
  type MessageRevoked,
  type MessagesDeleted,
  type MessagesRead,
  type Named,
  type NumberedEvent,
  type OfflinePush,
  type Parties,
} from '../../core/conversation/events.ts';
import { isErased, type Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, EventId, Seq } from '../../core/kernel/ids.ts';
import { formOf } from '../../core/sequence/head.ts';
import type { Passing, Shown } from '../../core/sequence/shown.ts';
import { emptyMsgData, type MsgData, type OfflinePushInfo } from './msgData.ts';
import { CONTENT_TYPES, MESSAGE_FROM, MESSAGE_STATUS, SESSION_TYPES } from './numbers.ts';
import { notificationOptions } from './options.ts';
import {
  deleteMsgsTips,
  markAsReadTips,
  messageRevokedContent,
  revokeMsgTips,
  withNicknames,
} from './tips.ts';

/** A receipt names at most so many messages, the newest: clients look each of them up. */
export const RECEIPT_SEQS_MAX = 1_000;

/** A stored event as the message of its number. `isRead`: in a single chat, by whom it was sent to. */
export const renderEvent = (event: Recorded<NumberedEvent>, isRead = false): MsgData => {
  const seq = event.revision + 1;
  switch (event.type) {
    case 'MessageSent':
    case 'NoticePosted': {
      const conversation = conversationOfStream(event.stream);
      const told = event.type === 'NoticePosted' || event.data.system === true;
      const message = renderMessage(conversation, event.id, event.data, { seq, isRead, told });
      return event.type === 'NoticePosted' ? withNames(message, event.data.others) : message;
    }
    case 'SeqVoided':
      return renderVoid(seq);
    case 'MessageRevoked':
      return renderNotification(event, CONTENT_TYPES.revoke, revokedTips(event.data));
    case 'MessagesRead':
      return renderNotification(event, CONTENT_TYPES.readReceipt, readTips(event.data));
    case 'MessagesDeleted':
      return renderNotification(event, CONTENT_TYPES.deleteMessages, deletedTips(event.data));
  }
};

/** A line with the names of those of whom it holds the ids alone; who has been erased stays without. */
const withNames = (message: MsgData, others: readonly Named[] = []): MsgData => {
  if (others.length === 0 || message.content === '') return message;
  const names = new Map<string, string>(
    others.map(({ user, shown }) => [user, isErased(shown) ? '' : shown.nickname]),
  );
  return { ...message, content: withNicknames(message.content, names) };
};

/** What is not stored has no number. */
export const renderPassing = ({ conversation, id, data }: Passing): MsgData =>
  renderMessage(conversation, id, data, { seq: 0, isRead: false, told: data.system === true });

/** What one viewer is shown in the place of a number. */
export const renderShown = (shown: Shown): MsgData => {
  switch (shown.kind) {
    case 'event':
      return renderEvent(shown.event, shown.isRead);
    case 'revoked':
      return renderRevoked(renderEvent(shown.event), shown.revocation.data);
    case 'hidden':
      return renderHidden(renderEvent(shown.event));
    case 'void':
      return renderVoid(shown.seq);
  }
};

/** A number without a message: clients keep its place and show nothing. */
export const renderVoid = (seq: Seq): MsgData => ({
  ...emptyMsgData(),
  seq,
  status: MESSAGE_STATUS.deleted,
});

/**
 * A message that was taken back: its ids, number and times stay. What might repeat its text goes. The
 * status stays too, so a message that is hidden as well is hidden first and then revoked.
 */
export const renderRevoked = (message: MsgData, revocation: MessageRevoked['data']): MsgData => ({
  ...withoutText(message),
  contentType: CONTENT_TYPES.revoke,
  content: messageRevokedContent({
    revokerID: revocation.by,
    revokerRole: revocation.role,
    clientMsgID: revocation.clientMsgId,
    revokerNickname: nicknameOf(revocation.revoker),
    revokeTime: revocation.sendTime,
    sourceMessageSendTime: revocation.sentAt,
    sourceMessageSendID: revocation.sentBy,
    sourceMessageSenderNickname: nicknameOf(revocation.source),
    sessionType: sessionTypeOf(revocation.conversation, revocation),
    seq: revocation.seq,
  }),
});

/** A message that this viewer has deleted: its ids, number and times stay. */
export const renderHidden = (message: MsgData): MsgData => ({
  ...withoutText(message),
  status: MESSAGE_STATUS.deleted,
});

/** Neither content nor what an app may have put beside it: push text, extensions. */
const withoutText = (message: MsgData): MsgData => ({
  ...message,
  content: '',
  offlinePushInfo: undefined,
  attachedInfo: '',
  ex: '',
});

type Place = Readonly<{
  seq: Seq;
  isRead: boolean;
  /** By the system. */
  told: boolean;
}>;

const renderMessage = (
  conversation: ConversationId,
  id: EventId,
  data: Parties & MessageData,
  { seq, isRead, told }: Place,
): MsgData => {
  const { body } = data;
  const erased = isErased(body);
  const said = erased ? { content: '' } : body;
  return {
    sendID: data.from,
    recvID: recipientOf(data, told),
    groupID: groupOf(data),
    clientMsgID: data.clientMsgId,
    serverMsgID: hexOf(id),
    senderPlatformID: data.platform ?? 0,
    senderNickname: said.nickname ?? '',
    senderFaceURL: said.faceUrl ?? '',
    sessionType: sessionTypeOf(conversation, data),
    msgFrom: data.system === true ? MESSAGE_FROM.system : MESSAGE_FROM.user,
    contentType: data.contentType,
    content: said.content,
    seq,
    sendTime: data.sendTime,
    createTime: data.createTime,
    status: erased ? MESSAGE_STATUS.deleted : MESSAGE_STATUS.sent,
    isRead,
    options: data.options ?? {},
    offlinePushInfo: said.push === undefined ? undefined : pushInfoOf(said.push),
    atUserIDList: [...(data.atUsers ?? [])],
    attachedInfo: said.attachedInfo ?? '',
    ex: said.ex ?? '',
  };
};

/** Made by the system, stored in a notification conversation. The event's id names it everywhere. */
const renderNotification = (
  { id, revision, data }: Recorded<MessageRevoked | MessagesRead | MessagesDeleted>,
  contentType: number,
  content: string,
): MsgData => ({
  ...emptyMsgData(),
  sendID: data.from,
  recvID: recipientOf(data, true),
  groupID: groupOf(data),
  clientMsgID: hexOf(id),
  serverMsgID: hexOf(id),
  sessionType: 'group' in data ? SESSION_TYPES.group : SESSION_TYPES.single,
  msgFrom: MESSAGE_FROM.system,
  contentType,
  content,
  seq: revision + 1,
  sendTime: data.sendTime,
  createTime: data.sendTime,
  status: MESSAGE_STATUS.sent,
  options: STORED_NOTIFICATION,
});

const STORED_NOTIFICATION = Object.freeze(notificationOptions({ stored: true }));

const revokedTips = (data: MessageRevoked['data']): string =>
  revokeMsgTips({
    revokerUserID: data.by,
    clientMsgID: data.clientMsgId,
    revokeTime: data.sendTime,
    sessionType: sessionTypeOf(data.conversation, data),
    seq: data.seq,
    conversationID: data.conversation,
    isAdminRevoke: data.byAdmin,
  });

/** Clients mark the messages that are listed, so the range is spelled out. */
export const seqsRead = ({ after, upTo, seqs }: MessagesRead['data']): readonly number[] => {
  const first = Math.max(after + 1, upTo - RECEIPT_SEQS_MAX + 1);
  const range = Array.from({ length: Math.max(0, upTo - first + 1) }, (_, index) => first + index);
  const read = [...new Set([...range, ...seqs])].sort((one, other) => one - other);
  return read.slice(-RECEIPT_SEQS_MAX);
};

const readTips = (data: MessagesRead['data']): string =>
  markAsReadTips({
    markAsReadUserID: data.from,
    conversationID: data.conversation,
    seqs: [...seqsRead(data)],
    hasReadSeq: data.upTo,
  });

const deletedTips = ({ from, conversation, seqs }: MessagesDeleted['data']): string =>
  deleteMsgsTips({ userID: from, conversationID: conversation, seqs });

/** A notification is of type 1 or 3: which, its parties say. */
const sessionTypeOf = (conversation: ConversationId, parties: Parties): number => {
  switch (formOf(conversation)) {
    case 'single':
      return SESSION_TYPES.single;
    case 'group':
      return SESSION_TYPES.group;
    case 'account':
      return SESSION_TYPES.notificationAccount;
    case 'notifications':
      return 'group' in parties ? SESSION_TYPES.group : SESSION_TYPES.single;
  }
};

/** To a group the system writes the group's id in both places, a user in one. */
const recipientOf = (parties: Parties, told: boolean): string =>
  'to' in parties ? parties.to : told ? parties.group : '';

const groupOf = (parties: Parties): string => ('group' in parties ? parties.group : '');

const nicknameOf = (name: MessageRevoked['data']['revoker']): string =>
  isErased(name) ? '' : name.nickname;

/** Clients know ids of 32 hex digits. */
const hexOf = (id: EventId): string => id.replaceAll('-', '');

const pushInfoOf = (push: OfflinePush): OfflinePushInfo => ({
  title: push.title ?? '',
  desc: push.desc ?? '',
  ex: push.ex ?? '',
  iOSPushSound: push.iosSound ?? '',
  iOSBadgeCount: push.iosBadge ?? false,
  signalInfo: push.signalInfo ?? '',
});
