/**
 * Picks out of a PushMessages, or of the answer to a pull (they are of one shape), what a check needs:
 * the number of each message and the index its clientMsgID ends with. Nothing else is decoded.
 */

/** Hex digits at the end of a clientMsgID that are the message's index in a run. */
export const INDEX_DIGITS = 12;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
/** PushMessages.msgs and .notificationMsgs, their entries' value, PullMsgs.Msgs, as tags. */
const MSGS = 0x0a;
const NOTIFICATION_MSGS = 0x12;
const VALUE = 0x12;
const MESSAGE = 0x0a;
/** MsgData.clientMsgID and MsgData.seq, as tags. */
const CLIENT_MSG_ID = 0x22;
const SEQ = 0x70;

export class Walker {
  /** Messages found. */
  count = 0;
  /** Whether there is something beside them that is no message of a chat. */
  hasNotices = false;
  /** Of each in turn, up to `count`. */
  readonly seqs: number[] = [];
  readonly indexes: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  walk(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#at = 0;
    this.count = 0;
    this.hasNotices = false;
    while (this.#at < bytes.length) {
      const tag = this.#varint();
      if (tag === MSGS) this.#entry(this.#end());
      else {
        if (tag === NOTIFICATION_MSGS) this.hasNotices = true;
        this.#skip(tag);
      }
    }
  }

  #entry(end: number): void {
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === VALUE) this.#pulled(this.#end());
      else this.#skip(tag);
    }
  }

  #pulled(end: number): void {
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === MESSAGE) this.#message(this.#end());
      else this.#skip(tag);
    }
  }

  #message(end: number): void {
    let seq = 0;
    let index = -1;
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === SEQ) seq = this.#varint();
      else if (tag === CLIENT_MSG_ID) {
        const idEnd = this.#end();
        index = indexAt(this.#bytes, idEnd);
        this.#at = idEnd;
      } else this.#skip(tag);
    }
    this.seqs[this.count] = seq;
    this.indexes[this.count] = index;
    this.count += 1;
  }

  #end(): number {
    const length = this.#varint();
    return this.#at + length;
  }

  #skip(tag: number): void {
    const wire = tag & 7;
    if (wire === VARINT) this.#varint();
    else if (wire === DELIMITED) this.#at = this.#end();
    else this.#at += wire === FIXED64 ? 8 : 4;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('a message is cut short');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}

/** The hex digits before `end` as a number; -1 where something else stands there. */
export const indexAt = (bytes: Buffer, end: number): number => {
  let index = 0;
  for (let at = end - INDEX_DIGITS; at < end; at++) {
    const code = bytes[at] ?? 0;
    const digit = code <= 0x39 ? code - 0x30 : code - 0x57;
    if (digit < 0 || digit > 15) return -1;
    index = index * 16 + digit;
  }
  return index;
};
