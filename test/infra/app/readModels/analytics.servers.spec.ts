import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asOf } from '../../../../infra/cli/asOf.ts';
import { rebuild } from '../../../../infra/cli/rebuild.ts';
import { replayFlags } from '../../../../infra/cli/replayFlags.ts';
import { verify } from '../../../../infra/cli/verify.ts';
import type { Config } from '../../../../infra/config/config.ts';
import { ANALYTICS } from '../../../../projections/analytics/project.ts';
import type { AnyTables } from '../../../../projections/kernel/model.ts';
import { parseJson, recordAt } from '../../../support/json.ts';
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { live } from '../../../support/verifyNumbers.ts';
import { configuredAt, project, register, withLog } from '../../../support/verifyWorld.ts';

let database: TestDatabase<AnyTables>;
let config: Config;
beforeEach(async () => {
  database = await testDatabase<AnyTables>();
  config = await configuredAt(database.url);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await database.drop();
  await rm(config.data, { recursive: true });
});

const ASKED = {
  ...{ rest: [], roles: undefined, platform: undefined, reason: undefined },
  ...{ port: undefined, host: undefined, exposed: false, allowWrites: false },
  ...{ logOnly: false, json: true, verifyOnly: false },
} as const;

/** What a command of the program says, and how it ends. */
const said = async (command: () => Promise<number>) => {
  const texts: string[] = [];
  const note = (text: string | Uint8Array) => texts.push(String(text)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(note);
  vi.spyOn(process.stderr, 'write').mockImplementation(note);
  const code = await command();
  vi.restoreAllMocks();
  return { code, text: texts.join('') };
};

const verified = () => said(() => verify(config, ASKED));

/** A server has been there, with the numbers or without. */
const serve = (analytics: boolean, user: string): Promise<number> =>
  withLog(config, async (storage) => {
    if (user === 'eve') await live(storage);
    await register(storage, user);
    await project({ ...config, analytics }, storage);
    return storage.log.head();
  });

const countOf = async (view: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.id('seqline_analytics', view)}`.execute(database.db);
  return rows[0]?.count ?? 0;
};

describe('[ANA-8] numbers that are turned off', () => {
  test('are not counted, which verify says, and are made up for when they are on again', async () => {
    await serve(false, 'eve');
    const without = await verified();
    expect(without.code, without.text).toBe(0);
    const { leftOut } = recordAt({ said: parseJson(without.text) }, 'said');
    expect(leftOut).toHaveLength(ANALYTICS.length);
    await serve(true, 'dan');
    await serve(false, 'cat');
    // They stand where they stood, and are right there.
    expect(await countOf('analytics_users')).toBe(3);
    const behind = await verified();
    expect(behind.code, behind.text).toBe(0);
    await serve(true, 'bob');
    expect(await countOf('analytics_users')).toBe(5);
    expect(parseJson((await verified()).text)).toMatchObject({ equal: true, leftOut: [] });
  });
});

describe('[ANA-9] numbers', () => {
  test('are rebuilt by their name, and shown by the same views afterwards', async () => {
    await serve(true, 'eve');
    const before = await countOf('analytics_messages');
    await sql`create view seqline_analytics.my_own as
      select * from seqline_analytics.analytics_messages`.execute(database.db);
    const replay = replayFlags({ follow: false, repair: false });
    const { code, text } = await said(() => rebuild(config, { rest: ['analytics'], replay }));
    expect(code, text).toBe(0);
    expect(text.match(/: equal, and switched to/gu)).toHaveLength(ANALYTICS.length);
    expect(await countOf('analytics_messages')).toBe(before);
    expect(await countOf('my_own')).toBe(before);
    expect((await verified()).code).toBe(0);
  });

  test('of the past are asked for by the same names', async () => {
    await withLog(config, (storage) => register(storage, 'ann'));
    await serve(true, 'eve');
    const query = 'select user_id, kind from analytics_users order by 1';
    const replay = replayFlags({ follow: false, query });
    const { code, text } = await said(() => asOf(config, { rest: ['1'], json: true, replay }));
    expect(code, text).toBe(0);
    expect(text.trim()).toBe('{"user_id":"ann","kind":"user"}');
  });
});
