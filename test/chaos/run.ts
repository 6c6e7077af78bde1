import { parseArgs } from 'node:util';
import { chanceFrom } from '../support/seeded.ts';
import { openTopology } from '../support/topology.ts';
import { FAULTS, openWorld, playRound, type Fault } from '../support/topologyRounds.ts';

/**
 * `npm run chaos -- --seed N --rounds M`: a cluster of plain processes, and round after round something is
 * done to it while its users write. It ends with the first thing that is not as promised.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '24' },
    users: { type: 'string', default: '200' },
    each: { type: 'string', default: '5' },
  },
});
const [seed, rounds, users, each] = [values.seed, values.rounds, values.users, values.each].map(
  Number,
) as [number, number, number, number];

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Each fault once before any comes again, in an order by chance. */
const orderOf = (chance: ReturnType<typeof chanceFrom>): (() => Fault) => {
  let left: Fault[] = [];
  return () => {
    if (left.length === 0) left = [...FAULTS];
    const [fault] = left.splice(chance.integer(left.length), 1);
    if (fault === undefined) throw new Error('there are faults');
    return fault;
  };
};

const chance = chanceFrom(seed);
const next = orderOf(chance);
const topology = await openTopology({ SEQLINE_LOG_LEVEL: 'warn' });
const took = new Map<string, number[]>();
let messages = 0;
try {
  await topology.start();
  const world = await openWorld(topology, users, chance);
  say(`seed ${String(seed)}: ${String(users)} users, ${String(rounds)} rounds`);
  for (let round = 1; round <= rounds; round += 1) {
    const fault = next();
    const result = await playRound(world, fault, { round, each });
    messages += result.messages;
    took.set(fault.name, [...(took.get(fault.name) ?? []), result.convergedMs]);
    say(
      `${String(round)}  ${fault.name}: all the same ${result.convergedMs.toFixed(0)} ms after it`,
    );
  }
  world.close();
  say(`\n${String(messages)} messages, none lost, none doubled, one order everywhere\n`);
  say('| what was done | rounds | until all had heard of everything, median | at most |');
  say('| --- | --- | --- | --- |');
  for (const [name, all] of [...took].sort()) {
    const sorted = all.toSorted((one, other) => one - other);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const most = sorted.at(-1) ?? 0;
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
    say(`| ${name} | ${String(all.length)} | ${seconds(median)} | ${seconds(most)} |`);
  }
} catch (error) {
  say(`FAILED with seed ${String(seed)}: ${String(error)}`);
  for (const { name, log } of Object.values(topology.services)) say(`--- ${name}\n${log()}`);
  process.exitCode = 1;
}
await topology.dispose();
