import { parseArgs } from 'node:util';

export const SCENARIOS = {
  messages: '1:1 messages: throughput (closed loop) and latency (open loop), JSON and gob+gzip',
  devices: 'one user on 30 devices: deliveries a second',
  groups: 'one group of 500 and of 1,000 members online: deliveries a second',
  'large-group': 'a group of 100,000 members: making it, joining, muting and sending in it, memory',
  history: 'a conversation read from its beginning, in pages of 100, by 1005 and by 1002',
  idle: '10,000 logged-in sockets that say nothing: memory of each, CPU of all',
  storm: '1,000 users connect and sync at once',
  rebuild: 'the read models made anew from the log',
  past: 'a log of 1,000,000 events exported, rebuilt from, verified and read as of a moment',
  'cluster-messages': 'many processes: 1:1 messages within one gateway and between two',
  'cluster-groups': 'many processes: groups of 500 and 1,000 members at one gateway and at two',
  'cluster-hot': 'many processes: one group that 1, 2 and 4 of them write at once',
  profile: 'not a figure: where the CPU time of 1:1 messages goes, by function',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** Only where they are named: those of many processes want a nats-server, and the other gives no figure. */
const isOnlyByName = (name: ScenarioName): boolean =>
  name === 'profile' || name.startsWith('cluster-');

const isScenario = (name: string): name is ScenarioName => Object.hasOwn(SCENARIOS, name);

const STORES = ['embedded', 'esdb'] as const;
export type StoreName = (typeof STORES)[number];

const storeOf = (name: string): StoreName => {
  const found = STORES.find((store) => store === name);
  if (found === undefined) throw new Error(`--store: ${STORES.join(' or ')}, not ${name}`);
  return found;
};

export type Options = Readonly<{
  scenarios: readonly ScenarioName[];
  /** Measured seconds of a run; what warms up comes on top. */
  seconds: number;
  /** Runs of each measurement; the figure is their median. */
  runs: number;
  /** Instead of the sizes that a scenario has by itself. */
  users: number | undefined;
  events: number | undefined;
  /** Of many processes: only with so many that serve sockets. */
  nodes: number | undefined;
  /** A data folder that test/bench/history.ts has made, which is copied instead of making one. */
  history: string | undefined;
  /** Where the log is: in the server, or in an event store that is a process of its own. */
  store: StoreName;
  quick: boolean;
  /** Profile of the server's CPU beside each run; the figures are lower for it. */
  profile: boolean;
  /** What the server's Node is started with besides, to see what it is good for. */
  nodeFlags: readonly string[];
}>;

const SECONDS = { whole: 10, quick: 3 } as const;
const RUNS = { whole: 3, quick: 1 } as const;

/** As `npm start` runs the server. */
const AS_STARTED: readonly string[] = ['--max-semi-space-size=64'];

export const HELP = `npm run bench -- [scenario…] [--seconds N] [--runs N] [--users N] [--nodes N] [--node FLAGS]
               [--store embedded|esdb] [--quick] [--profile]

Scenarios (if none is named, all but those of many processes, which need a nats-server, and profile):
${Object.entries(SCENARIOS)
  .map(([name, what]) => `  ${name.padEnd(18)}${what}`)
  .join('\n')}

  --seconds N   measured seconds of a run (${String(SECONDS.whole)})
  --runs N      runs of each measurement, of which the median is shown (${String(RUNS.whole)})
  --users N     users, instead of each scenario's own number
  --nodes N     of cluster-…: only with so many processes that serve sockets, instead of all numbers
  --events N    of past: events of the log (1,000,000)
  --history DIR of past: a data folder with so many events, made by test/bench/history.ts; it is copied
  --store NAME  embedded: the server has the log. esdb: "seqline eventstore" has it, a process of its own
  --node FLAGS  flags for the server's Node, instead of what npm start gives
  --quick       short, single, small runs: to see that it works, not to quote
  --profile     of history, storm, devices, groups and cluster-…: where the CPU time of each process goes
`;

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: not a number: ${text}`);
  return value;
};

/** 'help' where that is what was asked for. Throws on what it does not know. */
export const readOptions = (args: readonly string[]): Options | 'help' => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      profile: { type: 'boolean' },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      users: { type: 'string' },
      events: { type: 'string' },
      nodes: { type: 'string' },
      history: { type: 'string' },
      node: { type: 'string' },
      store: { type: 'string', default: 'embedded' },
    },
  });
  if (values.help === true) return 'help';
  const quick = values.quick === true;
  const size = quick ? 'quick' : 'whole';
  const scenarios = positionals.map((name) => {
    if (!isScenario(name)) throw new Error(`there is no scenario "${name}"`);
    return name;
  });
  const all = Object.keys(SCENARIOS).filter(isScenario);
  return {
    scenarios: scenarios.length > 0 ? scenarios : all.filter((name) => !isOnlyByName(name)),
    seconds: wholeNumber('seconds', values.seconds) ?? SECONDS[size],
    runs: wholeNumber('runs', values.runs) ?? RUNS[size],
    users: wholeNumber('users', values.users),
    events: wholeNumber('events', values.events),
    nodes: wholeNumber('nodes', values.nodes),
    history: values.history,
    store: storeOf(values.store),
    quick,
    profile: values.profile === true,
    nodeFlags: values.node?.split(' ') ?? AS_STARTED,
  };
};
