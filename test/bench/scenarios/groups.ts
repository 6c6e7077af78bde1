import { JSON_FORM } from '../../support/rawWire.ts';
import type { Exchanged, ExchangeJob } from '../jobs.ts';
import type { LoadProcess } from '../loadProcess.ts';
import { spreadOf } from '../quantiles.ts';
import { figure, rounded, type Row } from '../report.ts';
import type { Server } from '../server.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  makeGroup,
  memory,
  names,
  perhapsProfiled,
  repeated,
  times,
  WARM_SECONDS,
  withServer,
  type Context,
  type Scenario,
} from './common.ts';

/** In the group, all of them online; no more than one call may name. */
const MEMBERS = { whole: [500, 1_000], quick: [50] } as const;
const GROUP = 'crowd';
const OUTSTANDING = 10;
/** The open loop runs at this share of what the closed loop has shown to be possible. */
const SHARE = 0.5;

type Running = Readonly<{
  context: Context;
  server: Server;
  load: LoadProcess;
  /** How many messages there have been before a run, so that the read models can be waited for. */
  sent: { total: number };
}>;

const measure = async (
  { context, server, load, sent }: Running,
  label: string,
  pace: ExchangeJob['pace'],
): Promise<readonly Exchanged[]> =>
  repeated(context.options.runs, async (index) => {
    const exchange = {
      kind: 'exchange',
      pids: server.pids,
      flows: [{ seat: 0, group: GROUP }],
      warmSeconds: WARM_SECONDS,
      seconds: context.options.seconds,
      pace,
    } as const;
    const run = await perhapsProfiled(
      context,
      server,
      `groups-${pace.kind}`,
      () => load.ask(exchange),
      ({ delivered }) => delivered,
    );
    sent.total += run.total;
    await server.projected(sent.total);
    const rate = rounded(run.delivered / run.seconds);
    context.say(`${label}, run ${String(index + 1)}: ${rate} deliveries/s`);
    return run;
  });

const messageRates = (runs: readonly Exchanged[]): readonly number[] =>
  runs.map(({ acknowledged, seconds }) => acknowledged / seconds);

const rowOf = (what: string, runs: readonly Exchanged[], server: Server): Row => ({
  what,
  figure: figure(
    runs.map(({ delivered, seconds }) => delivered / seconds),
    ' deliveries/s',
  ),
  detail: [
    figure(messageRates(runs), ' messages/s'),
    `answer ${times(runs.map(({ acknowledgement }) => acknowledgement))}`,
    `delivery ${times(runs.map(({ delivery }) => delivery))} (p50 / p99 / max)`,
    cost(
      runs,
      runs.map(({ delivered }) => delivered),
      'delivery',
    ),
    memory(server),
  ].join('; '),
});

const crowd = (context: Context, members: number): Promise<readonly Row[]> =>
  withServer(context, {}, async (server, load) => {
    const seats = await server.seats(names(members));
    await makeGroup(
      server,
      GROUP,
      seats.map(({ user }) => user),
    );
    await load.ask({
      kind: 'connect',
      wsAddr: server.wsAddr,
      form: JSON_FORM,
      seats,
      atOnce: CONNECT_AT_ONCE,
      // That the group is made comes to whoever is online when it is told.
      lateNotices: true,
    });
    const running = { context, server, load, sent: { total: 0 } };
    const what = `one group, ${rounded(members)} members online, JSON`;
    const closed = `${what}, one sender with ${String(OUTSTANDING)} under way`;
    const fast = await measure(running, closed, { kind: 'closed', outstanding: OUTSTANDING });
    const best = spreadOf(messageRates(fast)).median;
    const rate = Math.max(Math.floor(best * SHARE), 1);
    const open = `${what}, one sender at ${rounded(rate)}/s`;
    const half = await measure(running, open, { kind: 'open', rate });
    return [rowOf(closed, fast, server), rowOf(open, half, server)];
  });

/** One member writes: each message costs one event, and a push to every member, its sender among them. */
export const groups: Scenario = async (context) => {
  const { users, quick } = context.options;
  const rows: Row[] = [];
  for (const members of users === undefined ? MEMBERS[quick ? 'quick' : 'whole'] : [users]) {
    rows.push(...(await crowd(context, members)));
  }
  return rows;
};
