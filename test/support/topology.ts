import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStoreProcess, type EventStoreProcess } from './eventStoreProcess.ts';
import { openFaultPostgres, type FaultPostgres } from './faultPostgres.ts';
import { openFaultLine, type FaultLine } from './faultLine.ts';
import { numberAt, textAt } from './json.ts';
import { natsServer, type NatsServer } from './natsServer.ts';
import { ENTRY, freePort, programOf, type Program } from './program.ts';
import { post, replyOf, type Reply } from './seqline.ts';

const ADMIN = 'imAdmin';
const KEYS_DATABASE = 'seqline_keys';
/** A reader that is slow is given up sooner than by default, so that a round can have one. */
const NATS_CONFIGURATION = 'max_pending: 2000000\nwrite_deadline: "1s"\n';

/**
 * The services of infra/deploy/compose.yaml as plain processes of one machine. A process that stands by has
 * the same roles as the one it stands by for.
 */
export const SERVICES = {
  api1: 'api',
  api2: 'api',
  gateway1: 'gateway',
  gateway2: 'gateway',
  projector: 'projector,reactor',
  standby: 'projector,reactor',
} as const;

export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];

/** Of which version what is started runs: the one under test, or an older one. */
export type Version = 'old' | 'new';
/** What may be of either: the processes, and the one that has the log. */
export type Versioned = ServiceName | 'store';

export type Service = Program &
  Readonly<{
    name: ServiceName;
    apiAddr: string;
    wsAddr: string;
    httpPort: number;
    wsPort: number;
    ready: () => Promise<boolean>;
    /** Between it and NATS, and the event store. */
    nats: FaultLine;
    store: FaultLine;
  }>;

export type Topology = Readonly<{
  services: Readonly<Record<ServiceName, Service>>;
  nats: NatsServer;
  /** How many connections NATS has given up since it was started, because their readers were too slow. */
  slowConsumers: () => Promise<number>;
  postgres: FaultPostgres;
  store: EventStoreProcess;
  settings: Readonly<Record<string, string>>;
  /** Which version each runs, or will at its next start; all are old at first if there is an old one. */
  versions: Record<Versioned, Version>;
  /** Starts everything, in the order of what depends on what. */
  start: () => Promise<void>;
  api: (name: 'api1' | 'api2', path: string, body: unknown, token?: string) => Promise<Reply>;
  asAdmin: (path: string, body: unknown, name?: 'api1' | 'api2') => Promise<unknown>;
  tokenOf: (user: string, platformID: number, name?: 'api1' | 'api2') => Promise<string>;
  dispose: () => Promise<void>;
}>;

/** Not started yet. `more` goes to every process of Seqline; `old` is the program of an older version. */
export const openTopology = async (
  more: Readonly<Record<string, string>> = {},
  old?: string,
): Promise<Topology> => {
  const first: Version = old === undefined ? 'new' : 'old';
  const versions: Record<Versioned, Version> = {
    ...{ api1: first, api2: first, gateway1: first, gateway2: first },
    ...{ projector: first, standby: first, store: first },
  };
  const entryOf = (name: Versioned) => (): string =>
    versions[name] === 'old' && old !== undefined ? old : ENTRY;
  const folder = await mkdtemp(join(tmpdir(), 'seqline-topology-'));
  const secret = randomBytes(24).toString('hex');
  const configuration = join(folder, 'nats.conf');
  await writeFile(configuration, NATS_CONFIGURATION);
  const natsMonitor = await freePort();
  const nats = await natsServer('-c', configuration, '-m', String(natsMonitor));
  const store = await openEventStoreProcess(entryOf('store'));
  const postgres = await openFaultPostgres();
  await postgres.ask(`create database ${KEYS_DATABASE}`);
  const keys = postgres.url.replace(/(:\/\/[^/]*\/)[^?]*/, `$1${KEYS_DATABASE}`);
  const settings = {
    SEQLINE_SECRET: secret,
    DATABASE_URL: postgres.url,
    SEQLINE_KEYS: keys,
    ...more,
  };

  const service = async (name: ServiceName): Promise<Service> => {
    const [httpPort, wsPort] = [await freePort(), await freePort()];
    const apiAddr = `http://127.0.0.1:${String(httpPort)}`;
    const toNats = await openFaultLine(nats.port);
    const toStore = await openFaultLine(store.port);
    const ready = async (): Promise<boolean> => {
      try {
        return (await fetch(`${apiAddr}/readyz`)).status === 200;
      } catch {
        return false; // Nothing listens: that is the answer.
      }
    };
    const program = programOf({
      args: ['serve', '--roles', SERVICES[name]],
      settings: {
        ...settings,
        SEQLINE_BUS: `nats://127.0.0.1:${String(toNats.port)}`,
        SEQLINE_EVENTSTORE: `esdb://127.0.0.1:${String(toStore.port)}?tls=false`,
        SEQLINE_DATA: join(folder, name),
        SEQLINE_HTTP_PORT: String(httpPort),
        SEQLINE_WS_PORT: String(wsPort),
      },
      isUp: async (said) => said.includes('Seqline is ready') && (await ready()),
      entry: entryOf(name),
    });
    const wsAddr = `ws://127.0.0.1:${String(wsPort)}`;
    return {
      ...program,
      name,
      apiAddr,
      wsAddr,
      httpPort,
      wsPort,
      ready,
      nats: toNats,
      store: toStore,
    };
  };
  const services = {
    api1: await service('api1'),
    api2: await service('api2'),
    gateway1: await service('gateway1'),
    gateway2: await service('gateway2'),
    projector: await service('projector'),
    standby: await service('standby'),
  };

  const api: Topology['api'] = async (name, path, body, token) => {
    const answer = await post(`${services[name].apiAddr}${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      operationID: `topology-${randomBytes(6).toString('hex')}`,
      ...(token !== undefined && { token }),
    });
    return replyOf(answer.status, answer.text);
  };
  let admin: string | undefined;
  const asAdmin: Topology['asAdmin'] = async (path, body, name = 'api1') => {
    admin ??= textAt(
      (await api('api1', '/auth/get_admin_token', { secret, userID: ADMIN })).data,
      'token',
    );
    const reply = await api(name, path, body, admin);
    if (reply.errCode !== 0)
      throw new Error(`${path}: ${JSON.stringify(reply)}\n${services[name].log()}`);
    return reply.data;
  };

  return {
    services,
    nats,
    slowConsumers: async () => {
      const answer = await fetch(`http://127.0.0.1:${String(natsMonitor)}/varz`);
      return numberAt(await answer.json(), 'slow_consumers');
    },
    postgres,
    store,
    settings,
    versions,
    start: async () => {
      await nats.start();
      await store.start();
      // The projector first: the others are ready once there are tables.
      await services.projector.start();
      const others = SERVICE_NAMES.filter((name) => name !== 'projector');
      await Promise.all(others.map((name) => services[name].start()));
    },
    api,
    asAdmin,
    tokenOf: async (userID, platformID, name) =>
      textAt(await asAdmin('/auth/get_user_token', { userID, platformID }, name), 'token'),
    dispose: async () => {
      for (const name of SERVICE_NAMES) await services[name].end('SIGKILL');
      for (const name of SERVICE_NAMES) {
        await services[name].nats.close();
        await services[name].store.close();
      }
      await store.dispose();
      await postgres.dispose();
      await nats.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
