import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId } from '../kernel/ids.ts';
import { mayBeSent } from './allowed.ts';
import { CONTENT_BYTES_MAX } from './decider.ts';
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
}>;

type Send = (send: SendMessage, meta: Meta) => Result<SendRefusal, { sent: Sent }>;

/** The line first, for clients take the notification that follows for its copy: both have the same ids. */
export const notifyHandler =
  (deps: ConversationDeps & Readonly<{ send: Send }>) =>
  async (notify: Notify, meta: Meta): Result<SendRefusal, { sent: Sent }> => {
    const { deriveId, doing, known, send } = deps;
    const { chat, message, line, options, stored } = notify;
    if (isTooLong(message)) {
      return refuse('message/too-long', `data: at most ${String(CONTENT_BYTES_MAX)} bytes`);
    }
    const wish = { conversation: chat, message, privileged: true };
    const allowed = await mayBeSent(known, wish, doing.now());
    if ('kind' in allowed) return allowed;
    const lined =
      line === undefined
        ? undefined
        : await send(
            {
              ...{ conversation: chat, message: { ...message, options: line } },
              ...{ stored: true, senderSync: true, privileged: true },
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
    const once = await deps.append({
      stream: conversationStream(conversation),
      ...{ id, at, meta },
      wish: { type: 'NoticePosted', data },
    });
    if (once.kind === 'refused') return once;
    const { seq, sendTime, position } = once;
    if (position !== undefined) await doing.followed(position);
    return lined ?? done({ sent: { serverMsgId, sendTime, seq, id } }, position);
  };
