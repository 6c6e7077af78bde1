import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { group as chatOf, notificationOf } from '../../../core/conversation/ids.ts';
import type { Refused } from '../../../core/kernel/decider.ts';
import type { ConversationId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import type { ConversationView, Pulled, Shown } from '../../../core/sequence/shown.ts';
import {
  conversationsOf,
  incrementalOf,
  newestSeqsOf,
  readStatesOf,
} from '../../../projections/chats/lists.ts';
import { chatKeys } from '../../../projections/chats/atHead.ts';
import { chats } from '../../../projections/chats/project.ts';
import { lastVisible, pullRanges, pullSeqs } from '../../../projections/chats/reader.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { seedOfRun } from '../../support/seeded.ts';
import { ChatWorld } from './groupWorld.ts';

/** Histories that are tried, of some fifty operations each. */
const RUNS = Number(process.env['SEQLINE_TEST_RUNS'] ?? '25');
const SEED = seedOfRun();
const VERSION_ID = '0123456789abcdef01234567';
const ALL = 1_000;

let database: TestDatabase<AnyTables>;
beforeAll(async () => {
  database = await testDatabase<AnyTables>();
  await database.db
    .transaction()
    .execute((db) => takeOver(db, [chats], { id: 'log', head: () => Promise.resolve(0) }));
});
afterAll(() => database.drop());

const USERS = ['ann', 'bob', 'cat', 'dan'] as UserId[];
const ann = 'ann' as UserId;
const [ONE, TWO] = ['g1', 'g2'] as [GroupId, GroupId];

const KINDS = [
  ...['say', 'say', 'say', 'say', 'quiet', 'toAll', 'mention', 'announce', 'add', 'add', 'add'],
  ...['leave', 'leave', 'kick', 'kick', 'tell', 'tell', 'tell', 'read', 'clear', 'setAt', 'hide'],
  ...['revoke', 'disband', 'project', 'project', 'drop', 'drop'],
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
    group: fc.constantFrom(ONE, ONE, TWO),
    users: fc.shuffledSubarray(USERS, { minLength: 1, maxLength: 3 }),
    dice: fc.integer({ min: 0, max: 9 }),
  }),
  { minLength: 1, maxLength: 100, size: 'max' },
);

type Scene = Readonly<{
  world: ChatWorld;
  group: GroupId;
  user: UserId;
  inside: readonly UserId[];
  outside: readonly UserId[];
  others: readonly UserId[];
  seq: number;
  dice: number;
}>;

const DEEDS: Record<Exclude<Step['kind'], 'project'>, (scene: Scene) => unknown> = {
  say: ({ world, group, inside: [member] }) => member && world.say(group, member),
  quiet: ({ world, group, inside: [member] }) =>
    member && world.say(group, member, { counts: false }),
  toAll: ({ world, group, inside: [member], others, dice }) =>
    member && world.say(group, member, { toAll: true, mentions: dice > 6 ? others : [] }),
  mention: ({ world, group, inside: [member], others }) =>
    member && world.say(group, member, { mentions: [...others, member] }),
  announce: ({ world, group, inside: [member] }) => member && world.announce(group, member),
  add: ({ world, group, outside, dice }) =>
    outside.length > 0 && world.add(group, outside, dice > 4),
  leave: ({ world, group, inside: [member] }) => member && world.leave(group, member),
  kick: ({ world, group, inside }) => inside.length > 0 && world.kick(group, inside),
  tell: ({ world, group, user, dice }) => world.tell(group, user, dice > 7),
  read: ({ world, group, user, seq }) => seq > 0 && world.read(group, user, seq),
  clear: ({ world, group, user, seq }) => seq > 0 && world.clear(group, user, seq),
  setAt: ({ world, group, user }) => world.setAt(group, user),
  drop: ({ world, group, user }) => world.drop(group, user),
  hide: ({ world, group, user, seq, dice }) =>
    world.hide(group, user, seq, dice > 6 ? 'all' : dice > 3 ? 'self' : 'inbox'),
  revoke: ({ world, group, user, seq }) => world.revoke(group, user, seq),
  disband: ({ world, group, dice }) => dice === 0 && world.disband(group),
};

const perform = async (world: ChatWorld, { kind, group, users, dice }: Step): Promise<unknown> => {
  if (kind === 'project') return world.project();
  const plain = world.plain.get(group);
  const [user = ann] = users;
  if (plain === undefined) return world.create(group, users);
  if (plain.ended && kind !== 'read' && kind !== 'clear') return undefined;
  const inside = users.filter((each) => plain.parts.get(each)?.in === true);
  return DEEDS[kind]({
    ...{ world, group, user, inside, dice },
    outside: users.filter((each) => !inside.includes(each)),
    others: USERS.filter((each) => each !== inside[0]),
    seq: Math.min(dice + 1, plain.lines.length),
  });
};

