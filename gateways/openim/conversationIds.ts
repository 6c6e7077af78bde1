import { notificationAccount } from '../../core/conversation/ids.ts';
import type { ConversationId, UserId } from '../../core/kernel/ids.ts';

const ACCOUNT_PREFIX = 'sn_';

/**
 * The id a conversation goes by here. JS SDKs work out `sn_<account>_<user>` without putting the two in
 * order (GW 5.1); which is which is told by the user who asks, who must be one of them.
 */
export const storedId = (user: UserId, id: string): ConversationId => {
  if (id.startsWith(`${ACCOUNT_PREFIX}${user}_`)) {
    return notificationAccount(user, id.slice(ACCOUNT_PREFIX.length + user.length + 1) as UserId);
  }
  if (id.startsWith(ACCOUNT_PREFIX) && id.endsWith(`_${user}`)) {
    return notificationAccount(id.slice(ACCOUNT_PREFIX.length, -user.length - 1) as UserId, user);
  }
  return id as ConversationId;
};

/** Conversations by the id that was asked for, which is the one the client looks for in the answer. */
export const askedIds = (
  user: UserId,
  ids: readonly string[],
): ReadonlyMap<ConversationId, readonly string[]> => {
  const asked = new Map<ConversationId, string[]>();
  for (const id of new Set(ids)) {
    const stored = storedId(user, id);
    const names = asked.get(stored);
    if (names === undefined) asked.set(stored, [id]);
    else names.push(id);
  }
  return asked;
};
