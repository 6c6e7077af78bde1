import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../infra/postgres/embedded.ts';
import { silent } from './postgres.ts';

const run = promisify(execFile);

/** A Postgres that a test takes away from the server under test and gives back, at the same address. */
export type FaultPostgres = Readonly<{
  /** For `DATABASE_URL`: the same for the whole of its life. */
  url: string;
  /** It takes connections and statements and answers none: a machine that hangs. */
  freeze: () => Promise<void>;
  thaw: () => Promise<void>;
  /** It is gone: connections break and new ones are refused. */
  stop: () => Promise<void>;
  start: () => Promise<void>;
  /** The rows of a statement, asked on a connection of its own; in another database than `url`'s if named. */
  ask: (
    statement: string,
    database?: string,
  ) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  dispose: () => Promise<void>;
}>;

type Process = Readonly<{ pid: number; parent: number; name: string }>;

const processes = async (): Promise<readonly Process[]> => {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm=']);
  return stdout.split('\n').flatMap((line) => {
    const [pid = '', parent = '', name = ''] = line.trim().split(/\s+/);
    return pid === '' ? [] : [{ pid: Number(pid), parent: Number(parent), name }];
  });
};

/** Processes that a Postgres has begun; each connection has one, and stopping their parent stops none. */
const childrenOf = async (of: number): Promise<readonly number[]> =>
  (await processes()).flatMap(({ pid, parent }) => (parent === of ? [pid] : []));

/** The Postgres that a server runs for itself: behind the shell that ends it with its server. */
export const embeddedPostgresOf = async (server: number): Promise<number> => {
  const all = await processes();
  const shells = new Set(all.flatMap(({ pid, parent }) => (parent === server ? [pid] : [])));
  const found = all.find(({ parent, name }) => shells.has(parent) && name.endsWith('postgres'));
  if (found === undefined) throw new Error(`process ${String(server)} runs no Postgres`);
  return found.pid;
};

/** A connection may end between being listed and being signalled: then there is nothing left to do. */
const signalIfThere = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

const databaseOf = (url: string, name: string): string =>
  url.replace(/(:\/\/[^/]*\/)[^?]*/, `$1${name}`);

export const openFaultPostgres = async (): Promise<FaultPostgres> => {
  const directory = await mkdtemp(join(tmpdir(), 'seqline-fault-postgres-'));
  const launch = () => startEmbeddedPostgres({ directory, log: silent });
  let running: EmbeddedPostgres | undefined = await launch();
  // The server's configuration wants a host; the socket's folder, named after it, is what counts.
  const url = running.url.replace('@/', '@localhost/');
  let frozen: readonly number[] = [];

  const thaw = () => {
    // The children first: a postmaster that wakes before them would find them unresponsive.
    for (const pid of [...frozen].reverse()) signalIfThere(pid, 'SIGCONT');
    frozen = [];
    return Promise.resolve();
  };
  const stop = async () => {
    await thaw();
    await running?.stop();
    running = undefined;
  };
  return {
    url,
    freeze: async () => {
      const file = join(directory, 'cluster', 'postmaster.pid');
      const postmaster = Number((await readFile(file, 'utf8')).split('\n')[0]);
      process.kill(postmaster, 'SIGSTOP');
      frozen = [postmaster, ...(await childrenOf(postmaster))];
      for (const pid of frozen) signalIfThere(pid, 'SIGSTOP');
    },
    thaw,
    stop,
    start: async () => {
      running ??= await launch();
    },
    ask: async (statement, database) => {
      const connectionString = database === undefined ? url : databaseOf(url, database);
      const client = new pg.Client({ connectionString });
      await client.connect();
      try {
        const { rows } = await client.query<Record<string, unknown>>(statement);
        return rows;
      } finally {
        await client.end();
      }
    },
    dispose: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
