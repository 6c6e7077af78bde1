import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * A WebSocket client with no more in it than a load needs, straight on a TCP socket. It masks with a key
 * of zeros: the server has the same work with it as with any other, and we have none.
 */

/** One for all sockets: a read is handed over, and dealt with, before the next one begins. */
const RECEIVED = Buffer.allocUnsafeSlow(256 * 1024);
const ACCEPT_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MASKED = 0x80;
const FIN = 0x80;
const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MASK_BYTES = 4;

export type SocketEvents = Readonly<{
  /** The handshake is done; frames follow. */
  opened: () => void;
  /** The bytes are good only until this returns. */
  binary: (bytes: Buffer, start: number, end: number) => void;
  text: (text: string) => void;
  /** Once, whoever ended it. */
  closed: (reason: string) => void;
}>;

/** A whole frame, as a client writes it. */
export const frameOf = (payload: Uint8Array, opcode: number = OPCODES.binary): Buffer => {
  const { length } = payload;
  const header = headerBytes(length);
  const frame = Buffer.alloc(header + length);
  frame[0] = FIN | opcode;
  if (length < 126) frame[1] = MASKED | length;
  else if (length < 65_536) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, header);
  return frame;
};

/** How far into a client's frame of this payload its payload begins. */
export const headerBytes = (length: number): number =>
  2 + (length < 126 ? 0 : length < 65_536 ? 2 : 8) + MASK_BYTES;

export class FastSocket {
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  readonly #accept: string;
  /** What has come of a frame, or of the handshake, that is not whole yet. */
  #rest: Buffer | undefined;
  #open = false;
  #ended = false;

  /** `localAddress`: one address has too few ports for tens of thousands of connections to one port. */
  constructor(address: string, events: SocketEvents, localAddress?: string) {
    const { hostname, port, pathname, search } = new URL(address);
    const key = randomBytes(16).toString('base64');
    this.#accept = createHash('sha1').update(`${key}${ACCEPT_SALT}`).digest('base64');
    this.#events = events;
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: {
        buffer: RECEIVED,
        callback: (bytes) => {
          this.#received(RECEIVED.subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.once('connect', () => {
      this.#socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\n` +
          `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      );
    });
    this.#socket.once('error', (error) => this.#end(error.message));
    this.#socket.once('close', () => this.#end('closed by the server'));
  }

  /** A frame made by `frameOf`. It must not be changed afterwards. */
  write(frame: Uint8Array): void {
    this.#socket.write(frame);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#events.closed(reason);
  }

  #received(bytes: Buffer): void {
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    const used = this.#open ? this.#frames(all, 0) : this.#handshake(all);
    this.#rest = used < all.length ? Buffer.from(all.subarray(used)) : undefined;
  }

  #handshake(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(this.#accept)) {
      this.#end(`no upgrade: ${bytes.toString('utf8', 0, 400)}`);
      return bytes.length;
    }
    this.#open = true;
    this.#events.opened();
    return this.#frames(bytes, end + 4);
  }

  /** Hands over every frame that is whole, and says where the rest begins. */
  #frames(bytes: Buffer, from: number): number {
    let at = from;
    while (!this.#ended) {
      const left = bytes.length - at;
      if (left < 2) return at;
      let header = 2;
      let length = bytes[at + 1]! & 0x7f;
      if (length === 126) {
        if (left < 4) return at;
        length = bytes.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (left < 10) return at;
        length = Number(bytes.readBigUInt64BE(at + 2));
        header = 10;
      }
      if (left < header + length) return at;
      this.#frame(bytes, bytes[at]!, at + header, at + header + length);
      at += header + length;
    }
    return bytes.length;
  }

  #frame(bytes: Buffer, first: number, start: number, end: number): void {
    if ((first & FIN) === 0) return this.#end('a frame in pieces, which this client does not read');
    switch (first & 0x0f) {
      case OPCODES.binary:
        return this.#events.binary(bytes, start, end);
      case OPCODES.text:
        return this.#events.text(bytes.toString('utf8', start, end));
      case OPCODES.ping:
        this.write(frameOf(bytes.subarray(start, end), OPCODES.pong));
        return;
      case OPCODES.pong:
        return;
      default:
        this.#end(`closed by a frame ${String(first & 0x0f)}`);
    }
  }
}
