import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open as openLmdb } from 'lmdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { SubjectKey } from '../../../core/kernel/keyStore.ts';
import {
  KeysInUse,
  KeysOfAnotherLog,
  openEmbeddedKeys,
  openKeysForReading,
  readEmbeddedKeys,
  type SealedLog,
} from '../../../infra/keys/embedded.ts';
import { NotLmdb } from '../../../infra/lmdbFile.ts';
import { breakRootOf } from '../../support/eventStore/brokenRoot.ts';
import { keyStoreContract } from '../../support/keyStoreContract.ts';

const ann = 'ann' as UserId;
const bob = 'bob' as UserId;
/** A log that has just been made. */
const fresh: SealedLog = { id: 'a'.repeat(32), mayHoldSealed: false };

let root = '';
let folders = 0;
const freshFolder = (): string => {
  folders += 1;
  return join(root, `keys-${String(folders)}`);
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-keys-'));
});
afterAll(() => rm(root, { recursive: true }));

const bytesOf = (key: SubjectKey | undefined): Buffer => {
  if (key === undefined) throw new Error('a key was made');
  return Buffer.from(key.key);
};

const HOLD_KEYS = fileURLToPath(new URL('holdKeys.ts', import.meta.url));

const fileBytes = (folder: string): Promise<Buffer> => readFile(join(folder, 'data.mdb'));

keyStoreContract('embedded', async (work) => {
  const keys = await openEmbeddedKeys(freshFolder(), fresh);
  await work(keys);
  await keys.close();
});

