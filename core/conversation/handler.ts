import { done, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import { isErased, type Meta } from '../kernel/fact.ts';
import { InTurn } from '../kernel/inTurn.ts';
import type {
  ConversationId,
  DeriveId,
  EventId,
  Millis,
  Position,
  Seq,
  UserId,
} from '../kernel/ids.ts';
import { mayBeSent, type NotAllowed } from './allowed.ts';
import {
  onceAt,
  sentInWindow,
  type AppendOnce,
  type NumberedWriters,
  type Once,
} from './appendOnce.ts';
import { askFirst, type Settled } from './askFirst.ts';
import {
  CONTENT_BYTES_MAX,
  type AppendNumbered,
  type Numbered,
  type NumberedRefusal,
  type Wished,
} from './decider.ts';
import { conversationStream, type MessageData, type MessageSent, type Parties } from './events.ts';
import type { BeforeSend, CallbackRefusal, Doing, Known } from './ports.ts';
import { WINDOW_MS } from './sentWindow.ts';
import { utf8Length } from './utf8.ts';

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
export type Sent = Readonly<{
  serverMsgId: string;
  sendTime: Millis;
  seq: Seq;
  id: EventId;
  /** The message as it was sent, where the app server has changed it. */
  changed?: SendMessage['message'];
}>;

export type SendRefusal = NumberedRefusal | 'message/too-long' | NotAllowed | CallbackRefusal;

export type ConversationDeps = Readonly<{
  writers: Pick<NumberedWriters, 'kept' | 'state'>;
  append: AppendOnce;
  deriveId: DeriveId;
  known: Known;
  doing: Doing;
  /** Absent: the app server is asked about no message. */
  beforeSend?: BeforeSend | undefined;
}>;

/** A client's clock may be this far off before a message counts as one that was made some time ago. */
export const FRESH_MS = 5 * 60 * 1000;
/** By so much may the clock of whoever made it be ahead of ours, and its repetition is still known. */
const CLOCK_AHEAD_MS = WINDOW_MS - FRESH_MS;

/**
 * A message cannot have been sent before it was made: how far back the window must reach for its not being
 * there to mean that it was never sent. `-Infinity`: when it was made says nothing.
 */
const sentAfter = ({ message: { createTime }, sendTime }: SendMessage, at: Millis): Millis => {
  if (createTime > at + FRESH_MS) return -Infinity;
  if (createTime >= at - FRESH_MS) return at - WINDOW_MS;
  // An import may say that it was sent before it was made.
  return sendTime === undefined ? createTime - CLOCK_AHEAD_MS : -Infinity;
};

const isCertain = ({ window }: Numbered, send: SendMessage, at: Millis): boolean =>
  window.reachesBackTo(sentAfter(send, at));

/**
 * The second line of once-only sends, behind the writer's window: only for a message that may have been
 * sent before all that the window has. That is one that was made some time ago, or one for a very busy
 * conversation just after a restart, or beyond the memory that windows are given. No other send comes here,
 * so they flow while Postgres is away.
 */
const sentLongAgo = async (
  { known }: Pick<ConversationDeps, 'known'>,
  send: SendMessage,
  wish: AppendNumbered,
  state: Numbered,
): Promise<Once | Refused<'service/unavailable'> | undefined> => {
  if (isCertain(state, send, wish.at)) return undefined;
  const lately = await sentInWindow(known, wish, state);
  if (lately !== undefined) return lately;
  const { conversation } = send;
  const seq = await known.sentBefore(conversation, wish.id, state.window.from);
  if (seq === 'never') return undefined;
  if (seq === 'unanswerable') {
    return refuse(
      'service/unavailable',
      'whether this was sent before cannot be told now; try again',
    );
  }
  const first = await known.message(conversation, seq);
  if (first === undefined) throw new Error(`${conversation} has no event ${String(seq)}`);
  return onceAt(first);
};

/** Where it stands if it was sent before, lately or long ago. */
const sentBefore = async (
  deps: ConversationDeps,
  send: SendMessage,
  wish: AppendNumbered,
): Promise<Once | Refused<'service/unavailable'> | undefined> => {
  if (!send.stored) return undefined;
  const state = await deps.writers.state(wish.stream);
  return (
    (await sentInWindow(deps.known, wish, state)) ?? (await sentLongAgo(deps, send, wish, state))
  );
};

/** What the sender's clients know the message by; a repetition gives the same. */
export const sendId = (
  deriveId: DeriveId,
  conversation: ConversationId,
  from: UserId,
  clientMsgId: string,
): EventId => deriveId(conversation, from, clientMsgId);

export const serverMsgIdOf = (id: EventId): string => id.replaceAll('-', '');

export const isTooLong = ({ body }: Pick<MessageData, 'body'>): boolean =>
  !isErased(body) && utf8Length(body.content) > CONTENT_BYTES_MAX;

const tooLong = () =>
  refuse('message/too-long', `content: at most ${String(CONTENT_BYTES_MAX)} bytes`);

const appendOf = (
  { conversation, sendTime }: SendMessage,
  data: Wished<MessageSent>['data'],
  { id, at, meta }: Readonly<{ id: EventId; at: Millis; meta: Meta }>,
): AppendNumbered => {
  const stream = conversationStream(conversation);
  const wish = { type: 'MessageSent', data } as const;
  return sendTime === undefined
    ? { stream, id, at, meta, wish }
    : { stream, id, at, meta, wish, sendTime };
};

/** In its place, once: appended now, or found where it was appended before. */
const placeOnce = (deps: ConversationDeps) => {
  const { writers, append } = deps;
  const turns = new InTurn();
  return async (send: SendMessage, wish: AppendNumbered) => {
    const name = `${send.conversation} ${send.message.from}`;
    const state = writers.kept(wish.stream) ?? (await writers.state(wish.stream));
    if (isCertain(state, send, wish.at) && !turns.has(name)) return append(wish);
    // While one message of a sender is looked for, the next one must not pass it.
    return turns.do(name, async () => {
      const newest = await writers.state(wish.stream);
      return (await sentLongAgo(deps, send, wish, newest)) ?? append(wish);
    });
  };
};

export const sendHandler = (deps: ConversationDeps) => {
  const { deriveId, known, doing, beforeSend } = deps;
  const place = placeOnce(deps);
  const ask = beforeSend === undefined ? undefined : askFirst(beforeSend);
  return async (send: SendMessage, meta: Meta): Result<SendRefusal, { sent: Sent }> => {
    const { conversation, message } = send;
    if (isTooLong(message)) return tooLong();
    const at = doing.now();
    const id = sendId(deriveId, conversation, message.from, message.clientMsgId);
    const doneAt = (
      { sendTime, seq }: Readonly<{ sendTime: Millis; seq: Seq }>,
      position?: Position,
      changed?: SendMessage['message'],
    ) => {
      const sent: Sent = { serverMsgId: serverMsgIdOf(id), sendTime, seq, id };
      return done({ sent: changed === undefined ? sent : { ...sent, changed } }, position);
    };
    const allowed = await mayBeSent(known, send, at);
    if ('kind' in allowed) {
      // Who may not send it any more may still ask again what became of it.
      const before = await sentBefore(deps, send, appendOf(send, message, { id, at, meta }));
      return before?.kind === 'accepted' ? doneAt(before) : allowed;
    }
    const go = async (settled: Settled): Result<SendRefusal, { sent: Sent }> => {
      const { message: said, stored, senderSync } = settled.send;
      if (settled.changed !== undefined && isTooLong(said)) return tooLong();
      const data = allowed.quietly
        ? { ...said, options: { ...said.options, offlinePush: false } }
        : said;
      if (!stored) {
        const passing = { conversation, id, meta: settled.meta, data: { ...data, sendTime: at } };
        doing.pass(passing, senderSync);
        return doneAt({ sendTime: at, seq: 0 }, undefined, settled.changed);
      }
      const once = await place(send, appendOf(send, data, { id, at, meta: settled.meta }));
      if (once.kind === 'refused') return once;
      if (once.position !== undefined) await doing.followed(once.position);
      return doneAt(once, once.position, settled.changed);
    };
    if (ask === undefined) return go({ send, meta });
    return ask(
      send,
      { id, at, meta },
      {
        sentBefore: () => sentBefore(deps, send, appendOf(send, message, { id, at, meta })),
        found: doneAt,
        go,
      },
    );
  };
};
