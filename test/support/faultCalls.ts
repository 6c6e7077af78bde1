import { isRecord, numberAt, parseJson, textAt } from './json.ts';
import { singleChat } from './sdkClient.ts';
import type { Reply, Seqline } from './seqline.ts';
import { until } from './until.ts';

/** What became of a call that changes something. */
export type Written =
  /** Done, and the lists show it. */
  | 'shown'
  /** Done; the lists do not show it yet. */
  | 'not yet shown'
  /** Nothing was done, and the same call may be made again. */
  | 'try again'
  /** Anything else, in words. */
  | Readonly<{ wrong: string }>;

/** One call of a user, and how to find out afterwards whether it was done. */
export type Write = Readonly<{
  path: string;
  body: unknown;
  userID: string;
  isDone: () => Promise<boolean>;
}>;

/** What the answer says, held against the only three things that it may say. */
export const performWrite = async (
  { apiAddr }: Seqline,
  { path, body }: Write,
  token: string,
): Promise<Written> => {
  const answer = await fetch(`${apiAddr}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', operationID: `write-${path}`, token },
  });
  const text = await answer.text();
  const parsed = parseJson(text);
  if (!isRecord(parsed)) return { wrong: text };
  if (numberAt(parsed, 'errCode') === 0) {
    return answer.headers.get('seqline-projected') === 'false' ? 'not yet shown' : 'shown';
  }
  const again = answer.status === 503 && textAt(parsed, 'errDlt').includes('try the same call');
  return again ? 'try again' : { wrong: `${path}: HTTP ${String(answer.status)} ${text}` };
};

/** One of each kind of change: to a user, a side of a conversation, a message, a read mark. */
export const writesBetween = (
  server: Seqline,
  ann: string,
  bob: Readonly<{ userID: string; ownSeq: number; newestSeq: number }>,
  text: string,
): readonly Write[] => {
  const conversationID = singleChat(ann, bob.userID);
  const holds = async (path: string, body: unknown, wanted: string): Promise<boolean> =>
    JSON.stringify(await server.asAdmin(path, body)).includes(wanted);
  return [
    {
      path: '/user/update_user_info_ex',
      userID: ann,
      body: { userInfo: { userID: ann, nickname: text } },
      isDone: () => holds('/user/get_users_info', { userIDs: [ann] }, text),
    },
    {
      path: '/conversation/set_conversations',
      userID: ann,
      body: {
        userIDs: [ann],
        conversation: { conversationID, conversationType: 1, userID: bob.userID, ex: text },
      },
      isDone: () =>
        holds('/conversation/get_conversation', { ownerUserID: ann, conversationID }, text),
    },
    {
      path: '/msg/revoke_msg',
      userID: bob.userID,
      body: { conversationID, seq: bob.ownSeq, userID: bob.userID },
      isDone: () => {
        const range = { conversationID, begin: bob.ownSeq, end: bob.ownSeq, num: 1 };
        const body = { userID: ann, seqRanges: [range], order: 0 };
        return holds('/msg/pull_msg_by_seq', body, '"contentType":2101');
      },
    },
    {
      path: '/msg/mark_conversation_as_read',
      userID: bob.userID,
      body: { conversationID, userID: bob.userID, hasReadSeq: bob.newestSeq, seqs: [] },
      isDone: async () => {
        const conversation = `n${conversationID.slice(conversationID.indexOf('_'))}`;
        const range = { conversationID: conversation, begin: 1, end: 1_000_000, num: 1_000 };
        const body = { userID: ann, seqRanges: [range], order: 0 };
        const pulled = JSON.stringify(await server.asAdmin('/msg/pull_msg_by_seq', body));
        const told = `\\"hasReadSeq\\":${String(bob.newestSeq)}`;
        return contentsIn(pulled).some((content) => content.includes(told));
      },
    },
  ];
};

/** What messages say is base64 in HTTP's answers. */
const contentsIn = (json: string): readonly string[] =>
  [...json.matchAll(/"content":"([^"]*)"/g)].map(([, text = '']) =>
    Buffer.from(text, 'base64').toString(),
  );

/** Longer than a restart takes. */
const PERSISTS_FOR = 60_000;
const TRY_AGAIN = 500;

/**
 * Calls until there is an answer for good, as an app does: `isRepeated` if an earlier attempt may have
 * been done though its answer was lost.
 */
export const persist = async (
  server: Seqline,
  token: string,
  path: string,
  body: unknown,
): Promise<Reply & Readonly<{ isRepeated: boolean }>> => {
  let isRepeated = false;
  let last: unknown;
  return until(
    `${path} is answered`,
    async () => {
      try {
        const reply = await server.api(path, body, { token });
        last = reply;
        return reply.errCode === TRY_AGAIN ? undefined : { ...reply, isRepeated };
      } catch (error) {
        // The connection broke, or nothing listens: whether it was done, nobody has said.
        if (!(error instanceof TypeError)) throw error;
        isRepeated = true;
        return undefined;
      }
    },
    { within: PERSISTS_FOR, seen: () => last },
  );
};
