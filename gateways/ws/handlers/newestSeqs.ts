import { getMaxSeqReq, getMaxSeqResp } from '../../openim/requests.ts';
import { data, type Handler } from '../answer.ts';
import { askedUser, type HandlerDeps } from './common.ts';
import { dataBytesMax, fittingEntries, NUMBER_BYTES_MAX } from './replySize.ts';

/** 1001: the newest number of each conversation of the user. Those at 0 are left out (GW 3.3). */
export const newestSeqs =
  ({ chats, hold }: Pick<HandlerDeps, 'chats' | 'hold'>): Handler =>
  async (connection, request) => {
    const { userID } = getMaxSeqReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    connection.synced = true;
    const seqs = await hold(connection, () => chats.newestSeqs(asked.user));
    const numbered = [...seqs].filter(([, seq]) => seq > 0);
    // Beyond some thousand conversations those go without that have been silent for longest.
    const maxSeqs = fittingEntries(numbered, dataBytesMax(connection.form), NUMBER_BYTES_MAX);
    return data(getMaxSeqResp.encode({ maxSeqs }));
  };
