import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { type Binaries, prepareBinaries } from './binaries.ts';
import { claimDirectory, endOldPostgres } from './claim.ts';
import { clusterOf, DATABASE_USER, prepareCluster, setAside } from './cluster.ts';
import {
  type Place,
  placesOf,
  type PostgresLog,
  preparePlace,
  prepareSocketDirectory,
} from './place.ts';
import { lackedRoom, lastWords, type Postmaster, spawnPostmaster } from './postmaster.ts';
import { pause } from './processes.ts';

/** Repairing after a crash reads at most `max_wal_size` of log, slowly on a bad disk. */
const START_MS_MAX = 60_000;
const ANSWER_POLL_MS = 10;
/** Between two starts of the same cluster: the last processes of a killed one may still be going. */
const RETRY_AFTER_MS = 1_000;
/** Between restarts of a Postgres that died under us: doubled each time, up to the second number. */
const RESTART_AFTER_MS = [100, 10_000] as const;

const DATABASE = 'seqline';
const NO_SUCH_DATABASE = '3D000';

export type EmbeddedPostgres = Readonly<{
  /** For any Postgres client; the same for as long as this process lives, restarts included. */
  url: string;
  stop: () => Promise<void>;
}>;

export type EmbeddedOptions = Readonly<{ directory: string; log: PostgresLog }>;

/**
 * A Postgres of our own, from npm, in a directory of ours: reached through a socket that only its user
 * may open, ended with this process even if that is killed, started again if it dies. All it holds can be
 * rebuilt, so a cluster that does not start is moved aside and made anew; unless the disk is full. Throws
 * `PostgresDirectoryInUse` if another living process has it.
 */
export const startEmbeddedPostgres = async ({
  directory,
  log,
}: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const place = await preparePlace(directory, log);
  const claim = await claimDirectory(place.directory);
  try {
    const binaries = await prepareBinaries(place, log);
    const socketDirectory = await prepareSocketDirectory(place);
    const keeper = new Keeper({ place, binaries, socketDirectory, log });
    await keeper.start();
    return {
      url: urlOf(socketDirectory, DATABASE),
      stop: async () => {
        await keeper.stop();
        await rm(socketDirectory, { recursive: true, force: true });
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
};

/** Of `postmaster.pid`, where a running Postgres says where its socket is. */
const SOCKET_LINE = 4;

/**
 * The URL of an embedded Postgres that another process runs for a directory, if one answers; `none` where
 * there has never been any. Whoever may enter its socket's folder may ask it: its own user, and root.
 */
export const findEmbeddedPostgres = async (
  directory: string,
): Promise<Readonly<{ url: string }> | 'resting' | 'none'> => {
  let found: 'resting' | 'none' = 'none';
  for (const place of await placesOf(directory)) {
    const cluster = clusterOf({ directory: place, account: undefined });
    if ((await textOf(path.join(cluster, 'PG_VERSION'))) !== undefined) found = 'resting';
    const lines = (await textOf(path.join(cluster, 'postmaster.pid')))?.split('\n') ?? [];
    const url = urlOf(lines[SOCKET_LINE] ?? '', DATABASE);
    if (lines.length > SOCKET_LINE && (await ask(url, 'select 1')) === 'ok') return { url };
  }
  return found;
};

/** Undefined: it is not there. What may not be read is a fault that says so. */
const textOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
};

type KeeperOptions = Readonly<{
  place: Place;
  binaries: Binaries;
  socketDirectory: string;
  log: PostgresLog;
}>;

/** Holds the one running Postgres of a place, and puts another in its stead if it dies. */
class Keeper {
  readonly #options: KeeperOptions;
  #postmaster: Postmaster | undefined;
  #supervision: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#postmaster = await this.#launch();
    this.#supervision = this.#supervise(this.#postmaster);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#postmaster?.stop();
    await this.#supervision;
  }

  /** Asked anew after every wait: it changes meanwhile. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  async #supervise(first: Postmaster): Promise<void> {
    const { log } = this.#options;
    const [shortest, longest] = RESTART_AFTER_MS;
    let wait: number = shortest;
    let running: Postmaster | undefined = first;
    for (;;) {
      await running?.ended;
      if (this.#isStopping()) return;
      log.warn('Postgres has ended by itself and is started again');
      await pause(wait);
      wait = Math.min(wait * 2, longest);
      try {
        running = await this.#launch();
        this.#postmaster = running;
        wait = shortest;
      } catch (error) {
        running = undefined;
        log.warn(`Postgres does not start: ${messageOf(error)}`);
      }
      // A stop that came during the launch has not seen this one.
      if (this.#isStopping()) await running?.stop();
    }
  }

  /** As it is; once more; then anew, unless what it lacks is room. */
  async #launch(): Promise<Postmaster> {
    const { place, log } = this.#options;
    const existed = await prepareCluster(place, this.#options.binaries, log);
    try {
      return await this.#launchOnce(existed);
    } catch (error) {
      if (this.#isStopping()) throw error;
      log.warn(`Postgres did not start, trying once more: ${messageOf(error)}`);
    }
    await pause(RETRY_AFTER_MS);
    try {
      return await this.#launchOnce(existed);
    } catch (error) {
      // On a full disk another could not be made either.
      if (this.#isStopping() || (await lackedRoom(place))) throw error;
      await setAside(place, messageOf(error), log);
    }
    return this.#launchOnce(await prepareCluster(place, this.#options.binaries, log));
  }

  async #launchOnce(cluster: string): Promise<Postmaster> {
    const { place, binaries, socketDirectory, log } = this.#options;
    await endOldPostgres(clusterOf(place), log);
    // A socket and its lock are left behind by a crash, with a process number that may be taken by now.
    const socket = path.join(socketDirectory, '.s.PGSQL.5432');
    await Promise.all([rm(socket, { force: true }), rm(`${socket}.lock`, { force: true })]);

    const program = binaries.postgres;
    const postmaster = await spawnPostmaster({ place, program, cluster, socketDirectory });
    try {
      await untilAnswers(postmaster, socketDirectory, place);
      return postmaster;
    } catch (error) {
      await postmaster.stop();
      throw error;
    }
  }
}

const untilAnswers = async (
  postmaster: Postmaster,
  socketDirectory: string,
  place: Place,
): Promise<void> => {
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    if (postmaster.hasEnded()) throw new Error(`it ended at once: ${await lastWords(place)}`);
    const answer = await ask(urlOf(socketDirectory, DATABASE), 'select 1');
    if (answer === 'ok') return;
    if (answer === NO_SUCH_DATABASE) {
      await ask(urlOf(socketDirectory, 'postgres'), `create database ${DATABASE}`);
      continue;
    }
    if (Date.now() > deadline)
      throw new Error(`no answer in ${String(START_MS_MAX)} ms: ${answer}`);
    await pause(ANSWER_POLL_MS);
  }
};

/** `ok`, or the code (else the words) of what went wrong. */
const ask = async (url: string, statement: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: START_MS_MAX });
  // A connection that breaks while it is idle says so here; the next question says it again.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
    return 'ok';
  } catch (error) {
    return error instanceof pg.DatabaseError && error.code !== undefined
      ? error.code
      : messageOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
};

const urlOf = (socketDirectory: string, database: string): string =>
  `postgresql://${DATABASE_USER}@/${database}?host=${encodeURIComponent(socketDirectory)}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
