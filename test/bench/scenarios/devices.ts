import { JSON_FORM } from '../../support/rawWire.ts';
import { figure, rounded } from '../report.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  memory,
  perhapsProfiled,
  repeated,
  times,
  WARM_SECONDS,
  withServer,
  type Scenario,
} from './common.ts';

/** As many logins as a user may have on one platform. */
const DEVICES = 30;
const OUTSTANDING = 100;
const READER = 'reader';
const WRITER = 'writer';

/** One writer, one reader on many devices: each message costs one event and 31 pushes. */
export const devices: Scenario = (context) =>
  withServer(context, { settings: { SEQLINE_MULTI_LOGIN: '0' } }, async (server, load) => {
    const { options, say } = context;
    const writers = await server.seats([WRITER]);
    const readers = await server.seats([READER], DEVICES);
    const seats = [...writers, ...readers];
    const { wsAddr, pids } = server;
    const form = JSON_FORM;
    await load.ask({ kind: 'connect', wsAddr, form, seats, atOnce: CONNECT_AT_ONCE });
    const runs = await repeated(options.runs, async (index) => {
      const exchange = {
        kind: 'exchange',
        pids,
        flows: [{ seat: 0, to: READER }],
        warmSeconds: WARM_SECONDS,
        seconds: options.seconds,
        pace: { kind: 'closed', outstanding: OUTSTANDING },
      } as const;
      const run = await perhapsProfiled(
        context,
        server,
        'devices',
        () => load.ask(exchange),
        ({ total }) => total * (DEVICES + 1),
      );
      const rate = rounded(run.delivered / run.seconds);
      say(`devices, run ${String(index + 1)}: ${rate} deliveries/s`);
      return run;
    });
    return [
      {
        what: `one user on ${String(DEVICES)} devices, JSON`,
        figure: figure(
          runs.map(({ delivered, seconds }) => delivered / seconds),
          ' deliveries/s',
        ),
        detail: [
          `delivery ${times(runs.map(({ delivery }) => delivery))} (p50 / p99 / max)`,
          cost(
            runs,
            runs.map(({ delivered }) => delivered),
            'delivery',
          ),
          memory(server),
        ].join('; '),
      },
    ];
  });
