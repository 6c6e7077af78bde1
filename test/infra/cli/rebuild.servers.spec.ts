import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { skipsIn } from '../../../infra/app/history/building.ts';
import { openHistory } from '../../../infra/app/history/openHistory.ts';
import { openReadModels, READ_MODELS } from '../../../infra/app/readModels/readModels.ts';
import { rebuildBeside } from '../../../infra/app/history/rebuildBeside.ts';
import type { Storage } from '../../../infra/app/storage/storage.ts';
import { rebuild } from '../../../infra/cli/rebuild.ts';
import { replayFlags } from '../../../infra/cli/replayFlags.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { users as usersModel } from '../../../projections/users/project.ts';
import { runCommand } from '../../support/commandRun.ts';
import { project, register, say, withLog } from '../../support/verifyWorld.ts';
import { worldOfEachTest } from '../../support/worldOfEachTest.ts';
import { lifeOf, MODELS, rowsIn } from './pastWorld.ts';

const AB = ['si_ann_bob', 'ann', 'bob'] as const;
const WITHIN = 45_000;

const world = worldOfEachTest();

const run = (name: string, repair = false) => {
  const replay = replayFlags({ follow: false, repair });
  return runCommand(() => rebuild(world.config, { rest: name === '' ? [] : [name], replay }));
};

/** A server's read models, kept up to date while something is done. */
const whileProjecting = async (
  work: (parts: {
    storage: Storage;
    reached: () => Promise<boolean>;
    state: () => string;
  }) => Promise<void>,
): Promise<void> => {
  await withLog(world.config, async (storage) => {
    const models = await openReadModels({
      ...{ config: world.config, events: storage.log, log: createLog('silent'), listeners: [] },
      onStopped: (reason) => {
        throw new Error(reason);
      },
    });
    try {
      await work({
        storage,
        reached: async () => {
          const head = await storage.log.head();
          const lists = await models.runner.reached(head, WITHIN);
          return lists && (await models.analytics?.reached(head, WITHIN)) === true;
        },
        state: () => models.runner.state().kind,
      });
    } finally {
      await models.close();
    }
  });
};

const oid = async (table: string): Promise<number> => {
  const { rows } = await sql<{ oid: number }>`
    select to_regclass(${`seqline.${table}`})::oid::int8 as oid`.execute(world.database.db);
  return rows[0]?.oid ?? 0;
};

