import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileShelf, openSigningKeys } from '../../../infra/auth/signingKeys.ts';

test('[TOK-9] signing keys are kept in a file that only the owner can read', async () => {
  const root = await mkdtemp(join(tmpdir(), 'seqline-tokens-'));
  const folder = join(root, 'data', 'tokens');
  const keys = await openSigningKeys(fileShelf(folder), () => 0);
  const { id } = await keys.signing(1);
  await keys.rotate();

  const again = await openSigningKeys(fileShelf(folder), () => 0);
  expect(await again.verifying(id)).toBeDefined();
  expect(await again.verifying('another')).toBeUndefined();
  expect(await readdir(folder)).toEqual(['keys.json']);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'keys.json'))).mode & 0o777).toBe(0o600);
  await rm(root, { recursive: true });
});
