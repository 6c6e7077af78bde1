import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { Building, skipsIn } from '../../../infra/app/history/building.ts';
import { openHistory } from '../../../infra/app/history/openHistory.ts';
import { READ_MODELS } from '../../../infra/app/readModels/readModels.ts';
import { asOf } from '../../../infra/cli/asOf.ts';
import { rebuild } from '../../../infra/cli/rebuild.ts';
import { replayFlags } from '../../../infra/cli/replayFlags.ts';
import { startServedLog } from '../../support/eventStore/servedLog.ts';
import { runCommand } from '../../support/commandRun.ts';
import { project, register, say, withLog, write } from '../../support/verifyWorld.ts';
import { worldOfEachTest } from '../../support/worldOfEachTest.ts';
import { lifeOf, rowsIn } from './pastWorld.ts';

const world = worldOfEachTest();

const run = async (
  when: string | undefined,
  flags: Readonly<{ query?: string; keep?: boolean }> = {},
  json = true,
) => {
  const { code, out, err } = await runCommand(() =>
    asOf(world.config, {
      ...{ rest: when === undefined ? [] : [when], json },
      replay: replayFlags({ follow: false, ...flags }),
    }),
  );
  return { code, text: out.trimEnd(), said: err };
};

const schemas = async (): Promise<readonly string[]> => {
  const { rows } = await sql<{ name: string }>`
    select nspname as name from pg_namespace where nspname like 'seqline%' and nspname <> 'seqline_analytics' order by 1`.execute(
    world.database.db,
  );
  return rows.map(({ name }) => name);
};

