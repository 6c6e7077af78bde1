import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Millis, TokenId, UserId } from '../../../core/kernel/ids.ts';
import { copyDataKeys, type Copied } from '../../../infra/app/storage/keysToPostgres.ts';
import { keysDirectory, tokensDirectory } from '../../../infra/app/storage/places.ts';
import { tokens } from '../../../infra/auth/paseto.ts';
import { fileShelf, openSigningKeys, type KeyShelf } from '../../../infra/auth/signingKeys.ts';
import { keys as keysCommand } from '../../../infra/cli/keys.ts';
import { copyKeysToPostgres } from '../../../infra/keys/copyToPostgres.ts';
import {
  openEmbeddedKeys,
  openKeysForReading,
  type HeldKey,
  type SealedLog,
} from '../../../infra/keys/embedded.ts';
import { openKeysPool } from '../../../infra/keys/pool.ts';
import { openPostgresKeys, type SharedKeyStore } from '../../../infra/keys/postgres.ts';
import { postgresShelf } from '../../../infra/keys/postgresShelf.ts';
import { runCommand } from '../../support/commandRun.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';

const [ann, bob, cat, dan] = ['ann', 'bob', 'cat', 'dan'] as UserId[] as [
  UserId,
  UserId,
  UserId,
  UserId,
];
const OLD: SealedLog = { id: 'a'.repeat(32), mayHoldSealed: false };
/** What `seqline log copy` makes of it. */
const NEW: SealedLog = { id: 'b'.repeat(32), formerIds: [OLD.id], mayHoldSealed: true };
const MANY = Array.from({ length: 2_500 }, (_, at) => `user${String(at)}` as UserId);

let folder = '';
const databases: TestDatabase<object>[] = [];
const database = async (): Promise<string> => {
  const made = await testDatabase<object>();
  databases.push(made);
  return made.url;
};
const poolOf = (url: string): Pool => openKeysPool(url, () => undefined);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'seqline-keys-copy-'));
});
afterAll(async () => {
  for (const one of databases) {
    await one.close();
    await one.drop();
  }
  await rm(folder, { recursive: true, force: true });
});

let made = 0;
const dataFolder = (): string => path.join(folder, String((made += 1)));

type Work<T> = (keys: Awaited<ReturnType<typeof openEmbeddedKeys>>) => Promise<T>;

/** As a server of the single process does, which then ends. */
const embedded = async <T>(data: string, work: Work<T>, log = OLD): Promise<T> => {
  const keys = await openEmbeddedKeys(keysDirectory(data), log);
  try {
    return await work(keys);
  } finally {
    await keys.close();
  }
};

/** As a process of the cluster. */
const shared = async <T>(
  url: string,
  work: (keys: SharedKeyStore) => Promise<T>,
  log = NEW,
): Promise<T> => {
  const pool = poolOf(url);
  let keys: SharedKeyStore;
  try {
    keys = await openPostgresKeys(pool, log, { away: () => undefined, back: () => undefined });
  } catch (error) {
    await pool.end();
    throw error;
  }
  try {
    return await work(keys);
  } finally {
    await keys.close();
  }
};

const copy = (from: string, url: string): Promise<Copied> =>
  copyDataKeys({ from, url, onUsers: () => undefined });

