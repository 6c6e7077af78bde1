import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import { userQueries } from '../../../projections/users/queries.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { erased, registered, renamed, write } from '../../support/userEvents.ts';
import { type Projector, startProjector } from '../kernel/harness.ts';

let database: TestDatabase<UsersTables>;
let projector: Projector;
let queries: ReturnType<typeof userQueries>;

beforeAll(async () => {
  database = await testDatabase();
  const log = new MemoryEventLog();
  projector = startProjector({ db: database.db, log });
  queries = userQueries(database.db);
  const position = await write(
    log,
    registered('zoe', 'Zoë'),
    registered('ann', '100% Ann_'),
    registered('bob', 'БОРИС'),
    registered('gone', 'Somebody'),
    renamed('ann', '100% ANN_'),
    erased('gone'),
    registered('admin', 'Admin', 2),
    registered('odd', 'nul \0 and half \ud800 a pair'),
    registered('news', 'News', 3),
    registered('robot', 'same', 4),
    registered('same', 'Same', 3),
    registered('boss', 'Boss', 3),
  );
  expect(await projector.runner.reached(position, 10_000)).toBe(true);
});
afterAll(async () => {
  await projector.stop();
  await database.drop();
});

const ids = (...names: readonly string[]): readonly UserId[] => names.map((name) => name as UserId);
const firstPage = { pageNumber: 1, showNumber: 10 };

describe('the users read model', () => {
  test('[USR-20] finds users in the order asked for, with what they last said of themselves', async () => {
    const found = await queries.byIds(ids('zoe', 'nobody', 'ann'));
    expect(found.map(({ user }) => user)).toEqual(['zoe', 'ann']);
    expect(found[1]).toMatchObject({
      nickname: '100% ANN_',
      faceUrl: 'https://faces/ann',
      level: 1,
    });
    expect(await queries.byIds([])).toEqual([]);
  });

  test('[USR-21] pages are by age and know the total, past the end too', async () => {
    const second = await queries.page({ pageNumber: 2, showNumber: 2 });
    expect(second.total).toBe(5);
    expect(second.users.map(({ user }) => user)).toEqual(['bob', 'gone']);
    expect(await queries.ids({ pageNumber: 9, showNumber: 2 })).toEqual({ total: 10, ids: [] });
    expect((await queries.ids({ pageNumber: 0, showNumber: 1 })).ids).toEqual(['zoe']);
    expect(await queries.page({ pageNumber: 1, showNumber: 0 })).toEqual({ total: 5, users: [] });
  });

  test('[USR-24] who is not an ordinary user is in no page of users', async () => {
    const { users } = await queries.page(firstPage);
    expect(users.map(({ user }) => user)).not.toContain('admin');
    expect((await queries.ids(firstPage)).ids).toContain('admin');
  });

  test.each([
    ['ZO', ['zoe']],
    ['zoë', ['zoe']],
    ['борис', ['bob']],
    ['100% ann_', ['ann']],
    ['_', ['ann']],
    ['%', ['ann']],
    ['.*', []],
    ['o', ['zoe', 'bob', 'gone', 'odd']],
    ['somebody', []],
  ])('[USR-22] a search for %s takes it literally, in any case', async (text, found) => {
    const { users, total } = await queries.page({ ...firstPage, userId: text, nickname: text });
    expect(users.map(({ user }) => user)).toEqual(found);
    expect(total).toBe(found.length);
  });

  test('[USR-22] what is looked for in a nickname is not found in an id', async () => {
    expect(await queries.page({ ...firstPage, nickname: 'gone' })).toEqual({ total: 0, users: [] });
  });

  test('[USR-23] of an erased user nothing is left but the id', async () => {
    const [gone] = await queries.byIds(ids('gone'));
    expect(gone).toMatchObject({ user: 'gone', nickname: '', faceUrl: '', ex: '' });
  });

  test('[PRJ-14] text that Postgres cannot hold is made such that it can', async () => {
    const [odd] = await queries.byIds(ids('odd'));
    expect(odd?.nickname).toBe('nul \ufffd and half \ufffd a pair');
  });

  test('tells which ids exist', async () => {
    const existing = await queries.existing(ids('ann', 'nobody', 'bob'));
    expect([...existing].sort()).toEqual(['ann', 'bob']);
  });

  test('[USR-41] notification accounts are found by exactly their id or name, admins never', async () => {
    const accounts = async (filter: object) =>
      (await queries.accounts({ ...firstPage, except: ids('boss'), ...filter })).users.map(
        ({ user }) => user,
      );
    expect(await accounts({})).toEqual(['news', 'robot', 'same']);
    expect(await accounts({ level: 4 })).toEqual(['robot']);
    expect(await accounts({ keyword: 'same' })).toEqual(['same', 'robot']);
    expect(await accounts({ keyword: 'New' })).toEqual([]);
    expect(await accounts({ keyword: 'zoe' })).toEqual([]);
    const second = { pageNumber: 2, showNumber: 2, except: ids('boss') };
    expect(await queries.accounts(second)).toMatchObject({ total: 3, users: [{ user: 'same' }] });
    expect(await queries.accounts({ ...second, pageNumber: 9 })).toEqual({ total: 3, users: [] });
  });

  test('[USR-44] registrations are counted in all, before a time and by day', async () => {
    const all = await queries.ids({ pageNumber: 1, showNumber: 100 });
    const [zoe] = await queries.byIds(ids('zoe'));
    const came = zoe?.createdAt ?? 0;
    const { total, before, days } = await queries.registrations({ start: came, end: Date.now() });
    expect({ total, before }).toEqual({ total: all.total, before: 0 });
    expect([...days.keys()][0]).toBe(new Date(came).toISOString().slice(0, 10));
    expect([...days.values()].reduce((sum, each) => sum + each, 0)).toBe(all.total);
    const later = { start: Date.now() + 60_000, end: Date.now() + 120_000 };
    expect(await queries.registrations(later)).toEqual({
      total: all.total,
      before: all.total,
      days: new Map(),
    });
  });
});
