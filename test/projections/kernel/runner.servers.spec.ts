import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Batches } from '../../../projections/kernel/batch.ts';
import { advance, atCheckpoint, Fenced, takeOver } from '../../../projections/kernel/checkpoint.ts';
import { foldTail } from '../../../projections/kernel/foldTail.ts';
import { isSeqlineEvent } from '../../../projections/kernel/follower.ts';
import { tryLock } from '../../../projections/kernel/lock.ts';
import type { Projection } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { usersTable, users } from '../../../projections/users/project.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { until, untilTrue } from '../../support/until.ts';
import { erased, recorded, registered, renamed, write } from '../../support/userEvents.ts';
import { allUsers, dropAll, startProjector } from './harness.ts';

let database: TestDatabase<UsersTables>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(() => dropAll(database.db));

const WAIT = 45_000;
const projector = (log: MemoryEventLog, more: Partial<Parameters<typeof startProjector>[0]> = {}) =>
  startProjector({ db: database.db, log, ...more });

const filled = async (count = 20): Promise<MemoryEventLog> => {
  const log = new MemoryEventLog();
  for (let index = 0; index < count; index++) {
    await write(log, registered(`u${String(index)}`));
    if (index % 3 === 0) await write(log, renamed(`u${String(index)}`, `Name ${String(index)}`));
  }
  return log;
};

