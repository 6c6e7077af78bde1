import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import { groupStatistics } from '../../../projections/groups/statistics.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { registered } from '../../support/userEvents.ts';
import { GroupWorld } from './world.ts';

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());

test('[USR-44] groups that were made are counted, dismissed ones too', async () => {
  const world = await GroupWorld.open(database);
  const ann = 'ann' as UserId;
  await world.user(registered(ann));
  for (const group of ['g1', 'g2', 'g3'] as GroupId[]) await world.create(group, ann);
  await world.dismiss('g2' as GroupId);
  await world.project();
  const { created } = groupStatistics(database.db);
  const { events } = await world.log.readAll({ after: 0, max: 100 });
  const made = events.filter(({ type }) => type === 'GroupCreated').map((event) => event.created);
  const [first = 0] = made;
  const last = made.at(-1) ?? 0;
  const { total, before, days } = await created({ start: first, end: last });
  expect({ total, before }).toEqual({ total: 3, before: 0 });
  expect([...days.values()].reduce((sum, each) => sum + each, 0)).toBe(3);
  expect([...days.keys()][0]).toBe(new Date(first).toISOString().slice(0, 10));
  const after = await created({ start: last + 1, end: last + 2 });
  expect(after).toEqual({ total: 3, before: 3, days: new Map() });
});
