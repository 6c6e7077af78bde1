import type { Explanation } from '../../gateways/explain.ts';
import { callAsAdmin, type Server } from './calls.ts';
import { complain, out, type Arguments } from './command.ts';
import { explainLines } from './explainReport.ts';

const USAGE =
  'explain: name a conversation and a number, as in: seqline explain si_ann_bob 12; or ' +
  'seqline explain si_ann_bob --client-msg-id ID';
/** Rising from 1; more digits than any has. */
const SEQ = /^[1-9]\d{0,14}$/;

type Asked = Pick<Arguments, 'rest' | 'json' | 'clientMsgId' | 'text'>;

/** What has become of a message, as a running server and all others that it reaches know it. */
export const explain = async (config: Server, args: Asked): Promise<number> => {
  const {
    rest: [conversationID, number, ...more],
    json,
    clientMsgId,
    text = false,
  } = args;
  const isOne = (number === undefined) !== (clientMsgId === undefined);
  if (conversationID === undefined || !isOne || more.length > 0) return complain(USAGE);
  if (number !== undefined && !SEQ.test(number))
    return complain(`explain: ${JSON.stringify(number)} is no number of a message. ${USAGE}`);
  const asked = { conversationID, text };
  try {
    const { data } = await callAsAdmin<Explanation>(config, '/admin/explain', {
      ...asked,
      ...(number === undefined ? { clientMsgID: clientMsgId } : { seq: Number(number) }),
    });
    if (data === undefined) return complain('explain: the server has not answered');
    if (json) out(JSON.stringify(data));
    else out(explainLines(data, (at) => -new Date(at).getTimezoneOffset()).join('\n'));
    return 0;
  } catch (error) {
    return complain(`explain: ${error instanceof Error ? error.message : String(error)}`);
  }
};
