import { Client, credentials, type CallOptions, type Channel, type Metadata } from '@grpc/grpc-js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { assert } from '../../../core/kernel/assert.ts';

/**
 * What of the package is used: how a connection string becomes a channel (TLS, users, finding the leader of
 * a cluster, going to another node when one fails). The messages are written and read here, because the
 * package makes several objects and texts in base64 of each event (ADR 0007).
 */
type Inside = Readonly<{
  getChannel: () => Promise<Channel>;
  /** Drops the channel where this error means that another one is needed. */
  handleError: (client: Client, error: Error) => Promise<void>;
  callArguments: (
    options: Readonly<{ requiresLeader: boolean }>,
    callOptions: CallOptions,
  ) => [Metadata, CallOptions];
}>;

/** KurrentDB is the later name of the same server, which speaks the same protocol. */
export const clientConnectionString = (connectionString: string): string =>
  connectionString.replace(/^kurrentdb(?=(\+discover)?:)/, 'esdb');

type Cancellable = Readonly<{ cancel: () => void }>;

/** One channel at a time to whichever node is to be spoken to, and the calls that are open on it. */
export class Connection {
  readonly #package: EventStoreDBClient;
  readonly #inside: Inside;
  readonly #open = new Set<Cancellable>();
  #client: Client | undefined;
  #closed = false;

  /** Connects at the first call. @throws Error when the connection string cannot be read */
  constructor(connectionString: string) {
    this.#package = EventStoreDBClient.connectionString(clientConnectionString(connectionString));
    this.#inside = insideOf(this.#package);
  }

  /** The package asks for it as it connects, and keeps it for itself. */
  async serverVersion(): Promise<string | undefined> {
    const features: unknown = await Reflect.get(this.#package, 'capabilities');
    if (typeof features !== 'object' || features === null) return undefined;
    const version: unknown = Reflect.get(features, 'serverVersion');
    return typeof version === 'string' && /^\d+\.\d+/.test(version) ? version : undefined;
  }

  /** For calls from now on. @throws Error where no node can be found */
  async client(): Promise<Client> {
    const channel = await this.#inside.getChannel();
    if (this.#closed) {
      channel.close();
      throw new Error('the connection is closed');
    }
    if (this.#client?.getChannel() !== channel)
      this.#client = new Client('', credentials.createInsecure(), { channelOverride: channel });
    return this.#client;
  }

  /** Of a call without an end of its own. */
  callArguments(requiresLeader: boolean): [Metadata, CallOptions] {
    return this.#inside.callArguments({ requiresLeader }, { deadline: Infinity });
  }

  /** To be ended with the connection. Returns how to take it off again. */
  opened(call: Cancellable): () => void {
    this.#open.add(call);
    return () => this.#open.delete(call);
  }

  /** A call has failed, and whether that means another channel is seen to. */
  failed(client: Client, error: Error): void {
    // It fails only where the channel it asks about was never made.
    this.#inside.handleError(client, error).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#open) call.cancel();
    this.#client?.close();
  }
}

/** They are not for callers of the package, and are there all the same, by name. */
const insideOf = (client: EventStoreDBClient): Inside => {
  const method = (name: keyof Inside): unknown => {
    const found: unknown = Reflect.get(client, name);
    assert(typeof found === 'function', `@eventstore/db-client has ${name}`);
    return found;
  };
  return {
    getChannel: method('getChannel') as Inside['getChannel'],
    handleError: method('handleError') as Inside['handleError'],
    callArguments: method('callArguments') as Inside['callArguments'],
  };
};
