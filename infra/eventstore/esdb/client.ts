import type { ClientReadableStream } from '@grpc/grpc-js';
import type {
  ExpectedRevision,
  StoreEvent,
  StreamPrefixes,
} from '../../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { STREAMS } from '../protocol/services.ts';
import { AppendStream } from './appendStream.ts';
import { Connection } from './connection.ts';
import { Reading } from './reading.ts';
import { readAllRequest, readStreamRequest, subscribeRequest, type Part } from './wireRequests.ts';
import type { Appended } from './wireResponses.ts';

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
  /** Ends what is open, and the connection. */
  discard(): void;
}

/** Connects at the first call. @throws Error when the connection string cannot be read */
export const openClient = (connectionString: string): LogClient => {
  const connection = new Connection(connectionString);
  const appends = new AppendStream(connection);
  const read = (request: Buffer): Reading => new Reading(openRead(connection, request));
  return {
    append: (stream, expected, events) => appends.append(stream, expected, events),
    readStream: (stream, part) => read(readStreamRequest(stream, part)),
    readAll: (part) => read(readAllRequest(part)),
    subscribeAll: (after, prefixes) => read(subscribeRequest(after, prefixes)),
    discard: () => connection.close(),
  };
};

const { path, requestSerialize, responseDeserialize } = STREAMS.read;

const openRead = async (
  connection: Connection,
  request: Buffer,
): Promise<ClientReadableStream<Buffer>> => {
  const client = await connection.client();
  const [metadata, options] = connection.callArguments(false);
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
