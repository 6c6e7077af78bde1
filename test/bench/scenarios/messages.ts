import { GOB_FORM, JSON_FORM, type Form } from '../../support/rawWire.ts';
import type { Exchanged, ExchangeJob, Flow } from '../jobs.ts';
import type { LoadProcess } from '../loadProcess.ts';
import { spreadOf } from '../quantiles.ts';
import { figure, rounded, type Row } from '../report.ts';
import type { Server } from '../server.ts';
import {
  CONNECT_AT_ONCE,
  cost,
  memory,
  names,
  pairs,
  repeated,
  times,
  WARM_SECONDS,
  withServer,
  type Context,
  type Scenario,
} from './common.ts';

const USERS = [100, 1_000];
/** Sends that a user has under way where it does not wait for each answer. */
const SEVERAL = 10;
const FORMS: readonly Readonly<{ name: string; form: Form }>[] = [
  { name: 'JSON', form: JSON_FORM },
  { name: 'gob+gzip', form: GOB_FORM },
];
/** The open loop runs at this share of what the closed loop has shown to be possible. */
const SHARE = 0.5;

type Run = Exchanged & Readonly<{ behindMs: number }>;
type Running = Readonly<{
  context: Context;
  server: Server;
  load: LoadProcess;
  flows: readonly Flow[];
  /** How many messages there have been before a run, so that the read models can be waited for. */
  sent: { total: number };
}>;

const measure = async (
  { context: { options, say }, server, load, flows, sent }: Running,
  label: string,
  pace: ExchangeJob['pace'],
): Promise<readonly Run[]> =>
  repeated(options.runs, async (index) => {
    const run = await load.ask({
      kind: 'exchange',
      pids: server.pids,
      flows,
      warmSeconds: WARM_SECONDS,
      seconds: options.seconds,
      pace,
    });
    sent.total += run.total;
    await server.projected(sent.total);
    const behindMs = Math.max(Date.now() - run.lastAcknowledgedAt, 0);
    say(`${label}, run ${String(index + 1)}: ${rounded(run.delivered / run.seconds)} messages/s`);
    return { ...run, behindMs };
  });

const rowOf = (what: string, runs: readonly Run[], server: Server): Row => {
  const behind = Math.max(...runs.map(({ behindMs }) => behindMs));
  return {
    what,
    figure: figure(
      runs.map(({ delivered, seconds }) => delivered / seconds),
      ' messages/s',
    ),
    detail: [
      `answer ${times(runs.map(({ acknowledgement }) => acknowledgement))}`,
      `delivery ${times(runs.map(({ delivery }) => delivery))} (p50 / p99 / max)`,
      cost(
        runs,
        runs.map(({ delivered }) => delivered),
        'message',
      ),
      `${memory(server)}; all projected ${rounded(behind)} ms after the last answer`,
    ].join('; '),
  };
};

const bytesRow = async (what: string, { server, sent }: Running): Promise<Row> => {
  const { events, index } = await server.logBytes();
  return {
    what: `${what}: bytes on disk`,
    figure: `${rounded(events / sent.total)} B a message`,
    detail: `and ${rounded(index / sent.total)} B of index; ${rounded(sent.total)} messages`,
  };
};

const group = async (
  context: Context,
  users: number,
  { name, form }: (typeof FORMS)[number],
): Promise<readonly Row[]> =>
  withServer(context, {}, async (server, load) => {
    const seats = await server.seats(names(users));
    const { wsAddr } = server;
    await load.ask({ kind: 'connect', wsAddr, form, seats, atOnce: CONNECT_AT_ONCE });
    const running = { context, server, load, flows: pairs(seats), sent: { total: 0 } };
    const what = `1:1, ${rounded(users)} users, ${name}`;
    const rows: Row[] = [];
    let best = 0;
    for (const outstanding of users <= 100 ? [1, SEVERAL] : [1]) {
      const label = `${what}, each ${String(outstanding)} under way`;
      const runs = await measure(running, label, { kind: 'closed', outstanding });
      rows.push(rowOf(label, runs, server));
      best = Math.max(best, spreadOf(runs.map((run) => run.delivered / run.seconds)).median);
    }
    const rate = Math.floor(best * SHARE);
    const label = `${what}, at ${rounded(rate)}/s`;
    const runs = await measure(running, label, { kind: 'open', rate });
    return [...rows, rowOf(label, runs, server), await bytesRow(what, running)];
  });

export const messages: Scenario = async (context) => {
  const { users } = context.options;
  const rows: Row[] = [];
  for (const count of users === undefined ? USERS : [users]) {
    for (const form of FORMS) rows.push(...(await group(context, count, form)));
  }
  return rows;
};
