import { sql } from 'kysely';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Millis, TokenId, UserId } from '../../../core/kernel/ids.ts';
import { openKeys } from '../../../infra/app/storage/keys.ts';
import { tokens } from '../../../infra/auth/paseto.ts';
import { openSigningKeys } from '../../../infra/auth/signingKeys.ts';
import { KeysOfAnotherLog, type SealedLog } from '../../../infra/keys/embedded.ts';
import { openKeysPool } from '../../../infra/keys/pool.ts';
import {
  openPostgresKeys,
  prepareKeysSchema,
  type SharedKeyStore,
} from '../../../infra/keys/postgres.ts';
import { postgresShelf } from '../../../infra/keys/postgresShelf.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { keyStoreContract } from '../../support/keyStoreContract.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { untilTrue } from '../../support/until.ts';

const ann = 'ann' as UserId;
const logOf = (digit: string, mayHoldSealed = false): SealedLog => ({
  id: digit.repeat(32),
  mayHoldSealed,
});

const databases: TestDatabase<object>[] = [];
const database = async (): Promise<TestDatabase<object>> => {
  const made = await testDatabase<object>();
  databases.push(made);
  return made;
};
const poolOf = (url: string): Pool => openKeysPool(url, () => undefined);
const open = (url: string, log = logOf('a')): Promise<SharedKeyStore> =>
  openPostgresKeys(poolOf(url), log, { away: () => undefined, back: () => undefined });

const nameOf = (url: string): string => /\/([^/?]+)(?:\?|$)/.exec(url)?.[1] ?? '';

let shared: TestDatabase<object>;
beforeAll(async () => {
  shared = await database();
});
afterAll(async () => {
  for (const one of databases) {
    await one.close();
    await one.drop();
  }
});

keyStoreContract('Postgres', async (work) => {
  const keys = await open(shared.url);
  try {
    await work(keys);
  } finally {
    const pool = poolOf(shared.url);
    await pool.query('delete from seqline_keys.subject_key');
    await pool.end();
    await keys.close();
  }
});

describe('keys in Postgres', () => {
  test('[NOD-1] are one for all processes, though many want the same at once', async () => {
    const { url } = await database();
    // Each makes the schema as well.
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const users = Array.from({ length: 200 }, (_, at) => `user${String(at)}` as UserId);
    const made = await Promise.all(
      stores.map((keys, at) => keys.sealing(at % 2 === 0 ? users : users.toReversed())),
    );
    for (const user of users) {
      const keys = made.map((one) => Buffer.from(one.get(user)?.key ?? []).toString('hex'));
      expect(new Set(keys).size).toBe(1);
      expect(keys[0]).toHaveLength(64);
    }
    await Promise.all(stores.map((keys) => keys.close()));
  });

  test('[NOD-2] a key that one process destroys is soon known by none', async () => {
    const { url } = await database();
    const [one, other] = [await open(url), await open(url)];
    let told = 0;
    other.onDestroyed(() => (told += 1));
    await one.sealing([ann]);
    expect(await other.opening(ann, 1)).toHaveLength(32);
    await one.destroy(ann);
    expect(await other.opening(ann, 1)).toBeUndefined();
    await untilTrue('the other is told', () => told > 0);
    await one.close();
    await other.close();
  });

  test('[NOD-3] go with one log: those of another, or none where something is sealed, are refused', async () => {
    const { url } = await database();
    await (await open(url, logOf('a'))).close();
    await expect(open(url, logOf('b'))).rejects.toThrow(/keys of the log a{32}.*two clusters/);
    const copy = { ...logOf('c'), formerIds: ['a'.repeat(32)] };
    await (await open(url, copy)).close();
    const empty = await database();
    await expect(open(empty.url, logOf('d', true))).rejects.toBeInstanceOf(KeysOfAnotherLog);
  });

  test('[NOD-4] a user that may not make them is named with the right it lacks, and no password', async () => {
    const { url } = await database();
    const pool = poolOf(url);
    const role = `poor_${String(process.pid)}`;
    await pool.query(`create role ${role} login password 'hunter2'`);
    const name = new URL(url.replace('@/', '@localhost/'));
    const poor = url.replace(/:\/\/[^@]*@/, `://${role}:hunter2@`);
    expect(poor).toContain(name.pathname);
    const config = { data: '/nowhere', keys: { kind: 'postgres', url: poor } } as const;
    const refused = openKeys(config, logOf('a'), createLog('silent'));
    await expect(refused).rejects.toThrow(/SEQLINE_KEYS.*permission denied.*grant create/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
    await pool.query(`drop role ${role}`);
    await pool.end();
  });

  test('[NOD-4] a Postgres that is not there is named with what to do', async () => {
    const keys = { kind: 'postgres', url: 'postgres://127.0.0.1:1/x' } as const;
    await expect(
      openKeys({ data: '/nowhere', keys }, logOf('a'), createLog('silent')),
    ).rejects.toThrow(/SEQLINE_KEYS.*start that Postgres, or correct/);
  });
});

describe('keys that sign, in Postgres', () => {
  const DAY: Millis = 24 * 60 * 60 * 1000;

  test('[NOD-2] are looked for while they cannot be reached, and found when they are back', async () => {
    const { url } = await database();
    const name = nameOf(url);
    const told: string[] = [];
    const store = await openPostgresKeys(poolOf(url), logOf('a'), {
      away: () => told.push('away'),
      back: () => told.push('back'),
    });
    const awayOnes = (): number => told.filter((what) => what === 'away').length;
    try {
      await untilTrue('it is found', () => told.includes('back'));
      await sql.raw(`alter database ${name} allow_connections false`).execute(shared.db);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(
        shared.db,
      );
      await untilTrue('it is looked for again and again', () => awayOnes() > 1);
      await sql.raw(`alter database ${name} allow_connections true`).execute(shared.db);
      await untilTrue('it is found again', () => told.at(-1) === 'back');
    } finally {
      await store.close();
    }
  });

  test('[NOD-5] are the same for all, and what one has rotated all know', async () => {
    const { url } = await database();
    const pool = poolOf(url);
    await prepareKeysSchema(pool);
    let now: Millis = 1_700_000_000_000;
    const processes = await Promise.all(
      Array.from({ length: 3 }, () => openSigningKeys(postgresShelf(pool), () => now)),
    );
    const claims = {
      user: ann,
      platform: 5,
      tokenId: 'one' as TokenId,
      issuedAt: now,
      expiresAt: now + DAY,
    };
    const verifiedByAll = async (token: string): Promise<void> => {
      for (const keys of processes) {
        expect((await tokens(keys).verify(token, now)).kind).toBe('valid');
      }
    };
    for (const keys of processes) await verifiedByAll(await tokens(keys).issue(claims));
    await Promise.all(processes.map((keys) => keys.rotate()));
    now += 1_000;
    for (const keys of processes) await verifiedByAll(await tokens(keys).issue(claims));
    now += 10_000;
    const ids = await Promise.all(
      processes.map(async (keys) => (await keys.signing(claims.expiresAt)).id),
    );
    expect(new Set(ids).size).toBe(1);
    await pool.end();
  });
});