describe('keys that move from a data directory to Postgres', () => {
  test('[NOD-20] open there what they have sealed, and a copy made again writes only what has come since', async () => {
    const [data, url] = [dataFolder(), await database()];
    const before = await embedded(data, async (keys) => {
      await keys.destroy(bob);
      await keys.sealing([bob, cat]);
      await keys.destroy(bob);
      await keys.destroy(cat);
      await keys.sealing([cat]);
      return keys.sealing([ann, cat, ...MANY]);
    });
    const seen: string[] = [];
    const copied = await copyDataKeys({
      from: data,
      url,
      onUsers: (stage, users) => seen.push(`${stage} ${String(users)}`),
    });
    expect(copied).toEqual({ users: 2_503, destroyed: 1, written: 2_503, tokens: false });
    expect(seen).toEqual(
      ['copying', 'comparing'].flatMap((stage) =>
        [1_000, 2_000, 2_503].map((n) => `${stage} ${String(n)}`),
      ),
    );
    expect(await copy(data, url)).toMatchObject({ users: 2_503, written: 0 });

    await embedded(data, (keys) => keys.sealing([dan]));
    expect(await copy(data, url)).toMatchObject({ users: 2_504, written: 1 });
    await shared(url, async (keys) => {
      for (const [user, { id, key }] of before) {
        expect(Buffer.from((await keys.opening(user, id)) ?? [])).toEqual(Buffer.from(key));
      }
      expect(before.get(cat)?.id).toBe(2);
      expect(await keys.opening(cat, 1)).toBeUndefined();
      expect(await keys.opening(bob, 1)).toBeUndefined();
      // Its number stays taken: who comes back gets another key.
      expect((await keys.sealing([bob])).get(bob)?.id).toBe(2);
    });
  });

  test('[NOD-20] what the single process has signed, the many verify, those that have signed by themselves too', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing([ann]));
    const now: Millis = 1_700_000_000_000;
    const issue = async (shelf: KeyShelf): Promise<string> =>
      tokens(await openSigningKeys(shelf, () => now)).issue({
        user: ann,
        platform: 5,
        tokenId: 'one' as TokenId,
        issuedAt: now,
        expiresAt: now + 60_000,
      });
    const old = await issue(fileShelf(tokensDirectory(data)));
    expect(await copy(data, url)).toMatchObject({ tokens: true });
    const pool = poolOf(url);
    const other = await database();
    await shared(other, () => Promise.resolve(), OLD);
    const otherPool = poolOf(other);
    const own = await issue(postgresShelf(otherPool));
    await copy(data, other);
    await copy(data, other);
    const verdict = async (of: Pool, token: string): Promise<string> =>
      (await tokens(await openSigningKeys(postgresShelf(of), () => now)).verify(token, now)).kind;
    expect(await verdict(pool, old)).toBe('valid');
    expect(await verdict(otherPool, old)).toBe('valid');
    expect(await verdict(otherPool, own)).toBe('valid');
    await pool.end();
    await otherPool.end();
  });

  test('[NOD-21] a database that holds the keys of another log is refused, and nothing of it is changed', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing([ann, bob]));
    const theirs = await shared(url, (keys) => keys.sealing([ann]), {
      id: 'c'.repeat(32),
      mayHoldSealed: false,
    });
    await expect(copy(data, url)).rejects.toThrow(
      /holds the keys of the log c{32}.*another database/,
    );
    const pool = poolOf(url);
    const { rows } = await pool.query<{ subject: string; key: Buffer }>(
      'select subject, key from seqline_keys.subject_key',
    );
    expect(rows).toEqual([{ subject: 'ann', key: Buffer.from(theirs.get(ann)?.key ?? []) }]);
    await pool.end();
  });

  test('[NOD-21] what has been destroyed on either side stays so', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing([ann, bob, cat]));
    await copy(data, url);
    await embedded(data, (keys) => keys.destroy(ann));
    expect(await copy(data, url)).toMatchObject({ users: 3, destroyed: 1, written: 1 });
    await shared(url, (keys) => keys.destroy(bob));
    expect(await copy(data, url)).toMatchObject({ users: 3, destroyed: 2, written: 0 });
    await shared(url, async (keys) => {
      expect(await keys.opening(ann, 1)).toBeUndefined();
      expect(await keys.opening(bob, 1)).toBeUndefined();
      expect(await keys.opening(cat, 1)).toHaveLength(32);
    });
  });

  test('[NOD-21] where both have gone on by themselves it is said of whom, and neither is overwritten', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing([ann]));
    await copy(data, url);
    const there = await shared(url, (keys) => keys.sealing([dan]));
    // Users that only the one has are no reason: their keys are brought.
    await embedded(data, (keys) => keys.sealing([bob]));
    expect(await copy(data, url)).toMatchObject({ written: 1 });
    await embedded(data, (keys) => keys.sealing([dan]));
    await expect(copy(data, url)).rejects.toThrow(/gone on with keys of their own, for dan/);
    // Destroyed in the old one only, once the new one is in use: which of them holds cannot be known here.
    const [behind, used] = [dataFolder(), await database()];
    await embedded(behind, (keys) => keys.sealing([ann]));
    await copy(behind, used);
    await shared(used, () => Promise.resolve());
    await embedded(behind, (keys) => keys.destroy(ann));
    await expect(copy(behind, used)).rejects.toThrow(/for ann/);
    await shared(url, async (keys) => {
      expect(await keys.opening(dan, 1)).toEqual(there.get(dan)?.key);
    });
  });

  test('[NOD-22] a copy that has not ended starts no process, and goes on', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing(MANY));
    const from = await openKeysForReading(keysDirectory(data));
    const pool = poolOf(url);
    await expect(
      copyKeysToPostgres({
        from: from ?? expect.fail('there are keys'),
        pool,
        onCopied: () => {
          throw new Error('killed');
        },
        onCompared: () => undefined,
      }),
    ).rejects.toThrow('killed');
    await from?.close();
    await pool.end();
    await expect(shared(url, () => Promise.resolve())).rejects.toThrow(
      /not finished: run the same seqline keys copy again/,
    );
    expect(await copy(data, url)).toMatchObject({ users: 2_500, written: 1_500 });
    await shared(url, () => Promise.resolve());
  });

  test('[NOD-20] a server that goes on meanwhile is found out', async () => {
    const url = await database();
    const pool = poolOf(url);
    const held: HeldKey[] = [{ subject: 'ann', id: 1, key: randomBytes(32) }];
    const from = { owners: [OLD.id], held: () => [...held] };
    const copying = (onCopied: () => void) =>
      copyKeysToPostgres({ from, pool, onCopied, onCompared: () => undefined });
    await expect(
      copying(() => held.push({ subject: 'bob', id: 1, key: randomBytes(32) })),
    ).rejects.toThrow(/bob has changed.*stop the server of FROM/);
    await expect(shared(url, () => Promise.resolve())).rejects.toThrow(/not finished/);
    expect(await copying(() => undefined)).toMatchObject({ users: 2, written: 1 });
    await shared(url, () => Promise.resolve());
    await pool.end();
  });
});

