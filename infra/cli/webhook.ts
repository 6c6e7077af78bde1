import type { Webhooks, WebhookStatus } from '../../gateways/webhookPorts.ts';
import { MOMENT_FORM, momentOf } from '../replay/moment.ts';
import { callAsAdmin, type Server } from './calls.ts';
import { complain, out, type Arguments } from './command.ts';

type Command = (
  config: Server,
  args: Pick<Arguments, 'rest' | 'from' | 'dead' | 'json'>,
) => Promise<number>;

type Listed = Awaited<ReturnType<Webhooks['list']>>;
type Done<Key extends keyof Webhooks> = Extract<
  Awaited<ReturnType<Webhooks[Key]>>,
  { kind: 'done' }
>;

const USAGE =
  'webhook: list, test NAME, deliveries NAME [--dead], resend NAME [ID …], or ' +
  'replay NAME --from POSITION|TIME|start';

const call = async <Data>(config: Server, path: string, sent: object): Promise<Data> => {
  const { data } = await callAsAdmin<Data>(config, `/admin/webhook/${path}`, sent);
  if (data === undefined) throw new Error(`the server has not answered ${path}`);
  return data;
};

const shown = (status: WebhookStatus, head: number): string => {
  const { endpoint, url, before, after, position, pending, awayMs, dead, replays } = status;
  const lines = [`${endpoint}  ${url}`];
  if (before.length > 0) lines.push(`  asked  ${before.join(', ')}`);
  if (after.length > 0) {
    lines.push(`  told   ${after.join(', ')}`);
    const away = awayMs === 0 ? '' : `; nothing gets through for ${(awayMs / 1000).toFixed(0)} s`;
    lines.push(
      status.elsewhere
        ? '  told by another process'
        : `  at ${String(position)} of ${String(head)}, ${String(pending)} under way${away}`,
    );
  }
  if (dead > 0)
    lines.push(`  ${String(dead)} given up: seqline webhook deliveries ${endpoint} --dead`);
  if (replays > 0) lines.push(`  replays that go on: ${String(replays)}`);
  return lines.join('\n');
};

const list: Command = async (config, { json }) => {
  const listed = await call<Listed>(config, 'list', {});
  if (json) out(JSON.stringify(listed));
  else if (listed.endpoints.length === 0) out('No endpoint is configured (SEQLINE_WEBHOOKS).');
  else out(listed.endpoints.map((status) => shown(status, listed.head)).join('\n\n'));
  return 0;
};

const test: Command = async (config, { rest: [endpoint = ''] }) => {
  const { taken, why, ms } = await call<Done<'test'>>(config, 'test', { endpoint });
  out(`${taken ? 'Taken' : 'Not taken'}: ${why} (${String(ms)} ms)`);
  return taken ? 0 : 1;
};

const time = (at: number): string => new Date(at).toISOString();

const deadLetters: Command = async (config, { rest: [endpoint = ''], json }) => {
  const found = await call<Done<'deadLetters'>>(config, 'dead_letters', { endpoint });
  if (json) {
    out(JSON.stringify(found));
    return 0;
  }
  for (const { delivery, callback, stream, revision, attempts, why, asked } of found.letters) {
    const again = asked ? ', is sent again' : '';
    out(
      `${delivery}  ${callback}  ${stream} ${String(revision)}  ` +
        `${String(attempts)} tries: ${why}${again}`,
    );
  }
  out(`${String(found.total)} given up`);
  return 0;
};

const deliveries: Command = async (config, args) => {
  const {
    rest: [endpoint = ''],
    dead = false,
    json,
  } = args;
  if (dead) return deadLetters(config, args);
  const found = await call<Done<'deliveries'>>(config, 'deliveries', { endpoint });
  if (json) {
    out(JSON.stringify(found));
    return 0;
  }
  for (const made of found.deliveries) {
    const how = made.failed === true ? 'given up' : `HTTP ${String(made.status)}`;
    const replayed = made.replay === undefined ? '' : '  replayed';
    out(
      `${time(made.at)}  ${made.delivery}  ${made.callback}  ${made.stream} ` +
        `${String(made.revision)}  ${how} (${String(made.attempts)}, ${String(made.ms)} ms)${replayed}`,
    );
  }
  return 0;
};

const resend: Command = async (config, { rest: [endpoint = '', ...ids] }) => {
  const { asked } = await call<Done<'resend'>>(config, 'resend', { endpoint, deliveries: ids });
  out(`${String(asked)} will be sent again.`);
  return 0;
};

const replay: Command = async (config, { rest: [endpoint = ''], from = '' }) => {
  const moment = momentOf(from === 'start' ? '1' : from);
  if (moment === undefined) {
    return complain(`webhook replay: say from where, with --from and start, or ${MOMENT_FORM}`);
  }
  const start =
    moment.kind === 'time' ? { time: moment.at } : { position: Math.max(1, moment.position) };
  const begun = await call<Done<'replay'>>(config, 'replay', { endpoint, ...start });
  out(`Replay ${begun.replay} tells ${endpoint} what came after position ${String(begun.after)}.`);
  return 0;
};

const COMMANDS: Readonly<Record<string, Command>> = { list, test, deliveries, resend, replay };

/** The app server's endpoints of a running server: how they are, what they were told, and telling it again. */
export const webhook: Command = async (config, { rest: [name = '', ...rest], ...args }) => {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || (name !== 'list' && rest.length === 0)) return complain(USAGE);
  try {
    return await command(config, { rest, ...args });
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};
