import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERASED } from '../../../core/kernel/fact.ts';
import { isListed, friendship, type Friendship } from '../../../core/friendship/decider.ts';
import { friendshipStream, type FriendshipEvent } from '../../../core/friendship/events.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { ann, bob, by, cat } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { registered, renamed } from '../../support/userEvents.ts';
import { FriendWorld, ListClient, VERSION_ID } from './world.ts';

/** Histories that are tried; SEQLINE_TEST_RUNS=300 is some twenty thousand operations. */
const RUNS = Number(process.env['SEQLINE_TEST_RUNS'] ?? '25');

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());

const dan = 'dan' as UserId;
const USERS = [ann, bob, cat, dan] as const;
const firstPage = { pageNumber: 1, showNumber: 100 };
const named = (count: number): readonly UserId[] =>
  Array.from({ length: count }, (_, index) => `u${String(index)}` as UserId);

const bring = (world: FriendWorld, owner: UserId, friend: UserId) =>
  world.friend('imAdmin', { type: 'ImportFriend', data: { owner, friend } });
const drop = (world: FriendWorld, owner: UserId, friend: UserId) =>
  world.friend(owner, { type: 'DeleteFriend', data: { owner, friend } });

type Step = Readonly<{ kind: string; one: UserId; other: UserId; dice: number }>;

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...['ask', 'agree', 'agree', 'decline', 'import', 'import', 'delete', 'delete', 'remark'],
      ...['pin', 'block', 'unblock', 'rename', 'sync', 'sync', 'sync'],
    ),
    one: fc.constantFrom(...USERS),
    other: fc.constantFrom(...USERS),
    dice: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 60 },
);

const perform = async (world: FriendWorld, { kind, one, other, dice }: Step): Promise<unknown> => {
  const pair = { owner: one, friend: other };
  const hi = String(dice);
  if (one === other) return world.user(renamed(one, `${one} ${hi}`));
  switch (kind) {
    case 'ask':
      return world.friend(one, {
        type: 'RequestFriend',
        data: { from: one, to: other, greeting: hi, ex: '' },
      });
    case 'agree':
    case 'decline':
      return world.friend(one, {
        type: 'AnswerRequest',
        data: { from: other, to: one, agrees: kind === 'agree', message: hi },
      });
    case 'import':
      return bring(world, one, other);
    case 'delete':
      return drop(world, one, other);
    case 'remark':
      return world.friend(one, { type: 'ConfigureFriend', data: { ...pair, remark: hi } });
    case 'pin':
      return world.friend(one, { type: 'ConfigureFriend', data: { ...pair, pinned: dice > 1 } });
    case 'block':
      return world.block({ type: 'BlockUser', data: { owner: one, blocked: other, ex: hi } });
    case 'unblock':
      return world.block({ type: 'UnblockUser', data: { owner: one, blocked: other } });
    default:
      return world.user(renamed(one, `${one} ${hi}`));
  }
};

/** The lists, from the streams of the pairs alone. */
const recount = async (world: FriendWorld, owner: UserId): Promise<readonly UserId[]> => {
  const listed = USERS.filter((other) => other !== owner).map(async (other) => {
    const events = await world.log.readStream<FriendshipEvent>(friendshipStream(owner, other), {
      from: 'start',
      direction: 'forwards',
      max: 10_000,
    });
    const state = events.reduce<Friendship>(friendship.evolve, friendship.initialState);
    return isListed(state, owner) ? [other] : [];
  });
  return (await Promise.all(listed)).flat();
};

