import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder } from '../../infra/durableFile.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-folder-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('a folder', () => {
  test('is made with those above it, and is left as it is where it is there', async () => {
    const folder = join(root, 'a', 'b', 'c');
    expect(await makeFolder(folder, 0o700)).toBe(join(root, 'a'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, 'a'))).mode & 0o777).toBe(0o700);
    expect(await makeFolder(folder)).toBeUndefined();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('is made by many at once', async () => {
    const folder = join(root, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder)));
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  test('is not made in a file or over one', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  test('[OPS-90] where none can be is not tried for ever', async () => {
    const asked = makeFolder('/proc/seqline/log');
    await expect(asked).rejects.toMatchObject({ code: 'ENOTDIR', path: '/proc/seqline' });
  });
});