const schemas = async (): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pg_namespace where nspname like 'seqline%' and nspname <> 'seqline_analytics'`.execute(
    world.database.db,
  );
  return rows[0]?.count ?? 0;
};

describe('[REP-11] seqline rebuild', () => {
  test('puts equal tables in the place of all, while a server uses them', async () => {
    await whileProjecting(async ({ storage, reached, state }) => {
      await lifeOf(storage);
      expect(await reached()).toBe(true);
      const before = await rowsIn(world.database.db, 'seqline');
      const old = await oid('users_v1');
      const { code, text } = await run('all');
      expect(text).toContain('users: ');
      expect(code, text).toBe(0);
      expect(text.match(/: equal, and switched to/gu)).toHaveLength(MODELS.length);
      expect(await rowsIn(world.database.db, 'seqline')).toEqual(before);
      expect(await oid('users_v1')).not.toBe(old);
      // And the server goes on with them.
      await register(storage, 'new');
      await say(storage, AB, 'after');
      expect(await reached()).toBe(true);
      expect(state()).toBe('running');
      const after = await rowsIn(world.database.db, 'seqline');
      expect(after.get('users_v1')).toHaveLength((before.get('users_v1')?.length ?? 0) + 1);
    });
    expect(await schemas()).toBe(1);
  });

  test('takes in what comes while it compares and switches', async () => {
    await whileProjecting(async ({ storage, reached }) => {
      await lifeOf(storage);
      expect(await reached()).toBe(true);
      const history = await openHistory(world.config);
      const skips = await skipsIn(history);
      let number = 0;
      for (const model of READ_MODELS) {
        const rebuilt = await rebuildBeside({
          ...{ db: world.database.db, history, model, skips, repair: false },
          onBuilt: () => undefined,
          onCompared: async () => {
            for (let some = 0; some < 5; some += 1) {
              number += 1;
              await say(storage, AB, `meanwhile ${String(number)}`);
              await register(storage, `m${String(number)}`);
            }
            await reached();
            // These the projector may have, or may be about to write.
            await say(storage, AB, `just now ${String(number)}`);
          },
        });
        expect(rebuilt.kind).toBe('switched');
      }
      await history.close();
      expect(await reached()).toBe(true);
    });
    const grown = await rowsIn(world.database.db, 'seqline');
    // The same as those that a server builds from nothing.
    await sql`drop schema seqline cascade`.execute(world.database.db);
    await withLog(world.config, (storage) => project(world.config, storage));
    expect(await rowsIn(world.database.db, 'seqline')).toEqual(grown);
  });
});

describe('[REP-12] what differs is not switched to', () => {
  const damaged = async () => {
    await withLog(world.config, async (storage) => {
      await lifeOf(storage);
      await project(world.config, storage);
    });
    await sql`update seqline.users_v1 set nickname = 'Eve' where user_id = 'ann'`.execute(
      world.database.db,
    );
    await sql`delete from seqline.friends_v1 where owner = 'ann'`.execute(world.database.db);
  };

  test('and is named, table by table', async () => {
    await damaged();
    const before = await rowsIn(world.database.db, 'seqline');
    const { code, text } = await run('all');
    expect(code).toBe(1);
    expect(text).toMatch(/users: .*different, and nothing has been switched/u);
    expect(text).toMatch(/users_v1: \d+ rows before, \d+ rebuilt, of which some differ/u);
    expect(text).toMatch(/friends_v1: \d+ rows before, \d+ rebuilt/u);
    expect(text).toMatch(/chats: .*equal, and switched to/u);
    expect(await rowsIn(world.database.db, 'seqline')).toEqual(before);
    expect(await schemas()).toBe(1);
  });

  test('unless that is what is wanted; then the server goes on with what is right', async () => {
    await whileProjecting(async ({ storage, reached, state }) => {
      await lifeOf(storage);
      expect(await reached()).toBe(true);
      const right = await rowsIn(world.database.db, 'seqline');
      await sql`update seqline.users_v1 set nickname = 'Eve'`.execute(world.database.db);
      const { code, text } = await run('users', true);
      expect(text).toMatch(/users: .*different, and repaired, and switched to/u);
      expect(code).toBe(0);
      expect(await rowsIn(world.database.db, 'seqline')).toEqual(right);
      await register(storage, 'new');
      expect(await reached()).toBe(true);
      expect(state()).toBe('running');
    });
  });

  test('nor is what another rebuild of the same has begun meanwhile', async () => {
    await withLog(world.config, async (storage) => {
      await lifeOf(storage);
      await project(world.config, storage);
    });
    const before = await rowsIn(world.database.db, 'seqline');
    const history = await openHistory(world.config);
    const parts = { db: world.database.db, model: usersModel, skips: await skipsIn(history) };
    let other = '';
    const rebuilt = await rebuildBeside({
      ...{ ...parts, history, repair: true, onBuilt: () => undefined },
      onCompared: async () => {
        let reading: () => void = () => undefined;
        const hasBegun = new Promise<void>((resolve) => (reading = resolve));
        const readAll = () => {
          reading();
          return new Promise<never>(() => undefined);
        };
        const begun = rebuildBeside({
          ...{
            ...parts,
            history: { ...history, readAll },
            repair: false,
            onBuilt: () => undefined,
          },
        });
        const ended = begun.then(
          () => undefined,
          (error: unknown) => (other = String(error)),
        );
        await Promise.race([hasBegun, ended]);
      },
    });
    await history.close();
    expect(rebuilt.kind).toBe('switched');
    expect(await rowsIn(world.database.db, 'seqline')).toEqual(before);
    expect(other).toContain('users is being rebuilt by somebody else');
    expect(await schemas()).toBe(1);
  });

  test('nor is anything while somebody reads for long', async () => {
    await withLog(world.config, async (storage) => {
      await lifeOf(storage);
      await project(world.config, storage);
    });
    const old = await oid('users_v1');
    await world.database.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        await sql`select count(*) from seqline.users_v1`.execute(tx);
        const history = await openHistory(world.config);
        const rebuilding = rebuildBeside({
          ...{ db: world.database.db, history, model: usersModel, repair: false, readersMs: 100 },
          ...{ skips: await skipsIn(history), onBuilt: () => undefined },
        });
        await expect(rebuilding).rejects.toThrow('somebody reads the old tables');
        await history.close();
      });
    expect(await oid('users_v1')).toBe(old);
    expect(await schemas()).toBe(1);
  });
});

test('[REP-11] a Postgres that cleans up meanwhile keeps no rebuild waiting', async () => {
  await withLog(world.config, async (storage) => {
    await lifeOf(storage);
    await project(world.config, storage);
  });
  // It does so when it likes: what it then says of itself, on each new connection.
  await sql`create view public.pg_stat_activity as
    select datname, pid, backend_type, backend_xmin, xact_start, wait_event_type
      from pg_catalog.pg_stat_activity
    union all select current_database(), 1, 'autovacuum worker', '3'::xid, 'epoch', 'Timeout'`.execute(
    world.database.db,
  );
  await sql`do $$ begin execute format('alter database %I set search_path = public, pg_catalog',
    current_database()); end $$`.execute(world.database.db);
  const { code, text } = await run('users');
  expect(text).toMatch(/users: .*: equal, and switched to/u);
  expect(code).toBe(0);
});

/** Runs a rebuild of users in a process of its own that kills itself at the place. */
const killedAt = async (place: string): Promise<void> => {
  const { data, eventStore, keys } = world.config;
  const asked = JSON.stringify({ data, eventStore, keys });
  const args = ['--import', 'tsx', TO_BE_KILLED, asked, world.database.url, place];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
};

const TO_BE_KILLED = fileURLToPath(new URL('rebuildToBeKilled.ts', import.meta.url));

test('[REP-23] a rebuild that is killed anywhere leaves whole tables in use, and the next one clears up', async () => {
  await whileProjecting(async ({ storage, reached, state }) => {
    await lifeOf(storage);
    expect(await reached()).toBe(true);
    let known = await oid('users_v1');
    for (const [place, isSwitched] of [
      ['building', false],
      ['moving', false],
      ['moved', false],
      ['left', true],
    ] as const) {
      const before = await rowsIn(world.database.db, 'seqline');
      await killedAt(place);
      expect(await schemas(), place).toBe(2);
      expect(await rowsIn(world.database.db, 'seqline'), place).toEqual(before);
      expect((await oid('users_v1')) !== known, place).toBe(isSwitched);
      known = await oid('users_v1');
      // The server goes on, whichever tables those are.
      await register(storage, `after ${place}`);
      expect(await reached(), place).toBe(true);
      expect(state()).toBe('running');
    }
    const { code, text } = await run('users');
    expect(text).toMatch(/users: .*: equal, and switched to/u);
    expect(code).toBe(0);
    expect(await schemas()).toBe(1);
  });
});

describe('[REP-4] seqline rebuild refuses', () => {
  test('a name that is none', async () => {
    const { code, text } = await run('nothing');
    expect(text).toContain('name one of users, chats');
    expect(code).toBe(1);
  });

  test('a database without read models', async () => {
    await withLog(world.config, lifeOf);
    const { code, text } = await run('users');
    expect(text).toContain('this database holds no read models');
    expect(code).toBe(1);
  });
});
