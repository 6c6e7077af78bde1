import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId, DeriveId, EventId, Millis, Seq, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import { formOf, otherThan, takesPart, type Head } from '../sequence/head.ts';
import {
  CONTENT_BYTES_MAX,
  type AppendNumbered,
  type Numbered,
  type NumberedRefusal,
  type Wished,
} from './decider.ts';
import {
  conversationStream,
  type MessageData,
  type MessageSent,
  type NumberedEvent,
  type Parties,
} from './events.ts';
import { notificationOf } from './ids.ts';
import type { Doing, Known } from './ports.ts';

export type NumberedWriters = StreamWriters<
  AppendNumbered,
  NumberedEvent,
  Numbered,
  NumberedRefusal
>;

export type SendMessage = Readonly<{
  conversation: ConversationId;
  message: Parties & Omit<MessageData, 'sendTime'>;
  stored: boolean;
  senderSync: boolean;
  sendTime?: Millis;
  privileged: boolean;
}>;

export type Sent = Readonly<{ serverMsgId: string; sendTime: Millis; seq: Seq; id: EventId }>;

export type SendRefusal =
  | NumberedRefusal
  | 'message/too-long'
  | 'message/not-received'
  | 'user/unknown'
  | 'conversation/unknown'
  | 'service/unavailable';

/** Receives nothing (OpenIM's globalRecvMsgOpt). */
const RECEIVE_NOTHING = 1;
const RECEIVE_QUIETLY = 2;

export type ConversationDeps = Readonly<{
  writers: NumberedWriters;
  deriveId: DeriveId;
  known: Known;
  doing: Doing;
}>;

/** A client's clock may be this far off before a message counts as one that was made some time ago. */
export const FRESH_MS = 5 * 60 * 1000;

/**
 * The second line of once-only sends, behind the writer's window: only for a message that was made some
 * time ago, or in a conversation too busy for the window to be wide. Fresh sends never come here, so they
 * flow while Postgres is away.
 */
const sentLongAgo = async (
  { writers, known }: Pick<ConversationDeps, 'writers' | 'known'>,
  { conversation, message }: SendMessage,
  id: EventId,
  at: Millis,
) => {
  const stream = conversationStream(conversation);
  const { window } = writers.kept(stream) ?? (await writers.state(stream));
  if (window.from === 1 || window.find(id) !== undefined) return undefined;
  const isFresh = Math.abs(at - message.createTime) <= FRESH_MS;
  if (isFresh && window.isWide(at)) return undefined;
  const seq = await known.sentBefore(conversation, id, window.from);
  if (seq === 'never') return undefined;
  if (seq === 'unanswerable') {
    return refuse(
      'service/unavailable',
      'whether this was sent before cannot be told now; try again',
    );
  }
  const first = await known.message(conversation, seq);
  if (first === undefined) throw new Error(`${conversation} has no event ${String(seq)}`);
  const sent: Sent = { serverMsgId: serverMsgIdOf(id), sendTime: first.data.sendTime, seq, id };
  return done({ sent }, undefined);
};

/** What the sender's clients know the message by; a repetition gives the same. */
export const sendId = (
  deriveId: DeriveId,
  conversation: ConversationId,
  from: UserId,
  clientMsgId: string,
): EventId => deriveId(conversation, from, clientMsgId);

export const serverMsgIdOf = (id: EventId): string => id.replaceAll('-', '');

/** Checks that look at other streams, just before; what they know may be a moment old. */
const mayBeSent = async (known: Known, { message, privileged }: SendMessage) => {
  if ('group' in message) return refuse('conversation/unknown', 'groupID: there is no such group');
  const [sender, receiver] = await Promise.all([known.user(message.from), known.user(message.to)]);
  if (sender.status === 'unknown') {
    return refuse('user/unknown', `sendID: ${message.from} is not registered`);
  }
  if (receiver.status === 'unknown') {
    return refuse('user/unknown', `recvID: ${message.to} is not registered`);
  }
  if (!privileged && receiver.globalReceive === RECEIVE_NOTHING) {
    return refuse('message/not-received', `recvID: ${message.to} receives no messages`);
  }
  return { quietly: receiver.globalReceive === RECEIVE_QUIETLY };
};

