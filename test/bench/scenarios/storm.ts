import { JSON_FORM } from '../../support/rawWire.ts';
import { figure, rounded } from '../report.ts';
import {
  CONNECT_AT_ONCE,
  names,
  perhapsProfiled,
  repeated,
  times,
  withServer,
  type Scenario,
} from './common.ts';

const USERS = 1_000;
/** Each user has conversations with so many after it, and so many before it. */
const NEIGHBOURS = 5;
const EACH = 2;

/** All users at once, each from its dial to the last answer of its sync (1006, 1001, 1002). */
export const storm: Scenario = (context) =>
  withServer(context, {}, async (server, load) => {
    const { options, say } = context;
    const seats = await server.seats(names(options.users ?? USERS));
    const { wsAddr, pids } = server;
    const connect = { kind: 'connect', wsAddr, form: JSON_FORM, seats } as const;
    await load.ask({ ...connect, atOnce: CONNECT_AT_ONCE });
    const flows = seats.flatMap((_, seat) =>
      Array.from({ length: NEIGHBOURS }, (__, distance) => ({
        seat,
        to: seats[(seat + distance + 1) % seats.length]!.user,
      })),
    );
    const filled = await load.ask({
      kind: 'exchange',
      pids,
      flows,
      warmSeconds: 0,
      seconds: 0,
      pace: { kind: 'fill', outstanding: 1, each: EACH },
    });
    await server.projected(filled.total);
    const runs = await repeated(options.runs, async (index) => {
      const run = await perhapsProfiled(
        context,
        server,
        'storm',
        () => load.ask({ ...connect, atOnce: seats.length }),
        () => seats.length,
      );
      say(`storm, run ${String(index + 1)}: ${rounded(seats.length / run.seconds)} logins/s`);
      return run;
    });
    return [
      {
        what: `${rounded(seats.length)} users connect and sync at once, JSON`,
        figure: figure(
          runs.map(({ seconds }) => seats.length / seconds),
          ' logins/s',
        ),
        detail:
          `synced after ${times(runs.map(({ synced }) => synced))} (p50 / p99 / max); ` +
          `${String(2 * NEIGHBOURS)} conversations each`,
      },
    ];
  });