const label = ({ seq, kind }: Shown): string => `${String(seq)} ${kind}`;

/** What a pull answers, whichever it is. */
const shownIn = (
  pulled: readonly Pulled[] | Refused<string>,
  of: (shown: Shown) => unknown,
): unknown => ('kind' in pulled ? pulled.kind : pulled.flatMap(({ shown }) => shown.map(of)));

const asked = async (world: ChatWorld, user: UserId, group: GroupId) => {
  const conversation = chatOf(group);
  const reading = { log: world.log, conversationsAtHead: world.conversationsAtHead };
  const range = (of: ConversationId) =>
    pullRanges(reading)(user, [{ conversation: of, begin: 0, end: ALL, num: ALL }], 'ascending');
  const seqs = Array.from({ length: world.of(group).lines.length + 2 }, (_, index) => index);
  const last = (await lastVisible(reading)(user, [conversation])).get(conversation);
  return {
    range: shownIn(await range(conversation), label),
    list: shownIn(await pullSeqs(reading)(user, [{ conversation, seqs }], 'ascending'), label),
    notes: shownIn(await range(notificationOf(conversation)), ({ seq }) => seq),
    last: last === undefined ? undefined : label(last),
  };
};

/** As it is told to who takes no part: what nobody has begun yet is nobody's secret. */
const foreign = (lines: number, notes: number) => ({
  range: lines === 0 ? [] : 'refused',
  list: lines === 0 ? [] : 'refused',
  notes: notes === 0 ? [] : 'refused',
  last: undefined,
});

const isSeen = (line: string): boolean => /(event|revoked)$/.test(line);

const checkGroup = async (world: ChatWorld, user: UserId, group: GroupId): Promise<void> => {
  const conversation = chatOf(group);
  const at = await world.userAtHead(user);
  expect(at.joined.includes(group)).toBe(world.membersOf(group).includes(user));
  const newest = newestSeqsOf(user, at);
  const [state] = readStatesOf(user, at, [conversation]);
  const [view] = conversationsOf(user, at, [conversation]);
  const wanted = world.expected(group, user);
  const answers = await asked(world, user, group);
  const tops = [newest.get(conversation), newest.get(notificationOf(conversation))];
  if (wanted === undefined) {
    const { lines, notes } = world.of(group);
    expect([state, view, ...tops]).toEqual([undefined, undefined, undefined, undefined]);
    expect(answers).toEqual(foreign(lines.length, notes));
    return;
  }
  const { shown, listed, notes, top, notesTop, unread, atType } = wanted;
  expect(answers).toEqual({ range: shown, list: shown, notes, last: shown.findLast(isSeen) });
  expect(tops.map((seq) => seq ?? 0)).toEqual([listed ? top : 0, notesTop]);
  if (top === 0) return;
  if (!listed) {
    expect([state, view]).toEqual([undefined, undefined]);
    return;
  }
  expect(state).toMatchObject({ maxSeq: top, hasReadSeq: top - unread });
  expect(view).toMatchObject({ kind: 3, peer: { group }, groupAtType: atType });
};

/** A client's list, brought forward by what the server says has changed. */
class ListClient {
  version = 0;
  versionId = '';
  rows = new Map<string, ConversationView>();
  readonly user: UserId;

  constructor(user: UserId) {
    this.user = user;
  }

  async sync(world: ChatWorld): Promise<void> {
    const at = await world.userAtHead(this.user);
    const answer = incrementalOf(this.user, at, VERSION_ID, this);
    const all = conversationsOf(this.user, at);
    if (answer.full) this.rows = new Map(all.map((row) => [row.conversation, row]));
    for (const id of answer.delete) this.rows.delete(id);
    for (const row of [...answer.insert, ...answer.update]) this.rows.set(row.conversation, row);
    expect(answer.version).toBeGreaterThanOrEqual(this.version);
    this.version = answer.version;
    this.versionId = answer.versionId;
    expect(new Map(all.map((row) => [row.conversation, row]))).toEqual(this.rows);
  }
}

/** All that users are told, as it is at the head. */
const toldAt = async (world: ChatWorld) => {
  const all = USERS.map(async (user) => {
    const at = await world.userAtHead(user);
    return [conversationsOf(user, at), readStatesOf(user, at, []), [...newestSeqsOf(user, at)]];
  });
  return Promise.all(all);
};

