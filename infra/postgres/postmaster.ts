import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { asAccount } from './cluster.ts';
import type { Place } from './place.ts';
import { signal } from './processes.ts';

/** A clean stop is given this long, then the rough one (which the next start repairs). */
const STOP_SECONDS = 5;
/** Nobody waits for it when our process has died: the next start may come at once. */
const ORPHANED_SECONDS = 1;
/** After the shell below has used up all its patience. */
const STOPPED_MS_MAX = (STOP_SECONDS + 4) * 1_000;

const LOG_BYTES_MAX = 8 * 1024 * 1024;
/** As much of the log's end as says why a start has failed. */
const REASON_CHARS_MAX = 1_000;

/**
 * Keeps Postgres as its child and a pipe from us. A line on the pipe asks for a clean stop; the end of
 * the pipe without one means that our process is gone, however it went. Signals meant for us (a terminal's
 * Ctrl-C, a service manager's TERM for everybody) do not count: we say when Postgres stops.
 */
const KEEPER = `
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
postgres=$!
(
  if read -r word <&3; then grace=${String(STOP_SECONDS)}; else grace=${String(ORPHANED_SECONDS)}; fi
  kill -INT "$postgres"
  while [ "$grace" -gt 0 ] && kill -0 "$postgres"; do sleep 1; grace=$((grace - 1)); done
  kill -QUIT "$postgres"
  sleep 2
  kill -KILL "$postgres"
) 2>/dev/null &
watch=$!
wait "$postgres"
status=$?
kill -KILL "$watch" 2>/dev/null
exit "$status"
`;

/** For read models that can be rebuilt, beside an application on a small machine. */
const SETTINGS = [
  'listen_addresses=',
  // A process takes up to 17 (infra/postgres/pool.ts, infra/keys/pool.ts), and tools some more.
  'max_connections=120',
  'superuser_reserved_connections=3',
  // A crash loses the last moments, rows and checkpoint together: the runner does them again. With fsync
  // off it would lose the whole cluster, so that stays on.
  'synchronous_commit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_wal_size=512MB',
  'checkpoint_timeout=15min',
  'shared_buffers=64MB',
  'work_mem=8MB',
  'maintenance_work_mem=64MB',
  'random_page_cost=1.1',
  // Few processes: no helpers for input, parallel queries or replication; one that cleans up.
  'io_method=sync',
  'max_worker_processes=2',
  'max_parallel_workers=0',
  'max_parallel_workers_per_gather=0',
  'max_logical_replication_workers=0',
  'autovacuum_worker_slots=2',
  'autovacuum_max_workers=1',
  'autovacuum_naptime=30s',
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  // Neither statements nor the values in error details: they hold what users wrote.
  'log_min_messages=warning',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'log_checkpoints=off',
] as const;

export type Postmaster = Readonly<{
  /** Resolves once the process has ended, for whatever reason. */
  ended: Promise<void>;
  hasEnded: () => boolean;
  stop: () => Promise<void>;
}>;

export type PostmasterOptions = Readonly<{
  place: Place;
  program: string;
  cluster: string;
  socketDirectory: string;
}>;

/** Starts Postgres so that it cannot outlive this process. It may not yet answer. */
export const spawnPostmaster = async ({
  place,
  program,
  cluster,
  socketDirectory,
}: PostmasterOptions): Promise<Postmaster> => {
  const settings = [...SETTINGS, `unix_socket_directories=${socketDirectory}`];
  const postgres = [program, '-D', cluster, ...settings.flatMap((setting) => ['-c', setting])];
  const log = await openLog(place);
  try {
    const keeper = spawn('/bin/sh', ['-c', KEEPER, 'seqline-postgres', ...postgres], {
      // Its own process group: a Ctrl-C in the terminal is for us alone.
      detached: true,
      cwd: '/',
      stdio: ['pipe', log.fd, log.fd],
      env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
      ...asAccount(place),
    });
    return watch(keeper);
  } finally {
    await log.close();
  }
};

/** What Postgres said last, to tell why it did not start. */
export const lastWords = async (place: Place): Promise<string> => {
  const text = await readFile(logFile(place), 'utf8').catch(() => '');
  return text.slice(-REASON_CHARS_MAX).trim();
};

/** In whatever words a system has for it; the messages of our clusters are in English. */
const NO_ROOM = /No space left on device|Disk quota exceeded/;

/** Whether it was for want of room that it has ended: what it holds is as good as it was. */
export const lackedRoom = async (place: Place): Promise<boolean> =>
  NO_ROOM.test(await lastWords(place));

const watch = (keeper: ChildProcess): Postmaster => {
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      resolve();
    };
    keeper.once('exit', end);
    keeper.once('error', end);
  });
  const { stdin } = keeper;
  // The pipe breaks when Postgres has gone by itself; `ended` tells that.
  stdin?.on('error', () => undefined);

  const stop = async (): Promise<void> => {
    stdin?.end('stop\n');
    const { pid } = keeper;
    const impatience = setTimeout(() => {
      if (pid !== undefined && !over) signal(-pid, 'SIGKILL');
    }, STOPPED_MS_MAX);
    await ended;
    clearTimeout(impatience);
  };
  return { ended, hasEnded: () => over, stop };
};

const logFile = ({ directory }: Place): string => path.join(directory, 'postgres.log');

const openLog = async (place: Place): ReturnType<typeof open> => {
  const file = logFile(place);
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(file, `${file}.1`);
  // Never through a link: the directory belongs to a user with fewer rights than we may have.
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  return open(file, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
};
