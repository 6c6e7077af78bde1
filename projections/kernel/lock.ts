import { type Kysely, sql, type Transaction } from 'kysely';
import type { AnyTables } from './model.ts';

/** "SEQL": advisory locks are numbers, and belong to one database. */
const LOCK = 0x5345514c;
/** "SEQM" */
const NUMBERS_LOCK = 0x5345514d;
/** "SEQT" */
const TAKING_OVER = 0x53455154;
/** "SEQR", beside the name of a read model. */
const REBUILDING = 0x53455152;
/** "SEQP", beside the name of a schema. */
const PAST = 0x53455150;

/** Which read models a runner builds: there is one at work for each of these, in whatever process. */
export type Share = 'lists' | 'numbers';

const LOCKS: Readonly<Record<Share, number>> = { lists: LOCK, numbers: NUMBERS_LOCK };

/**
 * Takes the one lock of a share's runners if it is free. It is held by the connection, and dies with it: with a process at
 * once. A machine that vanishes says nothing, and Postgres would keep its lock for two hours. So it asks that
 * machine after five seconds of silence, every two, and without three answers, or when what it sends is not taken for as
 * long, the machine has gone: after 11 seconds. (A socket of the same machine passes that over.)
 */
export const tryLock = async (session: Kysely<AnyTables>, share: Share): Promise<boolean> => {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(${LOCKS[share]}::bigint) as locked,
      set_config('tcp_keepalives_idle', '5s', false),
      set_config('tcp_keepalives_interval', '2s', false),
      set_config('tcp_keepalives_count', '3', false),
      set_config('tcp_user_timeout', '11s', false)`.execute(session);
  return rows[0]?.locked === true;
};

/** Takes the one lock of a read model's rebuilds beside the one in use, likewise. */
export const tryRebuilding = (session: Kysely<AnyTables>, name: string): Promise<boolean> =>
  tryNamed(session, REBUILDING, name);

/** Takes the one lock of a schema in which the past is built and shown, likewise. */
export const tryPast = (session: Kysely<AnyTables>, schema: string): Promise<boolean> =>
  tryNamed(session, PAST, schema);

const tryNamed = async (
  session: Kysely<AnyTables>,
  kind: number,
  name: string,
): Promise<boolean> => {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(${kind}::int, hashtext(${name})) as locked,
      set_config('tcp_keepalives_idle', '5s', false),
      set_config('tcp_keepalives_interval', '2s', false),
      set_config('tcp_keepalives_count', '3', false),
      set_config('tcp_user_timeout', '11s', false)`.execute(session);
  return rows[0]?.locked === true;
};

/** Two that make schema and tables at the same moment would get in each other's way. */
export const oneAtATime = async (db: Transaction<AnyTables>): Promise<void> => {
  await sql`select pg_advisory_xact_lock(${TAKING_OVER}::bigint)`.execute(db);
  // A connection may remember that there is no schema, and hears what others have made once it reads a table.
  await sql`select from pg_namespace limit 1`.execute(db);
};
