import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId } from '../kernel/ids.ts';
import type { EventLog } from '../kernel/eventLog.ts';
import { mayBeSent } from './allowed.ts';
import type { AppendOnce } from './appendOnce.ts';
import { foundSince } from './appendSince.ts';
import { CONTENT_BYTES_MAX, type AppendNumbered } from './decider.ts';
import {
  conversationStream,
  type MessageData,
  type MessageOptions,
  type Parties,
} from './events.ts';
import {
  isTooLong,
  sendId,
  serverMsgIdOf,
  type ConversationDeps,
  type Sent,
  type SendMessage,
  type SendRefusal,
} from './handler.ts';
import { notificationOf } from './ids.ts';
import type { Repeats } from './sentBefore.ts';

/** What an app server tells the clients of a user or a group, by a notification of its own. */
export type Notify = Readonly<{
  /** The chat of those it is between; the notification goes into the conversation beside it. */
  chat: ConversationId;
  message: Parties & Omit<MessageData, 'sendTime' | 'options'>;
  /** As a line of the chat as well, with these options; absent: not. */
  line?: MessageOptions;
  options: MessageOptions;
  /** Numbered, and fetched later by who is offline; else only who is online gets it. */
  stored: boolean;
  /** Of what its id says: when the first of its kind was made nobody tells. */
  repeats: Repeats;
}>;

/** A call that says to be one with another may come that long after it. */
export const REPEATED_MS_MAX = 24 * 60 * 60 * 1000;

type Send = (send: SendMessage, meta: Meta) => Result<SendRefusal, { sent: Sent }>;

type Deps = ConversationDeps & Readonly<{ send: Send; log: Pick<EventLog, 'readPlaces'> }>;

/** The read models know messages by their ids, and no notifications: those the log knows. */
const postOnce = async (
  deps: Deps,
  wish: AppendNumbered,
  repeats: Repeats,
): ReturnType<AppendOnce> => {
  const before =
    repeats === 'any' ? await foundSince(deps)(wish, wish.at - REPEATED_MS_MAX) : undefined;
  return before ?? deps.append(wish);
};

/** The line first, for clients take the notification that follows for its copy: both have the same ids. */
export const notifyHandler =
  (deps: Deps) =>
  async (notify: Notify, meta: Meta): Result<SendRefusal, { sent: Sent }> => {
    const { deriveId, doing, known, send } = deps;
    const { chat, message, line, options, stored, repeats } = notify;
    if (isTooLong(message)) {
      return refuse('message/too-long', `data: at most ${String(CONTENT_BYTES_MAX)} bytes`);
    }
    const asked = { conversation: chat, message, privileged: true };
    const allowed = await mayBeSent(known, asked, doing.now());
    if ('kind' in allowed) return allowed;
    const lined =
      line === undefined
        ? undefined
        : await send(
            {
              ...{ conversation: chat, message: { ...message, options: line } },
              ...{ stored: true, senderSync: true, privileged: true, repeats },
            },
            meta,
          );
    if (lined?.kind === 'refused') return lined;
    const at = doing.now();
    const id = sendId(deriveId, chat, message.from, message.clientMsgId);
    const serverMsgId = serverMsgIdOf(id);
    const conversation = notificationOf(chat);
    const data = { ...message, options };
    if (!stored) {
      doing.pass({ conversation, id, meta, data: { ...data, sendTime: at } }, true);
      return lined ?? done({ sent: { serverMsgId, sendTime: at, seq: 0, id } }, undefined);
    }
    const wish = { type: 'NoticePosted', data } as const;
    const noticed = { stream: conversationStream(conversation), id, at, meta, wish };
    const once = await postOnce(deps, noticed, repeats);
    if (once.kind === 'refused') return once;
    const { seq, sendTime, position } = once;
    if (position !== undefined) await doing.followed(position);
    return lined ?? done({ sent: { serverMsgId, sendTime, seq, id } }, position);
  };
