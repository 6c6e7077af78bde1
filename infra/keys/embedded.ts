import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { open as openLmdb, type Key, type RootDatabase } from 'lmdb';
import { StoreUnavailable } from '../../core/kernel/eventStore.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore, type SubjectKey } from '../../core/kernel/keyStore.ts';
import { lockDirectory, type DirectoryLock } from '../directoryLock.ts';
import { isThere, makeFolder, syncFile, syncFolder } from '../durableFile.ts';
import { checkLmdbFile } from '../lmdbFile.ts';
import { isRecord, keptIn, KEY_BYTES, recordBytes, recordOf, type KeyRecord } from './keyRecord.ts';

const HELD_PAGE = 1_000;

/** Set while the file may still hold bytes of destroyed keys. A list of one would be a user's name like any other. */
const UNCOMPACTED: Key = ['', 'uncompacted'];
/** The ids of the log that the keys belong to, with commas: more than one once it has been copied. */
const LOG: Key = ['', 'log'];
/** What stores that are older have these under, where a user of that name would be as well. */
const FORMER: readonly (readonly [name: string, key: Key])[] = [
  ['uncompacted', UNCOMPACTED],
  ['log', LOG],
];

type Database = RootDatabase<Buffer>;
/** The log beside the key store. */
export type SealedLog = Readonly<{
  id: string;
  /** Logs that it has been copied or brought back from: what was sealed there is sealed here. */
  formerIds?: readonly string[];
  /** Whether it may hold what only keys of this store open. */
  mayHoldSealed: boolean;
}>;

/** The key store beside the log is empty, or another log's: most likely it was not restored with it. */
export class KeysOfAnotherLog extends Error {
  override name = 'KeysOfAnotherLog';
}

/** Another process has these keys open: what one of them made, the other could lose. */
export class KeysInUse extends Error {
  override name = 'KeysInUse';
}

/**
 * The key store in an LMDB environment of its own, readable by the owner only. Made for one server
 * process. Its backups bring back keys that were destroyed after them: keep them no longer than the law
 * lets you take over an erasure. Throws `KeysOfAnotherLog`, `KeysInUse`.
 */
