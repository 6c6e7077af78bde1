import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PostgresLog } from './place.ts';
import { PreparingClient } from './preparing.ts';

/** One for each of the two projectors, the rest for queries; an embedded Postgres takes 50 in all. */
const CONNECTIONS_MAX = 13;
const CONNECT_MS_MAX = 5_000;
/** A statement that runs longer is a fault: it would hold a connection that others wait for. */
const STATEMENT_MS_MAX = 60_000;
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
}>;

export type Pool<Tables> = Readonly<{
  db: Kysely<Tables>;
  /** Whether Postgres answers now, within two seconds. */
  answers: () => Promise<boolean>;
  close: () => Promise<void>;
}>;

/** Connections to Postgres, opened as they are needed. A lost one is replaced; it never ends the process. */
export const openPool = <Tables>({ url, log, connectionsMax }: PoolOptions): Pool<Tables> => {
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
  const lost = (error: Error): void => {
    log.warn(`a connection to Postgres was lost: ${error.message}`);
  };
  // An idle connection has broken. Whoever needs one next gets a new one, or the error.
  pool.on('error', lost);
  // One that is lent out, but not in the middle of a statement, has nobody else to hear of it, and an
  // error event that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', lost));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { db, answers: () => answers(pool), close: () => db.destroy() };
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
