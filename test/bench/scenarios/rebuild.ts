import { JSON_FORM } from '../../support/rawWire.ts';
import { figure, rounded } from '../report.ts';
import type { Server } from '../server.ts';
import { CONNECT_AT_ONCE, names, pairs, repeated, withServer, type Scenario } from './common.ts';

const USERS = 1_000;
const MESSAGES = { whole: 200_000, quick: 20_000 } as const;
const OUTSTANDING = 5;

/** Seconds from the start of the process until clients can sync. */
const restart = async (server: Server): Promise<number> => {
  const begun = performance.now();
  await server.launch();
  await server.ready();
  return (performance.now() - begun) / 1_000;
};

/**
 * The log is read from its beginning into empty tables. What a start takes anyway is measured just before
 * each run, and taken off.
 */
export const rebuild: Scenario = (context) =>
  withServer(context, {}, async (server, load) => {
    const { options, say } = context;
    const seats = await server.seats(names(options.users ?? USERS));
    const { wsAddr, pids } = server;
    const form = JSON_FORM;
    await load.ask({ kind: 'connect', wsAddr, form, seats, atOnce: CONNECT_AT_ONCE });
    const flows = pairs(seats);
    const wanted = options.quick ? MESSAGES.quick : MESSAGES.whole;
    const each = Math.ceil(wanted / flows.length);
    const { total } = await load.ask({
      kind: 'exchange',
      pids,
      flows,
      warmSeconds: 0,
      seconds: 0,
      pace: { kind: 'fill', outstanding: OUTSTANDING, each },
    });
    await server.projected(total);
    load.close();
    await server.stop();
    const runs = await repeated(options.runs, async (index) => {
      const plain = await restart(server);
      await server.dropReadModels();
      await server.stop();
      const whole = await restart(server);
      await server.projected(total);
      await server.stop();
      const rate = total / (whole - plain);
      say(`rebuild, run ${String(index + 1)}: ${rounded(rate)} events/s`);
      return { plain, whole, rate };
    });
    const seconds = (pick: (run: (typeof runs)[number]) => number) => figure(runs.map(pick), ' s');
    return [
      {
        what: `read models made anew, ${rounded(total)} messages`,
        figure: figure(
          runs.map(({ rate }) => rate),
          ' events/s',
        ),
        detail:
          `ready ${seconds(({ whole }) => whole)} after the start, ` +
          `${seconds(({ plain }) => plain)} with read models in place`,
      },
    ];
  });
