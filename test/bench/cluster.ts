import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openFaultPostgres, type FaultPostgres } from '../support/faultPostgres.ts';
import { textAt } from '../support/json.ts';
import { natsServer, type NatsServer } from '../support/natsServer.ts';
import { freePort, programOf, type Program } from '../support/program.ts';
import { post, replyOf } from '../support/seqline.ts';
import { EventStore } from './eventStore.ts';
import type { Seat } from './jobs.ts';
import { pinRunning, startedHere, type Pids, type Pinning } from './processes.ts';
import type { Inspected } from './scenarios/common.ts';
import { allProjected, logInUsers, registerUsers } from './users.ts';

const ADMIN = 'imAdmin';
const KEYS_DATABASE = 'seqline_keys';
/** An app server makes the same call again where it is answered so. */
const TRY_AGAIN = 503;
const TRIES_MAX = 10;
const AGAIN_AFTER_MS = 500;

/** Which processes of Seqline there are, by name, and the roles of each. */
export type Layout = Readonly<Record<string, string>>;

type Node = Program &
  Readonly<{ name: string; roles: readonly string[]; apiAddr: string; wsAddr: string }>;

export type ClusterOptions = Readonly<{
  layout: Layout;
  pinned: Pinning | undefined;
  nodeFlags: readonly string[];
  /** For profiles; costs nothing while nobody attaches. */
  inspected: boolean;
}>;

/**
 * Many processes as infra/deploy/compose.yaml has them, plain ones of this machine: those of Seqline and Postgres on the
 * server's core, the event store and NATS on the load's.
 */
export class Cluster {
  readonly #folder: string;
  readonly #secret = randomBytes(24).toString('hex');
  readonly #nats: NatsServer;
  readonly #postgres: FaultPostgres;
  readonly #store: EventStore;
  readonly #nodes: readonly Node[];
  #admin = '';

  private constructor(parts: Parts, nodesOf: (secret: string) => readonly Node[]) {
    this.#folder = parts.folder;
    this.#nats = parts.nats;
    this.#postgres = parts.postgres;
    this.#store = parts.store;
    this.#nodes = nodesOf(this.#secret);
  }

