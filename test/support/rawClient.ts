import { setTimeout } from 'node:timers/promises';
import { getSeqMessageReq } from '../../gateways/openim/requests.ts';
import { RawRequests, RequestRefused } from './rawRequests.ts';
import { PbCoder, textMessage, userOnly, type MsgData, type RawReply } from './rawWire.ts';
import { dial, DialRefused, SocketClosed, type Login, type RawSocket } from './rawSocket.ts';
import { isOfGroup, RawStore } from './rawStore.ts';
import { singleChat } from './sdkClient.ts';

/**
 * Waits between attempts to connect, in milliseconds; the last one repeats. They begin anew once one has
 * succeeded.
 */
const WAITS = { go: [1_000, 2_000, 4_000, 8_000, 16_000], js: [5_000] } as const;
/**
 * The Go core begins at most one sync in this time; a connection made sooner stays unsynced. The JS SDK
 * syncs at every connect, and servers rely on the difference.
 */
const SYNC_EVERY = { go: 5_000, js: 0 } as const;
/** What the Go core asks of a chat at a connect, and on a gap. */
const NEWEST_AT_CONNECT = 1;
const NEWEST_ON_GAP = 10;
/** Ranges in one pull at a connect, and numbers in one look into history. */
const RANGES_MAX = 100;
const HISTORY_MAX = 50;
const ASCENDING = 0;
const DESCENDING = 1;

/** What the server answers when the same request may succeed later, and how soon that is tried. */
const TRY_AGAIN = 500;
const TRY_AGAIN_AFTER = 1_000;

const LATELY_MAX = 20;

/** The fault of an echo that overtook the answer. */
export const echoBeforeReply = (clientMsgID: string): string =>
  `the echo of ${clientMsgID} came before its reply`;

/** `to` is a user, or a group. */
export type Acknowledged = Readonly<{
  to: string;
  chat: string;
  clientMsgID: string;
  serverMsgID: string;
  sendTime: number;
}>;

/**
 * A client that behaves as the Go core does where faults matter: one request at a time, no pulls but at a
 * connect and on a gap, back-off, throttled sync. It keeps what it was promised and what it holds, and
 * writes down whatever the server must never do.
 */
export class RawClient {
  readonly acknowledged: Acknowledged[] = [];
  readonly store: RawStore;
  /** How often it was connected, and how often that was too soon after a sync to sync again. */
  connects = 0;
  unsynced = 0;
  /** How often a send was answered with "try again", and was tried again as a user would. */
  triedAgain = 0;
  /** How often a send had no answer in 10 s, and was sent again as a user would, who is told that it failed. */
  sentAgain = 0;
  /** The error that ended it for good (token expired, kicked, …), if one has. */
  endedBy: number | undefined;

  /** What has become of its connection, last, with the time of `performance.now()`. */
  readonly lately: string[] = [];

  readonly #login: Login;
  readonly #waits: readonly number[];
  readonly #requests: RawRequests;
  #socket: RawSocket | undefined;
  #closed = false;
  #syncedAt = -Infinity;
  /** Syncs and pushes are worked off one after another, as the Go core's message thread does. */
  #work: Promise<void> = Promise.resolve();

