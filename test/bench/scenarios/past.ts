import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyData } from '../../support/copyData.ts';
import { ENTRY } from '../entry.ts';
import { cpuSeconds, memoryKib, mib, onCores, type Memory } from '../processes.ts';
import { rounded, type Row } from '../report.ts';
import { until } from '../until.ts';
import type { Context, Scenario } from './common.ts';

const EVENTS = { whole: 1_000_000, quick: 30_000 } as const;
const MAKER = fileURLToPath(new URL('../history.ts', import.meta.url));
const READY_WITHIN = 600_000;
const LOOK_EVERY_MS = 100;

/**
 * A log that is exported, rebuilt from, verified and read as of a moment, by the command line: each command on both
 * cores, and the export of lines once more on one.
 */
export const past: Scenario = async (context) => {
  const { options, pinned, say } = context;
  const folder = await mkdtemp(join(tmpdir(), 'seqline-bench-'));
  // Postgres does not run as root, and the account it gets then has to reach its part of it.
  await chmod(folder, 0o711);
  try {
    const data = join(folder, 'data');
    const count = options.events ?? EVENTS[options.quick ? 'quick' : 'whole'];
    await makeHistory(context, data, count);
    await project(context, data);
    const rows: Row[] = [];
    const measure = async ({ what, args, cores, file, events = count }: Measured) => {
      const run = await command(context, data, args, cores);
      const bytes = file === undefined ? '' : `${rounded((await stat(file)).size / 2 ** 20)} MiB; `;
      const row = rowOf(what, events, run, bytes);
      say(`${row.what}: ${row.figure}; ${row.detail}`);
      rows.push(row);
      if (file !== undefined) await rm(file);
    };
    const exported = (format: string, cores: Cores): Measured => {
      const file = join(folder, `events.${format}`);
      const args = ['replay', '--format', format, '--output', file];
      const where = cores === undefined ? '' : ', on one core';
      return { what: `exported as ${format}${where}`, args, cores, file };
    };
    const one = pinned === undefined ? undefined : [pinned.server];
    await measure(exported('ndjson', undefined));
    if (one !== undefined) await measure(exported('ndjson', one));
    await measure(exported('csv', undefined));
    await measure(exported('parquet', undefined));
    for (const model of ['chats', 'users'])
      await measure({ what: `rebuild ${model}`, args: ['rebuild', model], cores: undefined });
    await measure({ what: 'verify', args: ['verify'], cores: undefined });
    const half = Math.floor(count / 2);
    const asOf = ['as-of', String(half), '--query', 'select count(*) from heads'];
    const what = 'as-of the middle, all read models';
    await measure({ what, args: asOf, cores: undefined, events: half });
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Undefined: all that there are. */
type Cores = readonly number[] | undefined;
type Measured = Readonly<{
  what: string;
  args: readonly string[];
  cores: Cores;
  file?: string;
  /** That are read; all unless given. */
  events?: number;
}>;

const makeHistory = async ({ options, say }: Context, data: string, count: number) => {
  if (options.history !== undefined) {
    await copyData(options.history, data);
    return;
  }
  say(`making a log of ${rounded(count)} events`);
  const maker = spawn(process.execPath, ['--import', 'tsx', MAKER, data, String(count)], {
    stdio: 'inherit',
  });
  const [code] = (await once(maker, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the log could not be made (${String(code)})`);
};

const start = (
  { options, pinned }: Context,
  data: string,
  args: readonly string[],
  cores: Cores,
) => {
  const all = pinned === undefined ? undefined : [pinned.server, pinned.load];
  const [program = '', ...rest] = [
    ...onCores(cores ?? all),
    ...[process.execPath, ...options.nodeFlags, ENTRY, ...args],
  ];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], SEQLINE_DATA: data },
      ...{ SEQLINE_HTTP_PORT: '0', SEQLINE_WS_PORT: '0', SEQLINE_LOG_LEVEL: 'warn' },
    },
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return { child, said: () => said.join('') };
};

const pidOf = ({ pid }: ChildProcess): number => {
  if (pid === undefined) throw new Error('the program could not be started');
  return pid;
};

/** A server of its own makes the read models, as it would have done long ago. */
const project = async (context: Context, data: string): Promise<void> => {
  const began = performance.now();
  const { child, said } = start(context, data, ['serve'], undefined);
  const look = { within: READY_WITHIN, every: LOOK_EVERY_MS };
  const address = () => /HTTP API\s+(http:\/\/\S+)/u.exec(said())?.[1];
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`the server has ended:\n${said()}`);
    return address() !== undefined && (await fetch(`${address() ?? ''}/readyz`)).ok;
  };
  await until('the read models are there', isReady, look);
  context.say(`read models made by a server in ${rounded((performance.now() - began) / 1000)} s`);
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
};

type Run = Readonly<{
  seconds: number;
  node: number;
  postgres: number;
  looks: readonly Memory[];
  said: string;
}>;

const command = async (
  context: Context,
  data: string,
  args: readonly string[],
  cores: Cores,
): Promise<Run> => {
  const began = performance.now();
  const { child, said } = start(context, data, args, cores);
  const pid = pidOf(child);
  const looks: Memory[] = [];
  let cpu = { node: 0, postgres: 0 };
  const looking = setInterval(() => {
    const memory = memoryKib(pid);
    if (memory.resident === 0) return;
    looks.push(memory);
    const { node, postgres } = cpuSeconds({ server: pid });
    cpu = { node, postgres: Math.max(cpu.postgres, postgres) };
  }, LOOK_EVERY_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(looking);
  if (code !== 0) throw new Error(`seqline ${args.join(' ')} has failed:\n${said()}`);
  const whole = (performance.now() - began) / 1000;
  return { ...cpu, seconds: ownSeconds(said()) ?? whole, looks, said: said() };
};

/** What the command itself says it took, without the start of the program and of its Postgres. */
const ownSeconds = (said: string): number | undefined => {
  const [, text] = /events in ([\d.]+) s \(/u.exec(said) ?? /\(([\d.]+) s\)/u.exec(said) ?? [];
  return text === undefined ? undefined : Number(text);
};

const rowOf = (what: string, events: number, run: Run, bytes: string): Row => {
  const { seconds, node, postgres, looks } = run;
  const middle = Math.floor(looks.length / 2);
  const most = (some: readonly Memory[], of: keyof Memory) =>
    rounded(mib(Math.max(0, ...some.map((look) => look[of]))));
  const [first, second] = [looks.slice(0, middle), looks.slice(middle)];
  const each = (cpu: number) => rounded((cpu / events) * 1e6);
  return {
    what: `${what}, ${rounded(events)} events`,
    figure: `${rounded(events / seconds)} events/s`,
    detail:
      `${rounded(seconds)} s; ${each(node)} µs of Node and ${each(postgres)} µs of Postgres an event; ${bytes}` +
      `memory of its own at most ${most(first, 'own')} MiB in the first half, ${most(second, 'own')} in the second; ` +
      `with pages of the log ${most(looks, 'resident')}`,
  };
};
