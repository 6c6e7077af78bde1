import type { ClientReadableStream } from '@grpc/grpc-js';
import type {
  ExpectedRevision,
  StoreEvent,
  StreamPrefixes,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { STREAMS } from '../protocol/services.ts';
import { AppendStream } from './appendStream.ts';
import { faultOf } from './callFaults.ts';
import { Connection } from './connection.ts';
import { Reading } from './reading.ts';
import { readAllRequest, readStreamRequest, subscribeRequest, type Part } from './wireRequests.ts';
import type { Appended } from './wireResponses.ts';

/** Only how often a call that says nothing is looked at: whoever asks has a limit of their own. */
const LEADER_WAIT: Millis = 1_000;

/** One connection to EventStoreDB: all that the adapter wants of it. */
export interface LogClient {
  /** @throws ClientFault */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<Appended>;
  /** Inclusive in both directions. A missing stream fails with `no-stream`. */
  readStream(stream: string, part: Part<Revision | 'start' | 'end'>): Reading;
  /** Inclusive forwards, exclusive backwards. */
  readAll(part: Part<Position | 'start' | 'end'>): Reading;
  /** Exclusive, without an end. With checkpoints where events were passed over. */
  subscribeAll(after: Position, prefixes: StreamPrefixes | undefined): Reading;
  /** Reads where only a leader answers. Fails with `not-leader` elsewhere, and the next call goes to it. */
  askLeader(stream: string): Promise<void>;
  /** As the server says it, such as `24.10.0`; undefined where it does not. */
  serverVersion(): Promise<string | undefined>;
  /** Ends what is open, and the connection. */
  discard(): void;
}

/** Connects at the first call. @throws Error when the connection string cannot be read */
export const openClient = (connectionString: string): LogClient => {
  const connection = new Connection(connectionString);
  const appends = new AppendStream(connection);
  const read = (request: Buffer, fromLeader = false): Reading =>
    new Reading(openRead(connection, request, fromLeader));
  return {
    append: (stream, expected, events) => appends.append(stream, expected, events),
    readStream: (stream, part) => read(readStreamRequest(stream, part)),
    readAll: (part) => read(readAllRequest(part)),
    subscribeAll: (after, prefixes) => read(subscribeRequest(after, prefixes)),
    askLeader: (stream) => askLeader(read(readStreamRequest(stream, NEWEST), true)),
    serverVersion: () => connection.serverVersion(),
    discard: () => connection.close(),
  };
};

const NEWEST = { from: 'end', direction: 'backwards', count: 1 } as const;

/** What is read does not matter, only that it is. */
const askLeader = async (reading: Reading): Promise<void> => {
  try {
    while ((await reading.next(1, LEADER_WAIT)) !== undefined);
  } catch (error) {
    const fault = faultOf(error);
    if (fault.reason.kind !== 'no-stream') throw fault;
  } finally {
    reading.cancel();
  }
};

const { path, requestSerialize, responseDeserialize } = STREAMS.read;

const openRead = async (
  connection: Connection,
  request: Buffer,
  fromLeader: boolean,
): Promise<ClientReadableStream<Buffer>> => {
  const client = await connection.client();
  const [metadata, options] = connection.callArguments(fromLeader);
  const call = client.makeServerStreamRequest<Buffer, Buffer>(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    metadata,
    options,
  );
  const ended = connection.opened(call);
  call.on('error', (error) => connection.failed(client, error));
  call.on('close', ended);
  call.on('end', ended);
  return call;
};