export const openEmbeddedKeys = async (folder: string, log: SealedLog): Promise<KeyStore> => {
  await makeFolder(folder, 0o700);
  await chmod(folder, 0o700);
  const lock = await lockDirectory(await realpath(folder));
  if (lock === undefined) {
    throw new KeysInUse(
      `the keys in ${folder} are open in another process: stop it first, or choose another SEQLINE_DATA`,
    );
  }
  try {
    return new EmbeddedKeys(await openAlone(folder, log), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
};

/** To be called with the lock: a store that is compacted is another file afterwards. */
const openAlone = async (folder: string, log: SealedLog): Promise<Database> => {
  let database = open(folder);
  moveFormer(database);
  if (database.doesExist(UNCOMPACTED)) {
    await compact(database, folder);
    database = open(folder);
    database.transactionSync(() => {
      database.removeSync(UNCOMPACTED);
    });
  }
  try {
    claim(database, folder, log);
  } catch (error) {
    await database.close();
    throw error;
  }
  for (const file of ['data.mdb', 'lock.mdb']) await chmod(join(folder, file), 0o600);
  // LMDB flushes what is in its file, and not that there is such a file.
  for (const name of [folder, dirname(folder)]) await syncFolder(name);
  return database;
};

/**
 * The keys of a log, or of one that it comes from, to open what they have sealed while another process may have
 * the key store open: nothing is made, claimed, destroyed or compacted. `logIds`: its own first. Throws
 * `KeysOfAnotherLog`, and where there are none.
 */
export const readEmbeddedKeys = (
  folder: string,
  logIds: readonly string[],
): Pick<KeyStore, 'opening' | 'close'> => {
  if (!existsSync(join(folder, 'data.mdb'))) {
    throw new Error(
      `there is no key store in ${folder}, and without its keys the log cannot be read`,
    );
  }
  const database = openToRead(folder);
  const owners = ownersOf(database);
  if (owners.length > 0 && !owners.some((owner) => logIds.includes(owner))) {
    void database.close();
    throw new KeysOfAnotherLog(
      `the key store in ${folder} holds the keys of the log ${owners.join()}, but the log here is ${logIds[0] ?? '(none)'}`,
    );
  }
  return new EmbeddedKeys(database);
};

class EmbeddedKeys implements KeyStore {
  readonly #database: Database;
  readonly #lock: DirectoryLock | undefined;
  readonly #wanted = new Set<UserId>();
  #making: Promise<ReadonlyMap<UserId, SubjectKey>> | undefined;

  /** Without a lock they are only read. */
  constructor(database: Database, lock?: DirectoryLock) {
    this.#database = database;
    this.#lock = lock;
  }

  async sealing(subjects: readonly UserId[]): Promise<ReadonlyMap<UserId, SubjectKey>> {
    const keys = new Map<UserId, SubjectKey>();
    const missing: UserId[] = [];
    for (const subject of subjects) {
      const { id, key } = this.#read(subject);
      if (key === undefined) missing.push(subject);
      else keys.set(subject, { id, key });
    }
    if (missing.length === 0) return keys;
    const made = await this.#make(missing);
    for (const subject of missing) {
      const key = made.get(subject);
      if (key !== undefined) keys.set(subject, key);
    }
    return keys;
  }

  async opening(subject: UserId, id: number): Promise<Uint8Array | undefined> {
    const newest = this.#read(subject);
    // Numbers are given one after the other, and only the newest key is ever kept.
    if (id > newest.id) throw new KeyMissing(subject, id);
    return newest.id === id ? newest.key : undefined;
  }

  async destroy(subject: UserId): Promise<void> {
    writing(() => {
      this.#database.transactionSync(() => {
        const { id, key } = read(this.#database, subject);
        if (key === undefined) return;
        this.#database.putSync(subject, recordBytes({ id }));
        this.#database.putSync(UNCOMPACTED, Buffer.of(1));
      });
    });
  }

  async close(): Promise<void> {
    await this.#making;
    await this.#database.close();
    await this.#lock?.release();
  }

  /** All keys that are wanted in one turn of the event loop are made in one transaction. */
  #make(subjects: readonly UserId[]): Promise<ReadonlyMap<UserId, SubjectKey>> {
    for (const subject of subjects) this.#wanted.add(subject);
    this.#making ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const group = [...this.#wanted];
        this.#wanted.clear();
        this.#making = undefined;
        try {
          resolve(writing(() => this.#database.transactionSync(() => this.#makeNow(group))));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    return this.#making;
  }

  /** What LMDB cannot read is not lost for that. @throws StoreUnavailable */
  #read(subject: UserId): KeyRecord {
    let bytes: Buffer | undefined;
    try {
      bytes = this.#database.get(subject);
    } catch (cause) {
      throw new StoreUnavailable(`the key store cannot be read: ${String(cause)}`, { cause });
    }
    return keptIn(bytes);
  }

  /** Inside a transaction: looks again, as another process may have made the key meanwhile. */
  #makeNow(subjects: readonly UserId[]): ReadonlyMap<UserId, SubjectKey> {
    const keys = new Map<UserId, SubjectKey>();
    for (const subject of subjects) {
      const newest = read(this.#database, subject);
      if (newest.key !== undefined) {
        keys.set(subject, { id: newest.id, key: newest.key });
        continue;
      }
      const made = { id: newest.id + 1, key: Uint8Array.from(randomBytes(KEY_BYTES)) };
      this.#database.putSync(subject, recordBytes(made));
      keys.set(subject, made);
    }
    return keys;
  }
}

/** A disk that takes nothing may take it later: the same call may be made again. */
const writing = <T>(write: () => T): T => {
  try {
    return write();
  } catch (cause) {
    throw new StoreUnavailable(`the key store cannot be written: ${String(cause)}`, { cause });
  }
};

/**
 * A synchronous transaction returns after the flush to disk, which is what makes a key durable here; nor is anything seen
 * before it is flushed.
 */
const open = (folder: string): Database => {
  checkLmdbFile(folder, REMEDY);
  return openLmdb<Buffer>({ path: folder, encoding: 'binary', overlappingSync: false });
};

const openToRead = (folder: string): Database => {
  checkLmdbFile(folder, REMEDY);
  return openLmdb<Buffer>({ path: folder, encoding: 'binary', readOnly: true });
};

const REMEDY =
  'bring the key store back from a backup; if it was just being made when the power was lost, there is nothing in it, ' +
  'and its folder can be removed';

/**
 * Keys and log are told apart from those of others by the log's id. A store with keys and without the id
 * was made before ids were kept, and is taken for this log's.
 */
const claim = (database: Database, folder: string, log: SealedLog): void => {
  const owners = ownersOf(database);
  if (owners.includes(log.id)) return;
  const remedy = `restore ${folder} from the backup that was made with this log`;
  const owner = owners.at(-1);
  if (owner !== undefined && log.formerIds?.includes(owner) !== true) {
    throw new KeysOfAnotherLog(
      `the key store holds the keys of the log ${owner}, but the log here is ${log.id}: ${remedy}`,
    );
  }
  if (owner === undefined && log.mayHoldSealed && database.getKeysCount({ limit: 1 }) === 0) {
    throw new KeysOfAnotherLog(
      `the key store is empty, but the log ${log.id} has events that are sealed: ${remedy}`,
    );
  }
  database.transactionSync(() => {
    database.putSync(LOG, Buffer.from([...owners, log.id].join(',')));
  });
};

/** None in a store that was made before ids were kept. */
const ownersOf = (database: Database): readonly string[] => {
  const kept = database.get(LOG) ?? formerOf(database, 'log');
  return kept?.toString().split(',') ?? [];
};

/** No user's record has such a length. */
const formerOf = (database: Database, name: string): Buffer | undefined => {
  const kept = database.get(name);
  return kept === undefined || isRecord(kept) ? undefined : kept;
};

const moveFormer = (database: Database): void => {
  for (const [name, key] of FORMER) {
    const kept = formerOf(database, name);
    if (kept === undefined) continue;
    database.transactionSync(() => {
      database.putSync(key, kept);
      database.removeSync(name);
    });
  }
};

/** What is held of one user: the newest key, or the number up to which all have been destroyed. */
export type HeldKey = Readonly<{ subject: string; id: number; key: Buffer | null }>;

export type KeysForReading = Pick<KeyStore, 'opening' | 'close'> &
  Readonly<{
    /** The logs they belong to. */
    owners: readonly string[];
    /** Of how many users something is held, or a few more. */
    count: () => number;
    /** All that is held, each once, as it is when it is read. */
    held: () => Iterable<HeldKey>;
    /** A copy of what is alive, as of one moment, into another folder; what is there is replaced. */
    copyTo: (folder: string) => Promise<void>;
  }>;

/** Beside a server that has them open, too. Undefined where there are none. */
export const openKeysForReading = async (folder: string): Promise<KeysForReading | undefined> => {
  if (!(await isThere(join(folder, 'data.mdb')))) return undefined;
  const database = openToRead(folder);
  const keys = new EmbeddedKeys(database);
  return {
    owners: ownersOf(database),
    count: () => database.getKeysCount(),
    held: () => heldIn(database),
    opening: (subject, id) => keys.opening(subject, id),
    copyTo: (target) => copyAlive(database, target),
    close: () => database.close(),
  };
};

/** Free pages, which may hold keys that have been destroyed, are left out. */
const copyAlive = async (database: Database, folder: string): Promise<void> => {
  await makeFolder(folder, 0o700);
  await chmod(folder, 0o700);
  const draft = join(folder, 'copied');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await database.backup(draft, true);
  await chmod(join(draft, 'data.mdb'), 0o600);
  await syncFile(join(draft, 'data.mdb'));
  await rename(join(draft, 'data.mdb'), join(folder, 'data.mdb'));
  await rm(draft, { recursive: true });
  await syncFolder(folder);
};

/** Page by page, each as it is by then: one view of it all would keep a server from using its file's pages again. */
function* heldIn(database: Database): Generator<HeldKey> {
  let after: Key | undefined;
  for (;;) {
    database.resetReadTxn();
    const page = [
      ...database.getRange({
        ...(after !== undefined && { start: after, exclusiveStart: true }),
        limit: HELD_PAGE,
        snapshot: false,
      }),
    ];
    for (const { key: subject, value } of page) {
      after = subject;
      // Names that are lists are of what the store says of itself, and so are the former ones.
      if (typeof subject !== 'string') continue;
      if (FORMER.some(([name]) => name === subject) && !isRecord(value)) continue;
      const { id, key } = recordOf(value);
      yield { subject, id, key: key === undefined ? null : Buffer.from(key) };
    }
    if (page.length < HELD_PAGE) return;
  }
}

const read = (database: Database, subject: UserId): KeyRecord => keptIn(database.get(subject));

/**
 * LMDB never writes over a page: a destroyed key stays in a free page of the file until that is used
 * again. So the next start after a destruction copies what is alive into a new file and drops the old.
 */
const compact = async (database: Database, folder: string): Promise<void> => {
  const draft = join(folder, 'compacted');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await database.backup(draft, true);
  await database.close();
  await syncFile(join(draft, 'data.mdb'));
  await rename(join(draft, 'data.mdb'), join(folder, 'data.mdb'));
  await syncFolder(folder);
  await rm(draft, { recursive: true });
};
