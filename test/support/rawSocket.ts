import type { IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import { numberAt, parseJson, textAt } from './json.ts';
import { decodeReply, encodeRequest, type Form, type RawReply } from './rawWire.ts';

/** As long as the Go core waits for a reply. */
export const REPLY_WITHIN = 10_000;

export type Login = Readonly<{
  wsAddr: string;
  userID: string;
  token: string;
  platformID: number;
  form: Form;
}>;

/** The connection was answered with an error instead of being opened. */
export class DialRefused extends Error {
  override name = 'DialRefused';
  readonly errCode: number;
  constructor(errCode: number, errMsg: string) {
    super(`refused: ${String(errCode)} ${errMsg}`);
    this.errCode = errCode;
  }
}

export class SocketClosed extends Error {
  override name = 'SocketClosed';
}

/** A request had no answer for as long as the Go core waits for one. */
export class NoReply extends Error {
  override name = 'NoReply';
}

export const addressOf = (login: Login, more: Readonly<Record<string, string>> = {}): string => {
  const query = new URLSearchParams({
    sendID: login.userID,
    token: login.token,
    platformID: String(login.platformID),
    operationID: `dial-${String(Date.now())}`,
    isBackground: 'false',
    isMsgResp: 'true',
    ...(login.form.sdkType === 'js' ? { sdkType: 'js' } : {}),
    ...(login.form.gzip ? { compression: 'gzip' } : {}),
    ...more,
  });
  return `${login.wsAddr}/msg_gateway?${query.toString()}`;
};

export const bytesOf = (data: RawData): Uint8Array => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
};

type Waiting = { resolve: (reply: RawReply) => void; reject: (error: Error) => void };

let requests = 0;

/** Given before the connection opens, because pushes may follow its first frame at once. */
export type Listener = Readonly<{
  /** Frames that no request asked for: pushes, kicks, and replies without a request. */
  frame?: (reply: RawReply) => void;
  /** Anything the protocol forbids the server to send. */
  fault?: (what: string) => void;
}>;

/** One open connection: requests find their replies, everything else is handed on. No behaviour. */
export class RawSocket {
  readonly #socket: WebSocket;
  readonly #login: Login;
  readonly #listener: Listener;
  readonly #waiting = new Map<string, Waiting>();
  readonly #givenUp = new Set<string>();
  readonly closed: Promise<void>;

  constructor(socket: WebSocket, login: Login, listener: Listener) {
    this.#socket = socket;
    this.#login = login;
    this.#listener = listener;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new SocketClosed('closed'));
        this.#waiting.clear();
        resolve();
      });
    });
    socket.on('error', () => undefined); // The close that follows says all that matters.
    socket.on('message', (data, binary) => {
      if (binary) this.#heard(bytesOf(data));
      else this.#listener.fault?.(`a text frame: ${Buffer.from(bytesOf(data)).toString('utf8')}`);
    });
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  request(
    reqIdentifier: number,
    data: Uint8Array,
    more: { operationID?: string; answered?: () => void } = {},
  ): Promise<RawReply> {
    if (!this.open) return Promise.reject(new SocketClosed('closed already'));
    requests += 1;
    const msgIncr = `${this.#login.userID}_${String(requests)}`;
    const answered = new Promise<RawReply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(msgIncr);
        const open = this.open ? 'open' : 'closed';
        this.#givenUp.add(msgIncr);
        reject(new NoReply(`no reply to ${String(reqIdentifier)} in 10 s (socket ${open})`));
      }, REPLY_WITHIN);
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          how(value);
        };
      this.#waiting.set(msgIncr, {
        resolve: (reply) => {
          // At once: frames that follow in the same packet are seen before any promise goes on.
          more.answered?.();
          settle(resolve)(reply);
        },
        reject: settle(reject),
      });
    });
    const { userID: sendID, form } = this.#login;
    const operationID = more.operationID ?? `op-${String(requests)}`;
    this.send(encodeRequest(form, { reqIdentifier, sendID, operationID, msgIncr, data }));
    return answered;
  }

  /** These very bytes as one frame: binary, or text for a string. */
  send(frame: Uint8Array | string): void {
    this.#socket.send(frame, { binary: typeof frame !== 'string' });
  }

  /** Breaks the connection without a closing handshake, as a lost network does. */
  terminate(): void {
    this.#socket.terminate();
  }

  #heard(frame: Uint8Array): void {
    let reply: RawReply;
    try {
      reply = decodeReply(this.#login.form, frame);
    } catch (error) {
      this.#listener.fault?.(`a frame that cannot be read: ${String(error)}`);
      return;
    }
    const waiting = this.#waiting.get(reply.msgIncr);
    // Too late: whoever has waited for it does not know it any more.
    if (this.#givenUp.delete(reply.msgIncr)) return;
    if (waiting === undefined) {
      this.#listener.frame?.(reply);
      return;
    }
    this.#waiting.delete(reply.msgIncr);
    waiting.resolve(reply);
  }
}

/** Opens a connection as browsers do: the first text frame says whether it is one. */
export const dial = (
  login: Login,
  listener: Listener = {},
  more?: Readonly<Record<string, string>>,
): Promise<RawSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(addressOf(login, more), { perMessageDeflate: false });
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new SocketClosed('closed before it was answered'));
    });
    socket.once('message', (data, binary) => {
      if (binary) {
        reject(new Error('a binary frame came before the result of the connection'));
        return;
      }
      const result = parseJson(Buffer.from(bytesOf(data)).toString('utf8'));
      const errCode = numberAt(result, 'errCode');
      if (errCode === 0) resolve(new RawSocket(socket, login, listener));
      else reject(new DialRefused(errCode, textAt(result, 'errMsg')));
    });
  });

/** What a dial without `isMsgResp`, a native client's, is answered with. */
export const dialNatively = (
  address: string,
): Promise<'upgraded' | Readonly<{ status: number; body: unknown }>> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    socket.once('error', reject);
    socket.once('open', () => {
      socket.terminate();
      resolve('upgraded');
    });
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      const body: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => body.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(body).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: parseJson(text) });
      });
    });
  });
