import type { ConversationId, GroupId, UserId } from '../kernel/ids.ts';

/**
 * Ids of conversations, of the very form that OpenIM's clients work out for themselves (openim-gateway
 * 5.1). This is the only place that makes them; nobody takes them apart.
 */

/** A unit beyond the surrogates sorts before them in UTF-16, but after them in UTF-8. */
const SURROGATES = 0xd800;
const weight = (unit: number): number =>
  unit < SURROGATES ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;

/** In the order of the UTF-8 bytes, as clients sort; JavaScript's own order differs beyond U+D7FF. */
const inOrder = (one: string, other: string): readonly [string, string] => {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const difference = weight(one.charCodeAt(index)) - weight(other.charCodeAt(index));
    if (difference !== 0) return difference < 0 ? [one, other] : [other, one];
  }
  return one.length <= other.length ? [one, other] : [other, one];
};

const pair = (prefix: string, one: UserId, other: UserId): ConversationId =>
  `${prefix}_${inOrder(one, other).join('_')}` as ConversationId;

/** The chat of two users, or of one with oneself. */
export const single = (one: UserId, other: UserId): ConversationId => pair('si', one, other);

export const group = (id: GroupId): ConversationId => `sg_${id}` as ConversationId;

/** What a notification account writes to a user. */
export const notificationAccount = (account: UserId, user: UserId): ConversationId =>
  pair('sn', account, user);

/** The notification conversation that goes with a chat conversation: `si_a_b` and `sn_a_b` share one. */
export const notificationOf = (conversation: ConversationId): ConversationId => {
  const separator = conversation.indexOf('_');
  return `n${conversation.slice(separator)}` as ConversationId;
};

/** What a user is told of itself. */
export const selfNotification = (user: UserId): ConversationId => pair('n', user, user);
