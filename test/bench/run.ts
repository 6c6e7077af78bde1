/** The benchmark: `npm run bench -- --help`. What it measures and how stands in docs/BENCHMARKS.md. */
import { RunFailed } from './loadProcess.ts';
import { HELP, readOptions, type ScenarioName } from './options.ts';
import { pinMyself, pinning } from './processes.ts';
import { machine, table, type Row } from './report.ts';
import { clusterGroups, clusterMessages } from './scenarios/cluster.ts';
import { clusterHot } from './scenarios/clusterHot.ts';
import type { Scenario } from './scenarios/common.ts';
import { devices } from './scenarios/devices.ts';
import { groups } from './scenarios/groups.ts';
import { history } from './scenarios/history.ts';
import { idle } from './scenarios/idle.ts';
import { largeGroup } from './scenarios/largeGroup.ts';
import { messages } from './scenarios/messages.ts';
import { past } from './scenarios/past.ts';
import { profile } from './scenarios/profile.ts';
import { rebuild } from './scenarios/rebuild.ts';
import { storm } from './scenarios/storm.ts';

const RUN: Readonly<Record<ScenarioName, Scenario>> = {
  messages,
  devices,
  groups,
  'large-group': largeGroup,
  history,
  idle,
  storm,
  rebuild,
  past,
  'cluster-messages': clusterMessages,
  'cluster-groups': clusterGroups,
  'cluster-hot': clusterHot,
  profile,
};

const run = async (args: readonly string[]): Promise<number> => {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const pinned = pinning();
  pinMyself(pinned?.load);
  console.log(machine(pinned, options.store));
  if (options.nodeFlags.length > 0) console.log(`- server with ${options.nodeFlags.join(' ')}`);
  console.log();
  const rows: Row[] = [];
  let failed = 0;
  for (const name of options.scenarios) {
    try {
      const context = { options, pinned, say: (line: string) => console.log(line) };
      rows.push(...(await RUN[name](context)));
    } catch (error) {
      // The others are worth their figures all the same; this one has none.
      failed += 1;
      console.error(`FAILED ${name}, which therefore has no figures:`);
      console.error(error instanceof RunFailed ? error.message : error);
    }
  }
  if (rows.length > 0) console.log(`\n${table(rows)}`);
  return failed === 0 ? 0 : 1;
};

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
