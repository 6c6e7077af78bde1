import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import {
  connect,
  credsAuthenticator,
  ErrorCode,
  Events,
  nkeyAuthenticator,
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
} from 'nats';
import { natsAddressOf, type NatsAddress } from '../config/natsAddress.ts';
import { redactUrl } from '../redactUrl.ts';
import { wantsCertificate } from './natsGreeting.ts';
import { BusUnusable, NO_CERTIFICATE, unusable } from './natsUnusable.ts';
import {
  PAYLOAD_BYTES_MAX,
  subjectOf,
  type Bus,
  type BusListener,
  type Listener,
  type Subject,
} from './bus.ts';

/** Older ones do not keep what a process publishes from coming back to it. */
const MAJOR_MIN = 2;
const CONNECT_MS_MAX = 5_000;
/** A connection over which nothing comes back is given up after three of these. */
const PING_EVERY_MS = 2_000;
const PINGS_UNANSWERED_MAX = 2;
/** Waits between attempts to connect again, doubled from one to the next; half of each is by chance. */
const AGAIN_MS = [50, 2_000] as const;
const ATTEMPTS_COUNTED = 10;
/** How long the server has for saying that all subscriptions are in force again, before it is asked anew. */
const WHOLE_MS = 2_000;
const LOOK_AGAIN_MS = 50;
/** Nobody listens to it for long: it is for finding out whether one may. */
const PROBE = subjectOf('node', 'probe');

export type NatsOptions = Readonly<{
  /** As in SEQLINE_BUS. */
  url: string;
  /** Who shares this, and nobody else, hears each other: several clusters may use one NATS. */
  cluster: string;
  log: Readonly<{
    info: (text: string) => void;
    warn: (details: object, text: string) => void;
  }>;
}>;

/** Connects, or says what stands in the way. Once connected it comes back by itself, for ever. */
export const openNats = async ({ url, cluster, log }: NatsOptions): Promise<Bus> => {
  const address = natsAddressOf(url);
  if (address === undefined) throw new BusUnusable(`${redactUrl(url)} is not an address of NATS`);
  const backOff = { attempts: 0 };
  let connection: NatsConnection;
  try {
    connection = await connect(await optionsOf(address, backOff));
  } catch (error) {
    const [server = ''] = address.servers;
    // Its refusal of the handshake is not told: the library only finds that nothing comes of it.
    const lacks = address.certificate === undefined && (await wantsCertificate(server));
    throw unusable(url, error, lacks ? NO_CERTIFICATE : undefined);
  }
  const bus = new NatsBus({ connection, cluster, log, backOff });
  const problem = problemOf(connection.info) ?? (await bus.lacks());
  if (problem === undefined) return bus;
  await bus.close();
  throw new BusUnusable(`NATS at ${redactUrl(url)} ${problem}`);
};

/** What is wrong with a server that has let us in, by what it says of itself. */
const problemOf = (info: NatsConnection['info']): string | undefined => {
  const { version = '', max_payload: most = 0 } = info ?? {};
  if (Number(version.split('.')[0]) < MAJOR_MIN) {
    const needed = `${String(MAJOR_MIN)}.0 or later`;
    return `is version ${version}, and ${needed} is needed: install a newer nats-server`;
  }
  return most < PAYLOAD_BYTES_MAX
    ? `takes ${String(most)} bytes at a time, and ${String(PAYLOAD_BYTES_MAX)} are needed: raise its max_payload ` +
        '(1 MB by itself)'
    : undefined;
};

type BackOff = { attempts: number };

const optionsOf = async (address: NatsAddress, backOff: BackOff): Promise<ConnectionOptions> => {
  const { servers, user, password, token, tls, ca, certificate, key } = address;
  const authenticator = await authenticatorOf(address);
  return {
    servers: [...servers],
    name: `seqline ${String(process.pid)}`,
    noEcho: true,
    timeout: CONNECT_MS_MAX,
    pingInterval: PING_EVERY_MS,
    maxPingOut: PINGS_UNANSWERED_MAX,
    maxReconnectAttempts: -1,
    // A server that is being set up refuses logins for a while.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => {
      backOff.attempts += 1;
      return againAfter(Math.min(backOff.attempts, ATTEMPTS_COUNTED));
    },
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(authenticator !== undefined && { authenticator }),
    ...(tls && {
      tls: {
        ...(ca !== undefined && { caFile: ca }),
        ...(certificate !== undefined && { certFile: certificate }),
        ...(key !== undefined && { keyFile: key }),
      },
    }),
  };
};

/** By a file: the library takes the two forms of such files apart itself. */
const authenticatorOf = async ({
  credentials,
  nkey,
}: NatsAddress): Promise<Authenticator | undefined> => {
  if (credentials !== undefined) return credsAuthenticator(await readFile(credentials));
  if (nkey === undefined) return undefined;
  const seed = (await readFile(nkey, 'utf8')).trim();
  return nkeyAuthenticator(Buffer.from(seed));
};

