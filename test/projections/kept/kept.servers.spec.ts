import { sql } from 'kysely';
import { afterAll, beforeEach, beforeAll, describe, expect, test } from 'vitest';
import { clientConfigStream, type ClientConfigEvent } from '../../../core/clientConfig/events.ts';
import { favouriteStream, type FavouriteEvent } from '../../../core/favourite/events.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { deriveId } from '../../../infra/ids.ts';
import { clientConfig } from '../../../projections/clientConfig/project.ts';
import { clientConfigQueries } from '../../../projections/clientConfig/queries.ts';
import { favourites } from '../../../projections/favourites/project.ts';
import { favouriteQueries } from '../../../projections/favourites/queries.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, bob, by } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';

const MODELS = [favourites, clientConfig];

let database: TestDatabase<AnyTables>;
let log: MemoryEventLog;
let ids = 0;

beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  log = new MemoryEventLog();
  await sql`drop schema if exists seqline cascade`.execute(database.db);
  await sql`create schema seqline`.execute(database.db);
  await database.db
    .transaction()
    .execute((db) => takeOver(db, MODELS, { id: 'log', head: () => Promise.resolve(0) }));
});

const nextId = (): EventId => {
  ids += 1;
  return deriveId('kept', String(ids));
};

const write = async (event: FavouriteEvent | ClientConfigEvent): Promise<void> => {
  const user = 'user' in event.data ? event.data.user : undefined;
  const isFavourite = event.type.startsWith('Favourite') && user !== undefined;
  const stream = isFavourite ? favouriteStream(user) : clientConfigStream(user);
  await log.append(stream, 'any', [{ ...event, id: nextId(), meta: by('test') }]);
};

/** All of the log, in batches of this many events. */
const project = async (size = 1_000): Promise<void> => {
  const batches = new Batches(new Skips());
  const { events } = await log.readAll({ after: 0, max: 100_000 });
  const known = knownEvents(events);
  for (let from = 0; from < known.length; from += size) {
    const part = known.slice(from, from + size);
    await database.db.transaction().execute((db) => batches.apply(db, MODELS, part));
  }
};

const added = (user: UserId, kind: number, uuid: string, value = 'v'): FavouriteEvent => ({
  type: 'FavouriteAdded',
  data: { user, kind, uuid, content: { value, ex: 'x' } },
});
const set = (
  user: UserId,
  ...pairs: readonly (readonly [string, string])[]
): ClientConfigEvent => ({
  type: 'ClientConfigured',
  data: { user, keys: pairs.map(([key]) => key), values: pairs.map(([, value]) => value) },
});
const setForAll = (...pairs: readonly (readonly [string, string])[]): ClientConfigEvent => ({
  type: 'ClientDefaultsConfigured',
  data: { keys: pairs.map(([key]) => key), values: pairs.map(([, value]) => value) },
});

describe.each([1, 1_000])('favourites, in batches of %d', (size) => {
  test('[USR-33] are listed by type or all, oldest first, each as it was last said', async () => {
    const { of } = favouriteQueries(database.db);
    await write(added(ann, 2, 'later'));
    await write(added(ann, 1, 'k'));
    await write(added(bob, 1, 'k'));
    await write({
      type: 'FavouriteChanged',
      data: { user: ann, kind: 1, uuid: 'k', content: { ex: 'nul \0' } },
    });
    await write(added(ann, 1, 'gone'));
    await write({ type: 'FavouriteRemoved', data: { user: ann, kind: 1, uuid: 'gone' } });
    await project(size);
    const all = await of(ann);
    expect(all.map(({ kind, uuid, value, ex }) => [kind, uuid, value, ex])).toEqual([
      [2, 'later', 'v', 'x'],
      [1, 'k', 'v', 'nul \ufffd'],
    ]);
    expect((await of(ann, 1)).map(({ uuid }) => uuid)).toEqual(['k']);
    const { events } = await log.readAll({ after: 0, max: 10 });
    expect(all[0]?.createdAt).toBe(events[0]?.created);
  });

  test('[USR-33] of an erased user the texts are empty', async () => {
    const { of } = favouriteQueries(database.db);
    const name = { user: ann, kind: 1, uuid: 'k' };
    await write({ type: 'FavouriteAdded', data: { ...name, content: ERASED } });
    await write({ type: 'FavouriteChanged', data: { ...name, content: ERASED } });
    await project(size);
    expect(await of(ann)).toMatchObject([{ uuid: 'k', value: '', ex: '' }]);
  });
});

describe.each([1, 1_000])('settings of clients, in batches of %d', (size) => {
  test('[USR-34] a user has its own values over those of all', async () => {
    const { of } = clientConfigQueries(database.db);
    await write(setForAll(['a', 'all'], ['b', 'all'], ['c', 'all']));
    await write(set(ann, ['a', 'mine'], ['d', 'mine'], ['e', '']));
    await write({ type: 'ClientConfigRemoved', data: { user: ann, keys: ['d'] } });
    await write({ type: 'ClientDefaultsRemoved', data: { keys: ['c'] } });
    await project(size);
    expect(Object.fromEntries(await of(ann))).toEqual({ a: 'mine', b: 'all', e: '' });
    expect(Object.fromEntries(await of(bob))).toEqual({ a: 'all', b: 'all' });
    expect(Object.fromEntries(await of(undefined))).toEqual({ a: 'all', b: 'all' });
  });

  test('[USR-34] of an erased user what holds for all is left', async () => {
    const { of } = clientConfigQueries(database.db);
    await write(setForAll(['a', 'all']));
    await write({ type: 'ClientConfigured', data: { user: ann, keys: ['a'], values: ERASED } });
    await project(size);
    expect(Object.fromEntries(await of(ann))).toEqual({ a: 'all' });
  });

  test('[USR-35] they are found by user and key, page by page', async () => {
    const { page } = clientConfigQueries(database.db);
    await write(setForAll(['a', '1'], ['b', '2']));
    await write(set(ann, ['a', '3']));
    await write(set(bob, ['a', '4'], ['a b%', '5']));
    await project(size);
    const all = { pageNumber: 1, showNumber: 10 };
    expect(await page({ ...all, key: 'a' })).toEqual({
      total: 3,
      items: [
        { owner: '', key: 'a', value: '1' },
        { owner: ann, key: 'a', value: '3' },
        { owner: bob, key: 'a', value: '4' },
      ],
    });
    const ofBob = await page({ owner: bob, pageNumber: 2, showNumber: 1 });
    expect(ofBob).toEqual({ total: 2, items: [{ owner: bob, key: 'a b%', value: '5' }] });
    expect(await page({ pageNumber: 9, showNumber: 5 })).toEqual({ total: 5, items: [] });
    expect((await page({ pageNumber: 1, showNumber: 0 })).items).toEqual([]);
  });
});
