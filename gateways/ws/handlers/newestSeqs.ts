import { getMaxSeqReq, getMaxSeqResp } from '../../openim/requests.ts';
import { data, type Handler } from '../answer.ts';
import { askedUser, type HandlerDeps } from './common.ts';

/** 1001: the newest number of each conversation of the user. Those at 0 are left out (GW 3.3). */
export const newestSeqs =
  ({ chats, hold }: Pick<HandlerDeps, 'chats' | 'hold'>): Handler =>
  async (connection, request) => {
    const { userID } = getMaxSeqReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    connection.synced = true;
    const seqs = await hold(connection, () => chats.newestSeqs(asked.user));
    const maxSeqs = new Map<string, number>();
    for (const [conversation, seq] of seqs) if (seq > 0) maxSeqs.set(conversation, seq);
    return data(getMaxSeqResp.encode({ maxSeqs }));
  };
