import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chanceFrom } from '../support/seeded.ts';
import { openTopology } from '../support/topology.ts';
import { FAULTS, type Fault } from '../support/topologyFaults.ts';
import { playRound } from '../support/topologyRounds.ts';
import { DOWNGRADE, UPGRADES } from '../support/topologyUpgrades.ts';
import { openWorld, type World } from '../support/topologyWorld.ts';

/**
 * `npm run chaos -- --seed N --rounds M --users U`: a cluster of plain processes, and round after round
 * something is done to it while its users write. It ends with the first thing that is not as promised, and
 * fails in the end if somebody heard of something too late, or missed a notice. `--json FILE` has the figures of each round,
 * `--only TEXT,TEXT` plays those rounds alone whose names have one of these in them. With `--from DIR`, a built checkout
 * of an older version, the cluster goes from that to this one and back, round after round.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '36' },
    users: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout
    .write(`npm run chaos -- [--seed N] [--rounds N] [--users N] [--only TEXT,TEXT] [--json FILE] [--from DIR]

  --seed N      the order of what is done, and who writes to whom (1)
  --rounds N    how many (36); each fault comes once before any comes again
  --users N     how many write (200)
  --only TEXT   faults that have one of these texts in their names:
${[...FAULTS, ...UPGRADES].map(({ name }) => `                  ${name}`).join('\n')}
  --json FILE   has the figures of each round
  --from DIR    a checkout of an older version, in which "npm run build" was run: upgrades from it, and the way
                back after each
`);
  process.exit(0);
}
const [seed, rounds, users] = [values.seed, values.rounds, values.users].map(Number) as [
  number,
  number,
  number,
];
const only = values.only.split(',');
const from = values.from;
const faults = (from === undefined ? FAULTS : UPGRADES).filter(({ name }) =>
  only.some((text) => name.includes(text)),
);

/** After the end of what was done, until everybody has heard of everything. */
const LIMIT_MS = 15_000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Each fault once before any comes again, in an order by chance; after each upgrade the way back. */
const orderOf = (chance: ReturnType<typeof chanceFrom>): (() => Fault) => {
  let left: Fault[] = [];
  let isUpgraded = false;
  return () => {
    isUpgraded = from !== undefined && !isUpgraded;
    if (from !== undefined && !isUpgraded) return DOWNGRADE;
    if (left.length === 0) left = [...faults];
    const [fault] = left.splice(chance.integer(left.length), 1);
    if (fault === undefined) throw new Error('there are faults');
    return fault;
  };
};

type Played = Readonly<{
  round: number;
  fault: string;
  messages: number;
  convergedMs: number;
  /** Sends that had no answer in 10 s, or were told to try again, and were sent again as users do who see that. */
  sentAgain: number;
  triedAgain: number;
  /** Notices that did not come. */
  untold: number;
}>;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const againOf = ({ sentAgain, triedAgain }: Pick<Played, 'sentAgain' | 'triedAgain'>): string =>
  `${String(sentAgain)} sends had no answer in 10 s and ${String(triedAgain)} were told to try again; ` +
  'all were sent again';

const HEADINGS = [
  'what was done',
  'rounds',
  'until all had heard of everything, median',
  'at most',
];

/** As docs/RELIABILITY.md has it. */
const tableOf = (played: readonly Played[]): readonly string[] => {
  const names = [...new Set(played.map(({ fault }) => fault))].sort();
  const rows = names.map((name) => {
    const times = played.flatMap(({ fault, convergedMs }) => (fault === name ? [convergedMs] : []));
    times.sort((one, other) => one - other);
    const median = times[Math.floor(times.length / 2)] ?? 0;
    return [name, String(times.length), seconds(median), seconds(times.at(-1) ?? 0)];
  });
  const widths = HEADINGS.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
};

const next = orderOf(chanceFrom(seed));
// Who comes into a group sees nothing from before: so there is something that must not be shown.
const topology = await openTopology(
  { SEQLINE_LOG_LEVEL: 'warn', SEQLINE_GROUP_HISTORY: 'off' },
  from && resolve(from, 'dist/infra/app/main.js'),
);
const played: Played[] = [];
const late: string[] = [];

const playAll = async (world: World): Promise<void> => {
  for (let round = 1; round <= rounds; round += 1) {
    const fault = next();
    const began = performance.now();
    process.stdout.write(`${String(round)}  ${fault.name}: `);
    const result = await playRound(world, fault, { round, limitMs: LIMIT_MS });
    const { messages, convergedMs, sentAgain, triedAgain, untold } = result;
    played.push({
      ...{ round, fault: fault.name, messages, convergedMs, sentAgain, triedAgain },
      untold: untold.length,
    });
    say(
      `${String(messages)} messages, all the same ${seconds(convergedMs)} after it ` +
        `(${seconds(performance.now() - began)})`,
    );
    if (sentAgain + triedAgain > 0) say(`    ${againOf({ sentAgain, triedAgain })}`);
    if (untold.length > 0)
      say(`    ${String(untold.length)} notices did not come: ${untold.slice(0, 3).join('; ')}`);
    if (convergedMs <= LIMIT_MS) continue;
    late.push(`round ${String(round)} took ${seconds(convergedMs)}`, ...result.late);
    for (const text of result.late) say(`    ${text}`);
  }
  world.check.run(true);
};

try {
  const begun = performance.now();
  await topology.start();
  const world = await openWorld(topology, users, chanceFrom(seed));
  const groups = `${String(world.groups.length)} groups`;
  say(`seed ${String(seed)}: ${String(users)} users, ${groups}`);
  const made = world.log.moves.length;
  await playAll(world);
  await world.close();
  const sum = (of: (round: Played) => number): number =>
    played.reduce((total, round) => total + of(round), 0);
  const messages = sum((round) => round.messages);
  const minutes = Math.round((performance.now() - begun) / 60_000);
  say(
    `\nSeed ${String(seed)}, ${String(rounds)} rounds, ${String(users)} users, ${groups} with ` +
      `${String(world.log.moves.length - made)} comings and goings, ${String(messages)} messages, in ` +
      `${String(minutes)} minutes: none lost, none doubled, one order everywhere, nobody shown ` +
      'what is not for it\n',
  );
  for (const line of tableOf(played)) say(line);
  const [sentAgain, triedAgain] = [
    sum((round) => round.sentAgain),
    sum((round) => round.triedAgain),
  ];
  say(`\n${againOf({ sentAgain, triedAgain })}`);
  const untold = sum((round) => round.untold);
  say(
    `\n${String(untold)} notices of comings and goings did not come to members that were connected`,
  );
  if (late.length > 0) throw new Error(`later than ${seconds(LIMIT_MS)}:\n${late.join('\n')}`);
  if (untold > 0) throw new Error(`${String(untold)} notices were missed`);
} catch (error) {
  say(`\nFAILED with seed ${String(seed)}: ${String(error)}`);
  for (const { name, log } of Object.values(topology.services)) say(`--- ${name}\n${log()}`);
  process.exitCode = 1;
}
if (values.json !== undefined)
  await writeFile(
    values.json,
    JSON.stringify({ seed, users, passed: process.exitCode !== 1, late, rounds: played }, null, 2),
  );
await topology.dispose();
// Clients of a world that was not closed go on trying.
process.exit();
