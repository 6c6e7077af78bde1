import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERASED } from '../../../core/kernel/fact.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { seedOfRun } from '../../support/seeded.ts';
import { registered } from '../../support/userEvents.ts';
import { GroupClient, GroupWorld, VERSION_ID } from './world.ts';

/** Histories that are tried; SEQLINE_TEST_RUNS=300 is some twenty thousand operations. */
const RUNS = Number(process.env['SEQLINE_TEST_RUNS'] ?? '25');
const SEED = seedOfRun();

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
});
afterAll(() => database.drop());

const USERS = ['ann', 'bob', 'cat', 'dan', 'eve'] as UserId[];
const [ann, bob, cat, dan, eve] = USERS as [UserId, UserId, UserId, UserId, UserId];
const [ONE, TWO] = ['g1', 'g2'] as [GroupId, GroupId];
const named = (count: number, prefix = 'u'): readonly UserId[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index)}` as UserId);
const page = (pageNumber: number, showNumber: number) => ({ pageNumber, showNumber });
const FIRST = page(1, 100);

const begun = async (): Promise<GroupWorld> => {
  const world = await GroupWorld.open(database);
  for (const user of USERS) await world.user(registered(user));
  return world;
};

const KINDS = [
  ...['create', 'add', 'add', 'add', 'leave', 'leave', 'kick', 'kick', 'role', 'role'],
  ...['transfer', 'mute', 'unmute', 'rename', 'notes', 'change', 'muteAll', 'unmuteAll', 'ask'],
  ...['answer', 'dismiss', 'sync', 'sync', 'sync', 'sync'],
] as const;

type Step = Readonly<{
  kind: (typeof KINDS)[number];
  group: GroupId;
  users: readonly UserId[];
  dice: number;
}>;

const histories = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    group: fc.constantFrom(ONE, TWO),
    users: fc.shuffledSubarray(USERS, { minLength: 2, maxLength: 4 }),
    dice: fc.integer({ min: 0, max: 4 }),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

/** What a step finds in a group that is there and lives. */
const sceneOf = (world: GroupWorld, { group, users, dice }: Step) => {
  const { roles } = world.of(group);
  const [user = ann] = users;
  const [owner = ann] = world.memberIds(group);
  const inside = users.filter((each) => roles.has(each));
  const others = inside.filter((each) => each !== owner);
  const outside = users.filter((each) => !roles.has(each));
  const [member = owner] = inside;
  return { world, group, dice, user, owner, member, others, outside };
};

type Scene = ReturnType<typeof sceneOf>;

const DEEDS: Partial<Record<Step['kind'], (scene: Scene) => unknown>> = {
  add: ({ world, group, outside, dice }) =>
    outside.length > 0 && world.add(group, outside, dice > 2),
  leave: ({ world, group, others: [other] }) => other && world.leave(group, other),
  kick: ({ world, group, others }) => others.length > 0 && world.kick(group, others),
  role: ({ world, group, others: [other], dice }) =>
    other && world.setRole(group, other, dice > 1 ? 60 : 20),
  transfer: ({ world, group, owner, others: [other] }) =>
    other && world.transfer(group, owner, other),
  mute: ({ world, group, member, owner, dice }) => {
    const data = { user: member, by: owner, until: dice * 1_000, seconds: 1 };
    return world.say(group, { type: 'MemberMuted', data });
  },
  unmute: ({ world, group, member, owner }) =>
    world.say(group, { type: 'MemberUnmuted', data: { user: member, by: owner } }),
  notes: ({ world, group, owner, user, dice }) => {
    const notes = dice === 0 ? ERASED : { nickname: dice > 2 ? String(dice) : '', ex: user };
    return world.say(group, { type: 'MemberChanged', data: { user: owner, by: owner, notes } });
  },
  change: ({ world, group, owner, dice }) => {
    const said = { announcement: { text: String(dice) } };
    const data = dice > 2 ? said : { profile: { name: `${group} ${String(dice)}` } };
    return world.say(group, { type: 'GroupChanged', data: { ...data, by: owner } });
  },
  muteAll: ({ world, group, owner }) =>
    world.say(group, { type: 'GroupMuted', data: { by: owner } }),
  unmuteAll: ({ world, group, owner }) =>
    world.say(group, { type: 'GroupUnmuted', data: { by: owner } }),
  ask: ({ world, group, user, owner, dice }) => {
    const application = { message: String(dice), ex: '' };
    const data = { user, application, source: 3, ...(dice > 3 ? { inviter: owner } : {}) };
    return world.say(group, { type: 'JoinRequested', data });
  },
  answer: ({ world, group, user, owner, dice }) => {
    const answer = { message: String(dice) };
    const data = { user, by: owner, agrees: dice > 2, answer };
    return world.say(group, { type: 'JoinAnswered', data });
  },
  dismiss: ({ world, group, dice }) => dice === 0 && world.dismiss(group),
};

const perform = async (world: GroupWorld, step: Step): Promise<unknown> => {
  const { kind, group, users, dice } = step;
  const [user = ann, ...others] = users;
  if (kind === 'rename') return world.rename(user, `${user} ${String(dice)}`);
  const plain = world.plain.get(group);
  if (plain === undefined) {
    return world.create(group, user, others.slice(0, 1), others.slice(1));
  }
  if (plain.dismissed) return !plain.disbanded && world.disband(group);
  return DEEDS[kind]?.(sceneOf(world, step));
};

describe('the read model of groups', () => {
  test('[GRP-40] [SYN-11] [PRJ-2] lists kept up by changes are the whole lists, whatever happens, and rebuilt they are equal', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 9 }), async (history, size) => {
        const world = await begun();
        const clients = USERS.map((user) => new GroupClient(world, user));
        for (const step of history) {
          if (step.kind !== 'sync') await perform(world, step);
          else {
            await world.project();
            await clients[step.dice]?.sync();
          }
        }
        await world.project();
        for (const [index, client] of clients.entries()) {
          const before = client.joined.version;
          await client.sync();
          const user = USERS[index] ?? ann;
          const { items, total } = await world.queries.joined(user, FIRST);
          expect(client.joined.shown()).toEqual(items);
          expect(total).toBe(items.length);
          expect(client.joined.version).toBeGreaterThanOrEqual(before);
          expect(await world.queries.joinedIds(user)).toEqual({
            version: client.joined.version,
            ids: client.joined.order,
          });
          for (const [group, list] of client.members) {
            const members = await world.queries.members(group, FIRST, '');
            expect(list.shown()).toEqual(members.items);
            expect(list.order).toEqual(world.memberIds(group));
            expect(members.total).toBe(list.order.length);
            const { version } = world.of(group);
            expect(list.version).toBe(version);
            expect(await world.queries.memberIds(group)).toEqual({ version, ids: list.order });
            expect([client.groups.get(group)]).toEqual(await world.queries.groups([group]));
            expect(client.groups.get(group)?.memberCount).toBe(list.order.length);
          }
        }
        expect(await world.differences()).toEqual([]);
        const grown = await world.dump();
        await world.rebuild(size);
        expect(await world.dump()).toEqual(grown);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('[GRP-86] which groups a user is in is also told as of a position that the tables have passed', async () => {
    const world = await begun();
    await world.create(ONE, ann);
    await world.add(ONE, [bob]);
    const before = await world.log.head();
    await world.create(TWO, ann);
    await world.add(TWO, [bob]);
    await world.leave(ONE, bob);
    await world.add(ONE, [bob]);
    await world.project();
    const { queries } = world;
    expect(await queries.joinedUpTo(bob, before)).toEqual([]);
    expect(await queries.joinedUpTo(ann, before)).toEqual([ONE]);
    expect(await queries.joinedUpTo(bob, await world.log.head())).toEqual([TWO, ONE]);
  });

  test('[GRP-41] one join, rename, mute or dismissal in a large group writes a constant number of rows', async () => {
    const world = await begun();
    const all = named(2_000);
    await world.create(ONE, ann);
    await world.addMany(ONE, all);
    await world.project();
    const changes: readonly (readonly [() => Promise<void>, Readonly<Record<string, number>>])[] = [
      [() => world.add(ONE, [bob]), { groups: 1, group_members: 1, group_member_lists: 1 }],
      [
        () => world.say(ONE, { type: 'GroupChanged', data: { by: ann, profile: { name: 'new' } } }),
        { groups: 1, group_member_lists: 1 },
      ],
      [
        () => world.say(ONE, { type: 'GroupMuted', data: { by: ann } }),
        { groups: 1, group_member_lists: 1 },
      ],
      [() => world.dismiss(ONE), { groups: 1, group_member_lists: 1 }],
      [() => world.disband(ONE), { groups: 1 }],
    ];
    let before = await world.dump();
    for (const [change, expected] of changes) {
      await change();
      await world.project();
      const after = await world.dump();
      const written = Object.entries(after).flatMap(([table, rows]) => {
        const known = new Set(before[table]?.map((row) => JSON.stringify(row)));
        const count = rows.filter((row) => !known.has(JSON.stringify(row))).length;
        return count === 0 ? [] : [[table, count] as const];
      });
      expect(Object.fromEntries(written)).toEqual(expected);
      before = after;
    }
    expect(await world.queries.members(ONE, FIRST, '')).toEqual({ total: 0, items: [] });
    expect(await world.queries.joined(bob, FIRST)).toEqual({ total: 0, items: [] });
  });

  test('[GRP-42] more than 200 changes, a lost and a foreign version, and a disbanded group are answered with the whole list', async () => {
    const world = await begun();
    const all = named(450);
    await world.create(ONE, ann);
    await world.project();
    const [atFirst, atAll] = [new GroupClient(world, ann), new GroupClient(world, ann)];
    await atFirst.syncMembers(ONE);
    await world.addMany(ONE, all);
    await world.project();
    await atAll.syncMembers(ONE);
    for (const user of all.slice(0, 200)) await world.leave(ONE, user);
    await world.project();
    const { queries } = world;
    for (const [client, fulls] of [
      [atFirst, 2],
      [atAll, 1],
    ] as const) {
      await client.syncMembers(ONE);
      expect(client.list(ONE).order).toEqual(world.memberIds(ONE));
      expect(client.list(ONE).fulls).toBe(fulls);
    }
    await world.kick(ONE, all.slice(200, 401));
    await world.project();
    await atAll.syncMembers(ONE);
    expect(atAll.list(ONE).fulls).toBe(2);
    const { version } = world.of(ONE);
    const since = (at: number, versionId = VERSION_ID) =>
      queries.membersSince(ONE, VERSION_ID, { version: at, versionId });
    expect(await since(version)).toMatchObject({ full: false, insert: [], group: undefined });
    for (const lost of [await since(0), await since(version + 1), await since(version, 'f')]) {
      expect(lost).toMatchObject({ full: true, version, group: { group: ONE } });
    }
    await world.dismiss(ONE);
    await world.project();
    expect(await since(version)).toMatchObject({ full: false, group: { status: 2 } });
    await world.disband(ONE);
    await world.project();
    expect(await since(version + 1)).toMatchObject({
      full: true,
      group: { status: 2, memberCount: 0, owner: '' },
    });
    expect(
      await queries.membersSince(TWO, VERSION_ID, { version: 0, versionId: '' }),
    ).toMatchObject({ full: true, version: 1, group: undefined });
  });

  test('[GRP-43] a client that has applied some of the notices of an event is told of the others', async () => {
    const world = await begun();
    await world.create(ONE, ann);
    await world.project();
    const client = new GroupClient(world, ann);
    await client.syncMembers(ONE);
    const list = client.list(ONE);
    await world.addMany(ONE, named(120));
    await world.project();
    expect(world.of(ONE).version).toBe(4);
    // As after the first of three notices, with the fifty that it names.
    list.version = 2;
    const answer = await world.queries.membersSince(ONE, VERSION_ID, list);
    expect(answer).toMatchObject({ full: false, version: 4, group: { memberCount: 121 } });
    expect(answer.insert.map(({ user }) => user)).toEqual(named(120));
  });

  test('[GRP-44] the order of members is by role and then as they joined, in pages and ids alike', async () => {
    const world = await begun();
    await world.create(ONE, ann, [bob], [cat]);
    await world.add(ONE, [eve, dan]);
    await world.setRole(ONE, dan, 60);
    await world.transfer(ONE, ann, cat);
    await world.project();
    const { queries } = world;
    const ids = [cat, bob, dan, ann, eve];
    expect((await queries.memberIds(ONE)).ids).toEqual(ids);
    const pages = await Promise.all(
      [1, 2, 3, 4].map((at) => queries.members(ONE, page(at, 2), '')),
    );
    expect(pages.flatMap(({ items }) => items.map(({ user }) => user))).toEqual(ids);
    expect(pages.map(({ total }) => total)).toEqual([5, 5, 5, 5]);
    expect(await queries.managers(ONE)).toEqual([cat, bob, dan]);
    const among = await queries.membersAmong(ONE, [eve, 'nobody' as UserId, ann]);
    expect(among).toMatchObject([
      { user: eve, role: 20, source: 2, inviter: ann, operator: ann },
      { user: ann, role: 20, operator: ann, inviter: ann },
    ]);
  });

  test('[GRP-45] members are found by a part of the name they are shown with, taken literally and in any case', async () => {
    const world = await begun();
    await world.create(ONE, ann, [], [bob, cat, dan]);
    await world.rename(bob, '50%_Anna');
    const notes = { nickname: 'HANNAH', faceUrl: 'https://face' };
    await world.say(ONE, { type: 'MemberChanged', data: { user: cat, by: cat, notes } });
    await world.project();
    const found = async (keyword: string) => {
      const { total, items } = await world.queries.members(ONE, page(1, 2), keyword);
      return [total, items.map(({ user }) => user)];
    };
    expect(await found('ANN')).toEqual([3, [ann, bob]]);
    expect(await found('%_')).toEqual([1, [bob]]);
    expect(await found('annah')).toEqual([1, [cat]]);
    expect(await found('cat')).toEqual([0, []]);
    expect(await world.queries.membersAmong(ONE, [cat, dan])).toMatchObject([
      { nickname: 'HANNAH', faceUrl: 'https://face' },
      { nickname: 'dan', faceUrl: 'https://faces/dan' },
    ]);
  });

  test('[GRP-46] groups are found by id, whatever became of them, or by a part of the name, newest first', async () => {
    const world = await begun();
    await world.create(ONE, ann, [], [], { name: 'Chess 100%' });
    await world.create(TWO, bob, [], [], { name: 'chess club' });
    await world.say(TWO, {
      type: 'MemberChanged',
      data: { user: bob, by: bob, notes: { nickname: 'B' } },
    });
    await world.project();
    const search = async (group: string, name: string) => {
      const { total, items } = await world.queries.search({ group, name }, FIRST);
      return [total, items.map((each) => [each.group, each.ownerName])];
    };
    expect(await search('', 'CHESS')).toEqual([
      2,
      [
        [TWO, 'B'],
        [ONE, 'ann'],
      ],
    ]);
    expect(await search('', '0%')).toEqual([1, [[ONE, 'ann']]]);
    await world.dismiss(TWO);
    await world.project();
    expect(await search('', 'chess')).toEqual([1, [[ONE, 'ann']]]);
    expect(await search(TWO, 'x')).toEqual([1, [[TWO, 'B']]]);
    expect(await search('g', '')).toEqual([0, []]);
    await world.disband(TWO);
    await world.project();
    expect(await world.queries.groups([TWO, 'g9' as GroupId, ONE])).toMatchObject([
      { group: TWO, status: 2, memberCount: 0, owner: '' },
      { group: ONE, status: 0, memberCount: 1, owner: ann },
    ]);
    expect(await search(TWO, '')).toEqual([1, [[TWO, '']]]);
  });

  test('[GRP-47] requests are found from either side, newest first, by group and by what became of them', async () => {
    const world = await begun();
    await world.create(ONE, ann, [bob]);
    await world.create(TWO, bob);
    const ask = (group: GroupId, user: UserId, inviter?: UserId) =>
      world.say(group, {
        type: 'JoinRequested',
        data: {
          ...{ user, source: 3, application: { message: `I am ${user}`, ex: 'x' } },
          ...(inviter === undefined ? {} : { inviter }),
        },
      });
    const answer = (group: GroupId, user: UserId, agrees: boolean) =>
      world.say(group, {
        type: 'JoinAnswered',
        data: { user, by: ann, agrees, answer: { message: 'well' } },
      });
    await ask(ONE, cat);
    await ask(ONE, dan, bob);
    await ask(TWO, cat);
    await ask(ONE, eve);
    await answer(ONE, dan, true);
    await answer(ONE, eve, false);
    await world.project();
    const { queries } = world;
    const to = async (user: UserId, groups: readonly GroupId[], results: readonly number[]) => {
      const { total, items } = await queries.requestsTo(user, groups, results, page(1, 3));
      return [total, items.map((each) => `${each.group.group} ${each.user.user}`)];
    };
    expect(await to(ann, [], [])).toEqual([3, ['g1 eve', 'g1 dan', 'g1 cat']]);
    expect(await to(bob, [], [])).toEqual([4, ['g1 eve', 'g2 cat', 'g1 dan']]);
    expect(await to(bob, [TWO], [])).toEqual([1, ['g2 cat']]);
    expect(await to(bob, [], [1, -1])).toEqual([2, ['g1 eve', 'g1 dan']]);
    expect(await to(cat, [], [])).toEqual([0, []]);
    const [, ofDan] = (await queries.requestsTo(ann, [], [], FIRST)).items;
    expect(ofDan).toMatchObject({
      group: { group: ONE, name: ONE, owner: ann, memberCount: 2 },
      user: { user: dan, nickname: 'dan' },
      ...{ result: 1, message: 'I am dan', ex: 'x', source: 3, inviter: bob, handler: ann },
      answer: 'well',
    });
    const own = await queries.requestsFrom(cat, [], [], FIRST);
    expect(own.items.map(({ group, result }) => [group.group, result])).toEqual([
      [TWO, 0],
      [ONE, 0],
    ]);
    expect((await queries.requestsFrom(cat, [ONE], [1], FIRST)).total).toBe(0);
    const among = await queries.requestsOf(ONE, [eve, ann, cat]);
    expect(among.map(({ user, result }) => [user.user, result])).toEqual([
      [eve, -1],
      [cat, 0],
    ]);
    const at = own.items[0]?.requestedAt ?? 0;
    expect([await queries.waiting(bob, 0), await queries.waiting(bob, at)]).toEqual([2, 0]);
    expect(await queries.waiting(cat, 0)).toBe(0);
    await ask(ONE, eve);
    await world.project();
    expect((await queries.requestsOf(ONE, [eve]))[0]).toMatchObject({ result: 0, handler: '' });
  });

  test('[GRP-48] of what has been erased nothing is shown, and all else goes on', async () => {
    const world = await begun();
    await world.create(ONE, ann, [], [bob]);
    await world.say(ONE, { type: 'GroupChanged', data: { by: ann, profile: ERASED } });
    await world.say(ONE, { type: 'GroupChanged', data: { by: ann, announcement: ERASED } });
    const data = { user: bob, source: 3, application: ERASED };
    await world.say(ONE, { type: 'JoinRequested', data });
    await world.user({ type: 'UserChanged', data: { user: bob, profile: ERASED } });
    await world.project();
    expect(await world.queries.groups([ONE])).toMatchObject([
      { name: '', announcement: '', announcedBy: ann, memberCount: 2 },
    ]);
    const [, member] = (await world.queries.members(ONE, FIRST, '')).items;
    expect(member).toMatchObject({ user: bob, nickname: '' });
    expect(await world.queries.requestsOf(ONE, [bob])).toMatchObject([
      { message: '', user: { nickname: '' } },
    ]);
    expect(await world.differences()).toEqual([]);
  });
});
