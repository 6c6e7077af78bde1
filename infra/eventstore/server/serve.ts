import { randomUUID } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerReadableStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { StoreUnavailable, type EventStore } from '../../../core/kernel/eventStore.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { accessTo } from './access.ts';
import { answerAppend } from './appendCall.ts';
import { BatchCall, type BatchStream } from './batchCall.ts';
import { clusterInfo, supportedMethods } from './discovery.ts';
import { callStatusOf, failureOf } from './failures.ts';
import { Outgoing, type StreamingCall } from './outgoing.ts';
import { answerRead, type ReadParts } from './readCall.ts';
import { readReadRequest } from './readRequest.ts';
import { deletedResponse } from './responses.ts';
import { GOSSIP, SERVER_FEATURES, STREAMS } from '../protocol/services.ts';
import { StreamStates } from './streamStates.ts';
import { EncodedEvents } from './encodedEvents.ts';
import { StreamWatch } from './streamWatch.ts';
import { readDeleteRequest } from './writeRequests.ts';
import { writesTo, type Writes } from './writes.ts';

/** What EventStoreDB takes in one message: its largest append of one client, and some more. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;
/** Both sides ask each other as often whether they are still there. */
const KEEPALIVE: Millis = 10_000;
/** Longer than any append is waited for (2 s): after that nobody's answer is still on its way. */
const STOP_WAIT: Millis = 3_000;

export type EventStoreServerOptions = Readonly<{
  /** Stays the caller's, who closes it after the server. */
  store: EventStore;
  /** An address. One that others than this machine reach must be allowed with `exposed`. */
  host?: string;
  /** 0 takes a free one. */
  port: number;
  /** There is neither encryption nor login: whoever reaches the port may read all there is. */
  exposed?: boolean;
  /** Whether Seqline's own streams are written by callers; if so, they take part in being Seqline. */
  allowWrites?: boolean;
  log: Readonly<{ error: (fields: object, message: string) => void }>;
  now?: () => Millis;
}>;

export type EventStoreServer = Readonly<{
  port: number;
  /** What has been taken on is answered; calls that would go on are ended as unavailable. */
  close: () => Promise<void>;
}>;

/** The address is not of this machine alone, and nobody said that this is meant. */
export class NotLoopback extends Error {
  override name = 'NotLoopback';
}

/**
 * Serves a log over EventStoreDB's protocol (gRPC without TLS), for that store's clients and tools.
 * @throws NotLoopback; Error when the port is not free
 */
export const serveEventStore = async (
  options: EventStoreServerOptions,
): Promise<EventStoreServer> => {
  const { host = '127.0.0.1', exposed = false } = options;
  if (!exposed && !isLoopback(host))
    throw new NotLoopback(`${host} can be reached from elsewhere, and there is no login`);
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': KEEPALIVE,
    'grpc.keepalive_timeout_ms': KEEPALIVE,
    'grpc.enable_channelz': 0,
  });
  const calls = new OpenCalls();
  const address = { host, port: options.port };
  addStreams(server, options, calls);
  addDiscovery(server, address, options.now ?? Date.now);
  address.port = await listen(server, host, options.port);
  return {
    port: address.port,
    close: async () => {
      calls.stop();
      await shutDown(server);
    },
  };
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });

const shutDown = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const late = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, STOP_WAIT);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });

/** Calls that last, so that they can be ended. */
class OpenCalls {
  readonly #stops = new Set<() => void>();
  #stopped = false;

  /** Returns how to take it off again. */
  add(stop: () => void): () => void {
    this.#stops.add(stop);
    if (this.#stopped) queueMicrotask(stop);
    return () => this.#stops.delete(stop);
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of [...this.#stops]) stop();
  }
}

const addStreams = (
  server: Server,
  { store, allowWrites = false, log, now = Date.now }: EventStoreServerOptions,
  calls: OpenCalls,
): void => {
  const states = new StreamStates(store);
  const writes = writesTo({ store, states, access: accessTo(allowWrites) });
  const encoded = new EncodedEvents();
  const reads = { store, states, now, encoded, watch: new StreamWatch(store) };
  const onFault = (error: unknown): void => log.error({ err: error }, 'a call has failed');
  server.addService(STREAMS, {
    read: readHandler(reads, calls, onFault),
    batchAppend: batchHandler(writes, calls, { now, onFault }),
    append: (call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
      answer(callback, onFault, () => answerAppend(writes, call)),
    delete: unary(onFault, async (request) =>
      deletedResponse(await writes.softDelete(readDeleteRequest(request))),
    ),
    tombstone: unary(onFault, async (request) =>
      deletedResponse(await writes.tombstone(readDeleteRequest(request))),
    ),
  });
};

const addDiscovery = (
  server: Server,
  address: Readonly<{ host: string; port: number }>,
  now: () => Millis,
): void => {
  const id = randomUUID();
  const onFault = (): void => undefined;
  server.addService(SERVER_FEATURES, {
    getSupportedMethods: unary(onFault, async () => supportedMethods()),
  });
  server.addService(GOSSIP, {
    read: unary(onFault, async () => clusterInfo({ id, ...address, now: now() })),
  });
};

type OnFault = (error: unknown) => void;

const readHandler =
  (reads: ReadParts, calls: OpenCalls, onFault: OnFault) =>
  (call: StreamingCall): void => {
    const out = new Outgoing(call);
    out.onClosed(calls.add(() => out.fail(new StoreUnavailable('the server is stopping'))));
    const run = async (): Promise<void> => answerRead(reads, readReadRequest(call.request), out);
    run().catch((error: unknown) => {
      if (failureOf(error).kind === 'unknown') onFault(error);
      out.fail(error);
    });
  };

const batchHandler =
  (writes: Writes, calls: OpenCalls, parts: Readonly<{ now: () => Millis; onFault: OnFault }>) =>
  (call: BatchStream): void => {
    const batch = new BatchCall(call, { ...parts, writes, onEnd: () => taken() });
    const taken = calls.add(() => batch.stop());
  };

const unary =
  (onFault: OnFault, work: (request: Buffer) => Promise<Buffer>) =>
  ({ request }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
    answer(callback, onFault, () => work(request));

const answer = (
  callback: sendUnaryData<Buffer>,
  onFault: OnFault,
  work: () => Promise<Buffer>,
): void => {
  work().then(
    (response) => callback(null, response),
    (error: unknown) => {
      const failure = failureOf(error);
      if (failure.kind === 'unknown') onFault(error);
      callback(callStatusOf(failure));
    },
  );
};
