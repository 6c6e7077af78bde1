import { connect } from 'nats';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName, Topology } from './topology.ts';
import type { World } from './topologyWorld.ts';
import { until, untilTrue } from './until.ts';

/** A round as long as it is being spoilt. */
export type Spoilt = Readonly<{
  world: World;
  /** How long what is cut stays so. */
  cutMs: number;
  /** From now on members come and go all the time. */
  hurry: () => void;
}>;

export type Fault = Readonly<{ name: string; run: (spoilt: Spoilt) => Promise<void> }>;

/** What a gateway's NATS or log lags behind the other's, in milliseconds. */
const LATE_MS = 700;
/** Clients are back, and have synced, less than 5 s ago. */
const JUST_BACK_MS = 1_500;
const FLOOD_BYTES = 200_000;
const FLOODED_AT_ONCE = 20;
/** How a process writes that it tells of what it has stored, and of what is not stored, such as notices. */
const STORED = '"kind":"stored"';
const NOTICE = '"kind":"passing"';

const again = async (topology: Topology, name: ServiceName, signal: 'SIGKILL' | 'SIGTERM') => {
  await topology.services[name].end(signal);
  await topology.services[name].start();
};

const killed = (name: ServiceName): Fault => ({
  name: `kill -9 ${name}`,
  run: ({ world }) => again(world.topology, name, 'SIGKILL'),
});

type Dying = Readonly<{ names: readonly ServiceName[]; told: string; hurries?: boolean }>;

/**
 * What they say to NATS stays on its way; who has told of something that it has committed dies, and what it
 * said with it.
 */
const killedBeforePublishing = (what: string, { names, told, hurries = false }: Dying): Fault => ({
  name: `kill -9 ${what} between commit and publish`,
  run: async ({ world, hurry }) => {
    const services = names.map((name) => world.topology.services[name]);
    if (hurries) hurry();
    for (const { nats } of services) nats.hold('out');
    let dying: (typeof services)[number] | undefined;
    try {
      dying = await until('what is committed is on its way', () =>
        services.find(({ nats }) => nats.held('out').includes(told)),
      );
      await dying.end('SIGKILL');
    } finally {
      for (const { nats } of services) nats.release('out');
    }
    await dying.start();
  },
});

/** As a NATS that is overloaded by one reader: it gives up the connection of a gateway. */
const flood = async ({ nats, services, slowConsumers }: Topology): Promise<void> => {
  const publisher = await connect({ servers: nats.url });
  const before = await slowConsumers();
  try {
    const [subject] = await firstSubject(publisher);
    // A process passes over a kind of message that it does not know.
    const much = Buffer.from(JSON.stringify({ kind: 'nothing', pad: 'x'.repeat(FLOOD_BYTES) }));
    services.gateway2.nats.choke();
    await untilTrue('NATS gives up who is slow', async () => {
      for (let sent = 0; sent < FLOODED_AT_ONCE; sent += 1) publisher.publish(subject, much);
      await publisher.flush();
      return (await slowConsumers()) > before;
    });
  } finally {
    await publisher.close();
  }
};

/** Where processes tell all of themselves, each second. */
const firstSubject = async (
  publisher: Awaited<ReturnType<typeof connect>>,
): Promise<readonly [string]> => {
  for await (const { subject, data } of publisher.subscribe('seqline.>')) {
    if (Buffer.from(data).toString().includes('"kind":"member"')) return [subject];
  }
  throw new Error('NATS has gone');
};

/** Everything that is done to a cluster, by name. */
export const FAULTS: readonly Fault[] = [
  killed('gateway1'),
  killed('gateway2'),
  killed('api1'),
  killed('api2'),
  killed('projector'),
  killed('standby'),
  killedBeforePublishing('a gateway', { names: ['gateway1', 'gateway2'], told: STORED }),
  // Of the two one writes the lines that tell who has come and gone, and then tells of them.
  killedBeforePublishing('the reactor', {
    names: ['projector', 'standby'],
    told: NOTICE,
    hurries: true,
  }),
  {
    name: 'kill -9 a gateway again within 5 s of its clients coming back',
    run: async ({ world: { topology } }) => {
      await again(topology, 'gateway1', 'SIGKILL');
      await pause(JUST_BACK_MS);
      await again(topology, 'gateway1', 'SIGKILL');
    },
  },
  {
    name: 'restart every process, one after the other',
    run: async ({ world: { topology } }) => {
      for (const name of Object.keys(topology.services) as ServiceName[])
        await again(topology, name, 'SIGTERM');
    },
  },
  {
    name: 'cut NATS',
    run: async ({ world: { topology }, cutMs }) => {
      await topology.nats.kill();
      await pause(cutMs);
      await topology.nats.start();
    },
  },
  {
    name: 'cut one gateway off from NATS',
    run: async ({ world: { topology }, cutMs }) => {
      const { nats } = topology.services.gateway2;
      nats.cut();
      await pause(cutMs);
      nats.mend();
    },
  },
  {
    name: 'a gateway too slow for NATS, which gives it up',
    run: async ({ world: { topology }, cutMs }) => {
      await flood(topology);
      await pause(cutMs);
      topology.services.gateway2.nats.unchoke();
    },
  },
  {
    name: 'one gateway tells late, so that messages come out of order',
    run: async ({ world: { topology }, cutMs }) => {
      const { gateway1, gateway2 } = topology.services;
      gateway1.nats.delay('out', LATE_MS);
      // Of its own log it hears late as well: what the other tells comes first, and in pieces.
      gateway2.store.delay('in', LATE_MS / 2);
      await pause(cutMs);
      gateway1.nats.delay('out', 0);
      gateway2.store.delay('in', 0);
    },
  },
  {
    name: 'members come and go while gateways hear of it after what is said next',
    run: async ({ world: { topology }, cutMs, hurry }) => {
      const { gateway1, gateway2 } = topology.services;
      hurry();
      gateway1.store.delay('in', LATE_MS);
      await pause(cutMs / 2);
      gateway1.store.delay('in', 0);
      gateway2.store.delay('in', LATE_MS);
      await pause(cutMs / 2);
      gateway2.store.delay('in', 0);
    },
  },
  {
    name: 'cut Postgres',
    run: async ({ world: { topology }, cutMs }) => {
      await topology.postgres.stop();
      await pause(cutMs);
      await topology.postgres.start();
    },
  },
  {
    name: 'wipe the read models',
    run: async ({ world: { topology }, hurry }) => {
      hurry();
      await topology.postgres.ask('drop schema seqline cascade');
    },
  },
  {
    name: 'cut the event store',
    run: async ({ world: { topology }, cutMs }) => {
      await topology.store.kill();
      await pause(cutMs);
      await topology.store.start();
    },
  },
];
