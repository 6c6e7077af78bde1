import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

/** The program under test: what `npm run build` made, unless another build is named. */
export const ENTRY =
  process.env['SEQLINE_TEST_ENTRY'] ??
  fileURLToPath(new URL('../../dist/infra/app/main.js', import.meta.url));
const READY_WITHIN = 60_000;
const STOP_WITHIN = 20_000;
/** As much of the output as a failure shows. */
const LOG_TAIL = 60;

export type ProgramOptions = Readonly<{
  args: readonly string[];
  settings: Readonly<Record<string, string>>;
  /** Whether it can be used, given what it has said since it was started. */
  isUp: (said: string) => boolean | Promise<boolean>;
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

const launch = ({ args, settings }: ProgramOptions, hear: (text: string) => void): ChildProcess => {
  const started = spawn(process.execPath, ['--enable-source-maps', ENTRY, ...args], {
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

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
