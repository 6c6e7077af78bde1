import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import { isErased, type Meta } from '../kernel/fact.ts';
import type { ConversationId, DeriveId, EventId, Millis, Seq, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
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
import type { Doing, Known } from './ports.ts';
import { utf8Length } from './utf8.ts';

export type NumberedWriters = StreamWriters<
  AppendNumbered,
  NumberedEvent,
  Numbered,
  NumberedRefusal
>;

export type SendMessage = Readonly<{
  conversation: ConversationId;
  message: Parties & Omit<MessageData, 'sendTime'>;
  /** False: passed to whoever is online and forgotten. */
  stored: boolean;
  /** Also to the sender's own devices. Meant for unstored ones; stored ones always are. */
  senderSync: boolean;
  /** Set only by imports of an app admin; otherwise the time of the server. */
  sendTime?: Millis;
  /** The sender is an app admin or a system account: blocks and receiving options do not apply. */
  privileged: boolean;
}>;

/** `serverMsgId` is 32 hex digits; `seq` 0 when it was not stored. */
export type Sent = Readonly<{ serverMsgId: string; sendTime: Millis; seq: Seq; id: EventId }>;

export type SendRefusal =
  | NumberedRefusal
  | 'message/too-long'
  | 'message/not-received'
  | 'message/blocked'
  | 'message/not-friends'
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
  const sender = known.userAtHand(message.from) ?? (await known.user(message.from));
  const receiver = known.userAtHand(message.to) ?? (await known.user(message.to));
  if (sender.status === 'unknown') {
    return refuse('user/unknown', `sendID: ${message.from} is not registered`);
  }
  if (receiver.status === 'unknown') {
    return refuse('user/unknown', `recvID: ${message.to} is not registered`);
  }
  if (!privileged && receiver.globalReceive === RECEIVE_NOTHING) {
    return refuse('message/not-received', `recvID: ${message.to} receives no messages`);
  }
  const closed = privileged ? undefined : await closedTo(known, message.from, message.to);
  return closed ?? { quietly: receiver.globalReceive === RECEIVE_QUIETLY };
};

const closedTo = async (known: Known, from: UserId, to: UserId) => {
  const reached = known.reach(from, to);
  switch (typeof reached === 'string' ? reached : await reached) {
    case 'open':
      return undefined;
    case 'blocked':
      return refuse('message/blocked', `recvID: ${to} takes no messages of this sender`);
    case 'stranger':
      return refuse('message/not-friends', `recvID: ${to} takes messages of friends only`);
  }
};

/** Appends it, or finds it appended before: there is one and the same answer. */
const appendOnce = async (
  { writers, doing }: ConversationDeps,
  wish: AppendNumbered,
): Result<NumberedRefusal, { sent: Sent }> => {
  const handled = await writers.handle(wish);
  if (handled.kind === 'refused') return handled;
  const { id } = wish;
  const found = handled.state.window.find(id);
  if (found === undefined) throw new Error(`message ${id} is not among those just sent`);
  if (handled.position !== undefined) await doing.followed(handled.position);
  const { seq, sendTime } = found;
  return done({ sent: { serverMsgId: serverMsgIdOf(id), sendTime, seq, id } }, handled.position);
};

/** Who may not send it any more may still ask again what became of it. */
const sentAlready = async (
  { writers, deriveId }: ConversationDeps,
  { conversation, message, stored }: SendMessage,
) => {
  if (!stored) return undefined;
  const id = sendId(deriveId, conversation, message.from, message.clientMsgId);
  const { window } = await writers.state(conversationStream(conversation));
  const found = window.find(id);
  if (found === undefined) return undefined;
  const { seq, sendTime } = found;
  return done({ sent: { serverMsgId: serverMsgIdOf(id), sendTime, seq, id } }, undefined);
};

const isTooLong = ({ message: { body } }: SendMessage): boolean =>
  !isErased(body) && utf8Length(body.content) > CONTENT_BYTES_MAX;

export const sendHandler =
  (deps: ConversationDeps) =>
  async (wish: SendMessage, meta: Meta): Result<SendRefusal, { sent: Sent }> => {
    const { conversation, message, stored, senderSync, sendTime } = wish;
    const { deriveId, known, doing } = deps;
    if (isTooLong(wish)) {
      return refuse('message/too-long', `content: at most ${String(CONTENT_BYTES_MAX)} bytes`);
    }
    const allowed = await mayBeSent(known, wish);
    if ('kind' in allowed) return (await sentAlready(deps, wish)) ?? allowed;
    const data = allowed.quietly
      ? { ...message, options: { ...message.options, offlinePush: false } }
      : message;
    const id = sendId(deriveId, conversation, message.from, message.clientMsgId);
    const at = doing.now();
    if (!stored) {
      doing.pass({ conversation, id, meta, data: { ...data, sendTime: at } }, senderSync);
      return done(
        { sent: { serverMsgId: serverMsgIdOf(id), sendTime: at, seq: 0, id } },
        undefined,
      );
    }
    const before = await sentLongAgo(deps, wish, id, at);
    if (before !== undefined) return before;
    const wished: Wished<MessageSent> = { type: 'MessageSent', data };
    return appendOnce(deps, {
      stream: conversationStream(conversation),
      id,
      at,
      meta,
      wish: wished,
      ...(sendTime === undefined ? {} : { sendTime }),
    });
  };