/** One step of a random life. */
const steps = fc.array(
  fc.record({
    what: fc.constantFrom('say', 'rename', 'read', 'hide', 'befriend', 'unfriend', 'block'),
    who: fc.constantFrom('ann', 'bob'),
    number: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 4, maxLength: 14 },
);
type Step = (typeof steps extends fc.Arbitrary<infer T> ? T : never)[number];

describe('[REP-10] as-of', () => {
  test('is the state that was recorded at that moment, in random histories', async () => {
    await withLog(world.config, async (storage) => {
      for (const user of ['ann', 'bob']) await register(storage, user);
    });
    const moments = new Map<number, Awaited<ReturnType<typeof rowsIn>>>();
    let run = 0;
    const live = async ({ what, who, number }: Step, index: number): Promise<void> => {
      const other = who === 'ann' ? 'bob' : 'ann';
      const own = { user: who, conversation: 'si_ann_bob' };
      await withLog(world.config, async (storage) => {
        const happen = (stream: string, type: string, data: object) =>
          write(storage, stream, { type, data });
        const pair = 'friendship-ann+bob';
        const key = `${String(run)} ${String(index)}`;
        if (what === 'say') await say(storage, ['si_ann_bob', who, other], key);
        if (what === 'rename')
          await happen(`user-${who}`, 'UserChanged', { user: who, profile: { nickname: key } });
        if (what === 'read') await happen(`inbox-${who}`, 'ReadMarked', { ...own, upTo: number });
        if (what === 'hide')
          await happen(`inbox-${who}`, 'MessagesHidden', { ...own, seqs: [number] });
        if (what === 'befriend')
          await happen(pair, 'FriendImported', { owner: who, friend: other });
        if (what === 'unfriend') await happen(pair, 'FriendDeleted', { owner: who, friend: other });
        if (what === 'block')
          await happen(`block-${who}`, 'UserBlocked', { owner: who, blocked: other });
        await project(world.config, storage);
        moments.set(await storage.log.head(), await rowsIn(world.database.db, 'seqline'));
      });
    };
    await fc.assert(
      fc.asyncProperty(steps, async (life) => {
        run += 1;
        for (const [index, step] of life.entries()) await live(step, index);
      }),
      { numRuns: 2 },
    );
    const history = await openHistory(world.config);
    const skips = await skipsIn(history);
    const parts = { db: world.database.db, history, projections: READ_MODELS, skips };
    const building = await Building.open(parts, 'seqline_then');
    for (const [position, rows] of moments) {
      await building.buildTo(position);
      expect(await rowsIn(world.database.db, 'seqline_then'), `at ${String(position)}`).toEqual(
        rows,
      );
    }
    await history.close();
    expect(moments.size).toBeGreaterThan(4);
  });

  test('answers a query as of each moment, and leaves nothing behind', async () => {
    await withLog(world.config, async (storage) => {
      await lifeOf(storage);
      await project(world.config, storage);
    });
    const before = await rowsIn(world.database.db, 'seqline');
    const query = `select nickname from users where user_id = 'ann'`;
    expect(await run('4', { query })).toMatchObject({ code: 0, text: '{"nickname":"ann"}' });
    expect((await run('5', { query })).text).toBe('{"nickname":"Anna"}');
    const counts = 'select count(*) as users from users';
    expect((await run('2', { query: counts }, false)).text.split('\n')).toEqual([
      ...['users', '-----', '2', '1 row'],
    ]);
    expect((await run('0', { query })).text).toBe('');
    const unread = 'select max_seq, read_up_to from heads join sides using (conversation)';
    expect((await run('7', { query: unread })).text).toBe('{"max_seq":2,"read_up_to":2}');
    const now = new Date().toISOString();
    expect((await run(now, { query })).text).toBe('{"nickname":"Anna"}');
    expect((await run('2001-01-01', { query: counts })).text).toBe('{"users":0}');
    expect(await schemas()).toEqual(['seqline']);
    expect(await rowsIn(world.database.db, 'seqline')).toEqual(before);
  });

  test('keeps its tables where that is asked for, and then has them at once', async () => {
    await withLog(world.config, lifeOf);
    const query = 'select count(*) as n from friends';
    const first = await run('20', { query, keep: true });
    expect(first.said).toContain('seqline_as_of_20 stays');
    expect(await schemas()).toContain('seqline_as_of_20');
    expect((await run('20', { query })).text).toBe(first.text);
    expect(await schemas()).not.toContain('seqline_as_of_20');
  });

  test('is asked for one moment by several at once, who do not get in each other’s way', async () => {
    await withLog(world.config, lifeOf);
    const replay = replayFlags({ follow: false, query: 'select count(*) as users from users' });
    const asked = () => asOf(world.config, { rest: ['20'], json: true, replay });
    const { code, out } = await runCommand(async () =>
      Math.max(...(await Promise.all([asked(), asked(), asked()]))),
    );
    expect(out.trimEnd().split('\n')).toEqual(Array.from({ length: 3 }, () => '{"users":3}'));
    expect(code).toBe(0);
    expect(await schemas()).toEqual([]);
  });

  test('only reads', async () => {
    await withLog(world.config, lifeOf);
    const { code, said } = await run('5', { query: 'delete from users' });
    expect(said).toContain('read-only transaction');
    expect(code).toBe(1);
  });
});

test('[REP-24] as-of and rebuild read a log in an event store as they read one here', async () => {
  const served = await startServedLog();
  try {
    world.config = { ...world.config, eventStore: { kind: 'esdb', url: served.url() } };
    let renamed = 0;
    await withLog(world.config, async (storage) => {
      await lifeOf(storage);
      const data = { user: 'ann', profile: { nickname: 'Annie' } };
      renamed = await write(storage, 'user-ann', { type: 'UserChanged', data });
      await project(world.config, storage);
    });
    const nickname = { query: "select nickname from users where user_id = 'ann'" };
    expect((await run(String(renamed - 1), nickname)).text).toBe('{"nickname":"Anna"}');
    expect((await run(String(renamed), nickname)).text).toBe('{"nickname":"Annie"}');
    expect((await run('99999', nickname)).said).toContain('beyond the end of the log');
    const before = await rowsIn(world.database.db, 'seqline');
    const rebuilt = await runCommand(() => rebuild(world.config, { rest: ['chats'] }));
    expect(rebuilt.code).toBe(0);
    expect(rebuilt.out).toContain(': equal, and switched to');
    expect(await rowsIn(world.database.db, 'seqline')).toEqual(before);
  } finally {
    await served.remove();
  }
});

describe('[REP-4] as-of refuses', () => {
  test.each([
    [undefined, 'name one moment'],
    ['soon', '"soon" is not a position'],
    ['999', 'position 999 is beyond the end of the log'],
    ['2999-01-01', '2999-01-01 has not come yet'],
  ])('%s', async (when, message) => {
    await withLog(world.config, lifeOf);
    const { code, said } = await run(when, { query: 'select 1' });
    expect(said).toContain(message);
    expect(code).toBe(1);
    expect(await schemas()).toEqual([]);
  });

  test('a query that is none, and leaves nothing behind', async () => {
    await withLog(world.config, lifeOf);
    const { code, said } = await run('5', { query: 'selct' });
    expect(said).toContain('syntax error');
    expect(code).toBe(1);
    expect(await schemas()).toEqual([]);
  });
});
