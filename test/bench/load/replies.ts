import { gunzipSync } from 'node:zlib';
import type { Form } from '../../support/rawWire.ts';

/** The envelope read last. One object for all frames: at this rate each allocation is felt. */
export interface ReplyReader {
  readonly identifier: number;
  readonly errCode: number;
  readonly msgIncr: string;
  /** What it says went wrong; worked out only when it is asked for, as the protobuf is. */
  errMsg: () => string;
  /** The protobuf of the frame read last; worked out only when it is asked for. */
  data: () => Buffer;
  /** Throws on what is not the envelope this server writes: then this reader must learn it first. */
  read: (bytes: Buffer, start: number, end: number) => void;
}

export const replyReader = (form: Form): ReplyReader => {
  const inner = form.sdkType === 'js' ? new JsonReader() : new GobReader();
  return form.gzip ? new GzipReader(inner) : inner;
};

const NOTHING = Buffer.alloc(0);
const unread = (what: string, bytes: Buffer, start: number, end: number): never => {
  throw new Error(`${what}: ${bytes.toString('latin1', start, Math.min(end, start + 120))}`);
};

const HEAD = '{"reqIdentifier":';
const MSG_INCR = ',"msgIncr":"';
const ERR_CODE = '"errCode":';
const ERR_MSG = '"errMsg":"';
const DATA = '"data":';
const IDENTIFIER_DIGITS = 4;

/** Looks only at the places that matter; the keys come in the order of the reference (2.2). */
class JsonReader implements ReplyReader {
  identifier = 0;
  errCode = 0;
  msgIncr = '';
  #text = '';
  #dataAt = 0;

  read(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString('latin1', start, end);
    const incrAt = HEAD.length + IDENTIFIER_DIGITS;
    if (!text.startsWith(HEAD) || !text.startsWith(MSG_INCR, incrAt)) {
      unread('not an envelope this client knows', bytes, start, end);
    }
    this.identifier = Number(text.slice(HEAD.length, incrAt));
    const incrEnd = text.indexOf('"', incrAt + MSG_INCR.length);
    this.msgIncr = text.slice(incrAt + MSG_INCR.length, incrEnd);
    const errAt = text.indexOf(ERR_CODE, incrEnd);
    this.errCode = Number.parseInt(text.slice(errAt + ERR_CODE.length, errAt + 16), 10);
    this.#text = text;
    this.#dataAt = text.indexOf(DATA, errAt) + DATA.length;
  }

  errMsg(): string {
    const at = this.#text.indexOf(ERR_MSG) + ERR_MSG.length;
    return this.#text.slice(at, this.#text.indexOf('"', at));
  }

  data(): Buffer {
    const quoted = this.#text.charCodeAt(this.#dataAt) === 0x22;
    return quoted ? Buffer.from(this.#text.slice(this.#dataAt + 1, -2), 'base64') : NOTHING;
  }
}

/** What this server's replies begin with (reference 2.5.3): fields 0 to 5 in the order read below. */
const DEFINITION = Buffer.from(
  '60ff81030101045265737001ff82000106010d5265714964656e74696669657201040001074d7367496e6372' +
    '010c00010b4f7065726174696f6e4944010c000107457272436f646501040001064572724d7367010c0001' +
    '0444617461010a000000',
  'hex',
);
const TYPE_BYTES = 2;

class GobReader implements ReplyReader {
  identifier = 0;
  errCode = 0;
  msgIncr = '';
  #bytes: Buffer = NOTHING;
  #at = 0;
  #errMsg = '';
  #data: Buffer = NOTHING;

  read(bytes: Buffer, start: number, end: number): void {
    if (bytes.compare(DEFINITION, 0, DEFINITION.length, start, start + DEFINITION.length) !== 0) {
      unread('not a definition this client knows', bytes, start, end);
    }
    this.identifier = 0;
    this.errCode = 0;
    this.msgIncr = '';
    this.#errMsg = '';
    this.#data = NOTHING;
    this.#bytes = bytes;
    this.#at = start + DEFINITION.length;
    this.#unsigned();
    this.#at += TYPE_BYTES;
    let field = -1;
    for (let delta = this.#unsigned(); delta !== 0; delta = this.#unsigned()) {
      field += delta;
      this.#field(field);
    }
    if (this.#at !== end) unread('bytes after a gob value', bytes, start, end);
  }

  errMsg(): string {
    return this.#errMsg;
  }

  data(): Buffer {
    return this.#data;
  }

  #field(field: number): void {
    if (field === 0) this.identifier = this.#unsigned() / 2;
    else if (field === 3) this.errCode = this.#unsigned() / 2;
    else {
      const length = this.#unsigned();
      const begin = this.#at;
      this.#at += length;
      if (field === 1) this.msgIncr = this.#bytes.toString('latin1', begin, this.#at);
      if (field === 4) this.#errMsg = this.#bytes.toString('utf8', begin, this.#at);
      if (field === 5) this.#data = this.#bytes.subarray(begin, this.#at);
    }
  }

  #unsigned(): number {
    const first = this.#bytes[this.#at++]!;
    if (first < 128) return first;
    let value = 0;
    for (let left = 256 - first; left > 0; left--) value = value * 256 + this.#bytes[this.#at++]!;
    return value;
  }
}

/** Ten bytes of header, then a final stored block: its first byte and its length twice. */
const GZIP_HEADER = 10;
const STORED_FINAL = 1;
const BLOCK_HEADER = 5;

/** A stored block lies open in the frame; only what is really deflated is worth a call of zlib. */
class GzipReader implements ReplyReader {
  readonly #inner: ReplyReader;

  constructor(inner: ReplyReader) {
    this.#inner = inner;
  }

  get identifier(): number {
    return this.#inner.identifier;
  }

  get errCode(): number {
    return this.#inner.errCode;
  }

  get msgIncr(): string {
    return this.#inner.msgIncr;
  }

  errMsg(): string {
    return this.#inner.errMsg();
  }

  data(): Buffer {
    return this.#inner.data();
  }

  read(bytes: Buffer, start: number, end: number): void {
    const block = start + GZIP_HEADER;
    if (bytes[block] === STORED_FINAL) {
      const from = block + BLOCK_HEADER;
      this.#inner.read(bytes, from, from + bytes.readUInt16LE(block + 1));
      return;
    }
    const envelope = gunzipSync(bytes.subarray(start, end));
    this.#inner.read(envelope, 0, envelope.length);
  }
}
