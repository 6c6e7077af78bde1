import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { MessageWriter } from '../../../infra/eventstore/protocol/protobufWriter.ts';
import { streamNotFoundResponse } from '../../../infra/eventstore/server/responses.ts';
import { GOSSIP, SERVER_FEATURES, STREAMS } from '../../../infra/eventstore/protocol/services.ts';
import { writeUuid } from '../../../infra/eventstore/protocol/uuid.ts';
import { newId } from './events.ts';

/** How a node fails what it is asked: a gRPC status, and what EventStoreDB puts into the trailers. */
export type Failure = Readonly<{
  code: status;
  details: string;
  trailers?: Readonly<Record<string, string>>;
}>;

export const NOT_LEADER = (port: number): Failure => ({
  code: status.NOT_FOUND,
  details: 'Leader info available',
  trailers: {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(port),
  },
});
export const UNAUTHENTICATED: Failure = {
  code: status.UNAUTHENTICATED,
  details: 'Authentication failed',
};

export type FakeNode = Readonly<{ port: number; url: string; stop: () => void }>;

type NodeOptions = Readonly<{
  /** Of every read and append; of its port where that matters. */
  fails?: Failure | ((port: number) => Failure);
  /** Only of calls that are meant for a leader, as a follower does it. */
  onlyLeaders?: boolean;
  /** What `ServerFeatures` says, or nothing at all: a server of another kind. */
  version?: string;
  /** States of the members that gossip names, all of them at this very address. */
  gossip?: readonly number[];
}>;

/** A node of EventStoreDB as far as it says no: what our own server never does. */
export const startFakeNode = async ({
  fails = UNAUTHENTICATED,
  onlyLeaders = false,
  version,
  gossip,
}: NodeOptions): Promise<FakeNode> => {
  const server = new Server();
  let port = 0;
  const failure = () => {
    const { code, details, trailers } = typeof fails === 'function' ? fails(port) : fails;
    return { code, details, metadata: Metadata.fromHttp2Headers({ ...trailers }) };
  };
  server.addService(STREAMS, {
    read: (call: ServerWritableStream<Buffer, Buffer>) => {
      const isForLeader = call.metadata.get('requires-leader')[0] === 'true';
      if (!onlyLeaders || isForLeader) return void call.emit('error', failure());
      call.write(streamNotFoundResponse('seqline-log'));
      call.end();
    },
    append: (_: unknown, callback: sendUnaryData<Buffer>) => callback(failure()),
    batchAppend: (call: NodeJS.EventEmitter) => call.emit('error', failure()),
  });
  if (version !== undefined)
    server.addService(SERVER_FEATURES, {
      getSupportedMethods: (_: unknown, callback: sendUnaryData<Buffer>) =>
        callback(null, features(version)),
    });
  if (gossip !== undefined)
    server.addService(GOSSIP, {
      read: (_: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        callback(null, members(gossip, port)),
    });
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (fault, bound) =>
      fault === null ? resolve(bound) : reject(fault),
    );
  });
  return { port, url: `esdb://127.0.0.1:${port}?tls=false`, stop: () => server.forceShutdown() };
};

const features = (version: string): Buffer => {
  const writer = new MessageWriter();
  writer.text(2, version);
  return writer.finish();
};

const members = (states: readonly number[], port: number): Buffer => {
  const writer = new MessageWriter();
  for (const state of states)
    writer.message(1, () => {
      writer.message(5, () => {
        writer.uint(2, port);
        writer.text(1, '127.0.0.1');
      });
      writer.flag(4, true);
      writer.uint(3, state);
      writeUuid(writer, 1, newId());
    });
  return writer.finish();
};

/** A port on which nobody listens any more. */
export const deadPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};