  static async start({ layout, pinned, nodeFlags, inspected }: ClusterOptions): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'seqline-bench-cluster-'));
    const nats = await natsServer();
    await nats.start();
    const store = await EventStore.start({ core: pinned?.load, nodeFlags, inspected });
    const postgres = await openFaultPostgres();
    await postgres.ask(`create database ${KEYS_DATABASE}`);
    pinRunning(startedHere('postgres'), pinned?.server);
    const ports = await Promise.all(
      Object.keys(layout).map(async () => ({ http: await freePort(), ws: await freePort() })),
    );
    const cluster = new Cluster({ folder, nats, postgres, store }, (secret) =>
      Object.entries(layout).map(([name, roles], at) => {
        const port = ports[at] ?? { http: 0, ws: 0 };
        const apiAddr = `http://127.0.0.1:${String(port.http)}`;
        const program = programOf({
          args: ['serve', '--roles', roles],
          settings: {
            NODE_OPTIONS: [...nodeFlags, ...(inspected ? ['--inspect=127.0.0.1:0'] : [])].join(' '),
            SEQLINE_SECRET: secret,
            SEQLINE_EVENTSTORE: store.url,
            DATABASE_URL: postgres.url,
            SEQLINE_KEYS: postgres.url.replace(/(:\/\/[^/]*\/)[^?]*/, `$1${KEYS_DATABASE}`),
            SEQLINE_BUS: nats.url,
            SEQLINE_DATA: join(folder, name),
            SEQLINE_HTTP_PORT: String(port.http),
            SEQLINE_WS_PORT: String(port.ws),
            SEQLINE_LOG_LEVEL: 'warn',
          },
          isUp: async (said) =>
            said.includes('Seqline is ready') && (await fetch(`${apiAddr}/readyz`)).status === 200,
        });
        const wsAddr = `ws://127.0.0.1:${String(port.ws)}`;
        return { ...program, name, roles: roles.split(','), apiAddr, wsAddr };
      }),
    );
    try {
      await cluster.#startAll(pinned?.server);
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  /** Of all its processes, for what their CPU time goes into. */
  get pids(): Pids {
    const ours = this.#nodes.map((node) => [node.name, node.pid()] as const);
    return {
      cluster: {
        ...Object.fromEntries(ours),
        Postgres: startedHere('postgres'),
        'event store': this.#store.pid,
        NATS: startedHere('nats-server'),
      },
    };
  }

  /** Of the gateways, in the layout's order. */
  get wsAddrs(): readonly string[] {
    return this.#withRole('gateway').map(({ wsAddr }) => wsAddr);
  }

  /** Where Node's profiler is to be had, of each of its own processes. */
  get inspected(): readonly Inspected[] {
    const ours = this.#nodes.map(({ name, said }) => ({
      process: name,
      address: debuggerIn(said()),
    }));
    return [...ours, { process: 'event store', address: this.#store.inspectorAddr }];
  }

  get said(): string {
    return this.#nodes.map((node) => `${node.name}:\n${node.log()}`).join('\n');
  }

  /** Users that exist from now on, and a login for each, one gateway after the other. */
  async seats(names: readonly string[]): Promise<readonly Seat[]> {
    await registerUsers(this, names);
    const seats = await logInUsers(this, names, 1);
    const { wsAddrs } = this;
    return seats.map((seat, at) => {
      const wsAddr = wsAddrs[at % wsAddrs.length];
      return wsAddr === undefined ? seat : { ...seat, wsAddr };
    });
  }

  /** A call of an app admin, which must be done; resolves with its data. */
  async asAdmin(path: string, body: unknown): Promise<unknown> {
    if (this.#admin === '') {
      const admin = await this.#call('/auth/get_admin_token', {
        secret: this.#secret,
        userID: ADMIN,
      });
      this.#admin = textAt(admin, 'token');
    }
    return this.#call(path, body);
  }

  projected(messages: number): Promise<void> {
    return allProjected(messages, (statement) => this.#postgres.ask(statement));
  }

  /** The measures of each gateway, in Prometheus' format. */
  measures(): Promise<readonly string[]> {
    const texts = this.#withRole('gateway').map(async ({ apiAddr }) =>
      (await fetch(`${apiAddr}/metrics`)).text(),
    );
    return Promise.all(texts);
  }

  async dispose(): Promise<void> {
    for (const node of this.#nodes) await node.end('SIGKILL');
    await this.#store.dispose();
    await this.#postgres.dispose();
    await this.#nats.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startAll(core: number | undefined): Promise<void> {
    // The projector first: the others are ready once there are tables.
    for (const node of this.#withRole('projector')) await node.start();
    const others = this.#nodes.filter(({ roles }) => !roles.includes('projector'));
    await Promise.all(others.map((node) => node.start()));
    for (const node of this.#nodes) pinRunning(node.pid(), core);
  }

  #withRole(role: string): readonly Node[] {
    return this.#nodes.filter(({ roles }) => roles.includes(role));
  }

  async #call(path: string, body: unknown): Promise<unknown> {
    const [api] = this.#withRole('api');
    if (api === undefined) throw new Error('the layout has no API');
    const headers = {
      'content-type': 'application/json',
      operationID: `bench-${randomBytes(6).toString('hex')}`,
      ...(this.#admin === '' ? {} : { token: this.#admin }),
    };
    for (let tries = 1; ; tries += 1) {
      const answer = await post(`${api.apiAddr}${path}`, JSON.stringify(body), headers);
      const reply = replyOf(answer.status, answer.text);
      if (reply.errCode === 0) return reply.data;
      if (answer.status !== TRY_AGAIN || tries === TRIES_MAX)
        throw new Error(`${path}: ${answer.text}`);
      await pause(AGAIN_AFTER_MS);
    }
  }
}

const debuggerIn = (said: string): string => {
  const [, address] = said.match(/Debugger listening on (ws:\S+)/) ?? [];
  if (address === undefined) throw new Error('it has been started without an inspector');
  return address;
};

type Parts = Readonly<{
  folder: string;
  nats: NatsServer;
  postgres: FaultPostgres;
  store: EventStore;
}>;
