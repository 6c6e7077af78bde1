import type { Cluster, Layout } from '../cluster.ts';
import type { Exchanged, ExchangeJob } from '../jobs.ts';
import { figure, rounded, type Row } from '../report.ts';
import {
  connectAll,
  costOfEach,
  measure,
  toldAgain,
  withCluster,
  type Running,
} from './cluster.ts';
import { makeGroup, names, times, type Context, type Scenario } from './common.ts';

const layoutOf = (nodes: number): Layout => ({
  ...Object.fromEntries(
    Array.from({ length: nodes }, (_, at) => [`node${String(at + 1)}`, 'api,gateway']),
  ),
  projector: 'projector,reactor',
});
const NODES = [1, 2, 4];

const GROUP = 'hot';
/** All of them online, and all of them write. */
const MEMBERS = 40;
/** Messages a second in one conversation, of all its writers together. */
const RATES = { whole: [50, 200, 800], quick: [50] } as const;

/** How many messages were stored by how many appends, by the bounds of `seqline_append_tries`. */
type Tries = Readonly<{ bounds: readonly number[]; below: readonly number[]; sum: number }>;

const numbersOf = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

const triesIn = (text: string): Tries => ({
  bounds: numbersOf(text, /^seqline_append_tries_bucket\{le="([^"]+)"\}/gm).map((bound) =>
    bound === '+Inf' ? Infinity : Number(bound),
  ),
  below: numbersOf(text, /^seqline_append_tries_bucket\{[^}]*\} (\d+)/gm).map(Number),
  sum: Number(numbersOf(text, /^seqline_append_tries_sum (\d+)/gm)[0] ?? 0),
});

const triesOf = async (cluster: Cluster): Promise<Tries> => {
  const all = (await cluster.measures()).map(triesIn);
  return {
    bounds: all[0]?.bounds ?? [],
    below: (all[0]?.below ?? []).map((_, at) =>
      all.reduce((sum, { below }) => sum + (below[at] ?? 0), 0),
    ),
    sum: all.reduce((total, { sum }) => total + sum, 0),
  };
};

/** Between two looks, warming up included. */
const triesText = (before: Tries, after: Tries): string => {
  const below = after.below.map((count, at) => count - (before.below[at] ?? 0));
  const count = below.at(-1) ?? 0;
  if (count === 0) return 'no message was stored';
  const within = (share: number): string =>
    String(after.bounds[below.findIndex((reached) => reached >= share * count)] ?? 'more');
  const mean = (after.sum - before.sum) / count;
  return `appends a message: ${rounded(mean)} on average, p50 ${within(0.5)}, p99 ${within(0.99)}, p99.9 ${within(0.999)}`;
};

const rowOf = (what: string, runs: readonly Exchanged[], tries: string): Row => ({
  what,
  figure: figure(
    runs.map(({ acknowledged, seconds }) => acknowledged / seconds),
    ' messages/s',
  ),
  detail: [
    tries,
    `answer ${times(runs.map(({ acknowledgement }) => acknowledgement))}`,
    `delivery ${times(runs.map(({ delivery }) => delivery))} (p50 / p99 / max)`,
    ...toldAgain(runs),
    costOfEach(
      runs,
      runs.map(({ acknowledged }) => acknowledged),
      'message',
    ),
  ].join('; '),
});

const measured = async (
  running: Running,
  what: string,
  pace: ExchangeJob['pace'],
): Promise<Row> => {
  const before = await triesOf(running.cluster);
  const runs = await measure(running, what, pace);
  return rowOf(what, runs, triesText(before, await triesOf(running.cluster)));
};

const writtenFrom = (context: Context, nodes: number): Promise<readonly Row[]> =>
  withCluster(context, layoutOf(nodes), async (cluster, load) => {
    const { users = MEMBERS, quick } = context.options;
    const seats = await cluster.seats(names(users));
    await makeGroup(
      cluster,
      GROUP,
      seats.map(({ user }) => user),
    );
    await connectAll(load, seats);
    const flows = seats.map((_, seat) => ({ seat, group: GROUP }));
    const running = { context, cluster, load, flows, sent: { total: 0 } };
    const where = `one group of ${rounded(users)}, all writing, from ${String(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`;
    const rows: Row[] = [];
    for (const rate of RATES[quick ? 'quick' : 'whole']) {
      const pace = { kind: 'open', rate } as const;
      rows.push(await measured(running, `${where}, at ${rounded(rate)}/s`, pace));
    }
    const closed = { kind: 'closed', outstanding: 1 } as const;
    rows.push(await measured(running, `${where}, each 1 under way`, closed));
    return rows;
  });

/** The same load on one conversation, taken by one process and by several that do not know of each other. */
export const clusterHot: Scenario = async (context) => {
  const rows: Row[] = [];
  const { nodes: only } = context.options;
  for (const nodes of only === undefined ? NODES : [only])
    rows.push(...(await writtenFrom(context, nodes)));
  return rows;
};
