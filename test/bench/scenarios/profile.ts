import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GOB_FORM, JSON_FORM } from '../../support/rawWire.ts';
import { isRecord } from '../../support/json.ts';
import { Inspector } from '../inspector.ts';
import { parseProfile, summary } from '../profile.ts';
import { rounded } from '../report.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  names,
  pairs,
  WARM_SECONDS,
  withServer,
  type Scenario,
} from './common.ts';

const USERS = 100;
const OUTSTANDING = 10;
/** Between two looks, in microseconds: often enough for what takes 1 % of a message. */
const EVERY = 200;

type Profiler = Readonly<{ stop: () => Promise<unknown> }>;

const startProfiler = async (address: string): Promise<Profiler> => {
  const inspector = await Inspector.attach(address);
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.setSamplingInterval', { interval: EVERY });
  await inspector.ask('Profiler.start');
  return {
    stop: async () => {
      const stopped = await inspector.ask('Profiler.stop');
      inspector.close();
      return isRecord(stopped) ? stopped['profile'] : undefined;
    },
  };
};

/** The busiest form of 1:1 messages, under the profiler; its figures are a little lower for that. */
export const profile: Scenario = async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-profile-'));
  for (const [name, form] of [
    ['json', JSON_FORM],
    ['gob', GOB_FORM],
  ] as const) {
    await withServer(context, { inspected: true }, async (server, load) => {
      const { options, say } = context;
      const seats = await server.seats(names(options.users ?? USERS));
      const { wsAddr, pids, inspectorAddr, storeInspectorAddr } = server;
      await load.ask({ kind: 'connect', wsAddr, form, seats, atOnce: CONNECT_AT_ONCE });
      const exchange = {
        kind: 'exchange',
        pids,
        flows: pairs(seats),
        pace: { kind: 'closed', outstanding: OUTSTANDING },
        warmSeconds: 0,
      } as const;
      await load.ask({ ...exchange, seconds: WARM_SECONDS });
      const profilers = new Map([['server', await startProfiler(inspectorAddr)]]);
      if (storeInspectorAddr !== undefined)
        profilers.set('event store', await startProfiler(storeInspectorAddr));
      const run = await load.ask({ ...exchange, seconds: options.seconds });
      say(`${name}: ${rounded(run.delivered / run.seconds)} messages/s`);
      say(cost([run], [run.delivered], 'message'));
      for (const [process, profiler] of profilers) {
        const taken = await profiler.stop();
        const file = join(folder, `${name}-${process.replace(' ', '-')}.cpuprofile`);
        await writeFile(file, JSON.stringify(taken));
        say(`\n${name}, ${process}; written to ${file}`);
        say(summary(parseProfile(taken), run.total));
      }
    });
  }
  return [];
};
