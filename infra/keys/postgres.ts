import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { StoreUnavailable } from '../../core/kernel/eventStore.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore, type SubjectKey } from '../../core/kernel/keyStore.ts';
import { KeysOfAnotherLog, type SealedLog } from './embedded.ts';
import { inRounds } from './rounds.ts';

const KEY_BYTES = 32;
/** How often it is looked whether another process has destroyed keys. */
const LOOK_EVERY_MS = 1_000;
/** For so long keys that are known are used though nobody can tell whether they still exist. */
const UNSEEN_MS_MAX = 60_000;
/** "SEQK": whoever changes what stands once only takes turns. */
const LOCK = 0x5345514b;

export const KEYS_SCHEMA = 'seqline_keys';
/** Names of what stands once. The ids of the logs that the keys belong to, with commas. */
export const LOG = 'log';
/** There while keys are copied to here from elsewhere: they are not all here yet. */
export const COPYING = 'copying';
const DESTRUCTIONS = 'destructions';

type KeyRow = Readonly<{ subject: string; id: number; key: Buffer | null }>;

/** Keys in Postgres, and what its user has to be told of other processes. */
export type SharedKeyStore = KeyStore &
  Readonly<{
    /** Called when keys have been destroyed elsewhere, or may have been: what is remembered of them must go. */
    onDestroyed: (listener: () => void) => void;
  }>;

/** Who is told each time that it was looked for, and not found or found. */
export type Reach = Readonly<{ away: (error: unknown) => void; back: () => void }>;

/**
 * The key store of many processes, in a schema of its own, which is never dropped with the read models: a
 * row for each user with its newest key, or with the number of the last one that was destroyed. Throws
 * `KeysOfAnotherLog`, and what Postgres says where it cannot be used.
 */
export const openPostgresKeys = async (
  pool: pg.Pool,
  log: SealedLog,
  reach: Reach,
): Promise<SharedKeyStore> => {
  await prepareKeysSchema(pool);
  await claim(pool, log);
  const keys = new PostgresKeys(pool, reach, await destructions(pool));
  keys.watch();
  return keys;
};

/** Makes what is missing, once, however many come at the same time. */
export const prepareKeysSchema = (pool: pg.Pool): Promise<void> =>
  alone(pool, async (client) => {
    await client.query(`
      create schema if not exists ${KEYS_SCHEMA};
      create table if not exists ${KEYS_SCHEMA}.subject_key
        (subject text primary key, id int not null, key bytea);
      create table if not exists ${KEYS_SCHEMA}.fact (name text primary key, value text not null)`);
  });

/** Whoever works on these takes turns; all of it or nothing is stored. */
export const alone = async <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const done = await work(client);
    await client.query('commit');
    client.release();
    return done;
  } catch (error) {
    // A transaction that is not over goes with its connection.
    client.release(true);
    throw error;
  }
};

/** To open what is sealed, beside whoever has the keys open. Throws `KeysOfAnotherLog`. */
export const readPostgresKeys = async (
  pool: pg.Pool,
  logIds: readonly string[],
): Promise<Pick<KeyStore, 'opening' | 'close'>> => {
  await refuseUnfinished(pool);
  const owners = await readOwners(pool);
  if (!owners.some((owner) => logIds.includes(owner))) {
    throw new KeysOfAnotherLog(
      `SEQLINE_KEYS holds the keys of the log ${owners.at(-1) ?? '(none)'}, but the log here is ${logIds[0] ?? '(none)'}`,
    );
  }
  return new PostgresKeys(pool, { away: () => undefined, back: () => undefined }, '0');
};

/** Keys have been copied to here, and not to the end; the message says what to do. */
export class KeysCopyUnfinished extends Error {
  override name = 'KeysCopyUnfinished';
}

/** With some of its keys missing, a log would be taken for damaged. @throws KeysCopyUnfinished */
const refuseUnfinished = async (db: Query): Promise<void> => {
  if ((await readFact(db, COPYING)) === undefined) return;
  throw new KeysCopyUnfinished(
    'SEQLINE_KEYS holds a copy of keys that is not finished: run the same seqline keys copy again, ' +
      'and it goes on',
  );
};

type Query = Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>;

export const readFact = async (db: Query, name: string): Promise<string | undefined> => {
  const { rows } = await db.query<{ value: string }>(
    `select value from ${KEYS_SCHEMA}.fact where name = $1`,
    [name],
  );
  return rows[0]?.value;
};

export const writeFact = async (db: Query, name: string, value: string): Promise<void> => {
  await db.query(
    `insert into ${KEYS_SCHEMA}.fact (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value`,
    [name, value],
  );
};

export const removeFact = async (db: Query, name: string): Promise<void> => {
  await db.query(`delete from ${KEYS_SCHEMA}.fact where name = $1`, [name]);
};

export const readOwners = async (db: Query): Promise<readonly string[]> =>
  (await readFact(db, LOG))?.split(',') ?? [];

