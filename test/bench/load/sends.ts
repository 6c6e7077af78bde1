import { randomBytes } from 'node:crypto';
import { msgData, emptyMsgData } from '../../../gateways/openim/msgData.ts';
import { SESSION_TYPES } from '../../../gateways/openim/numbers.ts';
import { encodeRequest, type Form } from '../../support/rawWire.ts';
import { INDEX_DIGITS } from './walk.ts';
import { frameOf, headerBytes } from './webSocket.ts';

/** The frames of one sender to one user or group: all alike but for the message's index. */
export interface Sends {
  /** A frame of its own, to be written and forgotten. */
  frame: (index: number) => Buffer;
}

const SEND = 1003;
const TEXT = '{"content":"See you at the station at half past eight, then."}';
const ID_DIGITS = 32;
const NO_INDEX = '0'.repeat(INDEX_DIGITS);

export type SendsOf = Readonly<{
  form: Form;
  from: string;
  to: Readonly<{ user: string }> | Readonly<{ group: string }>;
  platform: number;
  /** What clientMsgIDs of this run begin with. */
  run: string;
}>;

/** 20 hex digits that no other run has. */
export const newRun = (): string => randomBytes((ID_DIGITS - INDEX_DIGITS) / 2).toString('hex');

export const sendsOf = (what: SendsOf): Sends =>
  what.form.gzip ? new MadeFrames(what) : new PatchedFrames(what);

const messageOf = ({ from, to, platform, run }: SendsOf, index: string): Uint8Array =>
  msgData.encode({
    ...emptyMsgData(),
    sendID: from,
    ...('group' in to
      ? { groupID: to.group, sessionType: SESSION_TYPES.group }
      : { recvID: to.user, sessionType: SESSION_TYPES.single }),
    clientMsgID: `${run}${index}`,
    senderPlatformID: platform,
    senderNickname: `${from} of the benchmark`,
    senderFaceURL: 'https://files.example.com/faces/ann.png',
    msgFrom: 100,
    contentType: 101,
    content: TEXT,
    createTime: Date.now(),
    status: 1,
  });

const envelopeOf = (what: SendsOf, index: string, data: Uint8Array): Uint8Array =>
  encodeRequest(what.form, {
    reqIdentifier: SEND,
    sendID: what.from,
    operationID: `${what.run}-${what.from}`,
    msgIncr: `${what.from}_${index}`,
    data,
  });

const writeIndex = (bytes: Buffer, at: number, index: number): void => {
  let rest = index;
  for (let place = at + INDEX_DIGITS - 1; place >= at; place--) {
    const digit = rest % 16;
    bytes[place] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = (rest - digit) / 16;
  }
};

/** JSON without gzip: the index is written into a copy, in the msgIncr and (as base64) in the message. */
class PatchedFrames implements Sends {
  readonly #frame: Buffer;
  readonly #message: Buffer;
  readonly #incrAt: number;
  readonly #idAt: number;
  /** The part of the message, on borders of base64's groups of three, that the index lies in. */
  readonly #from: number;
  readonly #to: number;
  readonly #base64At: number;

  constructor(what: SendsOf) {
    this.#message = Buffer.from(messageOf(what, NO_INDEX));
    const envelope = Buffer.from(envelopeOf(what, NO_INDEX, this.#message));
    const header = headerBytes(envelope.length);
    this.#frame = frameOf(envelope);
    const base64 = this.#message.toString('base64');
    this.#incrAt = header + envelope.indexOf(`_${NO_INDEX}"`) + 1;
    this.#idAt = this.#message.indexOf(`${what.run}${NO_INDEX}`) + what.run.length;
    this.#from = Math.floor(this.#idAt / 3) * 3;
    this.#to = Math.min(Math.ceil((this.#idAt + INDEX_DIGITS) / 3) * 3, this.#message.length);
    const dataAt = envelope.indexOf(base64);
    if (dataAt < 0) throw new Error('the message is not in its envelope');
    this.#base64At = header + dataAt + (this.#from / 3) * 4;
  }

  frame(index: number): Buffer {
    const frame = Buffer.from(this.#frame);
    writeIndex(frame, this.#incrAt, index);
    writeIndex(this.#message, this.#idAt, index);
    frame.write(this.#message.toString('base64', this.#from, this.#to), this.#base64At, 'latin1');
    return frame;
  }
}

/** Gzip leaves nothing to patch: every frame is made, as a phone makes it. */
class MadeFrames implements Sends {
  readonly #what: SendsOf;

  constructor(what: SendsOf) {
    this.#what = what;
  }

  frame(index: number): Buffer {
    const digits = index.toString(16).padStart(INDEX_DIGITS, '0');
    return frameOf(envelopeOf(this.#what, digits, messageOf(this.#what, digits)));
  }
}
