import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  status as Status,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { appendResponse } from '../../infra/eventstore/esdb/wireResponses.ts';
import { batchFailed } from '../../infra/eventstore/server/batchResponses.ts';
import { GOSSIP, SERVER_FEATURES, STREAMS } from '../../infra/eventstore/protocol/services.ts';
import {
  readBatchMessage,
  type BatchMessage,
  type WriteOptions,
} from '../../infra/eventstore/server/writeRequests.ts';

type BatchStream = ServerDuplexStream<Buffer, Buffer>;
type Method = (typeof STREAMS)['read'];

/** Stands between a server and its event store, speaks the protocol to both, and does what a store may. */
export type StoreRelay = Readonly<{
  /** For SEQLINE_EVENTSTORE. */
  url: string;
  /** Answers to appends are passed on only so many milliseconds after they have come; 0 is at once. */
  delayAnswers: (ms: number) => void;
  /** The answers to the next appends are lost; when one of them is repeated, it is called a conflict. */
  answerConflictToRepeats: (isOn: boolean) => void;
  /** Appends whose answers were lost and that have not been repeated yet. */
  lost: () => number;
  /** How many repetitions have been called that. */
  conflicts: () => number;
  /** Nothing more is read of what is appended, so that it piles up at the server. */
  choke: () => void;
  /** The batch streams end, with all that has piled up on them. */
  cutBatches: () => void;
  close: () => Promise<void>;
}>;

type Faults = {
  delay: number;
  losing: boolean;
  choked: boolean;
  conflicts: number;
  /** Appends whose answers were lost, by the id of their first event. */
  readonly lost: Map<string, WriteOptions & Readonly<{ count: number }>>;
  readonly batches: Set<BatchStream>;
};

const gone = { code: Status.UNAVAILABLE, details: 'the connection has been cut' };
const RECONNECT_MS = 50;
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;

/** What the store would say of a batch that it has, but looks for by its expectation alone. */
const conflictOf = ({ stream, expected, count }: WriteOptions & { count: number }) => {
  const before = typeof expected === 'number' ? expected : -1;
  const conflict = { expected, actual: before + count };
  return { kind: 'conflict', stream, conflict } as const;
};

const relayBatch =
  (store: Client, faults: Faults) =>
  (call: BatchStream): void => {
    const { path, requestSerialize, responseDeserialize } = STREAMS.batchAppend;
    const far = store.makeBidiStreamRequest<Buffer, Buffer>(
      path,
      requestSerialize,
      responseDeserialize,
    );
    /** Appends whose answers are not to be passed on, by correlation id. */
    const losing = new Set<string>();
    faults.batches.add(call);
    const end = (): void => void faults.batches.delete(call);

    const isRepeated = ({ id, events }: BatchMessage): boolean => {
      const first = events[0]?.id ?? '';
      const before = faults.lost.get(first);
      if (before === undefined) return false;
      faults.lost.delete(first);
      faults.conflicts += 1;
      call.write(batchFailed(id, before.stream, conflictOf(before)));
      return true;
    };
    call.on('data', (bytes: Buffer) => {
      const message = readBatchMessage(bytes);
      const { id, options, events } = message;
      if (isRepeated(message)) return;
      const first = events[0]?.id;
      const isTrial = options?.stream === 'seqline-log';
      if (faults.losing && !isTrial && options !== undefined && first !== undefined) {
        losing.add(id);
        faults.lost.set(first, { ...options, count: events.length });
      }
      far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (losing.has(appendResponse(bytes).id)) return;
      if (faults.delay === 0) call.write(bytes);
      else setTimeout(() => call.write(bytes), faults.delay);
    });
    call.on('end', () => far.end());
    call.on('cancelled', () => {
      end();
      far.cancel();
    });
    far.on('error', ({ code, details }: { code: Status; details: string }) => {
      end();
      call.emit('error', { code, details });
    });
    if (faults.choked) call.pause();
  };

const relayRead =
  (store: Client) =>
  (call: ServerWritableStream<Buffer, Buffer>): void => {
    const { path, requestSerialize, responseDeserialize }: Method = STREAMS.read;
    const far = store.makeServerStreamRequest<Buffer, Buffer>(
      path,
      requestSerialize,
      responseDeserialize,
      call.request,
    );
    far.on('data', (bytes: Buffer) => {
      if (!call.write(bytes)) far.pause();
    });
    call.on('drain', () => far.resume());
    far.on('end', () => call.end());
    far.on('error', ({ code, details }: { code: Status; details: string }) => {
      call.emit('error', { code, details });
    });
    call.on('cancelled', () => far.cancel());
  };

const relayUnary =
  (store: Client, { path, requestSerialize, responseDeserialize }: Method) =>
  ({ request }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    store.makeUnaryRequest<Buffer, Buffer>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, answer) => callback(error, answer),
    );
  };

export const openStoreRelay = async (storePort: number): Promise<StoreRelay> => {
  const store = new Client(`127.0.0.1:${String(storePort)}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  });
  const faults: Faults = {
    delay: 0,
    losing: false,
    choked: false,
    conflicts: 0,
    lost: new Map(),
    batches: new Set(),
  };
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
  server.addService(
    { read: STREAMS.read, batchAppend: STREAMS.batchAppend },
    { read: relayRead(store), batchAppend: relayBatch(store, faults) },
  );
  server.addService(SERVER_FEATURES, {
    getSupportedMethods: relayUnary(store, SERVER_FEATURES.getSupportedMethods),
  });
  server.addService(GOSSIP, { read: relayUnary(store, GOSSIP.read) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `esdb://127.0.0.1:${String(port)}?tls=false`,
    delayAnswers: (ms) => {
      faults.delay = ms;
    },
    answerConflictToRepeats: (isOn) => {
      faults.losing = isOn;
    },
    lost: () => faults.lost.size,
    conflicts: () => faults.conflicts,
    choke: () => {
      faults.choked = true;
      for (const call of faults.batches) call.pause();
    },
    cutBatches: () => {
      faults.choked = false;
      for (const call of faults.batches) call.emit('error', gone);
      faults.batches.clear();
    },
    close: () => {
      server.forceShutdown();
      store.close();
      return Promise.resolve();
    },
  };
};
