import { setTimeout as pause } from 'node:timers/promises';
import { pullMessageBySeqsReq } from '../../../gateways/openim/requests.ts';
import { addressOf } from '../../support/rawSocket.ts';
import { encodeRequest, PbCoder, userOnly, type Form } from '../../support/rawWire.ts';
import type { Seat } from '../jobs.ts';
import type { Faults } from './faults.ts';
import { replyReader, type ReplyReader } from './replies.ts';
import { indexAt, INDEX_DIGITS, Walker } from './walk.ts';
import { FastSocket, frameOf } from './webSocket.ts';

const NUMBERS = { newestSeqs: 1001, pull: 1002, send: 1003, readStates: 1006, push: 2001 } as const;
/** The number of all faults; those that pass say in words that the same call is to be made again. */
const SERVER_INTERNAL = 500;
const NOT_NOW = String(SERVER_INTERNAL);
/** How often one dials, and how long it waits in between. */
const DIALS_MAX = 20;
const AGAIN_AFTER_MS = 1_000;
const TRY_AGAIN = /try (the same call )?again/;
/** What a Go client asks of each conversation at a connect, and how many in one request. */
const NEWEST = 1;
const RANGES_MAX = 100;
const ASCENDING = 0;

/** Whoever runs a job on the sockets is told of every frame that no `ask` waits for. */
export interface Listener {
  answered: (client: Client, index: number) => void;
  /** It is to be sent again. False: whoever runs the job takes that for a fault. */
  refused: (client: Client, index: number) => boolean;
  pushed: (client: Client, index: number, seq: number) => void;
}

type Shared = {
  readonly reader: ReplyReader;
  readonly walker: Walker;
  listener: Listener | undefined;
  /** See `ConnectJob`. */
  lateNotices: boolean;
  again: boolean;
};
/** Readers are used for one frame at a time, so all sockets of a form share one. */
export const sharedParts = (form: Form): Shared => ({
  reader: replyReader(form),
  walker: new Walker(),
  listener: undefined,
  lateNotices: false,
  again: false,
});

const indexOf = (msgIncr: string): number =>
  indexAt(Buffer.from(msgIncr.slice(-INDEX_DIGITS), 'latin1'), INDEX_DIGITS);

/** One device of one user: an open socket and how far it has come in each conversation. */
export class Client {
  readonly seat: Seat;
  /** The highest seq seen of each conversation, by its id. */
  readonly newest = new Map<string, number>();
  readonly #form: Form;
  readonly #shared: Shared;
  readonly #faults: Faults;
  readonly #waiting = new Map<string, (data: Buffer) => void>();
  #socket: FastSocket | undefined;
  #asked = 0;
  /** Once it is let go its end is no fault. */
  #released = false;

  constructor(seat: Seat, form: Form, shared: Shared, faults: Faults) {
    this.seat = seat;
    this.#form = form;
    this.#shared = shared;
    this.#faults = faults;
  }

