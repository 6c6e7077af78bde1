import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { asOf } from '../../../../infra/cli/asOf.ts';
import { rebuild } from '../../../../infra/cli/rebuild.ts';
import { replayFlags } from '../../../../infra/cli/replayFlags.ts';
import { verify } from '../../../../infra/cli/verify.ts';
import { ANALYTICS } from '../../../../projections/analytics/project.ts';
import { NO_FLAGS, runCommand } from '../../../support/commandRun.ts';
import { parseJson, recordAt } from '../../../support/json.ts';
import { live } from '../../../support/verifyNumbers.ts';
import { project, register, withLog } from '../../../support/verifyWorld.ts';
import { worldOfEachTest } from '../../../support/worldOfEachTest.ts';

const world = worldOfEachTest();

const verified = () => runCommand(() => verify(world.config, { ...NO_FLAGS, json: true }));

/** A server has been there, with the numbers or without. */
const serve = (analytics: boolean, user: string): Promise<number> =>
  withLog(world.config, async (storage) => {
    if (user === 'eve') await live(storage);
    await register(storage, user);
    await project({ ...world.config, analytics }, storage);
    return storage.log.head();
  });

const countOf = async (view: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.id('seqline_analytics', view)}`.execute(world.database.db);
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
      select * from seqline_analytics.analytics_messages`.execute(world.database.db);
    const replay = replayFlags({ follow: false, repair: false });
    const { code, text } = await runCommand(() =>
      rebuild(world.config, { rest: ['analytics'], replay }),
    );
    expect(code, text).toBe(0);
    expect(text.match(/: equal, and switched to/gu)).toHaveLength(ANALYTICS.length);
    expect(await countOf('analytics_messages')).toBe(before);
    expect(await countOf('my_own')).toBe(before);
    expect((await verified()).code).toBe(0);
  });

  test('of the past are asked for by the same names', async () => {
    await withLog(world.config, (storage) => register(storage, 'ann'));
    await serve(true, 'eve');
    const query = 'select user_id, kind from analytics_users order by 1';
    const replay = replayFlags({ follow: false, query });
    const { code, text } = await runCommand(() =>
      asOf(world.config, { rest: ['1'], json: true, replay }),
    );
    expect(code, text).toBe(0);
    expect(text.trim()).toBe('{"user_id":"ann","kind":"user"}');
  });
});
