import { GOB_FORM, JSON_FORM } from '../../support/rawWire.ts';
import { rounded } from '../report.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  names,
  pairs,
  underProfiler,
  WARM_SECONDS,
  withServer,
  type Scenario,
} from './common.ts';

const USERS = 100;
const OUTSTANDING = 10;

/** The busiest form of 1:1 messages, under the profiler; its figures are a little lower for that. */
export const profile: Scenario = async (context) => {
  for (const [name, form] of [
    ['json', JSON_FORM],
    ['gob', GOB_FORM],
  ] as const) {
    await withServer(context, { inspected: true }, async (server, load) => {
      const { options, say } = context;
      const seats = await server.seats(names(options.users ?? USERS));
      const { wsAddr, pids } = server;
      await load.ask({ kind: 'connect', wsAddr, form, seats, atOnce: CONNECT_AT_ONCE });
      const exchange = {
        kind: 'exchange',
        pids,
        flows: pairs(seats),
        pace: { kind: 'closed', outstanding: OUTSTANDING },
        warmSeconds: 0,
      } as const;
      await load.ask({ ...exchange, seconds: WARM_SECONDS });
      const run = await underProfiler(
        context,
        server,
        name,
        () => load.ask({ ...exchange, seconds: options.seconds }),
        ({ total }) => total,
      );
      say(`${name}: ${rounded(run.delivered / run.seconds)} messages/s`);
      say(cost([run], [run.delivered], 'message'));
    });
  }
  return [];
};