describe('embedded key store on disk', () => {
  test('a restart keeps keys, and keeps destroyed ones destroyed', async () => {
    const folder = freshFolder();
    const before = await openEmbeddedKeys(folder, fresh);
    const made = await before.sealing([ann, bob]);
    await before.destroy(ann);
    await before.close();

    const after = await openEmbeddedKeys(folder, fresh);
    expect(await after.opening(bob, 1)).toEqual(made.get(bob)?.key);
    expect(await after.opening(ann, 1)).toBeUndefined();
    expect((await after.sealing([ann])).get(ann)?.id).toBe(2);
    await after.close();
  });

  test('[STO-24] where the disk loses the root of the store, no key is called lost, and none is made', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder, fresh);
    const made = await keys.sealing([ann]);
    breakRootOf(join(folder, 'data.mdb'));
    await expect(keys.sealing([bob])).rejects.toThrow(StoreUnavailable);
    await expect(keys.opening(ann, 1)).rejects.toThrow(StoreUnavailable);
    await expect(keys.sealing([ann])).rejects.toThrow(StoreUnavailable);
    await expect(keys.destroy(ann)).rejects.toThrow(StoreUnavailable);
    await keys.close();
    const again = await openEmbeddedKeys(folder, fresh);
    expect(await again.opening(ann, 1)).toEqual(made.get(ann)?.key);
    expect((await again.sealing([bob])).get(bob)?.id).toBe(1);
    await again.close();
  });

  test('[STO-25] a file that is none of a key store is said to be none', async () => {
    const folder = freshFolder();
    await mkdir(folder);
    await writeFile(join(folder, 'data.mdb'), Buffer.alloc(8_192));
    await expect(openEmbeddedKeys(folder, fresh)).rejects.toThrow(NotLmdb);
    await expect(openKeysForReading(folder)).rejects.toThrow(NotLmdb);
    expect(() => readEmbeddedKeys(folder, [fresh.id])).toThrow(NotLmdb);
  });

  test('an older store, which kept the name of its log where a user of that name belongs, is taken on', async () => {
    const folder = freshFolder();
    const before = await openEmbeddedKeys(folder, fresh);
    const made = await before.sealing([ann]);
    await before.close();
    const older = openLmdb<Buffer>({ path: folder, encoding: 'binary' });
    older.transactionSync(() => {
      older.removeSync(['', 'log']);
      older.putSync('log', Buffer.from(fresh.id));
      older.putSync('uncompacted', Buffer.of(1));
    });
    await older.close();

    const read = readEmbeddedKeys(folder, [fresh.id]);
    expect(await read.opening(ann, 1)).toEqual(made.get(ann)?.key);
    await read.close();
    expect(() => readEmbeddedKeys(folder, ['b'.repeat(32)])).toThrow(KeysOfAnotherLog);
    const listed = await openKeysForReading(folder);
    expect([...(listed?.held() ?? [])].map(({ subject }) => subject)).toEqual(['ann']);
    await listed?.close();
    const after = await openEmbeddedKeys(folder, fresh);
    const [log, uncompacted] = ['log', 'uncompacted'] as UserId[];
    if (log === undefined || uncompacted === undefined) throw new Error('there are two');
    expect((await after.sealing([log, uncompacted])).get(log)?.id).toBe(1);
    expect(await after.opening(ann, 1)).toEqual(made.get(ann)?.key);
    await after.close();
    await expect(openEmbeddedKeys(folder, { ...fresh, id: 'b'.repeat(32) })).rejects.toThrow(
      KeysOfAnotherLog,
    );
  });

  test('[SEA-11] has one opener, so that none loses what another makes; a killed one leaves it free', async () => {
    const folder = freshFolder();
    const child = spawn(process.execPath, ['--import', 'tsx', HOLD_KEYS, folder, fresh.id], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(openEmbeddedKeys(folder, fresh)).rejects.toBeInstanceOf(KeysInUse);
    child.stdin.write('bob\n');
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;

    const keys = await openEmbeddedKeys(folder, fresh);
    expect(await keys.opening(bob, 1)).toHaveLength(32);
    expect(await keys.opening(ann, 1)).toBeUndefined();
    await keys.close();
  });

  test('[SEA-4] a new key is in the file when it is handed out', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder, fresh);
    const key = bytesOf((await keys.sealing([ann])).get(ann));
    expect((await fileBytes(folder)).includes(key)).toBe(true);
    await keys.close();
  });

  test('[SEA-7] after a destruction and a start, the file has no trace of the key', async () => {
    const folder = freshFolder();
    const before = await openEmbeddedKeys(folder, fresh);
    const key = bytesOf((await before.sealing([ann, bob])).get(ann));
    await before.destroy(ann);
    await before.close();
    expect((await fileBytes(folder)).includes(key)).toBe(true);

    const after = await openEmbeddedKeys(folder, fresh);
    expect((await fileBytes(folder)).includes(key)).toBe(false);
    expect(await after.opening(bob, 1)).toHaveLength(32);
    await after.close();
    expect((await readdir(folder)).sort()).toEqual(['data.mdb', 'lock.2', 'lock.mdb']);
  });

  test('only the owner can read it', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder, fresh);
    await keys.sealing([ann]);
    const modes = await Promise.all(
      ['', 'data.mdb', 'lock.mdb'].map(
        async (file) => (await stat(join(folder, file))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
    await keys.close();
  });
});

describe('[SEA-10] a key store and its log', () => {
  const grown: SealedLog = { ...fresh, mayHoldSealed: true };
  const opened = async (folder: string, log: SealedLog, work: 'nothing' | 'seal' = 'nothing') => {
    const keys = await openEmbeddedKeys(folder, log);
    if (work === 'seal') await keys.sealing([ann]);
    await keys.close();
  };

  test('belong together from the first start on', async () => {
    const folder = freshFolder();
    await opened(folder, fresh, 'seal');
    await opened(folder, grown);
    const other = { ...grown, id: 'b'.repeat(32) };
    await expect(opened(folder, other)).rejects.toThrow(
      /the keys of the log a{32}, but the log here is b{32}: restore .*keys-/,
    );
    await opened(folder, grown);
  });
  test('no key store at all beside a log with sealed events is refused, at each start', async () => {
    const folder = freshFolder();
    for (const _ of [1, 2]) {
      await expect(opened(folder, grown)).rejects.toBeInstanceOf(KeysOfAnotherLog);
    }
    await expect(opened(folder, grown)).rejects.toThrow(/is empty, but the log a{32} has events/);
  });
  test('a store whose keys have all been destroyed is not an empty one', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder, fresh);
    await keys.sealing([ann]);
    await keys.destroy(ann);
    await keys.close();
    await opened(folder, grown);
  });
});
