import { JSON_FORM } from '../../support/rawWire.ts';
import { Cluster, type Layout } from '../cluster.ts';
import type { Exchanged, ExchangeJob, Flow, Seat } from '../jobs.ts';
import { LoadProcess } from '../loadProcess.ts';
import { spreadOf } from '../quantiles.ts';
import { busyLoad, figure, rounded, type Row } from '../report.ts';
import {
  allUnderProfiler,
  CONNECT_AT_ONCE,
  makeGroup,
  names,
  pairs,
  repeated,
  times,
  WARM_SECONDS,
  type Context,
  type Scenario,
} from './common.ts';

/** What stands beside the gateways, whatever their number. */
const BESIDE = { api: 'api', projector: 'projector,reactor' } as const;
const LAYOUTS: readonly Readonly<{ nodes: number; name: string; layout: Layout }>[] = [
  { nodes: 1, name: 'one gateway', layout: { gateway1: 'gateway', ...BESIDE } },
  {
    nodes: 2,
    name: 'two gateways',
    layout: { gateway1: 'gateway', gateway2: 'gateway', ...BESIDE },
  },
];

const MEMBERS = { whole: [500, 1_000], quick: [50] } as const;
const USERS = { whole: [100], quick: [20] } as const;
const GROUP = 'crowd';
const OUTSTANDING = 10;
/** The open loop runs at this share of what the closed loop has shown to be possible. */
const SHARE = 0.5;

/** A cluster and a load for as long as `work` needs them. */
export const withCluster = async <T>(
  { options: { nodeFlags, profile }, pinned, say }: Context,
  layout: Layout,
  work: (cluster: Cluster, load: LoadProcess) => Promise<T>,
): Promise<T> => {
  const cluster = await Cluster.start({ layout, pinned, nodeFlags, inspected: profile });
  const load = new LoadProcess(pinned?.load);
  try {
    return await work(cluster, load);
  } catch (error) {
    say(`--- what the processes said ---\n${cluster.said}`);
    throw error;
  } finally {
    load.close();
    await cluster.dispose();
  }
};

export const connectAll = (load: LoadProcess, seats: readonly Seat[]): Promise<unknown> =>
  load.ask({
    kind: 'connect',
    wsAddr: '',
    form: JSON_FORM,
    seats,
    atOnce: CONNECT_AT_ONCE,
    // That a group is made comes to whoever is online when it is told.
    lateNotices: true,
    again: true,
  });

export type Running = Readonly<{
  context: Context;
  cluster: Cluster;
  load: LoadProcess;
  flows: readonly Flow[];
  /** How many messages there have been before a run, so that the read models can be waited for. */
  sent: { total: number };
}>;

export const measure = async (
  { context, cluster, load, flows, sent }: Running,
  label: string,
  pace: ExchangeJob['pace'],
): Promise<readonly Exchanged[]> =>
  repeated(context.options.runs, async (index) => {
    const exchange = {
      kind: 'exchange',
      pids: cluster.pids,
      flows,
      warmSeconds: WARM_SECONDS,
      seconds: context.options.seconds,
      pace,
      again: true,
    } as const;
    const send = (): Promise<Exchanged> => load.ask(exchange);
    const run = await (context.options.profile
      ? allUnderProfiler(context, cluster.inspected, pace.kind, send, ({ total }) => total)
      : send());
    sent.total += run.total;
    await cluster.projected(sent.total);
    const rate = rounded(run.acknowledged / run.seconds);
    context.say(`${label}, run ${String(index + 1)}: ${rate} messages/s`);
    return run;
  });

/** How busy each process was, in shares of one core, and what of it went into one `unit`. */
export const costOfEach = (
  runs: readonly Exchanged[],
  counts: readonly number[],
  unit: string,
): string => {
  const processes = Object.keys(runs[0]?.cpu.each ?? {});
  const lines = processes.map((name) => {
    const share = spreadOf(runs.map(({ cpu, seconds }) => (cpu.each[name] ?? 0) / seconds)).median;
    const each = spreadOf(
      runs.map(({ cpu }, run) => ((cpu.each[name] ?? 0) / (counts[run] ?? 1)) * 1e6),
    ).median;
    return `${name} ${String(Math.round(share * 100))} % (${rounded(each)} µs)`;
  });
  const loads = runs.map(({ cpu, seconds }) => cpu.load / seconds);
  const load = `load ${String(Math.round(spreadOf(loads).median * 100))} %`;
  return `CPU, and of it a ${unit}: ${[...lines, load].join(', ')}${busyLoad(loads)}`;
};

