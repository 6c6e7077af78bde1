import { askedIds } from '../../openim/conversationIds.ts';
import {
  getConversationsHasReadAndMaxSeqReq,
  getConversationsHasReadAndMaxSeqResp,
} from '../../openim/requests.ts';
import { data, type Handler } from '../answer.ts';
import { askedUser, tooMany, type HandlerDeps } from './common.ts';

/** Conversations by name in one request; all of them may be had without naming any. */
export const READ_STATES_MAX = 5000;

/** 1006: newest and read numbers of the user's chats: all of them, or those that are named. */
export const readStates =
  ({ chats, hold }: Pick<HandlerDeps, 'chats' | 'hold'>): Handler =>
  async (connection, request) => {
    const { userID, conversationIDs, returnPinned } = getConversationsHasReadAndMaxSeqReq.decode(
      request.data,
    );
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    const over = tooMany(conversationIDs, READ_STATES_MAX);
    if (over !== undefined) return over;
    connection.synced = true;
    const ids = askedIds(asked.user, conversationIDs);
    const { states, pinned } = await hold(connection, () =>
      chats.readStates(asked.user, [...ids.keys()]),
    );
    const seqs = new Map<string, { maxSeq: number; hasReadSeq: number; maxSeqTime: number }>();
    for (const { conversation, maxSeq, hasReadSeq, maxSeqTime } of states) {
      const names = ids.get(conversation) ?? [conversation];
      for (const name of names) seqs.set(name, { maxSeq, hasReadSeq, maxSeqTime });
    }
    return data(
      getConversationsHasReadAndMaxSeqResp.encode({
        seqs,
        pinnedConversationIDs: returnPinned ? [...pinned] : [],
      }),
    );
  };