export const sendHandler =
  ({ writers, deriveId, known, doing }: ConversationDeps) =>
  async (wish: SendMessage, meta: Meta): Result<SendRefusal, { sent: Sent }> => {
    const { conversation, message, stored, senderSync, sendTime } = wish;
    const { body } = message;
    if (!('erased' in body) && utf8Length(body.content) > CONTENT_BYTES_MAX) {
      return refuse('message/too-long', `content: at most ${String(CONTENT_BYTES_MAX)} bytes`);
    }
    const allowed = await mayBeSent(known, wish);
    if ('kind' in allowed) return allowed;
    const data = allowed.quietly
      ? { ...message, options: { ...message.options, offlinePush: false } }
      : message;
    const id = sendId(deriveId, conversation, message.from, message.clientMsgId);
    const at = doing.now();
    const serverMsgId = serverMsgIdOf(id);
    if (!stored) {
      doing.pass({ conversation, id, meta, data: { ...data, sendTime: at } }, senderSync);
      return done({ sent: { serverMsgId, sendTime: at, seq: 0, id } }, undefined);
    }
    const before = await sentLongAgo({ writers, known }, wish, id, at);
    if (before !== undefined) return before;
    const wished: Wished<MessageSent> = { type: 'MessageSent', data };
    const handled = await writers.handle({
      stream: conversationStream(conversation),
      id,
      at,
      meta,
      wish: wished,
      ...(sendTime === undefined ? {} : { sendTime }),
    });
    if (handled.kind === 'refused') return handled;
    // Sent now or sent before, there is one and the same answer.
    const found = handled.state.window.find(id);
    if (found === undefined) throw new Error(`message ${id} is not among those just sent`);
    if (handled.position !== undefined) await doing.followed(handled.position);
    return done(
      { sent: { serverMsgId, sendTime: found.sendTime, seq: found.seq, id } },
      handled.position,
    );
  };

export type RevokeRefusal =
  NumberedRefusal | 'caller/not-allowed' | 'message/not-found' | 'message/revoked-already';

/** In a conversation of two, `by` and the other; an admin acts in the sender's place. */
const partiesFor = (head: Head, by: UserId, sentBy: UserId): Parties => {
  const from = takesPart(head, by) ? by : sentBy;
  return { from, to: otherThan(head, from) };
};

export const revokeHandler =
  ({ writers, deriveId, known, doing }: ConversationDeps) =>
  async (
    {
      conversation,
      seq,
      by,
      admin,
    }: Readonly<{ conversation: ConversationId; seq: Seq; by: UserId; admin: boolean }>,
    meta: Meta,
  ): Result<RevokeRefusal> => {
    const { head, revoked } = await known.at(by, conversation, seq);
    if (head === undefined || (!takesPart(head, by) && !admin)) {
      return refuse('caller/not-allowed', `${by} takes no part in ${conversation}`);
    }
    const original = await known.message(conversation, seq);
    if (original?.type !== 'MessageSent' || formOf(conversation) === 'notifications') {
      return refuse('message/not-found', `seq: ${conversation} has no message ${String(seq)}`);
    }
    if (original.data.from !== by && !admin) {
      return refuse('caller/not-allowed', 'only the sender may revoke a message of a single chat');
    }
    if (revoked) return refuse('message/revoked-already', `message ${String(seq)} is revoked`);
    const revoker = await known.user(by);
    const { from, clientMsgId, sendTime, body } = original.data;
    const handled = await writers.handle({
      stream: conversationStream(notificationOf(conversation)),
      id: deriveId('revoke', conversation, String(seq)),
      at: doing.now(),
      meta,
      wish: {
        type: 'MessageRevoked',
        data: {
          ...partiesFor(head, by, from),
          conversation,
          seq,
          clientMsgId,
          sentBy: from,
          sentAt: sendTime,
          by,
          role: revoker.status === 'unknown' || admin ? 0 : revoker.level,
          byAdmin: admin && by !== from,
          revoker:
            revoker.status === 'unknown' || 'erased' in revoker.profile
              ? { nickname: '' }
              : { nickname: revoker.profile.nickname },
          source: 'erased' in body ? { nickname: '' } : { nickname: body.nickname ?? '' },
        },
      },
    });
    if (handled.kind === 'refused') return handled;
    if (handled.position !== undefined) await doing.followed(handled.position);
    return done({}, handled.position);
  };

/** Length in UTF-8 without encoding it. */
export const utf8Length = (text: string): number => {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // Both halves of a pair count one more: four bytes for two units.
    bytes += code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
};
