import path from 'node:path';
import { createLog } from '../observe/log.ts';
import { complain, out, type Command } from '../cli/command.ts';
import { isLoopback, type Config } from '../config/config.ts';
import { SETTINGS } from '../config/settings.ts';
import { patience } from './patience.ts';
import { ALL_ROLES, ROLES, rolesOf, type Roles } from './roles.ts';
import { signalled } from './signalled.ts';
import { start, type Running } from './start.ts';
import { problemOf } from './startProblem.ts';

/** After this long an orderly end is given up, so that whoever asked for it does not have to kill. */
const CLOSE_MS_MAX = 9_500;
/** So long a process whose parts are all closed may be kept by what a library has left open. */
const LEFT_OPEN_MS_MAX = 1_000;

const DEFAULT_SECRET = SETTINGS.SEQLINE_SECRET.fallback;

const announce = (
  { httpAddress, wsAddress, sockets, roles }: Running,
  { host, data, secret }: Pick<Config, 'host' | 'data' | 'secret'>,
): void => {
  const isOpen = roles.has('api');
  const lines: readonly (readonly [string, string] | false)[] = [
    isOpen && wsAddress !== undefined && isLoopback(host) && ['Try it', `${httpAddress}/demo`],
    isOpen && ['HTTP API', `${httpAddress}   (its calls: ${httpAddress}/docs)`],
    !isOpen && ['Operators', `${httpAddress}   (/readyz, /metrics)`],
    wsAddress !== undefined && ['WebSocket', `${wsAddress}   (uWebSockets.js: ${sockets})`],
    isOpen &&
      secret === DEFAULT_SECRET && ['App secret', 'the default; SEQLINE_SECRET sets your own'],
    ['Data', path.resolve(data)],
    roles.size < ALL_ROLES.size && ['Roles', [...roles].join(', ')],
  ];
  const shown = lines.filter((line) => line !== false);
  out(
    `Seqline is ready.\n\n${shown.map(([name, what]) => `  ${name.padEnd(13)}${what}`).join('\n')}\n`,
  );
};

/** What was asked for, or why that cannot be. */
const rolesFor = ({ bus }: Pick<Config, 'bus'>, asked: string | undefined): Roles | string => {
  const roles = asked === undefined ? ALL_ROLES : rolesOf(asked);
  if (roles === undefined) {
    return `serve: --roles takes ${ROLES.join(', ')}, with commas between; not "${asked ?? ''}"`;
  }
  return roles.size < ALL_ROLES.size && bus.kind === 'memory'
    ? 'serve: processes that share the roles reach each other over NATS: set SEQLINE_BUS=nats://…'
    : roles;
};

/** Runs until it is told to end: what is in flight is finished, and clients are let go to come back. */
export const serve: Command = async (config, { rest, roles: asked }) => {
  if (rest.length > 0) return complain(`serve: there is nothing called "${rest.join(' ')}"`);
  const roles = rolesFor(config, asked);
  if (typeof roles === 'string') return complain(roles);
  const log = createLog(config.logLevel);
  for (const warning of config.warnings) log.warn(warning);
  const late = patience(CLOSE_MS_MAX, () => {
    log.error('what was in flight did not end in time');
    process.exit(1);
  });
  const stop = signalled(process);
  // Also while it starts, which may take long: what is cut short there is what a crash would cut short.
  void stop.then(late.begin);
  let running: Running;
  try {
    running = await start(config, log, roles);
  } catch (error) {
    late.end();
    log.debug({ err: error }, 'the start has failed');
    return complain(problemOf(error));
  }
  announce(running, config);

  const reason = await Promise.race([stop, running.failed.then((why) => `failed: ${why}`)]);
  log.info(`stopping (${reason})`);
  late.begin();
  let isWhole = true;
  try {
    await running.close();
  } catch (error) {
    isWhole = false;
    log.error({ err: error }, 'not all could be ended in order');
  }
  late.end();
  log.info('stopped');
  const code = reason.startsWith('failed') ? complain(reason) : Number(!isWhole);
  // Rings only if something keeps the process from ending by itself.
  setTimeout(() => {
    log.warn({ open: process.getActiveResourcesInfo() }, 'something was left open');
    process.exit(code);
  }, LEFT_OPEN_MS_MAX).unref();
  return code;
};