describe('seqline keys', () => {
  const said = (config: Parameters<typeof keysCommand>[0], ...rest: readonly string[]) =>
    runCommand(() => keysCommand(config, { rest }));

  test('[NOD-20] copy says what it has done, and what it wants', async () => {
    const [data, url] = [dataFolder(), await database()];
    await embedded(data, (keys) => keys.sealing([ann]));
    const config = { keys: { kind: 'postgres', url } } as const;
    const done = await said(config, 'copy', `embedded:${data}`);
    expect(done.code).toBe(0);
    expect(done.text).toMatch(
      /keys of 1 users are in .*1 were written now, and all have been compared/,
    );
    for (const rest of [[], ['move', `embedded:${data}`], ['copy', data], ['copy']]) {
      expect(await said(config, ...rest)).toMatchObject({
        code: 1,
        text: expect.stringContaining('copy embedded:DATA-DIRECTORY') as unknown,
      });
    }
    const nowhere = await said({ keys: { kind: 'embedded' } }, 'copy', `embedded:${data}`);
    expect(nowhere).toMatchObject({
      code: 1,
      text: expect.stringContaining('SEQLINE_KEYS=') as unknown,
    });
    const none = await said(config, 'copy', `embedded:${folder}/nothing`);
    expect(none).toMatchObject({
      code: 1,
      text: expect.stringContaining('there are no keys') as unknown,
    });
    const away = {
      keys: { kind: 'postgres', url: 'postgres://me:hunter2@127.0.0.1:1/x' },
    } as const;
    const gone = await said(away, 'copy', `embedded:${data}`);
    expect(gone.text).toMatch(/start that Postgres, or correct SEQLINE_KEYS/);
    expect(gone.text).not.toContain('hunter2');
  });
});
