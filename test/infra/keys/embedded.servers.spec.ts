import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { SubjectKey } from '../../../core/kernel/keyStore.ts';
import { openEmbeddedKeys } from '../../../infra/keys/embedded.ts';
import { keyStoreContract } from '../../support/keyStoreContract.ts';

const ann = 'ann' as UserId;
const bob = 'bob' as UserId;

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

const fileBytes = (folder: string): Promise<Buffer> => readFile(join(folder, 'data.mdb'));

keyStoreContract('embedded', async (work) => {
  const keys = await openEmbeddedKeys(freshFolder());
  await work(keys);
  await keys.close();
});

describe('embedded key store on disk', () => {
  test('a restart keeps keys, and keeps destroyed ones destroyed', async () => {
    const folder = freshFolder();
    const before = await openEmbeddedKeys(folder);
    const made = await before.sealing([ann, bob]);
    await before.destroy(ann);
    await before.close();

    const after = await openEmbeddedKeys(folder);
    expect(await after.opening(bob, 1)).toEqual(made.get(bob)?.key);
    expect(await after.opening(ann, 1)).toBeUndefined();
    expect((await after.sealing([ann])).get(ann)?.id).toBe(2);
    await after.close();
  });

  test('[SEA-4] a new key is in the file when it is handed out', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder);
    const key = bytesOf((await keys.sealing([ann])).get(ann));
    expect((await fileBytes(folder)).includes(key)).toBe(true);
    await keys.close();
  });

  test('[SEA-7] after a destruction and a start, the file has no trace of the key', async () => {
    const folder = freshFolder();
    const before = await openEmbeddedKeys(folder);
    const key = bytesOf((await before.sealing([ann, bob])).get(ann));
    await before.destroy(ann);
    await before.close();
    expect((await fileBytes(folder)).includes(key)).toBe(true);

    const after = await openEmbeddedKeys(folder);
    expect((await fileBytes(folder)).includes(key)).toBe(false);
    expect(await after.opening(bob, 1)).toHaveLength(32);
    await after.close();
    expect((await readdir(folder)).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  test('only the owner can read it', async () => {
    const folder = freshFolder();
    const keys = await openEmbeddedKeys(folder);
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