  /**
   * Resolves when it is connected and synced; never if it fails, which is a fault. Who is told that it cannot be let in
   * for now comes again, as SDKs do, where the job allows for that.
   */
  async connect(wsAddr: string): Promise<void> {
    for (let tries = 1; (await this.#dial(wsAddr, tries < DIALS_MAX)) === 'again'; tries += 1)
      await pause(AGAIN_AFTER_MS);
    await this.#sync();
  }

  #dial(wsAddr: string, mayComeAgain: boolean): Promise<'welcome' | 'again'> {
    const { user: userID, token, platform: platformID, localAddress } = this.seat;
    const address = addressOf({ wsAddr, userID, token, platformID, form: this.#form });
    return new Promise((resolve) => {
      let state: 'dialling' | 'welcome' | 'again' = 'dialling';
      this.#socket = new FastSocket(
        address,
        {
          opened: () => undefined,
          binary: (bytes, start, end) => {
            this.#heard(bytes, start, end);
          },
          text: (text) => {
            const isWelcome = text.includes('"errCode":0,');
            const isLater = this.#shared.again && text.includes(`"errCode":${NOT_NOW},`);
            if (state === 'dialling' && isWelcome) state = 'welcome';
            else if (state === 'dialling' && isLater && mayComeAgain) state = 'again';
            else this.#fault(`a text frame: ${text}`);
            if (state === 'welcome') resolve('welcome');
          },
          closed: (reason) => {
            if (state === 'again') resolve('again');
            else if (!this.#released) this.#fault(`the connection ended: ${reason}`);
          },
        },
        localAddress,
      );
    });
  }

  write(frame: Buffer): void {
    this.#socket?.write(frame);
  }

  release(): void {
    this.#released = true;
    this.#socket?.destroy();
  }

  /** A request of its own, answered with the protobuf of the reply. */
  ask(reqIdentifier: number, data: Uint8Array): Promise<Buffer> {
    this.#asked += 1;
    const sendID = this.seat.user;
    const msgIncr = `ask-${String(this.#asked)}`;
    const operationID = `${sendID}-${msgIncr}`;
    const request = { reqIdentifier, sendID, operationID, msgIncr, data };
    return new Promise((resolve) => {
      this.#waiting.set(msgIncr, resolve);
      this.write(frameOf(encodeRequest(this.#form, request)));
    });
  }

  async #sync(): Promise<void> {
    const { user: userID } = this.seat;
    const [newest] = await Promise.all([
      this.ask(NUMBERS.newestSeqs, userOnly(userID)),
      this.ask(NUMBERS.readStates, userOnly(userID)),
    ]);
    const { maxSeqs } = PbCoder.GetMaxSeqResp.decode(newest);
    const ranges = Object.entries(maxSeqs).map(([conversationID, end]) => ({
      conversationID,
      begin: 0,
      end,
      num: NEWEST,
    }));
    for (let at = 0; at < ranges.length; at += RANGES_MAX) {
      const seqRanges = ranges.slice(at, at + RANGES_MAX);
      const request = { userID, seqRanges, order: ASCENDING };
      const answer = await this.ask(NUMBERS.pull, pullMessageBySeqsReq.encode(request));
      const { walker } = this.#shared;
      walker.walk(answer);
      if (walker.count < seqRanges.length) this.#fault(`1002 brought ${String(walker.count)}`);
    }
    for (const [conversation, seq] of Object.entries(maxSeqs)) this.newest.set(conversation, seq);
  }

  #heard(bytes: Buffer, start: number, end: number): void {
    const { reader, walker, listener, lateNotices } = this.#shared;
    reader.read(bytes, start, end);
    const { identifier, errCode, msgIncr } = reader;
    if (errCode !== 0) return this.#refused(identifier, errCode, msgIncr, reader.errMsg());
    if (identifier === NUMBERS.push) {
      walker.walk(reader.data());
      if (walker.count === 0 && walker.hasNotices && lateNotices) return;
      if (walker.count !== 1) return this.#fault(`${String(walker.count)} messages in one push`);
      if (listener === undefined) return this.#fault('a push when nobody had sent anything');
      return listener.pushed(this, walker.indexes[0]!, walker.seqs[0]!);
    }
    if (identifier === NUMBERS.send) {
      if (listener === undefined) return this.#fault('an answer that nobody waits for');
      return listener.answered(this, indexOf(msgIncr));
    }
    const answered = this.#waiting.get(msgIncr);
    if (answered === undefined) return this.#fault(`${String(identifier)}, which nobody asked for`);
    this.#waiting.delete(msgIncr);
    // The bytes are the socket's, and gone when this returns.
    answered(Buffer.from(reader.data()));
  }

  #refused(identifier: number, errCode: number, msgIncr: string, errMsg: string): void {
    const isToBeSentAgain =
      identifier === NUMBERS.send && errCode === SERVER_INTERNAL && TRY_AGAIN.test(errMsg);
    if (isToBeSentAgain && this.#shared.listener?.refused(this, indexOf(msgIncr)) === true) return;
    this.#fault(`${String(identifier)} answered with ${String(errCode)} ${errMsg}`);
  }

  #fault(what: string): void {
    this.#faults.add(`${this.seat.user}: ${what}`);
  }
}
