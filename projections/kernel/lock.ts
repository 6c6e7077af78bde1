import { type Kysely, sql } from 'kysely';
import type { AnyTables } from './model.ts';

/** "SEQL": advisory locks are numbers, and belong to one database. */
const LOCK = 0x5345514c;

/** Takes the one lock of the projectors if it is free. It is held by the connection, and dies with it. */
export const tryLock = async (session: Kysely<AnyTables>): Promise<boolean> => {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(${LOCK}::bigint) as locked`.execute(session);
  return rows[0]?.locked === true;
};