/** As the embedded store does: keys and log are told apart from those of others by the log's id. */
const claim = (pool: pg.Pool, log: SealedLog): Promise<void> =>
  alone(pool, async (client) => {
    await refuseUnfinished(client);
    const owners = await readOwners(client);
    if (owners.includes(log.id)) return;
    const owner = owners.at(-1);
    if (owner !== undefined && log.formerIds?.includes(owner) !== true) {
      throw new KeysOfAnotherLog(
        `SEQLINE_KEYS holds the keys of the log ${owner}, but the log here is ${log.id}: two clusters ` +
          'do not share keys; name another database, or the event store that these keys belong to',
      );
    }
    const { rowCount } = await client.query(`select 1 from ${KEYS_SCHEMA}.subject_key limit 1`);
    if (owner === undefined && log.mayHoldSealed && rowCount === 0) {
      throw new KeysOfAnotherLog(
        `SEQLINE_KEYS holds no keys, but the log ${log.id} has events that are sealed: name the ` +
          'database that it was written with (another cluster may be using this log), or restore it ' +
          'from its backup',
      );
    }
    await writeFact(client, LOG, [...owners, log.id].join(','));
  });

const destructions = async (pool: pg.Pool): Promise<string> =>
  (await readFact(pool, DESTRUCTIONS)) ?? '0';

class PostgresKeys implements SharedKeyStore {
  readonly #pool: pg.Pool;
  readonly #reach: Reach;
  readonly #listeners = new Set<() => void>();
  readonly #found = inRounds((subjects) => this.#read(subjects));
  readonly #foundOrMade = inRounds((subjects) => this.#readOrMake(subjects));
  #destructions: string;
  #lookedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(pool: pg.Pool, reach: Reach, destroyed: string) {
    this.#pool = pool;
    this.#reach = reach;
    this.#destructions = destroyed;
  }

  /** Goes on until it is closed. */
  watch(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#closed) this.watch();
      });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  onDestroyed(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async sealing(subjects: readonly UserId[]): Promise<ReadonlyMap<UserId, SubjectKey>> {
    const rows = await reaching(() => this.#foundOrMade(subjects));
    const keys = new Map<UserId, SubjectKey>();
    for (const subject of subjects) {
      const row = rows.get(subject);
      // Destroyed again at this very moment: whoever asks once more gets another.
      if (row?.key === undefined || row.key === null)
        throw new StoreUnavailable('a key was destroyed');
      keys.set(subject, { id: row.id, key: Uint8Array.from(row.key) });
    }
    return keys;
  }

  async opening(subject: UserId, id: number): Promise<Uint8Array | undefined> {
    const row = (await reaching(() => this.#found([subject]))).get(subject);
    // Numbers are given one after the other, and only the newest key is ever kept.
    if (row === undefined || id > row.id) throw new KeyMissing(subject, id);
    return row.id === id && row.key !== null ? Uint8Array.from(row.key) : undefined;
  }

  async destroy(subject: UserId): Promise<void> {
    await reaching(() =>
      alone(this.#pool, async (client) => {
        await client.query(
          `update ${KEYS_SCHEMA}.subject_key set key = null where subject = $1 and key is not null`,
          [subject],
        );
        const next = BigInt((await readFact(client, DESTRUCTIONS)) ?? '0') + 1n;
        await writeFact(client, DESTRUCTIONS, String(next));
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#pool.end();
  }

  async #look(): Promise<void> {
    try {
      const known = await destructions(this.#pool);
      this.#reach.back();
      this.#lookedAt = performance.now();
      if (known === this.#destructions) return;
      this.#destructions = known;
      this.#tell();
    } catch (error) {
      if (this.#closed) return;
      this.#reach.away(error);
      if (performance.now() - this.#lookedAt > UNSEEN_MS_MAX) this.#tell();
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #readOrMake(subjects: readonly UserId[]): Promise<ReadonlyMap<string, KeyRow>> {
    const found = await this.#read(subjects);
    const missing = subjects.filter((subject) => (found.get(subject)?.key ?? null) === null);
    if (missing.length === 0) return found;
    await this.#make(missing);
    return new Map([...found, ...(await this.#read(missing))]);
  }

  async #read(subjects: readonly UserId[]): Promise<ReadonlyMap<string, KeyRow>> {
    const { rows } = await this.#pool.query<KeyRow>(
      `select subject, id, key from ${KEYS_SCHEMA}.subject_key where subject = any($1::text[])`,
      [subjects],
    );
    return new Map(rows.map((row) => [row.subject, row]));
  }

  /** Those that another process makes meanwhile are left as it made them. */
  async #make(subjects: readonly UserId[]): Promise<void> {
    const keys = subjects.map(() => randomBytes(KEY_BYTES));
    await this.#pool.query(
      `insert into ${KEYS_SCHEMA}.subject_key as k (subject, id, key)
       select made.subject, 1, made.key from unnest($1::text[], $2::bytea[]) as made (subject, key)
       on conflict (subject) do update set id = k.id + 1, key = excluded.key where k.key is null`,
      [subjects, keys],
    );
  }
}

/** A Postgres that is away is a store that is away: the same call may be made again. */
const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyMissing || error instanceof StoreUnavailable) throw error;
    throw new StoreUnavailable('the key store (SEQLINE_KEYS) does not answer', { cause: error });
  }
};
