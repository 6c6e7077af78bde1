import type { Truth } from './faultLoad.ts';
import { dial, DialRefused, SocketClosed, type Login } from './rawSocket.ts';
import { PbCoder, userOnly, type MsgData } from './rawWire.ts';

/**
 * How one visit went: `answered` all through, the socket was `closed` under a request, or it was not let in
 * for now and told to come again.
 */
export type Visit = Readonly<{
  outcome: 'answered' | 'closed' | 'turned away';
  /** Of the request that was closed, in milliseconds. */
  heldFor: number;
}>;

const SERVER_INTERNAL = 500;

/** Messages asked for at once by range and by number. */
const NEWEST = 10;
const NAMED = 20;

/**
 * Visits the server as a new device does and compares every number and message of every answer with what
 * had been acknowledged before the request went out. Findings are kept in words.
 */
export class Prober {
  readonly faults: string[] = [];
  readonly #truth: Truth;
  /** What has ever been seen under a number of a chat: it may never be anything else. */
  readonly #seen = new Map<string, string>();

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  async visit(login: Login): Promise<Visit> {
    let askedAt = performance.now();
    const socket = await dial(login, { fault: (what) => this.faults.push(what) }).catch(
      (error: unknown) => {
        if (error instanceof DialRefused && error.errCode === SERVER_INTERNAL) return undefined;
        throw error;
      },
    );
    if (socket === undefined) {
      return { outcome: 'turned away', heldFor: performance.now() - askedAt };
    }
    const ask = async (reqIdentifier: number, data: Uint8Array): Promise<Uint8Array> => {
      askedAt = performance.now();
      const { errCode, errMsg, data: reply } = await socket.request(reqIdentifier, data);
      if (errCode !== 0) this.#wrong(login, `${String(reqIdentifier)} answers ${errMsg}`);
      return reply;
    };
    try {
      await this.#readStates(login, ask);
      const newest = await this.#newest(login, ask);
      await this.#ranges(login, ask, newest);
      await this.#numbers(login, ask, newest);
      return { outcome: 'answered', heldFor: 0 };
    } catch (error) {
      if (!(error instanceof SocketClosed)) {
        this.#wrong(login, String(error));
        throw error;
      }
      return { outcome: 'closed', heldFor: performance.now() - askedAt };
    } finally {
      socket.terminate();
    }
  }

  #wrong({ userID }: Login, what: string): void {
    this.faults.push(`${userID}: ${what}`);
  }

  #lowest(userID: string): ReadonlyMap<string, number> {
    const chats = this.#truth.chatsOf(userID);
    return new Map(chats.map((chat) => [chat, this.#truth.acknowledged(chat)]));
  }

  async #readStates(login: Login, ask: Ask): Promise<void> {
    const { userID } = login;
    const lowest = this.#lowest(userID);
    const own = new Map(
      [...lowest.keys()].map((chat) => [chat, this.#truth.acknowledgedBy(chat, userID)]),
    );
    const reply = PbCoder.GetConversationsHasReadAndMaxSeqResp.decode(
      await ask(1006, userOnly(userID)),
    );
    for (const [chat, low] of lowest) {
      const { maxSeq, hasReadSeq } = reply.seqs[chat] ?? { maxSeq: 0, hasReadSeq: 0 };
      this.#within(login, `1006 ${chat} maxSeq`, maxSeq, low, this.#truth.issued(chat));
      this.#within(login, `1006 ${chat} hasReadSeq`, hasReadSeq, own.get(chat) ?? 0, maxSeq);
    }
  }

  async #newest(login: Login, ask: Ask): Promise<ReadonlyMap<string, number>> {
    const lowest = this.#lowest(login.userID);
    const { maxSeqs } = PbCoder.GetMaxSeqResp.decode(await ask(1001, userOnly(login.userID)));
    for (const [chat, low] of lowest)
      this.#within(login, `1001 ${chat}`, maxSeqs[chat] ?? 0, low, this.#truth.issued(chat));
    const chats = Object.entries(maxSeqs).filter(([id]) => id.startsWith('si_'));
    for (const [chat] of chats)
      if (!lowest.has(chat) && !this.#truth.chatsOf(login.userID).includes(chat))
        this.#wrong(login, `1001 names ${chat}`);
    return new Map(chats);
  }

  async #ranges(login: Login, ask: Ask, newest: ReadonlyMap<string, number>): Promise<void> {
    const seqRanges = [...newest].map(([conversationID, end]) => {
      return { conversationID, begin: 0, end, num: NEWEST };
    });
    const request = { userID: login.userID, seqRanges, order: 0 };
    const reply = PbCoder.PullMessageBySeqsResp.decode(
      await ask(1002, PbCoder.PullMessageBySeqsReq.encode(request).finish()),
    );
    for (const [chat, end] of newest)
      this.#exactly(login, `1002 ${chat}`, chat, reply.msgs[chat]?.Msgs ?? [], lastOf(end, NEWEST));
  }

  async #numbers(login: Login, ask: Ask, newest: ReadonlyMap<string, number>): Promise<void> {
    const conversations = [...newest].map(([conversationID, end]) => {
      return { conversationID, seqs: [...lastOf(end, NAMED)] };
    });
    const request = { userID: login.userID, conversations, order: 1 };
    const reply = PbCoder.GetSeqMessageResp.decode(
      await ask(1005, PbCoder.GetSeqMessageReq.encode(request).finish()),
    );
    for (const [chat, end] of newest)
      this.#exactly(login, `1005 ${chat}`, chat, reply.msgs[chat]?.Msgs ?? [], lastOf(end, NAMED));
  }

  #within(login: Login, what: string, found: number, low: number, high: number): void {
    if (found >= low && found <= high) return;
    this.#wrong(login, `${what} is ${String(found)}, not ${String(low)} to ${String(high)}`);
  }

  #exactly(
    login: Login,
    what: string,
    chat: string,
    messages: readonly MsgData[],
    wanted: readonly number[],
  ): void {
    const found = messages.map(({ seq }) => seq);
    if (found.join() !== wanted.join())
      this.#wrong(login, `${what} gives ${found.join()}, not ${wanted.join()}`);
    for (const { seq, clientMsgID, serverMsgID, sendTime } of messages) {
      const place = `${chat} ${String(seq)}`;
      const seen = `${clientMsgID} ${serverMsgID} ${String(sendTime)}`;
      const before = this.#seen.get(place) ?? seen;
      this.#seen.set(place, before);
      if (before !== seen) this.#wrong(login, `${what} ${String(seq)} was ${before}, is ${seen}`);
      if (!this.#truth.isIssued(chat, clientMsgID))
        this.#wrong(login, `${what} ${String(seq)} is ${clientMsgID}, which nobody sent`);
    }
  }
}

type Ask = (reqIdentifier: number, data: Uint8Array) => Promise<Uint8Array>;

/** The newest `count` numbers up to `end`. */
const lastOf = (end: number, count: number): readonly number[] =>
  Array.from({ length: Math.min(end, count) }, (_, at) => Math.max(0, end - count) + at + 1);

/** Visits one after another, by several at once, until it is stopped. */
export const keepVisiting = (
  prober: Prober,
  logins: readonly Login[],
): Readonly<{ visits: readonly Visit[]; stop: () => Promise<void> }> => {
  const visits: Visit[] = [];
  let stopping = false;
  const going = Promise.all(
    logins.map(async (login) => {
      while (!stopping) visits.push(await prober.visit(login));
    }),
  );
  going.catch(() => undefined);
  return {
    visits,
    stop: async () => {
      stopping = true;
      await going;
    },
  };
};
