import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PostgresLog } from './place.ts';
import { PreparingClient } from './preparing.ts';

/** One for each of the two projectors, the rest for queries; an embedded Postgres takes 50 in all. */
const CONNECTIONS_MAX = 13;
const CONNECT_MS_MAX = 5_000;
/** A statement that runs longer is a fault: it would hold a connection that others wait for. */
export const STATEMENT_MS_MAX = 60_000;
/**
 * So the server has answered by then, or the connection leads nowhere: to a machine that has vanished, or that hangs.
 * The system would find out after a quarter of an hour, or never.
 */
const UNANSWERED_MS_MAX = STATEMENT_MS_MAX + 5_000;
/** How many times within such a time it is looked for. */
const LOOKS = 4;
/** Statements that are under way have so long to end when the pool is closed. */
const CLOSE_MS_MAX = 1_000;
const ANSWER_MS_MAX = 2_000;
/** After so long a silence the system begins to ask whether Postgres' machine is there; by itself after two hours. */
const SILENT_MS = 5_000;
/** Postgres' own number of the type bigint. */
const INT8 = 20;
/** And of date, which is a text here: a moment in some time zone is another thing. */
const DATE = 1082;

/** pg declares what its parsers give as `any`. */
const usualParser: (type: number, format?: 'text' | 'binary') => (value: string) => unknown =
  pg.types.getTypeParser;

export type PoolOptions = Readonly<{
  url: string;
  log: PostgresLog;
  connectionsMax?: number;
  /** A connection on which a statement has had no answer for so long is given up. Infinity: statements may take any time. */
  unansweredMsMax?: number;
}>;

export type Pool<Tables> = Readonly<{
  db: Kysely<Tables>;
  /** Whether Postgres answers now, within two seconds. */
  answers: () => Promise<boolean>;
  close: () => Promise<void>;
}>;

/** Connections to Postgres, opened as they are needed. A lost one is replaced; it never ends the process. */
export const openPool = <Tables>({
  url,
  log,
  connectionsMax,
  unansweredMsMax = UNANSWERED_MS_MAX,
}: PoolOptions): Pool<Tables> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax ?? CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    application_name: 'seqline',
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENT_MS,
    types,
    Client: PreparingClient,
  });
  let isClosing = false;
  const lost = (error: Error): void => {
    // Postgres may end while it is told of our going: then there is nothing to warn of.
    if (!isClosing) log.warn(`a connection to Postgres was lost: ${error.message}`);
  };
  // An idle connection has broken. Whoever needs one next gets a new one, or the error.
  pool.on('error', lost);
  // One that is lent out, but not in the middle of a statement, has nobody else to hear of it, and an
  // error event that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', lost));
  const open = connectionsOf(pool);
  const looking = Number.isFinite(unansweredMsMax)
    ? setInterval(() => {
        for (const client of open) if (client.unansweredMs > unansweredMsMax) giveUp(client);
      }, unansweredMsMax / LOOKS)
    : undefined;
  looking?.unref();
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    answers: () => answers(pool),
    close: async () => {
      isClosing = true;
      clearInterval(looking);
      const late = setTimeout(() => {
        for (const client of open) giveUp(client);
      }, CLOSE_MS_MAX);
      await db.destroy();
      clearTimeout(late);
    },
  };
};

const connectionsOf = (pool: pg.Pool): ReadonlySet<PreparingClient> => {
  const open = new Set<PreparingClient>();
  pool.on('connect', (client) => {
    if (client instanceof PreparingClient) open.add(client);
  });
  pool.on('remove', (client) => {
    if (client instanceof PreparingClient) open.delete(client);
  });
  return open;
};

/** Whoever waits for an answer gets the error. One that is idle says goodbye. */
const giveUp = (client: PreparingClient): void => {
  client.end().catch(() => undefined);
};

/** Positions and times are bigint columns: numbers here, and never beyond what a number can hold. */
const parseInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is beyond 2^53`);
  return value;
};

const types: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: 'text' | 'binary') => {
    if (format === 'binary') return usualParser(type, format);
    if (type === DATE) return (text: string) => text;
    return type === INT8 ? parseInteger : usualParser(type, format);
  },
};

const answers = async (pool: pg.Pool): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ANSWER_MS_MAX);
  });
  const asked = pool.query('select 1').then(
    () => true,
    () => false,
  );
  const answered = await Promise.race([asked, late]);
  clearTimeout(timer);
  return answered;
};