/** Nothing where none was: whoever was told so has sent the same message once more, and it came once. */
export const toldAgain = (runs: readonly Exchanged[]): readonly string[] => {
  const again = runs.reduce((sum, run) => sum + run.again, 0);
  const total = runs.reduce((sum, run) => sum + run.total, 0);
  return again === 0 ? [] : [`${rounded(again)} of ${rounded(total)} sends told to try again`];
};

const messageRates = (runs: readonly Exchanged[]): readonly number[] =>
  runs.map(({ acknowledged, seconds }) => acknowledged / seconds);

const rowOf = (what: string, runs: readonly Exchanged[], unit: 'delivery' | 'message'): Row => {
  const delivered = runs.map((run) => run.delivered);
  const perSecond = runs.map((run) => run.delivered / run.seconds);
  return {
    what,
    figure: figure(perSecond, unit === 'delivery' ? ' deliveries/s' : ' messages/s'),
    detail: [
      ...(unit === 'delivery' ? [figure(messageRates(runs), ' messages/s')] : []),
      `answer ${times(runs.map(({ acknowledgement }) => acknowledgement))}`,
      `delivery ${times(runs.map(({ delivery }) => delivery))} (p50 / p99 / max)`,
      ...toldAgain(runs),
      costOfEach(runs, delivered, unit),
    ].join('; '),
  };
};

/** As fast as may be, and then at half of that. */
const bothPaces = async (
  running: Running,
  what: string,
  unit: 'delivery' | 'message',
): Promise<readonly Row[]> => {
  const closed = `${what}, ${String(OUTSTANDING)} under way${unit === 'message' ? ' each' : ''}`;
  const fast = await measure(running, closed, { kind: 'closed', outstanding: OUTSTANDING });
  const rate = Math.max(Math.floor(spreadOf(messageRates(fast)).median * SHARE), 1);
  const open = `${what}, at ${rounded(rate)}/s`;
  const half = await measure(running, open, { kind: 'open', rate });
  return [rowOf(closed, fast, unit), rowOf(open, half, unit)];
};

type Kind = (
  context: Context,
  count: number,
  at: (typeof LAYOUTS)[number],
) => Promise<readonly Row[]>;

const crowd: Kind = (context, members, { name, layout }) =>
  withCluster(context, layout, async (cluster, load) => {
    const seats = await cluster.seats(names(members));
    await makeGroup(
      cluster,
      GROUP,
      seats.map(({ user }) => user),
    );
    await connectAll(load, seats);
    const flows = [{ seat: 0, group: GROUP }];
    const running = { context, cluster, load, flows, sent: { total: 0 } };
    return bothPaces(
      running,
      `${name}: one group, ${rounded(members)} members online, one sender`,
      'delivery',
    );
  });

/** Neighbours write to each other: with two gateways each is at another one than its friend. */
const chats: Kind = (context, users, { name, layout }) =>
  withCluster(context, layout, async (cluster, load) => {
    const seats = await cluster.seats(names(users));
    await connectAll(load, seats);
    const running = { context, cluster, load, flows: pairs(seats), sent: { total: 0 } };
    return bothPaces(running, `${name}: 1:1, ${rounded(users)} users`, 'message');
  });

const everywhere =
  (kind: Kind, sizes: Readonly<Record<'whole' | 'quick', readonly number[]>>): Scenario =>
  async (context) => {
    const { users, quick, nodes } = context.options;
    const layouts = LAYOUTS.filter((one) => nodes === undefined || one.nodes === nodes);
    const rows: Row[] = [];
    for (const count of users === undefined ? sizes[quick ? 'quick' : 'whole'] : [users]) {
      for (const at of layouts) rows.push(...(await kind(context, count, at)));
    }
    return rows;
  };

export const clusterGroups: Scenario = everywhere(crowd, MEMBERS);
export const clusterMessages: Scenario = everywhere(chats, USERS);
