import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

/** The program under test: what `npm run build` made, unless another build is named. */
export const ENTRY =
  process.env['SEQLINE_TEST_ENTRY'] ??
  fileURLToPath(new URL('../../dist/infra/app/main.js', import.meta.url));
/** In which a busy machine has made a Postgres cluster, and ended one. */
const READY_WITHIN = 90_000;
const STOP_WITHIN = 45_000;
/** As much of the output as a failure shows. */
const LOG_TAIL = 60;

export type ProgramOptions = Readonly<{
  args: readonly string[];
  settings: Readonly<Record<string, string>>;
  /** Whether it can be used, given what it has said since it was started. */
  isUp: (said: string) => boolean | Promise<boolean>;
  /** What its next start runs: `ENTRY`, unless it is of another version for now. */
  entry?: () => string;
}>;

/** The built program as a child process that may be ended and started again. */
export type Program = Readonly<{
  pid: () => number;
  /** The last of what it has said. */
  log: () => string;
  /** All of what it has said, over all its starts. */
  said: () => string;
  /** Resolves when it can be used. */
  start: () => Promise<void>;
  /** SIGTERM is as an operator would end it, SIGKILL as a crash would. */
  end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  isRunning: () => boolean;
}>;

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

const launch = (
  { args, settings, entry = () => ENTRY }: ProgramOptions,
  hear: (text: string) => void,
): ChildProcess => {
  const started = spawn(process.execPath, ['--enable-source-maps', entry(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings },
  });
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', hear);
  return started;
};

export const programOf = (options: ProgramOptions): Program => {
  if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run "npm run build" first`);
  const output: string[] = [];
  let child: ChildProcess | undefined;

  const said = () => output.join('');
  const log = () => said().split('\n').slice(-LOG_TAIL).join('\n');
  const withLastWords = (error: unknown): Error =>
    new Error(`${String(error)}\n--- its last words ---\n${log()}`, { cause: error });

  const start = async () => {
    if (child !== undefined && !hasEnded(child)) throw new Error('it runs already');
    const from = output.length;
    const started = launch(options, (text) => output.push(text));
    child = started;
    const look = async () => {
      if (hasEnded(started)) throw new Error(`it ended: ${String(started.exitCode)}`);
      return (await options.isUp(output.slice(from).join(''))) ? true : undefined;
    };
    try {
      await until(`${options.args.join(' ')} is up`, look, { within: READY_WITHIN });
    } catch (error) {
      started.kill('SIGKILL');
      throw withLastWords(error);
    }
  };

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ending = child;
    if (ending === undefined || hasEnded(ending)) return;
    ending.kill(signal);
    try {
      await until('it ends', () => (hasEnded(ending) ? true : undefined), { within: STOP_WITHIN });
    } catch (error) {
      ending.kill('SIGKILL');
      throw withLastWords(error);
    }
  };

  return {
    pid: () => {
      if (child?.pid === undefined || hasEnded(child)) throw new Error('it does not run');
      return child.pid;
    },
    log,
    said,
    start,
    end,
    isRunning: () => child !== undefined && !hasEnded(child),
  };
};

/**
 * Ports that systems do not give to outgoing connections by themselves (Linux from 32,768, others from 49,152): what
 * is free now is still so when a server listens to it, and when one that was killed listens to it again.
 */
const PORTS = { first: 15_000, count: 17_000 } as const;
const PORTS_TRIED_MAX = 50;
/** Nothing may listen yet to a port that was given: a topology asks for all of its ports before it starts anything. */
const given = new Set<number>();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });

/** One that is free, and that no other caller in this process was given. */
export const freePort = async (): Promise<number> => {
  for (let tried = 0; tried < PORTS_TRIED_MAX; tried++) {
    const port = PORTS.first + randomInt(PORTS.count);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${String(PORTS_TRIED_MAX)} ports was free`);
};
