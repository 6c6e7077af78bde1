import type { MessageOptions } from '../../core/conversation/events.ts';
import { CONTENT_TYPES, type OptionKey } from './numbers.ts';

/** What an option says: clients and server alike take an absent key as true (gateway reference 4.2). */
export const isOn = (options: MessageOptions, key: OptionKey): boolean => options[key] !== false;

const off = (...keys: readonly OptionKey[]): MessageOptions =>
  Object.fromEntries(keys.map((key) => [key, false]));

const QUIET = off('conversationUpdate', 'senderConversationUpdate', 'unreadCount', 'offlinePush');

/** Not stored: shown to whoever is online, and gone. Typing is one of these. */
export const ONLINE_ONLY: MessageOptions = {
  ...off('history', 'persistent', 'senderSync'),
  ...QUIET,
};

/** What some content types say for themselves, whatever their sender says. */
const BY_CONTENT_TYPE: ReadonlyMap<number, MessageOptions> = new Map([
  [CONTENT_TYPES.typing, ONLINE_ONLY],
  [CONTENT_TYPES.readReceipt, QUIET],
  [CONTENT_TYPES.legacyRevoke, off('unreadCount', 'offlinePush')],
]);

/** Only the server makes notifications and decides which of them show in a chat. */
const SERVER_ONLY = ['isNotNotification', 'isSendMsg'] as const satisfies readonly OptionKey[];

/** Options of an ordinary user's send as they are to be stored and passed on. */
export const sendOptions = (contentType: number, sent: MessageOptions): MessageOptions => {
  const forced = BY_CONTENT_TYPE.get(contentType);
  if (forced === undefined && SERVER_ONLY.every((key) => !(key in sent))) return sent;
  const options: Record<string, boolean> = { ...sent, ...forced };
  for (const key of SERVER_ONLY) Reflect.deleteProperty(options, key);
  return options;
};

/** Takes a number and stays; otherwise only whoever is online gets it. */
export const isStored = (options: MessageOptions): boolean => isOn(options, 'history');

export type NotificationTraits = Readonly<{
  /** Numbered in the notification conversation; others are lost to whoever is offline. */
  stored?: boolean;
  /** Shows as a line in the chat, too. */
  clone?: boolean;
  /** May wake a phone. */
  offlinePush?: boolean;
}>;

/** Options of a notification as it is first made: all eleven keys are there (reference 4.7, 4.13). */
export const notificationOptions = ({
  stored = false,
  clone = false,
  offlinePush = false,
}: NotificationTraits = {}): MessageOptions => ({
  isNotNotification: false,
  isSendMsg: clone,
  history: stored,
  persistent: stored,
  offlinePush,
  unreadCount: clone,
  conversationUpdate: false,
  senderSync: true,
  notPrivate: false,
  senderConversationUpdate: false,
  reactionFromCache: false,
});

/** Of the line in the chat: all else is absent and so true. */
export const cloneOptions = (made: MessageOptions): MessageOptions => ({
  offlinePush: isOn(made, 'offlinePush'),
  unreadCount: isOn(made, 'unreadCount'),
});

/** Of the notification itself once its clone has been made: the clone counts and wakes. */
export const copyOptions = (made: MessageOptions): MessageOptions => ({
  ...made,
  offlinePush: false,
  unreadCount: false,
});
