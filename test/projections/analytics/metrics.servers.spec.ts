import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { UserEvent } from '../../../core/user/events.ts';
import { counts } from '../../../projections/analytics/counts.ts';
import {
  dayOf,
  projectionOf,
  tableOf,
  type Metric,
} from '../../../projections/analytics/metric.ts';
import { readCheckpoints } from '../../../projections/kernel/checkpoint.ts';
import type { Projection } from '../../../projections/kernel/model.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { users } from '../../../projections/users/project.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { by, eventId } from '../../support/people.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { startProjector, type Projector } from '../kernel/harness.ts';

const WITHIN = 45_000;

let database: TestDatabase<UsersTables>;
let log: MemoryEventLog;
const running: Projector[] = [];
beforeAll(async () => {
  database = await testDatabase<UsersTables>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  log = new MemoryEventLog();
  await sql`drop schema if exists seqline cascade`.execute(database.db);
  await sql`drop schema if exists seqline_analytics cascade`.execute(database.db);
});
afterEach(async () => {
  for (const projector of running.splice(0)) await projector.stop();
});

const profile = { nickname: '', faceUrl: '', ex: '' };
const append = async (name: string, data: Partial<UserEvent['data']> = {}): Promise<void> => {
  const user = name as UserId;
  const event = {
    type: 'UserRegistered',
    data: { user, level: 1, globalReceive: 0, profile, ...data },
  } as const;
  await log.append(`user-${user}`, 'any', [{ ...event, id: eventId(name), meta: by('test') }]);
};

/** Registrations by day, each counted as so many. */
const metric = (name: string, version = 1, worth = 1): Metric => {
  const me = { name, version };
  return {
    ...me,
    tables: [
      counts({
        table: tableOf(me, 'days'),
        dimensions: { day: 'date' },
        counts: ['count'],
        rowsOf: (event) => (event.type === 'UserRegistered' ? [[dayOf(event)]] : []),
        add: (event) => {
          if ('user' in event.data && event.data.user === 'poison')
            throw new Error('no such number');
          return { count: worth };
        },
      }),
    ],
    views: [
      {
        name: `analytics_${name}`,
        about: 'Registrations',
        select: `select day, count from ${tableOf(me, 'days')}`,
      },
    ],
  };
};

const start = (projections: readonly Projection[], more = {}): Projector => {
  const projector = startProjector({ db: database.db, log, projections, ...more });
  running.push(projector);
  return projector;
};
const startCounting = (...metrics: readonly Metric[]): Projector =>
  start(metrics.map(projectionOf), { share: 'numbers' });

const shown = async (name: string): Promise<number> => {
  const { rows } = await sql<{ sum: number }>`
    select coalesce(sum(count), 0)::int8 as sum
    from seqline_analytics.${sql.id(`analytics_${name}`)}`.execute(database.db);
  return rows[0]?.sum ?? 0;
};

const reach = async (projector: Projector): Promise<void> => {
  expect(await projector.runner.reached(await log.head(), WITHIN)).toBe(true);
};
/** What is shown is switched to after the last batch, before the next. */
const published = async (projector: Projector): Promise<void> => {
  await reach(projector);
  await append(`after ${String(await log.head())}`);
  await reach(projector);
};

const tablesThere = async (): Promise<readonly string[]> => {
  const { rows } = await sql<{ name: string }>`select tablename as name from pg_tables
    where schemaname = 'seqline' and tablename like 'analytics_%' order by 1`.execute(database.db);
  return rows.map(({ name }) => name);
};

describe('[ANA-2] a metric', () => {
  test('that is added to a log with history is filled in from its first event', async () => {
    for (let number = 0; number < 50; number++) await append(`u${String(number)}`);
    const first = startCounting(metric('one'));
    await published(first);
    expect(await shown('one')).toBe(51);
    await first.stop();
    const second = startCounting(metric('one'), metric('two'));
    await published(second);
    expect([await shown('one'), await shown('two')]).toEqual([52, 52]);
  });

  test('of a new version is built beside the old one, whose numbers are shown until it is whole', async () => {
    for (let number = 0; number < 50; number++) await append(`u${String(number)}`);
    const old = startCounting(metric('one'));
    await published(old);
    await old.stop();
    // It cannot come to the end, and so is not shown.
    await append('poison');
    const stuck = startCounting(metric('one', 2, 10));
    await stuck.came('poisoned');
    expect(await shown('one')).toBe(51);
    expect(await tablesThere()).toEqual(['analytics_one_days_v1', 'analytics_one_days_v2']);
    await stuck.stop();
    const mended = metric('one', 2, 10);
    const isPoison = (event: Event) => 'user' in event.data && event.data.user === 'poison';
    const tables = mended.tables.map((table) => ({
      ...table,
      keysOf: (event: Event) => (isPoison(event) ? [] : table.keysOf(event)),
    }));
    const skipping = startCounting({ ...mended, tables });
    await published(skipping);
    expect(await shown('one')).toBe(520);
    expect(await tablesThere()).toEqual(['analytics_one_days_v2']);
    const checkpoints = [...(await readCheckpoints(database.db)).keys()];
    expect(checkpoints).toEqual(['analytics_one_v2']);
  });
});

describe('[ANA-4] numbers', () => {
  test('that cannot be counted hold up no list, and the lists are no slower to begin', async () => {
    await append('poison');
    const counting = startCounting(metric('one'));
    await counting.came('poisoned');
    const lists = start([users]);
    await append('later');
    await reach(lists);
    expect(lists.runner.state().kind).toBe('running');
    expect(counting.runner.state().kind).toBe('poisoned');
    const found = await sql<{ count: number }>`
      select count(*) as count from seqline.users_v1`.execute(database.db);
    expect(found.rows).toEqual([{ count: 2 }]);
  });

  test('and lists begin in an empty database at the same moment', async () => {
    await append('ann');
    const [lists, counting] = [start([users]), startCounting(metric('one'))];
    await Promise.all([reach(lists), reach(counting)]);
    for (const { states } of [lists, counting]) expect(states).toEqual([{ kind: 'running' }]);
  });
});
