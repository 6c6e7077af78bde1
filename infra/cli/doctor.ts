import { access, constants, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { socketImplementation } from '../../gateways/ws/server.ts';
import { openNats } from '../bus/nats.ts';
import { BusUnusable } from '../bus/natsUnusable.ts';
import type { Config } from '../config/config.ts';
import { inspectEsdb, type Finding } from '../eventstore/esdb/inspect.ts';
import { openPool } from '../postgres/pool.ts';
import { findPackage } from '../postgres/binaries.ts';
import { redactUrl } from '../redactUrl.ts';
import { out, type Command } from './command.ts';
import { addressOf } from './calls.ts';
import { inspectWebhooks } from './doctorWebhooks.ts';
import { makeFolder } from '../durableFile.ts';

const good = (what: string): Finding => ({ good: true, what });
const bad = (what: string): Finding => ({ good: false, what });

const MAJOR_MIN = 20;
const MINOR_MIN = 19;
const DISK_FREE_MIN = 1024 ** 3;

const node = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isTooOld = major < MAJOR_MIN || (major === MAJOR_MIN && minor < MINOR_MIN);
  return isTooOld
    ? bad(`Node ${process.versions.node} is too old: install Node 20, 20.19 or later`)
    : good(`Node ${process.versions.node}`);
};

const sockets = (): Finding =>
  socketImplementation() === 'native'
    ? good('uWebSockets.js is the native one')
    : bad(
        'uWebSockets.js has no binary for this platform and Node; see README, "The WebSocket engine"',
      );

const isOurs = async (config: Config): Promise<boolean> => {
  try {
    return (await fetch(`${addressOf(config)}/healthz`)).ok;
  } catch {
    return false;
  }
};

const port = async (config: Config, name: string, wanted: number): Promise<Finding> => {
  const problem = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', ({ message }) => {
      resolve(message);
    });
    server.listen(wanted, config.host, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
  if (problem === undefined) return good(`${name} ${String(wanted)} is free`);
  if (await isOurs(config)) return good(`${name} ${String(wanted)}: a server is running already`);
  return bad(`${name} ${String(wanted)}: ${problem}; stop what listens there, or set ${name}`);
};

const data = async ({ data: folder }: Config): Promise<readonly Finding[]> => {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    return [bad(`SEQLINE_DATA ${folder} cannot be written: ${String(error)}`)];
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const gigabytes = (free / 1024 ** 3).toFixed(1);
  return [
    good(`SEQLINE_DATA ${folder} can be written`),
    free >= DISK_FREE_MIN
      ? good(`${gigabytes} GiB are free there`)
      : bad(`only ${gigabytes} GiB are free in ${path.resolve(folder)}: make room for 1 GiB`),
  ];
};

/** An embedded log is made by the start, and its folder has been looked at. */
const log = async ({ eventStore }: Config): Promise<readonly Finding[]> =>
  eventStore.kind === 'esdb' ? inspectEsdb(eventStore.url) : [];

const quiet = { info: () => undefined, warn: () => undefined };

const postgres = async ({ postgres: wanted }: Config): Promise<Finding> => {
  if (wanted.kind === 'embedded') {
    try {
      await findPackage();
      return good('the embedded Postgres is installed');
    } catch (error) {
      return bad(`the embedded Postgres is not there: ${String(error)}`);
    }
  }
  return (await reaches(wanted.url))
    ? good(`Postgres answers at ${redactUrl(wanted.url)}`)
    : bad(`no Postgres answers at ${redactUrl(wanted.url)}: check DATABASE_URL and that it runs`);
};

/** Only what processes share is looked at: a bus in memory and keys in a folder need nothing. */
const shared = async ({ bus, keys }: Config): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  if (bus.kind === 'nats') findings.push(await nats(bus.url));
  if (keys.kind === 'postgres') {
    const answers = await reaches(keys.url);
    const at = redactUrl(keys.url);
    findings.push(
      answers
        ? good(`the Postgres of the keys answers at ${at}`)
        : bad(`no Postgres answers at ${at}: check SEQLINE_KEYS and that it runs`),
    );
  }
  return findings;
};

const nats = async (url: string): Promise<Finding> => {
  try {
    await (await openNats({ url, cluster: 'doctor', log: quiet })).close();
    return good(`NATS answers at ${redactUrl(url)}`);
  } catch (error) {
    if (error instanceof BusUnusable) return bad(error.message);
    throw error;
  }
};

const reaches = async (url: string): Promise<boolean> => {
  const pool = openPool({ url, log: quiet, connectionsMax: 1 });
  try {
    return await pool.answers();
  } finally {
    await pool.close();
  }
};

/** Each finding with its fix; exit code 1 if anything stands in the way. */
export const doctor: Command = async (config) => {
  const findings = [
    node(),
    sockets(),
    await port(config, 'SEQLINE_HTTP_PORT', config.httpPort),
    await port(config, 'SEQLINE_WS_PORT', config.wsPort),
    ...(await data(config)),
    ...(await log(config)),
    await postgres(config),
    ...(await shared(config)),
    ...(await inspectWebhooks(config.webhooks)),
    ...config.warnings.map(bad),
  ];
  for (const { good: fine, what } of findings) out(`${fine ? '✓' : '✗'} ${what}`);
  const problems = findings.filter((finding) => !finding.good).length;
  out(problems === 0 ? '\nAll is well.' : `\n${String(problems)} to mend.`);
  return problems === 0 ? 0 : 1;
};
