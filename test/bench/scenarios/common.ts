import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORKING_GROUP } from '../../../gateways/openim/group.ts';
import { isRecord } from '../../support/json.ts';
import { Inspector } from '../inspector.ts';
import type { Exchanged, Seat, SingleFlow } from '../jobs.ts';
import { LoadProcess } from '../loadProcess.ts';
import type { Options } from '../options.ts';
import { childrenKib, mib, rssKib, type Pinning } from '../processes.ts';
import { parseProfile, summary } from '../profile.ts';
import { spreadOf, type Quantiles } from '../quantiles.ts';
import { busyLoad, rounded, type Row } from '../report.ts';
import { Server, type ServerOptions } from '../server.ts';
import { settled } from '../until.ts';

export type Context = Readonly<{
  options: Options;
  pinned: Pinning | undefined;
  /** A line on what goes on; the figures come at the end. */
  say: (line: string) => void;
}>;

export type Scenario = (context: Context) => Promise<readonly Row[]>;

export const CONNECT_AT_ONCE = 50;
export const WARM_SECONDS = 3;

/** A server and a load for as long as `work` needs them. */
export const withServer = async <T>(
  { options: { nodeFlags, profile, store }, pinned, say }: Context,
  options: Omit<ServerOptions, 'core' | 'nodeFlags' | 'store'>,
  work: (server: Server, load: LoadProcess) => Promise<T>,
): Promise<T> => {
  const server = await Server.start({
    core: pinned?.server,
    nodeFlags,
    inspected: profile,
    // Beside the load: the server and its Postgres then have their core as they have it otherwise.
    ...(store === 'esdb' && { store: { core: pinned?.load } }),
    ...options,
  });
  const load = new LoadProcess(pinned?.load);
  try {
    return await work(server, load);
  } catch (error) {
    say(`--- what the server said ---\n${server.said}`);
    throw error;
  } finally {
    load.close();
    await server.dispose();
  }
};

export const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `user_${String(index).padStart(6, '0')}`);

/** Every user talks with its neighbour, and the neighbour with it. */
export const pairs = (seats: readonly Seat[]): readonly SingleFlow[] =>
  seats.flatMap((_, seat) => {
    const other = seats[seat % 2 === 0 ? seat + 1 : seat - 1];
    return other === undefined ? [] : [{ seat, to: other.user }];
  });

/** One after another: two at a time would measure each other. */
export const repeated = async <T>(
  runs: number,
  run: (index: number) => Promise<T>,
): Promise<readonly T[]> => {
  const results: T[] = [];
  for (let index = 0; index < runs; index++) results.push(await run(index));
  return results;
};

/** Between two looks, in microseconds: often enough for what takes 1 % of a message. */
const LOOK_EVERY = 200;

/** A process of Node that was started with its inspector open, and what it is called. */
export type Inspected = Readonly<{ process: string; address: string }>;

const inspectedOf = ({ inspectorAddr, storeInspectorAddr }: Server): readonly Inspected[] => [
  { process: 'server', address: inspectorAddr },
  ...(storeInspectorAddr === undefined
    ? []
    : [{ process: 'event store', address: storeInspectorAddr }]),
];

/** Does the work with Node's profiler attached to each process, and says where their time went. */
export const allUnderProfiler = async <T>(
  { say }: Pick<Context, 'say'>,
  processes: readonly Inspected[],
  name: string,
  work: () => Promise<T>,
  unitsOf: (result: T) => number,
): Promise<T> => {
  const profilers = await Promise.all(
    processes.map(async ({ process, address }) => ({
      process,
      profiler: await startProfiler(address),
    })),
  );
  const result = await work();
  const folder = await mkdtemp(join(tmpdir(), 'seqline-profile-'));
  for (const { process, profiler } of profilers) {
    const taken = await profiler.stop();
    const file = join(folder, `${name}-${process.replace(' ', '-')}.cpuprofile`);
    await writeFile(file, JSON.stringify(taken));
    say(`\n${name}, ${process}; the profile is in ${file}`);
    say(summary(parseProfile(taken), unitsOf(result)));
  }
  return result;
};

export const underProfiler = <T>(
  context: Pick<Context, 'say'>,
  server: Server,
  name: string,
  work: () => Promise<T>,
  unitsOf: (result: T) => number,
): Promise<T> => allUnderProfiler(context, inspectedOf(server), name, work, unitsOf);

