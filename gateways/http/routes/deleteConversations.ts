import { Type } from '@sinclair/typebox';
import type { ConversationId, Millis, UserId } from '../../../core/kernel/ids.ts';
import { askedIds } from '../../openim/conversationIds.ts';
import { body, conversationId, IDS_MAX, int64OrZero, userId } from '../fields.ts';
import { refuse } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_MAX = 100_000;

/** The rows go, with what was set for them; what was said stays, and brings a row back when more is said. */
export const deleteConversationsRoute = ({ chats, messages, now }: RouteDeps): Route => {
  /** One in which nothing was ever said has not been silent since. */
  const silentSince = async (user: UserId, time: Millis): Promise<readonly ConversationId[]> => {
    const { states } = await chats.readStates(user, []);
    return states.flatMap(({ conversation, maxSeqTime }) =>
      maxSeqTime > 0 && maxSeqTime < time ? [conversation] : [],
    );
  };

  return route({
    path: '/conversation/delete_conversations',
    summary:
      'Takes conversations out of the list of their owner: some, or those that are silent for days.',
    access: { kind: 'self', field: 'ownerUserID' },
    body: body({
      ownerUserID: userId,
      needDeleteTime: int64OrZero(0),
      conversationIDs: Type.Array(conversationId, { maxItems: IDS_MAX, default: [] }),
    }),
    run: async ({ body: { ownerUserID: user, needDeleteTime: days, conversationIDs }, meta }) => {
      if (days > 0 === conversationIDs.length > 0) {
        return refuse('args/invalid', 'conversationIDs: either these or needDeleteTime, not both');
      }
      if (days > DAYS_MAX) {
        return refuse('args/invalid', `needDeleteTime: at most ${String(DAYS_MAX)} days`);
      }
      const conversations =
        days > 0
          ? await silentSince(user, now() - days * DAY_MS)
          : [...askedIds(user, conversationIDs).keys()];
      return messages.deleteConversations({ user, conversations }, meta);
    },
  });
};
