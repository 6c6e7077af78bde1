import { setTimeout as pause } from 'node:timers/promises';
import {
  SERVICE_NAMES,
  type ServiceName,
  type Topology,
  type Version,
  type Versioned,
} from './topology.ts';
import type { Fault } from './topologyFaults.ts';
import type { World } from './topologyWorld.ts';

/** As docs/OPERATIONS.md has it. */
const ORDER = ['standby', 'projector', 'api1', 'api2', 'gateway1', 'gateway2'] as const;
/** One of each kind is replaced, and one is not. */
const HALF = ['standby', 'api1', 'gateway1'] as const;
const OTHERS = ORDER.filter((name) => !HALF.some((half) => half === name));

const replace = async (
  { services, store, versions }: Topology,
  name: Versioned,
  version: Version,
): Promise<void> => {
  if (versions[name] === version) return;
  versions[name] = version;
  if (name === 'store') {
    await store.stop();
    await store.start();
    return;
  }
  await services[name].end('SIGTERM');
  await services[name].start();
};

const replaceAll = async (
  topology: Topology,
  names: readonly Versioned[],
  version: Version,
): Promise<void> => {
  for (const name of names) await replace(topology, name, version);
};

/** It comes back as what it was. */
const kill = async ({ topology, chance }: World, names: readonly ServiceName[]): Promise<void> => {
  const service = topology.services[chance.pick(names)];
  await service.end('SIGKILL');
  await service.start();
};

const ofVersion = ({ versions }: Topology, version: Version): readonly ServiceName[] =>
  SERVICE_NAMES.filter((name) => versions[name] === version);

/** From the old version to the new one, process by process, while members come and go all the time. */
export const UPGRADES: readonly Fault[] = [
  {
    name: 'upgrade, with an old and a new process killed on the way',
    run: async ({ world, cutMs, hurry }) => {
      const { topology } = world;
      hurry();
      await replaceAll(topology, HALF, 'new');
      await pause(cutMs);
      await kill(world, ofVersion(topology, 'old'));
      await kill(world, ofVersion(topology, 'new'));
      await pause(cutMs);
      await replaceAll(topology, OTHERS, 'new');
    },
  },
  {
    name: 'upgrade, half of it undone on the way',
    run: async ({ world: { topology }, cutMs, hurry }) => {
      hurry();
      await replaceAll(topology, HALF, 'new');
      await pause(cutMs);
      await replaceAll(topology, HALF.toReversed(), 'old');
      await replaceAll(topology, ORDER, 'new');
    },
  },
  {
    name: 'upgrade, the event store first',
    run: async ({ world: { topology }, hurry }) => {
      hurry();
      await replaceAll(topology, ['store', ...ORDER], 'new');
    },
  },
];

/** The way back, as long as nothing has been written that the old version does not know. */
export const DOWNGRADE: Fault = {
  name: 'back to the older version',
  run: async ({ world: { topology }, hurry }) => {
    hurry();
    await replaceAll(topology, [...ORDER.toReversed(), 'store'], 'old');
  },
};