type Profiler = Readonly<{ stop: () => Promise<unknown> }>;

const startProfiler = async (address: string): Promise<Profiler> => {
  const inspector = await Inspector.attach(address);
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.setSamplingInterval', { interval: LOOK_EVERY });
  await inspector.ask('Profiler.start');
  return {
    stop: async () => {
      const stopped = await inspector.ask('Profiler.stop');
      inspector.close();
      return isRecord(stopped) ? stopped['profile'] : undefined;
    },
  };
};

/** As `underProfiler`, where that has been asked for. */
export const perhapsProfiled = <T>(
  context: Context,
  server: Server,
  name: string,
  work: () => Promise<T>,
  unitsOf: (result: T) => number,
): Promise<T> =>
  context.options.profile ? underProfiler(context, server, name, work, unitsOf) : work();

/** Medians of the runs' quantiles; the greatest of their greatest. */
export const times = (all: readonly Quantiles[]): string => {
  const median = (pick: (one: Quantiles) => number) => rounded(spreadOf(all.map(pick)).median);
  const max = rounded(Math.max(...all.map((one) => one.max)));
  return `${median(({ p50 }) => p50)} / ${median(({ p99 }) => p99)} / ${max} ms`;
};

type Cost = Pick<Exchanged, 'cpu' | 'seconds'>;

/** How busy each process was, in shares of one core, and what of it went into one `unit`. */
export const cost = (runs: readonly Cost[], counts: readonly number[], unit: string): string => {
  const share = (pick: (one: Cost['cpu']) => number): number =>
    spreadOf(runs.map(({ cpu, seconds }) => pick(cpu) / seconds)).median;
  const each = (pick: (one: Cost['cpu']) => number): string =>
    rounded(spreadOf(runs.map(({ cpu }, run) => (pick(cpu) / (counts[run] ?? 1)) * 1e6)).median);
  const hasStore = runs.some(({ cpu }) => cpu.store > 0);
  const percent = (value: number): string => `${String(Math.round(value * 100))} %`;
  return (
    `CPU: node ${percent(share(({ node }) => node))}, Postgres ` +
    `${percent(share(({ postgres }) => postgres))}, ` +
    (hasStore ? `event store ${percent(share(({ store }) => store))}, ` : '') +
    `load ${percent(share(({ load }) => load))}; ` +
    `µs a ${unit}: node ${each(({ node }) => node)}, Postgres ${each(({ postgres }) => postgres)}` +
    (hasStore ? `, event store ${each(({ store }) => store)}` : '') +
    busyLoad(runs.map(({ cpu, seconds }) => cpu.load / seconds))
  );
};

export const memory = ({ pid }: Server): string =>
  `memory: node ${rounded(mib(rssKib(pid)))} MiB, Postgres ${rounded(mib(childrenKib(pid)))} MiB`;

/** Of a group: who may come in without being asked about (OpenIM's needVerification). */
const OPEN_TO_ALL = 2;

const SETTLED = { within: 120_000, every: 1_000, steady: 5 } as const;

type Memory = Readonly<{ asItIs: number; collected: number }>;

/**
 * Resident KiB of an inspected server's Node once they settle by themselves; and after the garbage has been
 * collected.
 */
export const memoryOf = async ({ pid, inspectorAddr }: Server): Promise<Memory> => {
  const asItIs = await settled(() => rssKib(pid), SETTLED);
  const inspector = await Inspector.attach(inspectorAddr);
  await inspector.ask('HeapProfiler.collectGarbage');
  inspector.close();
  return { asItIs, collected: await settled(() => rssKib(pid), SETTLED) };
};

/** Has an app admin make a group that everybody may come into; no line in its chat says so. */
export const makeGroup = async (
  server: Pick<Server, 'asAdmin'>,
  group: string,
  [owner, ...members]: readonly string[],
): Promise<void> => {
  await server.asAdmin('/group/create_group', {
    ownerUserID: owner,
    memberUserIDs: members,
    groupInfo: {
      groupID: group,
      groupName: `${group} of the benchmark`,
      groupType: WORKING_GROUP,
      needVerification: OPEN_TO_ALL,
    },
    sendMessage: false,
  });
};
