import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { ExpectedRevision, StoreEvent } from '../../../core/kernel/eventStore.ts';
import { STREAMS } from '../protocol/services.ts';
import type { Connection } from './connection.ts';
import { faultOf } from './callFaults.ts';
import { ClientFault } from './faults.ts';
import { appendRequest } from './wireRequests.ts';
import { appendResponse, type Appended } from './wireResponses.ts';

type Waiting = Readonly<{
  resolve: (appended: Appended) => void;
  reject: (fault: ClientFault) => void;
}>;

type Line = Readonly<{
  call: ClientDuplexStream<Buffer, Buffer>;
  /** Without an answer yet, by the ids that the answers name. */
  waiting: Map<string, Waiting>;
}>;

const { path, requestSerialize, responseDeserialize } = STREAMS.batchAppend;

/**
 * The `BatchAppend` call of a connection: it stays open, and appends go out on it in the order of the calls,
 * each under an id of its own. How long an answer is waited for is the caller's to say.
 */
export class AppendStream {
  readonly #connection: Connection;
  #line: Promise<Line> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws ClientFault */
  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<Appended> {
    const { call, waiting } = await (this.#line ??= this.#open());
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      call.write(appendRequest({ id, stream, expected, events }, Date.now()));
    });
  }

  async #open(): Promise<Line> {
    const connection = this.#connection;
    try {
      const client = await connection.client();
      const [metadata, options] = connection.callArguments(true);
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        options,
      );
      const line: Line = { call, waiting: new Map() };
      const ended = connection.opened(call);
      const end = (error: Error): void => {
        ended();
        this.#line = undefined;
        connection.failed(client, error);
        const fault = faultOf(error);
        for (const { reject } of line.waiting.values()) reject(fault);
        line.waiting.clear();
      };
      call.on('data', (bytes: Buffer) => answer(line, bytes));
      call.on('error', end);
      call.on('end', () => end(new ClientFault({ kind: 'away' }, 'the server ended it')));
      return line;
    } catch (error) {
      this.#line = undefined;
      throw faultOf(error);
    }
  }
}

/** One that nobody waits for is passed over. */
const answer = ({ call, waiting }: Line, bytes: Buffer): void => {
  try {
    const { id, outcome } = appendResponse(bytes);
    const asked = waiting.get(id);
    if (asked === undefined) return;
    waiting.delete(id);
    if (outcome instanceof ClientFault) asked.reject(outcome);
    else asked.resolve(outcome);
  } catch (error) {
    // Whose answer it was cannot be read: all that wait on this call have to ask again.
    call.destroy(error instanceof Error ? error : new Error(String(error)));
  }
};
