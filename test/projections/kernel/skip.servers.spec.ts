import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectorStream } from '../../../core/projector/events.ts';
import { Skips, tailOf } from '../../../projections/kernel/skips.ts';
import { users } from '../../../projections/users/project.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { by, eventId } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { untilTrue } from '../../support/until.ts';
import { registered, renamed, write } from '../../support/userEvents.ts';
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

const skip = async (log: MemoryEventLog, position: number, version = users.version) => {
  const data = { projection: users.name, version, position, reason: 'of the test' };
  const id = eventId(`skip ${String(version)} ${String(position)}`);
  const event = { type: 'ProjectionSkipped', id, meta: by('imAdmin'), data };
  const appended = await log.append(projectorStream(users.name), 'any', [event]);
  if (appended.kind === 'conflict') throw new Error('it was appended');
  return appended.position;
};

const names = async () => (await allUsers(database.db)).map(({ user_id }) => user_id);

/** A log with one event that the users cannot take, and where that is. */
const poisoned = async () => {
  const log = new MemoryEventLog();
  await write(log, registered('ann'));
  const bad = await write(log, renamed('nobody', 'x'));
  await write(log, registered('bob'), renamed('ann', 'Ann'));
  return { log, bad };
};

describe('[PRJ-16] an event that is skipped', () => {
  test('is passed over at once by the projector that stops at it, and nothing else is', async () => {
    const { log, bad } = await poisoned();
    const { runner, came, stop } = projector(log);
    await came('poisoned');
    expect(await names()).toEqual(['ann']);
    const position = await skip(log, bad);
    expect(await runner.reached(position, WAIT)).toBe(true);
    expect(runner.state().kind).toBe('running');
    expect((await allUsers(database.db)).map(({ nickname }) => nickname)).toEqual(['Ann', 'bob']);
    await stop();
  });

  test('is passed over by a projector that starts later, and by a rebuild, in any batches', async () => {
    const { log, bad } = await poisoned();
    const first = projector(log);
    await first.came('poisoned');
    await first.stop();
    const position = await skip(log, bad);
    const later = projector(log);
    expect(await later.runner.reached(position, WAIT)).toBe(true);
    await later.stop();
    const grown = await allUsers(database.db);

    await dropAll(database.db);
    const rebuilt = projector(log, { after: position, batchMax: 2 });
    expect(await rebuilt.runner.reached(position, WAIT)).toBe(true);
    await rebuilt.stop();
    expect(rebuilt.states.map(({ kind }) => kind)).not.toContain('poisoned');
    expect(await allUsers(database.db)).toEqual(grown);
  });

  test('the next one stops the projector again, and can be skipped as well', async () => {
    const { log, bad } = await poisoned();
    const worse = await write(log, renamed('nobody', 'y'));
    const { runner, came, stop } = projector(log);
    await came('poisoned');
    await skip(log, bad);
    await untilTrue('the second is named', () => {
      const state = runner.state();
      return state.kind === 'poisoned' && state.position === worse;
    });
    expect(await runner.reached(await skip(log, worse), WAIT)).toBe(true);
    await stop();
  });

  test('of another version, or at another position, is none of its business', async () => {
    const { log, bad } = await poisoned();
    const { runner, follower, came, stop } = projector(log);
    await came('poisoned');
    await skip(log, bad, users.version + 1);
    const position = await skip(log, bad + 1);
    expect(await follower.waitFor(position, WAIT)).toBe(true);
    expect(await runner.reached(position, 200)).toBe(false);
    expect(runner.state()).toMatchObject({ kind: 'poisoned', position: bad });
    await stop();
  });

  test('another projector may come in between while one stands still', async () => {
    const { log, bad } = await poisoned();
    const one = projector(log);
    await one.came('poisoned');
    const other = projector(log);
    await other.came('poisoned');
    const position = await skip(log, bad);
    expect(await one.runner.reached(position, WAIT)).toBe(true);
    expect(await other.runner.reached(position, WAIT)).toBe(true);
    const kinds = () => [one, other].map(({ runner }) => runner.state().kind).sort();
    await untilTrue('one runs', () => kinds().join() === 'running,standby', { seen: kinds });
    await Promise.all([one.stop(), other.stop()]);
  });
});

test('[PRJ-7] reads at the head leave out what the read model will leave out', async () => {
  const { log, bad } = await poisoned();
  const { tail, follower, came, stop } = projector(log);
  await came('poisoned');
  await follower.waitFor(await log.head(), WAIT);
  const skips = new Skips();
  const seen = tailOf(tail, skips, users);
  expect(seen.touching('u:nobody')).toHaveLength(1);
  await skip(log, bad);
  await skips.load(log, [users]);
  expect(seen.touching('u:nobody')).toEqual([]);
  expect(seen.touching('u:ann')).toHaveLength(2);
  await stop();
});