describe(`what members see of their groups (seed ${String(SEED)})`, () => {
  test('[SYN-26] [SYN-21] [SYN-22] [SYN-11] [SYN-27] [PRJ-7] [PRJ-20] [OPS-60] equals a naive recount, wherever the projector stands and however events fall into batches', async ({
    annotate,
  }) => {
    const counts: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 9 }), async (history, size) => {
        const world = await ChatWorld.open(database);
        const clients = USERS.map((user) => new ListClient(user));
        for (const [index, step] of history.entries()) {
          counts[step.kind] = (counts[step.kind] ?? 0) + 1;
          await perform(world, step);
          await world.follow();
          if (index % 3 !== 0 || !world.plain.has(step.group)) continue;
          const client = clients[step.dice % clients.length];
          await client?.sync(world);
          await checkGroup(world, client?.user ?? ann, step.group);
        }
        for (const user of USERS) {
          for (const group of world.plain.keys()) await checkGroup(world, user, group);
        }
        for (const client of clients) await client.sync(world);
        const atHead = await toldAt(world);
        await world.project();
        expect(await toldAt(world)).toEqual(atHead);
        expect(await world.differences()).toEqual([]);
        const grown = await world.dump();
        await world.rebuild(size);
        expect(await world.dump()).toEqual(grown);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    await annotate(`done: ${JSON.stringify(counts)}`);
  }, 1_800_000);

  test('[SYN-23] a message, a message to all, a rename and one who joins a large group write a constant number of rows', async () => {
    const world = await ChatWorld.open(database);
    const many = Array.from({ length: 2_000 }, (_, index) => `u${String(index)}` as UserId);
    await world.create(ONE, [ann, ...many.slice(0, 1_000)]);
    await world.add(ONE, many.slice(1_000), false);
    for (const user of many.slice(0, 3)) await world.say(ONE, user);
    await world.project();
    const row = { heads: 1, own_floors: 1, sends: 1 };
    const deeds: readonly (readonly [() => Promise<void>, Readonly<Record<string, number>>])[] = [
      [() => world.say(ONE, ann), row],
      [() => world.say(ONE, ann, { toAll: true }), { ...row, group_marks: 1 }],
      [() => world.say(ONE, ann, { mentions: many.slice(0, 2) }), { ...row, mentions: 2 }],
      [() => world.announce(ONE, ann), { heads: 1, own_floors: 1, group_marks: 1 }],
      [() => world.add(ONE, ['late' as UserId], false), { windows: 1 }],
      [() => world.kick(ONE, many.slice(0, 2)), { windows: 2, departures: 1 }],
      [() => world.tell(ONE, ann, false), { heads: 1, own_floors: 1, departures: 1 }],
      [() => world.disband(ONE), { departures: 1, group_marks: 1 }],
    ];
    let before = await world.dump();
    for (const [deed, expected] of deeds) {
      await deed();
      await world.project();
      const after = await world.dump();
      const written = Object.entries(after).flatMap(([table, rows]) => {
        const known = new Set(before[table]?.map((one) => JSON.stringify(one)));
        const count = rows.filter((one) => !known.has(JSON.stringify(one))).length;
        return count === 0 ? [] : [[table.replace(/^seqline\.(.*)_v\d+$/, '$1'), count]];
      });
      expect(Object.fromEntries(written)).toEqual(expected);
      before = after;
    }
  });

  test('[SYN-24] the tail keeps what is said in a group under names whose number does not depend on its members', async () => {
    const world = await ChatWorld.open(database);
    const many = Array.from({ length: 500 }, (_, index) => `u${String(index)}` as UserId);
    await world.create(ONE, [ann, ...many]);
    await world.say(ONE, ann, { toAll: true });
    await world.read(ONE, ann, 1);
    const { events } = await world.log.readAll({ after: 0, max: ALL });
    const [made = [], said = [], read = []] = knownEvents(events).map(chatKeys);
    expect(made).toHaveLength(502);
    expect(said).toEqual(['c:sg_g1', 'g:g1']);
    expect(read).toEqual(['o:ann sg_g1', 'u:ann']);
  });

  test('[SYN-25] who came in while Postgres was asked is answered with the group it came into', async () => {
    const world = await ChatWorld.open(database);
    await world.create(ONE, ['bob' as UserId]);
    await world.say(ONE, 'bob' as UserId);
    await world.project();
    await world.follow();
    const asking = world.userAtHead(ann);
    await world.add(ONE, [ann], true);
    await world.follow();
    expect(newestSeqsOf(ann, await asking)).toEqual(new Map([[chatOf(ONE), 1]]));
    await checkGroup(world, ann, ONE);
  });
});
