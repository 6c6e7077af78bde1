import { NoReply, SocketClosed, type RawSocket } from './rawSocket.ts';
import type { RawReply } from './rawWire.ts';

/** A request was answered with an error. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
  readonly errCode: number;
  /** It had been sent before, and what came of that was never told. */
  readonly repeated: boolean;
  constructor(reqIdentifier: number, { errCode, errMsg }: RawReply, repeated: boolean) {
    super(`${String(reqIdentifier)}: ${String(errCode)} ${errMsg}`);
    this.errCode = errCode;
    this.repeated = repeated;
  }
}

type Queued = {
  reqIdentifier: number;
  data: Uint8Array;
  /** A send outlives its connection: the same bytes go out again on the next one. */
  lasting: boolean;
  clientMsgID?: string;
  /** It has been sent before, on a connection that has gone since or to be told to try again. */
  repeated?: boolean;
  done: (reply: RawReply, repeated: boolean) => void;
  failed: (error: unknown) => void;
};

/** The Go core's write loop: one request at a time, the next one goes out when this one is answered. */
export class RawRequests {
  /**
   * The id of the message that is being sent and is not answered yet. Not of one that is sent again: what
   * came of the first time may reach the new connection before the repetition reaches the server.
   */
  sending: string | undefined;
  readonly #queue: Queued[] = [];
  readonly #fault: (what: string) => void;
  readonly #unanswered: ((reqIdentifier: number) => void) | undefined;
  #socket: RawSocket | undefined;
  #running = false;

  /** `unanswered`: told of sends without an answer, which are made again; absent: that is a fault. */
  constructor(
    fault: (what: string) => void,
    unanswered: ((reqIdentifier: number) => void) | undefined,
  ) {
    this.#fault = fault;
    this.#unanswered = unanswered;
  }

  /** What waits goes out on this connection from now on. */
  goOn(socket: RawSocket): void {
    this.#socket = socket;
    void this.#run();
  }

  /** The data of the answer. Rejects with `RequestRefused`, or when its connection has gone. */
  ask(
    reqIdentifier: number,
    data: Uint8Array,
    more: { lasting?: boolean; clientMsgID?: string; repeated?: boolean } = {},
  ): Promise<Uint8Array> {
    return new Promise<Uint8Array>((resolve, failed) => {
      const done: Queued['done'] = (reply, repeated) => {
        if (reply.errCode === 0) resolve(reply.data);
        else failed(new RequestRefused(reqIdentifier, reply, repeated));
      };
      this.#queue.push({ reqIdentifier, data, lasting: false, ...more, done, failed });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const socket = this.#socket;
      if (socket === undefined || !socket.open) break;
      try {
        this.sending = next.repeated === true ? undefined : next.clientMsgID;
        const answered = () => {
          this.sending = undefined;
        };
        const reply = await socket.request(next.reqIdentifier, next.data, { answered });
        next.done(reply, next.repeated === true);
        this.#queue.splice(this.#queue.indexOf(next), 1);
      } catch (error) {
        next.repeated = true;
        if (error instanceof SocketClosed) this.#dropPassing(error);
        else this.#gaveUp(next, error);
      } finally {
        this.sending = undefined;
      }
    }
    this.#running = false;
  }

  /** No answer in time is the end of this request alone: what waits behind it goes out next. */
  #gaveUp(request: Queued, error: unknown): void {
    if (request.lasting && error instanceof NoReply && this.#unanswered !== undefined)
      this.#unanswered(request.reqIdentifier);
    else this.#fault(String(error));
    if (request.lasting) return;
    this.#queue.splice(this.#queue.indexOf(request), 1);
    request.failed(error);
  }

  /** Requests that belong to a connection end with it; sends wait for the next. */
  #dropPassing(error: unknown): void {
    const passing = this.#queue.filter(({ lasting }) => !lasting);
    for (const request of passing) {
      this.#queue.splice(this.#queue.indexOf(request), 1);
      request.failed(error);
    }
  }
}
