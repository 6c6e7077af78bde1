import { askedIds } from '../../openim/conversationIds.ts';
import {
  getConversationsHasReadAndMaxSeqReq,
  getConversationsHasReadAndMaxSeqResp,
} from '../../openim/requests.ts';
import { data, type Handler } from '../answer.ts';
import { askedUser, tooMany, type HandlerDeps } from './common.ts';
import { dataBytesMax, fittingEntries, namesSize, NUMBER_BYTES_MAX } from './replySize.ts';

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
    // Beyond some thousand conversations those go without that have been silent for longest.
    const newestFirst = states.toSorted((one, other) => other.maxSeqTime - one.maxSeqTime);
    const entries = newestFirst.flatMap(({ conversation, ...state }) =>
      (ids.get(conversation) ?? [conversation]).map((name) => [name, state] as const),
    );
    const bytesMax = dataBytesMax(connection.form);
    const pins = returnPinned
      ? [
          ...fittingEntries(
            pinned.map((id) => [id, id] as const),
            bytesMax / 2,
            0,
          ).keys(),
        ]
      : [];
    const seqs = fittingEntries(entries, bytesMax - namesSize(pins), 3 * NUMBER_BYTES_MAX);
    return data(
      getConversationsHasReadAndMaxSeqResp.encode({
        seqs,
        pinnedConversationIDs: pins,
      }),
    );
  };