describe('the friends read model', () => {
  test('[SYN-11] [PRJ-2] a list kept up by changes is the whole list, whatever happens, and rebuilt it is equal', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (history, size) => {
        const world = await FriendWorld.open(database);
        for (const user of USERS) await world.user(registered(user));
        const clients = USERS.map((user) => new ListClient(world, user));
        const versions = new Map<ListClient, number>();
        for (const step of history) {
          if (step.kind !== 'sync') await perform(world, step);
          else {
            await world.project();
            await clients[step.dice]?.sync();
          }
        }
        await world.project();
        for (const [index, client] of clients.entries()) {
          versions.set(client, client.friends.version);
          await client.sync();
          expect(client.shown()).toEqual(await client.fresh());
          expect(client.friends.version).toBeGreaterThanOrEqual(versions.get(client) ?? 0);
          const ids = client.friends.order.toSorted();
          expect(ids).toEqual(await recount(world, USERS[index] ?? ann));
        }
        const grown = await world.dump();
        await world.rebuild(size);
        expect(await world.dump()).toEqual(grown);
      }),
      { numRuns: RUNS },
    );
  });

  test('[SYN-11] more than 200 changes, and a version of long ago, are answered with the whole list', async () => {
    const world = await FriendWorld.open(database);
    const all = named(450);
    for (const user of [ann, ...all]) await world.user(registered(user));
    const [atNone, atFew, atAll, atSome] = [0, 1, 2, 3].map(() => new ListClient(world, ann));
    if (!atNone || !atFew || !atAll || !atSome) throw new Error('there are four');
    const sync = async (client: ListClient) => {
      await world.project();
      await client.sync();
    };
    await sync(atNone);
    for (const [index, user] of all.entries()) {
      await bring(world, ann, user);
      if (index === 249) await sync(atFew);
    }
    await sync(atAll);
    for (const user of all.slice(0, 250)) await drop(world, ann, user);
    await sync(atSome);
    for (const user of all.slice(250, 350)) await drop(world, ann, user);
    for (const user of all.slice(0, 3)) await bring(world, ann, user);
    for (const [client, fulls] of [
      [atNone, 2],
      [atFew, 2],
      [atAll, 2],
      [atSome, 1],
    ] as const) {
      await sync(client);
      expect(client.shown()).toEqual(await client.fresh());
      expect(client.friends.fulls).toBe(fulls);
    }
    expect(atSome.friends.order).toEqual([...all.slice(350), ...all.slice(0, 3)]);
  });

  test('[SYN-11] who goes and comes back between two looks stands last', async () => {
    const world = await FriendWorld.open(database);
    for (const user of USERS) await world.user(registered(user));
    for (const user of [bob, cat]) await bring(world, ann, user);
    await world.project();
    const client = new ListClient(world, ann);
    await client.sync();
    await drop(world, ann, bob);
    await bring(world, ann, bob);
    await world.project();
    await client.sync();
    expect(client.friends.fulls).toBe(1);
    expect(client.friends.order).toEqual([cat, bob]);
  });

  test.each([
    [200, 1],
    [201, 2],
  ])('[SYN-11] of %i that went none is forgotten', async (count, fulls) => {
    const world = await FriendWorld.open(database);
    const all = named(count + 1);
    for (const user of [ann, ...all]) await world.user(registered(user));
    for (const user of all) await bring(world, ann, user);
    await world.project();
    const client = new ListClient(world, ann);
    await client.sync();
    for (const user of all.slice(1)) await drop(world, ann, user);
    await world.project();
    await client.sync();
    expect(client.friends.order).toEqual(all.slice(0, 1));
    expect(client.friends.fulls).toBe(fulls);
  });

  test('[SYN-11] a version that is none of this list is answered with the whole list', async () => {
    const world = await FriendWorld.open(database);
    for (const user of USERS) await world.user(registered(user));
    await bring(world, ann, bob);
    await world.project();
    const since = (version: number, versionId = VERSION_ID) =>
      world.queries.friendsSince(ann, VERSION_ID, { version, versionId });
    const { version, full } = await since(0);
    expect(full).toBe(true);
    expect((await since(version)).full).toBe(false);
    expect((await since(version + 1)).full).toBe(true);
    expect((await since(version, 'f'.repeat(24))).full).toBe(true);
    expect(await world.queries.friendIds(ann)).toEqual({ version, ids: [bob] });
    expect(await world.queries.friendIds(dan)).toEqual({ version: 1, ids: [] });
    expect(
      await world.queries.friendsSince(dan, VERSION_ID, { version: 1, versionId: VERSION_ID }),
    ).toMatchObject({ version: 1, full: false, insert: [] });
  });

  test('[FRD-12] a friend who changes its profile moves the lists it is in, without a row of theirs', async () => {
    const world = await FriendWorld.open(database);
    for (const user of USERS) await world.user(registered(user));
    await bring(world, ann, bob);
    await world.project();
    const client = new ListClient(world, ann);
    await client.sync();
    await world.user(renamed('bob', 'Robert'));
    await world.user(renamed('cat', 'Catherine'));
    await world.project();
    const answer = await world.queries.friendsSince(ann, VERSION_ID, client.friends);
    expect(answer).toMatchObject({ full: false, insert: [], delete: [], sortVersion: 0 });
    expect(answer.update.map(({ profile }) => profile.nickname)).toEqual(['Robert']);
    expect(answer.version).toBe(answer.update[0]?.changedPos);
    expect(await world.queries.listing(bob)).toEqual([ann]);
    const table = (await world.dump()) as { friends: readonly { changed_pos: number }[] };
    expect(table.friends.every((row) => row.changed_pos < client.friends.version + 1)).toBe(true);
  });

  test('[FRD-13] requests are found from either side, newest first, by page and result', async () => {
    const world = await FriendWorld.open(database);
    for (const user of USERS) await world.user(registered(user));
    for (const from of [bob, cat, dan]) {
      const data = { from, to: ann, greeting: `I am ${from}`, ex: 'x' };
      await world.friend(from, { type: 'RequestFriend', data });
    }
    const answer = { to: ann, message: 'well' };
    await world.friend(ann, {
      type: 'AnswerRequest',
      data: { ...answer, from: bob, agrees: true },
    });
    await world.friend(ann, {
      type: 'AnswerRequest',
      data: { ...answer, from: cat, agrees: false },
    });
    await world.project();
    const { queries } = world;
    const received = await queries.requestsTo(ann, firstPage, []);
    expect(received.items.map(({ from, result }) => [from, result])).toEqual([
      [dan, 0],
      [cat, -1],
      [bob, 1],
    ]);
    expect(received.items[2]).toMatchObject({
      greeting: 'I am bob',
      ex: 'x',
      answer: 'well',
      handler: ann,
      asker: { nickname: 'bob' },
      asked: { nickname: 'ann' },
    });
    expect(received.items[1]).toMatchObject({ answer: 'well', handler: '' });
    const settled = await queries.requestsTo(ann, { pageNumber: 2, showNumber: 1 }, [1, -1]);
    expect([settled.total, settled.items.map(({ from }) => from)]).toEqual([2, [bob]]);
    expect((await queries.requestsFrom(dan, firstPage, [])).total).toBe(1);
    expect(await queries.requestsTo(ann, { pageNumber: 9, showNumber: 2 }, [])).toEqual({
      total: 3,
      items: [],
    });
    expect((await queries.requestsBetween(ann, bob)).map(({ from }) => from)).toEqual([bob]);
    const at = received.items[0]?.createdAt ?? 0;
    expect([await queries.waiting(ann, 0), await queries.waiting(ann, at)]).toEqual([1, 0]);
  });

  test('[SEA-2] what has been erased is shown empty, and all else goes on', async () => {
    const world = await FriendWorld.open(database);
    for (const user of USERS) await world.user(registered(user));
    await world.log.append(friendshipStream(ann, bob), 'no_stream', [
      {
        id: `00000000-0000-4000-8000-00000000000a` as never,
        type: 'FriendRequested',
        meta: by(ann),
        data: { from: ann, to: bob, application: ERASED },
      },
    ]);
    await world.friend(bob, {
      type: 'AnswerRequest',
      data: { from: ann, to: bob, agrees: true, message: '' },
    });
    await world.log.append(friendshipStream(ann, bob), 1, [
      {
        id: `00000000-0000-4000-8000-00000000000b` as never,
        type: 'FriendConfigured',
        meta: by(ann),
        data: { owner: ann, friend: bob, pinned: true, notes: ERASED },
      },
    ]);
    await world.user({ type: 'UserChanged', data: { user: bob, profile: ERASED } });
    await world.project();
    const [friend] = (await world.queries.friends(ann, firstPage)).items;
    expect(friend).toMatchObject({
      friend: bob,
      remark: '',
      pinned: true,
      profile: { nickname: '' },
    });
    const [request] = await world.queries.requestsBetween(ann, bob);
    expect(request).toMatchObject({ greeting: '', result: 1, asked: { nickname: '' } });
  });
});
