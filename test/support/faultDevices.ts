import { getLastMessageReq, getLastMessageResp } from '../../gateways/openim/requests.ts';
import { openLink, type Link } from './link.ts';
import { isRecord, parseJson } from './json.ts';
import { RawClient } from './rawClient.ts';
import type { Held } from './rawStore.ts';
import { dial, type Login } from './rawSocket.ts';
import { PbCoder, userOnly, type Form } from './rawWire.ts';
import type { Seqline } from './seqline.ts';
import { untilTrue } from './until.ts';
import { DELETED, TAKEN_BACK, type Line } from './faultRecount.ts';

/** One of a user's devices, behind a network that can be cut. */
export type Device = Readonly<{
  client: RawClient;
  link: Link;
  login: Login;
  /** Sends of it that are not acknowledged yet. */
  waiting: () => number;
  send: RawClient['send'];
}>;

export const openDevice = async (
  server: Seqline,
  userID: string,
  platformID: number,
  form: Form,
): Promise<Device> => {
  const link = await openLink(server);
  const token = await server.tokenOf(userID, platformID);
  const login = { wsAddr: link.wsAddr, userID, token, platformID, form };
  const client = new RawClient(login, { deletes: true });
  client.start();
  await untilTrue(`${userID} is connected`, () => client.connected);
  let waiting = 0;
  return {
    client,
    link,
    login,
    waiting: () => waiting,
    send: async (...message) => {
      waiting += 1;
      const acknowledged = await client.send(...message);
      waiting -= 1;
      return acknowledged;
    },
  };
};

export const closeDevice = async ({ client, link }: Device): Promise<void> => {
  client.close();
  await link.close();
};

/** What a notification says; undefined for the content of an ordinary message. */
const detailOf = (content: string): unknown => {
  const parsed = parseJson(content);
  const detail = isRecord(parsed) ? parsed['detail'] : undefined;
  return typeof detail === 'string' ? parseJson(detail) : undefined;
};

const showsOf = (content: string): string => {
  // What is deleted keeps its number and its ids, and has no content.
  if (content === '') return DELETED;
  const parsed = parseJson(content);
  const text = isRecord(parsed) ? parsed['content'] : undefined;
  const detail = detailOf(content);
  if (isRecord(detail) && 'revokerID' in detail) return TAKEN_BACK;
  return typeof text === 'string' ? text : content;
};

/** Numbers of a chat that a device has been told of as taken back, by push or at a sync. */
const takenBackIn = (client: RawClient, chat: string): ReadonlySet<number> => {
  const notifications = client.store.view(`n${chat.slice(chat.indexOf('_'))}`);
  return new Set(
    notifications.flatMap(({ content }) => {
      const detail = detailOf(content);
      if (!isRecord(detail) || !('revokerUserID' in detail)) return [];
      const { conversationID, seq } = detail;
      return conversationID === chat && typeof seq === 'number' ? [seq] : [];
    }),
  );
};

/** Numbers of a chat that a device has been told of as deleted: for both, or by another device of the user. */
const deletedIn = (client: RawClient, chat: string): ReadonlySet<number> => {
  const places = [`n${chat.slice(chat.indexOf('_'))}`, `n_${client.userID}_${client.userID}`];
  const told = places.flatMap((place) => client.store.view(place));
  return new Set(
    told.flatMap(({ content }) => {
      const detail = detailOf(content);
      if (!isRecord(detail) || 'hasReadSeq' in detail || !Array.isArray(detail['seqs'])) return [];
      return detail['conversationID'] === chat ? detail['seqs'].map(Number) : [];
    }),
  );
};

/** What the user of a device sees of a chat, by number. */
export const visibleOn = ({ client }: Device, chat: string): ReadonlyMap<number, Line> => {
  const takenBack = takenBackIn(client, chat);
  const deleted = deletedIn(client, chat);
  const shows = ({ seq, content }: Held): string => {
    if (deleted.has(seq)) return DELETED;
    return takenBack.has(seq) && content !== '' ? TAKEN_BACK : showsOf(content);
  };
  return new Map(
    client.store.view(chat).map((held) => {
      const { seq, sendID, clientMsgID, serverMsgID, sendTime } = held;
      return [seq, { sendID, clientMsgID, serverMsgID, sendTime, shows: shows(held) }];
    }),
  );
};

export type Summary = Readonly<{ unread: number; last: Line | undefined }>;

/** What a device is told of its chats as it logs in: how many are unread, and the last message. */
export const summaryOf = async (
  login: Login,
  chats: readonly string[],
): Promise<ReadonlyMap<string, Summary>> => {
  const socket = await dial(login);
  try {
    const ask = async (number: number, data: Uint8Array): Promise<Uint8Array> => {
      const reply = await socket.request(number, data);
      if (reply.errCode !== 0) throw new Error(`${String(number)}: ${reply.errMsg}`);
      return reply.data;
    };
    const { userID } = login;
    const { seqs } = PbCoder.GetConversationsHasReadAndMaxSeqResp.decode(
      await ask(1006, userOnly(userID)),
    );
    // The official codec does not have this request.
    const request = { userID, conversationIDs: [...chats] };
    const { msgs } = getLastMessageResp.decode(await ask(1007, getLastMessageReq.encode(request)));
    return new Map(
      chats.map((chat): readonly [string, Summary] => {
        const { maxSeq = 0, hasReadSeq = 0 } = seqs[chat] ?? {};
        const message = msgs.get(chat);
        if (message === undefined) return [chat, { unread: maxSeq - hasReadSeq, last: undefined }];
        const { sendID, clientMsgID, serverMsgID, sendTime } = message;
        const shows = showsOf(message.content);
        const last = { sendID, clientMsgID, serverMsgID, sendTime, shows };
        return [chat, { unread: maxSeq - hasReadSeq, last }];
      }),
    );
  } finally {
    socket.terminate();
  }
};