describe('the runner', () => {
  test('[PRJ-1] what was written can be read once the position is reached', async () => {
    const log = new MemoryEventLog();
    const { runner, stop } = projector(log);
    await write(log, registered('ann'));
    const position = await write(log, renamed('ann', 'Ann'), registered('bob'));
    expect(await runner.reached(position, WAIT)).toBe(true);
    const rows = await allUsers(database.db);
    expect(rows.map(({ user_id, nickname }) => [user_id, nickname])).toEqual([
      ['ann', 'Ann'],
      ['bob', 'bob'],
    ]);
    expect(await runner.reached(position + 1, 20)).toBe(false);
    await stop();
    expect(runner.state().kind).toBe('stopped');
  });

  test('[PRJ-2] rebuilt equals grown; taking up again changes nothing', async () => {
    const log = new MemoryEventLog();
    const grown = projector(log);
    for (let index = 0; index < 15; index++) {
      const position = await write(
        log,
        registered(`u${String(index)}`),
        renamed('u0', String(index)),
      );
      await grown.runner.reached(position, WAIT);
    }
    const position = await write(log, erased('u3'));
    await grown.runner.reached(position, WAIT);
    await grown.stop();
    const rows = await allUsers(database.db);
    expect(rows.find(({ user_id }) => user_id === 'u3')).toMatchObject({
      nickname: null,
      ex: null,
    });

    const again = projector(log);
    await again.runner.reached(position, WAIT);
    await again.stop();
    expect(await allUsers(database.db)).toEqual(rows);

    await dropAll(database.db);
    // The tail begins at the end, so all of it is read from the log by pages.
    const rebuilt = projector(log, { after: position, batchMax: 7 });
    expect(await rebuilt.runner.reached(position, WAIT)).toBe(true);
    await rebuilt.stop();
    expect(await allUsers(database.db)).toEqual(rows);
  });

  test('[PRJ-2] how events fall into batches does not matter', async () => {
    const names = ['ann', 'bob', 'eve'] as const;
    const changes = fc.array(
      fc.tuple(
        fc.constantFrom(...names),
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 5 }),
      ),
      { minLength: 1, maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const events = recorded([
          ...names.map((name) => registered(name)),
          ...list.map(([user, nickname]) => renamed(user, nickname)),
        ]).filter(isSeqlineEvent);
        const sizes = list.map(([, , size]) => size);
        const whole = await applyInBatches(events, [events.length]);
        expect(await applyInBatches(events, sizes)).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  test('[PRJ-3] a runner that another has replaced writes nothing more', async () => {
    const log = await filled(2);
    const events = recorded([registered('late')]).filter(isSeqlineEvent);
    const own = { id: await log.logId(), head: () => log.head() };
    const old = await transaction((db) => takeOver(db, [users], own));
    const from = old.get(users) ?? { position: 0, epoch: 0 };
    await transaction((db) => takeOver(db, [users], own));
    const late = transaction(async (db) => {
      await advance(db, [{ projection: users, from, to: 3 }]);
      await new Batches(new Skips()).apply(db, [users], events);
    });
    await expect(late).rejects.toBeInstanceOf(Fenced);
    expect(await allUsers(database.db)).toEqual([]);
  });

  test('[PRJ-3] of two, one runs; the other takes over when it ends, and both know what is reached', async () => {
    const log = await filled(5);
    const first = projector(log);
    await first.came('running');
    const second = projector(log);
    await second.came('standby');
    const position = await write(log, registered('x'));
    expect(await second.runner.reached(position, WAIT)).toBe(true);
    await first.stop();
    await second.came('running');
    const next = await write(log, registered('y'));
    expect(await second.runner.reached(next, WAIT)).toBe(true);
    await second.stop();
    expect(await allUsers(database.db)).toHaveLength(7);
  });

  test('[PRJ-3] a runner whose connection is cut takes up where it stood', async () => {
    const log = await filled(5);
    const { runner, came, stop } = projector(log);
    await came('running');
    await sql`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (
        select oid from pg_database where datname = current_database())`.execute(database.db);
    const position = await write(log, registered('x'), renamed('x', 'X'));
    expect(await runner.reached(position, WAIT)).toBe(true);
    expect(await allUsers(database.db)).toHaveLength(6);
    await stop();
  });

  test('[NOD-23] Postgres is told to ask whether the machine of whoever has the lock is still there', async () => {
    const asked = await database.db.connection().execute(async (session) => {
      expect(await tryLock(session, 'lists')).toBe(true);
      const { rows } = await sql<{ name: string }>`
        select name from pg_settings where source = 'session' and name like 'tcp%'
        order by name`.execute(session);
      await sql`select pg_advisory_unlock_all()`.execute(session);
      return rows.map(({ name }) => name);
    });
    expect(asked).toEqual([
      'tcp_keepalives_count',
      'tcp_keepalives_idle',
      'tcp_keepalives_interval',
      'tcp_user_timeout',
    ]);
  });

  test('[PRJ-4] moves past what concerns nobody', async () => {
    const log = new MemoryEventLog();
    const { runner, stop } = projector(log);
    expect(await runner.reached(log.foreign(), WAIT)).toBe(true);
    await stop();
  });

  test('[PRJ-10] stops at an event that cannot be taken, names it, and has done all before it', async () => {
    const log = await filled(10);
    const before = (await allPositions(log)).length;
    const bad = await write(log, renamed('nobody', 'x'));
    await write(log, registered('after'));
    const { came, stop } = projector(log);
    expect(await came('poisoned')).toMatchObject({
      projection: 'users_v1',
      position: bad,
      type: 'UserChanged',
    });
    expect(before).toBeGreaterThan(10);
    expect(await allUsers(database.db)).toHaveLength(10);
    await stop();
  });

  test('[PRJ-10] an event that Postgres will not store is named in the same way', async () => {
    const log = await filled(3);
    const bad = await write(log, registered('toobig'));
    await write(log, registered('after'));
    const strict: Projection = {
      ...users,
      create: async (db) => {
        await users.create(db);
        await sql`
          alter table seqline.users_v1 add constraint short check (user_id <> 'toobig')`.execute(
          db,
        );
      },
    };
    const { came, stop } = projector(log, { projections: [strict] });
    const state = await came('poisoned');
    expect(state).toMatchObject({ position: bad, type: 'UserRegistered' });
    expect(JSON.stringify(state)).toContain('short');
    expect(await allUsers(database.db)).toHaveLength(3);
    await stop();
  });

  test('[PRJ-10] once what Postgres lacked is there, it goes on by itself', async () => {
    const log = await filled(3);
    const bad = await write(log, registered('toobig'));
    const head = await write(log, registered('after'));
    const strict: Projection = {
      ...users,
      create: async (db) => {
        await users.create(db);
        await sql`alter table seqline.users_v1 add constraint short check (user_id <> 'toobig')`.execute(
          db,
        );
      },
    };
    const { runner, states, came, stop } = projector(log, {
      projections: [strict],
      givenAgainMs: 50,
    });
    await came('poisoned');
    // Given it again in vain, it is not said to run meanwhile.
    await untilTrue('it is given again', () => states.length >= 5, { seen: () => states });
    for (const state of states.slice(2)) {
      expect(state).toMatchObject({ kind: 'poisoned', position: bad });
    }
    await sql`alter table seqline.users_v1 drop constraint short`.execute(database.db);
    expect(await runner.reached(head, WAIT)).toBe(true);
    expect(runner.state().kind).toBe('running');
    expect(await allUsers(database.db)).toHaveLength(5);
    await stop();
  });

  test('[PRJ-11] a database of another log, or of a longer one, is refused and left alone', async () => {
    const log = await filled(3);
    const { runner, stop } = projector(log);
    await runner.reached(await log.head(), WAIT);
    await stop();

    const other = projector(new MemoryEventLog('f'.repeat(32)));
    expect(JSON.stringify(await other.came('refused'))).toContain('ffff');
    await other.stop();
    const shorter = projector(await filled(1));
    expect(JSON.stringify(await shorter.came('refused'))).toContain('ends');
    await shorter.stop();
    expect(await allUsers(database.db)).toHaveLength(3);
  });

  test('[PRJ-11] what another runner takes in meanwhile does not make the log too short', async () => {
    const log = await filled(3);
    const lists = projector(log);
    await lists.runner.reached(await log.head(), WAIT);
    const ended = log.head.bind(log);
    let asked = 0;
    // As on a busy server: by the time the answer is there, the log and the lists have gone on.
    log.head = async () => {
      const head = await ended();
      asked++;
      if (asked === 1) await lists.runner.reached(await write(log, registered('late')), WAIT);
      return head;
    };
    const numbers = projector(log, { projections: [counter()], share: 'numbers' });
    await numbers.came('running');
    expect(asked).toBeGreaterThan(0);
    await Promise.all([lists.stop(), numbers.stop()]);
  });

  test('[PRJ-12] a new version is built beside the others and joins them', async () => {
    const log = await filled(30);
    const first = projector(log);
    await first.runner.reached(await log.head(), WAIT);
    await first.stop();
    const counted = counter();
    const both = projector(log, { projections: [users, counted], batchMax: 4 });
    const position = await write(log, registered('new'));
    expect(await both.runner.reached(position, WAIT, ['users'])).toBe(true);
    expect(await both.runner.reached(position, WAIT)).toBe(true);
    const { rows } = await sql<{ n: number }>`select count(*) as n from seqline.seen_v1`.execute(
      database.db,
    );
    expect(rows).toEqual([{ n: 31 }]);
    expect(both.runner.lag()).toMatchObject({ position, head: position, waitingSince: undefined });
    await both.stop();
  });

  test('[PRJ-24] projectors of two versions take turns: each brings its own on from where it stood', async () => {
    const log = await filled(30);
    const count = async (version: number): Promise<number | undefined> => {
      const table = sql.table(`seqline.seen_v${String(version)}`);
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${table}`.execute(
        database.db,
      );
      return rows[0]?.n;
    };
    const older = () => projector(log, { projections: [users, counter(1)] });
    const newer = () => projector(log, { projections: [users, counter(2)] });

    const old = older();
    await old.runner.reached(await log.head(), WAIT);
    const upgraded = newer();
    await upgraded.came('standby');
    await old.stop();
    await upgraded.came('running');
    const between = await write(log, registered('between'));
    expect(await upgraded.runner.reached(between, WAIT)).toBe(true);
    expect(await Promise.all([count(1), count(2)])).toEqual([30, 31]);

    const back = older();
    await back.came('standby');
    await upgraded.stop();
    await back.came('running');
    const after = await write(log, registered('after'));
    expect(await back.runner.reached(after, WAIT)).toBe(true);
    expect(await Promise.all([count(1), count(2)])).toEqual([32, 31]);
    await back.stop();

    const again = newer();
    expect(await again.runner.reached(after, WAIT)).toBe(true);
    expect(await Promise.all([count(1), count(2)])).toEqual([32, 32]);
    await again.stop();
    expect(await allUsers(database.db)).toHaveLength(32);
  });

  test('[PRJ-7] rows at their checkpoint with the tail folded on equal rows waited for', async () => {
    const log = await filled(4);
    const early = projector(log);
    await early.runner.reached(await log.head(), WAIT);
    await early.stop();
    const position = await write(log, renamed('u1', 'Later'), registered('new'));
    const { follower, tail, runner, stop } = projector(log);
    const { checkpoint, found } = await atCheckpoint(database.db, users, async (db) =>
      usersTable.load(db, ['u1', 'new']),
    );
    await follower.waitFor(position, WAIT);
    const rows = foldTail({
      table: usersTable,
      rows: found,
      checkpoint,
      tail,
      names: ['u:u1', 'u:new'],
    });
    await runner.reached(position, WAIT);
    expect(rows).toEqual(await transaction((db) => usersTable.load(db, ['u1', 'new'])));
    await stop();
  });

  test('waits of another process are answered from the checkpoint row', async () => {
    const log = await filled(2);
    const active = projector(log);
    await active.came('running');
    const standby = projector(log);
    const position = await write(log, registered('x'));
    const far = standby.runner.reached(position + 3, WAIT);
    expect(await standby.runner.reached(position, WAIT)).toBe(true);
    await write(log, registered('y'));
    expect(await far).toBe(true);
    await Promise.all([active.stop(), standby.stop()]);
    await until('all stopped', () => (active.runner.state().kind === 'stopped' ? true : undefined));
  });
});

const transaction = <T>(work: (db: Parameters<typeof takeOver>[0]) => Promise<T>): Promise<T> =>
  database.db.transaction().execute((db) => work(db));

const allPositions = async (log: MemoryEventLog): Promise<readonly number[]> => {
  const { events } = await log.readAll({ after: 0, max: 10_000 });
  return events.map(({ position }) => position);
};

const applyInBatches = async (
  events: Parameters<Batches['apply']>[2],
  sizes: readonly number[],
) => {
  await dropAll(database.db);
  await sql`create schema seqline`.execute(database.db);
  await transaction(users.create);
  const batches = new Batches(new Skips());
  for (let start = 0, turn = 0; start < events.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const portion = events.slice(start, start + size);
    (await transaction((db) => batches.apply(db, [users], portion)))();
    start += size;
  }
  return allUsers(database.db);
};

/** A read model of the test's own: which users have registered. */
const counter = (version = 1, table = `seqline.seen_v${String(version)}`): Projection => ({
  name: 'seen',
  version,
  create: async (db) => {
    await sql`create table ${sql.table(table)} (id text primary key)`.execute(db);
  },
  clear: async (db) => {
    await sql`drop table if exists ${sql.table(table)}`.execute(db);
  },
  tables: [
    {
      keysOf: (event) => (event.type === 'UserRegistered' ? [event.data.user] : []),
      fold: (_, __, key) => key,
      load: async (db, keys) => {
        const { rows } = await sql<{ id: string }>`
          select id from ${sql.table(table)} where id = any(${keys}::text[])`.execute(db);
        return new Map(rows.map(({ id }) => [id, id]));
      },
      save: async (db, rows) => {
        await sql`
          insert into ${sql.table(table)} select unnest(${[...rows.keys()]}::text[])`.execute(db);
      },
    },
  ],
});
