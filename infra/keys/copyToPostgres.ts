import type pg from 'pg';
import { KeysOfAnotherLog, type HeldKey, type KeysForReading } from './embedded.ts';
import {
  alone,
  COPYING,
  KEYS_SCHEMA,
  LOG,
  prepareKeysSchema,
  readOwners,
  removeFact,
  writeFact,
} from './postgres.ts';

/** Users in one transaction: others that want a key wait for it. */
const PAGE = 1_000;
/** As many names as a person will read. */
const NAMED_MAX = 5;

/** Both have gone on since, each by itself: no choice of ours is right. */
export class KeysApart extends Error {
  override name = 'KeysApart';
}

/** The other was written to while it was copied: what has come since is not here. */
export class KeysMovedOn extends Error {
  override name = 'KeysMovedOn';
}

export type KeysToPostgres = Readonly<{
  from: Pick<KeysForReading, 'owners' | 'held'>;
  pool: pg.Pool;
  /** After each step, with the users that are done. */
  onCopied: (users: number) => void;
  onCompared: (users: number) => void;
}>;

export type KeysCopy = Readonly<{
  /** Users of whom something is held, and of them those whose keys have been destroyed. */
  users: number;
  destroyed: number;
  /** Of them those that were written now. */
  written: number;
}>;

/**
 * Makes the keys in Postgres those of an embedded store, and reads both to compare them. Made again it writes what
 * has come since, and nothing twice. What has been destroyed on either side stays destroyed. Until it has ended no
 * process starts with these keys. @throws KeysOfAnotherLog, KeysApart, KeysMovedOn
 */
export const copyKeysToPostgres = async ({
  from,
  pool,
  onCopied,
  onCompared,
}: KeysToPostgres): Promise<KeysCopy> => {
  await prepareKeysSchema(pool);
  const inUse = await begin(pool, from.owners);
  let done = 0;
  let written = 0;
  for (const page of pagesOf(from.held())) {
    written += await writePage(pool, page, inUse);
    onCopied((done += page.length));
  }
  const compared = await compare(pool, from, onCompared);
  await removeFact(pool, COPYING);
  return { ...compared, written };
};

/** Whether the keys there are in use already, by a copy of the log. */
const begin = (pool: pg.Pool, owners: readonly string[]): Promise<boolean> =>
  alone(pool, async (client) => {
    const [owner] = owners;
    if (owner === undefined) {
      throw new KeysOfAnotherLog(
        'FROM does not say whose keys they are: start seqline serve on it once, which writes that down',
      );
    }
    const there = await readOwners(client);
    if (there.length === 0 && (await holdsKeys(client))) {
      throw new KeysOfAnotherLog('SEQLINE_KEYS holds keys of nobody knows whom: name an empty one');
    }
    if (there.length > 0 && !there.some((id) => owners.includes(id))) {
      throw new KeysOfAnotherLog(
        `SEQLINE_KEYS holds the keys of the log ${there.at(-1) ?? ''}, and FROM those of ` +
          `${owners.at(-1) ?? ''}: name another database`,
      );
    }
    if (there.some((id) => !owners.includes(id))) return true;
    await writeFact(client, LOG, owners.join(','));
    await writeFact(client, COPYING, owner);
    return false;
  });

const holdsKeys = async (client: pg.PoolClient): Promise<boolean> => {
  const { rowCount } = await client.query(`select 1 from ${KEYS_SCHEMA}.subject_key limit 1`);
  return rowCount !== 0;
};

function* pagesOf(all: Iterable<HeldKey>): Generator<readonly HeldKey[]> {
  let page: HeldKey[] = [];
  for (const held of all) {
    page.push(held);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** How what is there stands to what is to be there. */
type Standing = 'missing' | 'same' | 'behind' | 'ahead' | 'apart';

const standingOf = (there: HeldKey | undefined, held: HeldKey): Standing => {
  if (there === undefined) return 'missing';
  if (there.id !== held.id) return there.id < held.id ? 'behind' : 'ahead';
  if (there.key === null) return held.key === null ? 'same' : 'ahead';
  if (held.key === null) return 'behind';
  return there.key.equals(held.key) ? 'same' : 'apart';
};

/** How many were written. */
const writePage = (pool: pg.Pool, page: readonly HeldKey[], inUse: boolean): Promise<number> =>
  alone(pool, async (client) => {
    const there = await readPage(client, page);
    const standings = page.map((held) => standingOf(there.get(held.subject), held));
    const apart = page.filter(
      (_, at) => standings[at] === 'apart' || (inUse && standings[at] === 'behind'),
    );
    if (apart.length > 0) throw apartFor(apart);
    const wanted = page.filter(
      (_, at) => standings[at] === 'missing' || standings[at] === 'behind',
    );
    await write(client, wanted);
    return wanted.length;
  });

const apartFor = (held: readonly HeldKey[]): KeysApart => {
  const names = held.slice(0, NAMED_MAX).map(({ subject }) => subject);
  const more = held.length > names.length ? ` and ${String(held.length - names.length)} more` : '';
  return new KeysApart(
    `FROM and SEQLINE_KEYS have each gone on with keys of their own, for ${names.join(', ')}${more}: both have ` +
      'been served since. Keep the one whose log you keep; for the other, begin again with an empty database',
  );
};

const readPage = async (
  db: Pick<pg.PoolClient, 'query'> | Pick<pg.Pool, 'query'>,
  page: readonly HeldKey[],
): Promise<ReadonlyMap<string, HeldKey>> => {
  const { rows } = await db.query<HeldKey>(
    `select subject, id, key from ${KEYS_SCHEMA}.subject_key where subject = any($1::text[])`,
    [page.map(({ subject }) => subject)],
  );
  return new Map(rows.map((row) => [row.subject, row]));
};

const write = async (client: pg.PoolClient, held: readonly HeldKey[]): Promise<void> => {
  if (held.length === 0) return;
  await client.query(
    `insert into ${KEYS_SCHEMA}.subject_key (subject, id, key)
     select * from unnest($1::text[], $2::int[], $3::bytea[])
     on conflict (subject) do update set id = excluded.id, key = excluded.key`,
    [held.map(({ subject }) => subject), held.map(({ id }) => id), held.map(({ key }) => key)],
  );
};

/** Both are read again. */
const compare = async (
  pool: pg.Pool,
  from: KeysToPostgres['from'],
  onCompared: (users: number) => void,
): Promise<Omit<KeysCopy, 'written'>> => {
  let users = 0;
  let destroyed = 0;
  for (const page of pagesOf(from.held())) {
    const there = await readPage(pool, page);
    for (const held of page) {
      const standing = standingOf(there.get(held.subject), held);
      if (standing !== 'same' && standing !== 'ahead') throw movedOn(held.subject);
      if (there.get(held.subject)?.key === null) destroyed += 1;
    }
    onCompared((users += page.length));
  }
  return { users, destroyed };
};

const movedOn = (subject: string): KeysMovedOn =>
  new KeysMovedOn(
    `the key of ${subject} has changed while it was copied: stop the server of FROM and run this again`,
  );
