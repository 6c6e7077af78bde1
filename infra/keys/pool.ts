import pg from 'pg';

const CONNECTIONS_MAX = 4;
const CONNECT_MS_MAX = 2_000;
/** Whoever waits for a key holds up a conversation. */
const QUERY_MS_MAX = 5_000;

/** Connections to the Postgres of the keys. Each commit is on its disk before it is answered, whatever its default. */
export const openKeysPool = (url: string, lost: (error: Error) => void): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: QUERY_MS_MAX,
    application_name: 'seqline keys',
    options: '-c synchronous_commit=on',
    keepAlive: true,
  });
  // A broken connection is replaced by the next that is asked for; an error nobody hears ends the process.
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost));
  return pool;
};