const againAfter = (attempt: number): number => {
  const [shortest, longest] = AGAIN_MS;
  const wait = Math.min(longest, shortest * 2 ** attempt);
  return wait / 2 + (Math.random() * wait) / 2;
};

type Connected = Pick<NatsOptions, 'cluster' | 'log'> &
  Readonly<{ connection: NatsConnection; backOff: BackOff }>;

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #cluster: string;
  readonly #log: NatsOptions['log'];
  readonly #backOff: BackOff;
  readonly #changes = new Set<BusListener>();
  #connected = true;
  /** What the server does not let us do, for as long as that is looked at. */
  #denied: string[] | undefined;
  /** Counts the cuts, so that who makes it whole again finds out that there was another. */
  #cuts = 0;

  constructor({ connection, cluster, log, backOff }: Connected) {
    this.#connection = connection;
    this.#cluster = cluster;
    this.#log = log;
    this.#backOff = backOff;
    void this.#watch();
  }

  /**
   * What its user may not do, with the remedy. A user that may log in and neither listen nor tell looks like a good one
   * otherwise: the server complains of each attempt, and goes on.
   */
  async lacks(): Promise<string | undefined> {
    const denied: string[] = [];
    this.#denied = denied;
    const probe = this.#name(PROBE);
    const subscription = this.#connection.subscribe(probe, { callback: () => undefined });
    this.#connection.publish(probe);
    // Its complaints come before the answer to what follows, and are handed on in a turn of their own.
    await this.#answers(CONNECT_MS_MAX);
    await new Promise(setImmediate);
    subscription.unsubscribe();
    this.#denied = undefined;
    return denied.length === 0
      ? undefined
      : `lets its user in, but not ${denied.join(' and ')} ${probe}: give it the permissions to publish and to ` +
          'subscribe to seqline.>';
  }

  publish(subject: Subject, payload: Uint8Array): boolean {
    // The library would keep it in memory while it is cut, and then forget it.
    if (!this.#connected || payload.length > PAYLOAD_BYTES_MAX) return false;
    this.#connection.publish(this.#name(subject), payload);
    return true;
  }

  subscribe(subject: Subject, listener: Listener): () => void {
    if (this.#connection.isClosed()) return () => undefined;
    const subscription = this.#connection.subscribe(this.#name(subject), {
      callback: (error, message) => {
        if (error !== null) {
          this.#log.warn({ err: error, subject }, 'NATS does not let us listen');
          return;
        }
        try {
          listener(message.data);
        } catch (failure) {
          this.#log.warn({ err: failure, subject }, 'what came over the bus could not be used');
        }
      },
    });
    return () => {
      if (!this.#connection.isClosed()) subscription.unsubscribe();
    };
  }

  async flush(ms: number): Promise<boolean> {
    return this.#connected && (await this.#answers(ms));
  }

  /** Whether the server answers in time, after all that was written before. */
  async #answers(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, ms);
    });
    const flushed = this.#connection.flush().then(
      () => true,
      () => false,
    );
    const settled = await Promise.race([flushed, late]);
    clearTimeout(timer);
    return settled;
  }

  isShared(): boolean {
    return true;
  }

  isConnected(): boolean {
    return this.#connected;
  }

  onChange(listener: BusListener): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  async close(): Promise<void> {
    this.#connected = false;
    this.#cuts += 1;
    this.#changes.clear();
    await this.#connection.close();
  }

  #name(subject: Subject): string {
    return `seqline.${this.#cluster}.${subject}`;
  }

  async #watch(): Promise<void> {
    for await (const { type, data, permissionContext } of this.#connection.status()) {
      if (type === Events.Disconnect) this.#cut();
      if (type !== Events.Error) continue;
      if (this.#denied !== undefined && data === ErrorCode.PermissionsViolation) {
        const isTelling = permissionContext?.operation === 'publish';
        this.#denied.push(isTelling ? 'publish to' : 'subscribe to');
      } else {
        this.#log.warn({ reason: data }, 'NATS has a complaint');
      }
    }
  }

  #cut(): void {
    if (this.#connection.isClosed()) return;
    this.#cuts += 1;
    if (!this.#connected) return;
    this.#connected = false;
    this.#log.warn({}, 'the connection to NATS is lost; what is stored still reaches everybody');
    for (const { cut } of this.#changes) cut();
    void this.#mend();
  }

  /**
   * The library connects again and asks for all subscriptions; they hold once the server answers. What it says
   * of that is not relied on: of several attempts it tells in no order.
   */
  async #mend(): Promise<void> {
    for (;;) {
      const cuts = this.#cuts;
      await pause(LOOK_AGAIN_MS);
      if (this.#connection.isClosed()) return;
      if ((await this.#answers(WHOLE_MS)) && cuts === this.#cuts) break;
    }
    this.#connected = true;
    this.#backOff.attempts = 0;
    this.#log.info('the connection to NATS is back');
    for (const { whole } of this.#changes) whole();
  }
}
