import { setTimeout } from 'node:timers/promises';
import type { Truth } from './faultLoad.ts';
import { isRecord, numberAt, parseJson, textAt } from './json.ts';
import { dial, type Login } from './rawSocket.ts';
import { PbCoder, textMessage } from './rawWire.ts';
import { singleChat } from './sdkClient.ts';
import type { Seqline } from './seqline.ts';

/** One try to send a message, as its sender saw it. `status` is HTTP's, 0 on a socket. */
export type Attempt = Readonly<{ ms: number; status: number; errCode: number; said: string }>;

export type Sending = Readonly<{
  attempts: readonly Attempt[];
  /** No new message is begun; what is under way is tried until it is answered. */
  stop: () => Promise<void>;
}>;

/** Between two messages, and between two tries of the same one. */
const PACE_MS = 50;

type Try = (clientMsgID: string) => Promise<Attempt>;
type Whom = Readonly<{ from: string; to: string; name: string }>;

/** One message after another, each again and again until it is done, under one id. */
const keepSending = (attempt: Try, { from, to, name }: Whom, truth: Truth): Sending => {
  const attempts: Attempt[] = [];
  const chat = singleChat(from, to);
  const stopping = new AbortController();
  const living = (async () => {
    for (let number = 1; !stopping.signal.aborted; number += 1) {
      const clientMsgID = `${name}-${from}-${String(number)}`;
      truth.issue(chat, clientMsgID);
      for (let errCode = -1; errCode !== 0;) {
        const made = await attempt(clientMsgID);
        attempts.push(made);
        ({ errCode } = made);
        await setTimeout(PACE_MS);
      }
      truth.acknowledge(chat, from);
    }
  })();
  // A failure is for whoever stops it; until then nobody waits for it.
  living.catch(() => undefined);
  return {
    attempts,
    stop: async () => {
      stopping.abort();
      await living;
    },
  };
};

const timed = async (ask: () => Promise<Omit<Attempt, 'ms'>>): Promise<Attempt> => {
  const askedAt = performance.now();
  const answered = await ask();
  return { ...answered, ms: performance.now() - askedAt };
};

/** Over a socket that must stay open all the while. */
export const sendBySocket = async (
  login: Login,
  whom: Whom,
  truth: Truth,
): Promise<Sending & Readonly<{ close: () => void }>> => {
  const socket = await dial(login, { frame: () => undefined });
  const attempt: Try = (clientMsgID) =>
    timed(async () => {
      const { from, to } = whom;
      const message = textMessage({
        ...{ from, to, clientMsgID, text: clientMsgID },
        platformID: login.platformID,
      });
      const data = PbCoder.MsgData.encode(message).finish();
      const { errCode, errMsg } = await socket.request(1003, data);
      return { status: 0, errCode, said: errMsg };
    });
  const close = () => {
    socket.terminate();
  };
  return { ...keepSending(attempt, whom, truth), close };
};

/** As an app server does. */
export const sendByHttp = (
  { apiAddr }: Seqline,
  token: string,
  whom: Whom,
  truth: Truth,
): Sending => {
  const attempt: Try = (clientMsgID) =>
    timed(async () => {
      const answer = await fetch(`${apiAddr}/msg/send_msg`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', operationID: clientMsgID, token },
        body: JSON.stringify({
          sendID: whom.from,
          recvID: whom.to,
          clientMsgID,
          senderPlatformID: 5,
          content: { content: clientMsgID },
          contentType: 101,
          sessionType: 1,
        }),
      });
      const text = await answer.text();
      const body = parseJson(text);
      if (!isRecord(body)) throw new Error(`not an answer: ${text}`);
      const said = `${textAt(body, 'errMsg')} ${textAt(body, 'errDlt')}`;
      return { status: answer.status, errCode: numberAt(body, 'errCode'), said };
    });
  return keepSending(attempt, whom, truth);
};
