import { askedIds } from '../../openim/conversationIds.ts';
import { msgData, type MsgData } from '../../openim/msgData.ts';
import { renderShown } from '../../openim/render.ts';
import { getLastMessageReq, getLastMessageResp } from '../../openim/requests.ts';
import { data, type Handler } from '../answer.ts';
import { askedUser, tooMany, type HandlerDeps } from './common.ts';
import { dataBytesMax, fitting, namesSize } from './replySize.ts';

/** Go core asks after a reinstall, for those whose newest messages are all deleted. */
export const LAST_MESSAGES_MAX = 2000;

/** 1007: the newest message the user can see of each conversation; those without one are left out. */
export const lastMessages =
  ({ chats, hold }: Pick<HandlerDeps, 'chats' | 'hold'>): Handler =>
  async (connection, request) => {
    const { userID, conversationIDs } = getLastMessageReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    const over = tooMany(conversationIDs, LAST_MESSAGES_MAX);
    if (over !== undefined) return over;
    const ids = askedIds(asked.user, conversationIDs);
    const shown = await hold(connection, () => chats.lastVisible(asked.user, [...ids.keys()]));
    const msgs = new Map<string, MsgData>();
    for (const [conversation, last] of shown) {
      const message = renderShown(last);
      for (const name of ids.get(conversation) ?? [conversation]) msgs.set(name, message);
    }
    const whole = getLastMessageResp.encode({ msgs });
    const bytesMax = dataBytesMax(connection.form);
    if (whole.length <= bytesMax) return data(whole);
    const entries = [...msgs];
    const cut = fitting(
      entries.map(([, message]) => [msgData.encode(message)]),
      bytesMax - namesSize(msgs.keys()),
      'newest',
    );
    const fewer = entries.filter((_, index) => cut[index]?.length === 1);
    return data(getLastMessageResp.encode({ msgs: new Map(fewer) }));
  };
