import { GOB_FORM, JSON_FORM } from '../../support/rawWire.ts';
import type { PullJob } from '../jobs.ts';
import { figure, rounded, type Row } from '../report.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  names,
  pairs,
  perhapsProfiled,
  repeated,
  times,
  withServer,
  type Scenario,
} from './common.ts';

const USERS = 100;
const MESSAGES = { whole: 100_000, quick: 10_000 } as const;
const PAGE = 100;
const OUTSTANDING = 10;

const WAYS = [
  { name: 'by seqs (1005), JSON', by: 'seqs', form: JSON_FORM },
  { name: 'by range (1002), JSON', by: 'range', form: JSON_FORM },
  { name: 'by seqs (1005), gob+gzip', by: 'seqs', form: GOB_FORM },
] as const satisfies readonly { name: string; by: PullJob['by']; form: unknown }[];

/** Both users of each conversation read all of it, one page at a time each, all of them at once. */
export const history: Scenario = (context) =>
  withServer(context, {}, async (server, load) => {
    const { options, say } = context;
    const seats = await server.seats(names(options.users ?? USERS));
    const { wsAddr, pids } = server;
    const connect = { kind: 'connect', wsAddr, seats, atOnce: CONNECT_AT_ONCE } as const;
    const flows = pairs(seats);
    await load.ask({ ...connect, form: JSON_FORM });
    const wanted = options.quick ? MESSAGES.quick : MESSAGES.whole;
    const each = Math.ceil(wanted / flows.length);
    const pace = { kind: 'fill', outstanding: OUTSTANDING, each } as const;
    const filled = await load.ask({
      kind: 'exchange',
      pids,
      flows,
      warmSeconds: 0,
      seconds: 0,
      pace,
    });
    await server.projected(filled.total);
    const readers = flows.map(({ seat, to }) => ({ seat, other: to }));
    const rows: Row[] = [];
    for (const { name, by, form } of WAYS) {
      await load.ask({ ...connect, form });
      const runs = await repeated(options.runs, async () => {
        const pull = { kind: 'pull', pids, by, page: PAGE, readers } as const;
        const run = await perhapsProfiled(
          context,
          server,
          `history-${by}-${form.sdkType}`,
          () => load.ask(pull),
          ({ messages }) => messages,
        );
        say(`history ${name}: ${rounded(run.messages / run.seconds)} messages/s`);
        return run;
      });
      rows.push({
        what: `history ${name}, pages of ${String(PAGE)}`,
        figure: figure(
          runs.map(({ messages, seconds }) => messages / seconds),
          ' messages/s',
        ),
        detail: [
          `a page ${times(runs.map(({ page }) => page))} (p50 / p99 / max)`,
          cost(
            runs,
            runs.map(({ messages }) => messages),
            'message',
          ),
          `${rounded(filled.total)} messages`,
        ].join('; '),
      });
    }
    return rows;
  });