  /**
   * Unless it is to wait as its own SDK does, it comes back as soon as any. `sendsAgain`: that a send has no answer
   * in time is counted, and otherwise a fault.
   */
  constructor(
    login: Login,
    {
      deletes = false,
      waitsAs = 'go',
      sendsAgain = false,
    }: Readonly<{ deletes?: boolean; waitsAs?: 'go' | 'js'; sendsAgain?: boolean }> = {},
  ) {
    this.#login = login;
    this.#waits = WAITS[waitsAs];
    this.store = new RawStore(deletes);
    const unanswered = () => {
      this.sentAgain += 1;
    };
    this.#requests = new RawRequests(
      (what) => {
        this.store.fault(what);
      },
      sendsAgain ? unanswered : undefined,
    );
  }

  get userID(): string {
    return this.#login.userID;
  }

  get connected(): boolean {
    return this.#socket?.open === true;
  }

  start(): void {
    void this.#live();
  }

  /** Ends the device without a word to the server. */
  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  /** Sends until it is acknowledged, over as many connections as that takes. */
  send(to: string, clientMsgID: string, text: string): Promise<Acknowledged> {
    const { userID: from, platformID } = this.#login;
    const message = textMessage({ from, to, clientMsgID, text, platformID });
    return this.#sendTo(to, singleChat(from, to), message);
  }

  /** Likewise; rejects with `RequestRefused` where the group does not take it. */
  sendToGroup(groupID: string, clientMsgID: string, text: string): Promise<Acknowledged> {
    const { userID: from, platformID } = this.#login;
    const message = textMessage({ from, to: '', groupID, clientMsgID, text, platformID });
    return this.#sendTo(groupID, `sg_${groupID}`, message);
  }

  async #sendTo(to: string, chat: string, message: MsgData): Promise<Acknowledged> {
    const { clientMsgID } = message;
    const data = PbCoder.MsgData.encode(message).finish();
    const reply = await this.#persist(data, clientMsgID);
    const { serverMsgID, sendTime, clientMsgID: echoed } = PbCoder.UserSendMsgResp.decode(reply);
    if (echoed !== clientMsgID) this.store.fault(`reply names ${echoed}, not ${clientMsgID}`);
    const acknowledged = { to, chat, clientMsgID, serverMsgID, sendTime };
    this.acknowledged.push(acknowledged);
    return acknowledged;
  }

  /** Fetches what is missing of a conversation up to its newest known number, as opening it does. */
  async openHistory(conversationID: string): Promise<void> {
    for (;;) {
      const missing = this.store.missing(conversationID).slice(-HISTORY_MAX);
      if (missing.length === 0) return;
      const request = {
        userID: this.userID,
        conversations: [{ conversationID, seqs: missing }],
        order: DESCENDING,
      };
      const reply = PbCoder.GetSeqMessageResp.decode(
        // The official codec leaves out the order, which Go core sends.
        await this.#requests.ask(1005, getSeqMessageReq.encode(request)),
      );
      const pulled = { ...reply.msgs, ...reply.notificationMsgs }[conversationID];
      const found = pulled?.Msgs ?? [];
      const seqs = found.map(({ seq }) => seq);
      // Of a conversation that was cleared, or that a member came into late, nothing is below some number.
      const ends = pulled?.isEnd === true && this.#mayEnd(conversationID);
      const begin = ends ? (seqs[0] ?? Infinity) : 1;
      const wanted = missing.filter((seq) => seq >= begin);
      if (seqs.join() !== wanted.join())
        throw new Error(`1005 ${conversationID}: asked ${wanted.join()}, got ${seqs.join()}`);
      this.store.hold(conversationID, found);
      const below = missing.filter((seq) => seq < begin);
      if (isOfGroup(conversationID)) this.store.withhold(conversationID, below);
      else this.store.endsAt(conversationID, begin);
    }
  }

  #mayEnd(conversationID: string): boolean {
    return this.store.deletes || isOfGroup(conversationID);
  }

  async #persist(data: Uint8Array, clientMsgID: string): Promise<Uint8Array> {
    for (let repeated = false; ; repeated = true) {
      try {
        return await this.#requests.ask(1003, data, { lasting: true, clientMsgID, repeated });
      } catch (error) {
        if (!(error instanceof RequestRefused) || error.errCode !== TRY_AGAIN) throw error;
        this.triedAgain += 1;
        await setTimeout(TRY_AGAIN_AFTER);
      }
    }
  }

  async #live(): Promise<void> {
    for (let attempt = 0; !this.#closed && this.endedBy === undefined; attempt += 1) {
      try {
        const socket = await dial(this.#login, {
          fault: (what) => {
            this.store.fault(what);
          },
          frame: (frame) => {
            this.#heard(frame);
          },
        });
        // The wait that follows is the first again.
        attempt = 0;
        this.#connected(socket);
        await socket.closed;
        this.#note('closed');
      } catch (error) {
        this.#note(String(error));
        if (error instanceof DialRefused && error.errCode >= 1501 && error.errCode <= 1507) {
          this.endedBy = error.errCode;
          return;
        }
        // Nothing listens, or not for long, or not for now: the next attempt tells.
      }
      await setTimeout(this.#waits[Math.min(attempt, this.#waits.length - 1)]);
    }
  }

  #note(what: string): void {
    this.lately.push(`${performance.now().toFixed(0)} ${what}`);
    if (this.lately.length > LATELY_MAX) this.lately.shift();
  }

  #connected(socket: RawSocket): void {
    if (this.#closed) {
      socket.terminate();
      return;
    }
    this.connects += 1;
    this.#note('connected');
    this.#socket = socket;
    this.#later(() => this.#sync());
    this.#requests.goOn(socket);
  }

  /** What waits for a connection that has gone is of no use any more, and no fault. */
  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      if (!(error instanceof SocketClosed)) this.store.fault(String(error));
    });
  }

  #heard(frame: RawReply): void {
    if (frame.reqIdentifier === 2002) {
      this.endedBy = 1506;
      return;
    }
    if (frame.reqIdentifier !== 2001) {
      this.store.fault(`a frame ${String(frame.reqIdentifier)} that nothing asked for`);
      return;
    }
    const push = PbCoder.PushMessages.decode(frame.data);
    const all = Object.entries({ ...push.msgs, ...push.notificationMsgs });
    const messages = all.flatMap(([id, { Msgs }]) => Msgs.map((message) => ({ id, message })));
    if (messages.length !== 1) this.store.fault(`${String(messages.length)} messages in one push`);
    for (const { id, message } of messages) {
      if (message.clientMsgID === this.#requests.sending)
        this.store.fault(echoBeforeReply(message.clientMsgID));
      this.store.show(id, message);
      this.#later(() => this.#pushed(id, message));
    }
  }

  async #pushed(conversationID: string, message: MsgData): Promise<void> {
    if (message.seq === 0) return;
    const synced = this.store.synced(conversationID) ?? 0;
    if (message.seq <= synced) {
      this.store.overtaken += 1;
    } else if (message.seq === synced + 1) {
      this.store.hold(conversationID, [message]);
      this.store.syncedTo(conversationID, message.seq);
    } else {
      const begin = synced + 1;
      await this.#pull([{ conversationID, begin, end: message.seq, num: NEWEST_ON_GAP }]);
      // Who has gone from a group and come in again since may see it no more.
      const mayBeWithheld = this.store.deletes || isOfGroup(conversationID);
      if (!this.store.holds(conversationID, message.seq) && !mayBeWithheld)
        this.store.fault(`${conversationID} ${String(message.seq)} was pushed but not readable`);
    }
  }

  async #sync(): Promise<void> {
    if (performance.now() - this.#syncedAt < SYNC_EVERY[this.#login.form.sdkType]) {
      this.unsynced += 1;
      this.#note('too soon to sync');
      return;
    }
    this.#syncedAt = performance.now();
    await this.#requests.ask(1006, userOnly(this.userID));
    const newest = PbCoder.GetMaxSeqResp.decode(
      await this.#requests.ask(1001, userOnly(this.userID)),
    );
    const ranges = Object.entries(newest.maxSeqs).flatMap(([conversationID, end]) => {
      const synced = this.store.synced(conversationID);
      if (end <= (synced ?? 0)) return [];
      const begin = synced === undefined ? 0 : synced + 1;
      return [{ conversationID, begin, end, num: NEWEST_AT_CONNECT }];
    });
    for (let at = 0; at < ranges.length; at += RANGES_MAX)
      await this.#pull(ranges.slice(at, at + RANGES_MAX));
  }

  /** As the Go core does, the range counts as synced whatever came. */
  async #pull(
    seqRanges: { conversationID: string; begin: number; end: number; num: number }[],
  ): Promise<void> {
    const request = { userID: this.userID, seqRanges, order: ASCENDING };
    const reply = PbCoder.PullMessageBySeqsResp.decode(
      await this.#requests.ask(1002, PbCoder.PullMessageBySeqsReq.encode(request).finish()),
    );
    const found = { ...reply.msgs, ...reply.notificationMsgs };
    for (const { conversationID, begin, end, num } of seqRanges) {
      const pulled = found[conversationID];
      if (pulled === undefined) this.store.fault(`1002 left out ${conversationID}`);
      const wanted = Math.min(num, end - Math.max(begin, 1) + 1);
      const messages = pulled?.Msgs ?? [];
      const isWrong = conversationID.startsWith('n_')
        ? messages.length < 1
        : isOfGroup(conversationID)
          ? messages.length > wanted
          : messages.length !== wanted;
      if (isWrong && !(this.store.deletes && messages.length < wanted))
        this.store.fault(`1002 ${conversationID}: ${String(messages.length)} messages`);
      this.store.hold(conversationID, messages);
      this.store.syncedTo(conversationID, end);
    }
  }
}
