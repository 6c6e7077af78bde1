import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupCommand } from '../../../core/group/commands.ts';
import { groupStream, NAMED_MAX, type GroupEvent } from '../../../core/group/events.ts';
import { loadGroup } from '../../../core/group/load.ts';
import { memberOf, type Group } from '../../../core/group/state.ts';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { Shelves } from '../../../core/kernel/shelves.ts';
import { commandOf, decider, named, newGroup, NOW, team } from '../../support/groups.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { by } from '../../support/people.ts';

const people = named(8);
const user = fc.constantFrom<UserId>(...people);
const users = fc.uniqueArray(user, { minLength: 1, maxLength: people.length });
const actor = fc.record({ user, admin: fc.boolean() });
const text = fc.constantFrom('', 'one', 'two');
const flag = fc.boolean();

const command: fc.Arbitrary<(id: string) => GroupCommand> = fc.oneof(
  fc.record({ owner: user, by: actor }).map(({ owner, by: who }) => (id: string) => {
    const [, ...members] = [owner, ...people.slice(0, 3).filter((one) => one !== owner)];
    return commandOf('CreateGroup', { ...newGroup({ owner, members }), by: who }, id);
  }),
  fc
    .record({
      name: fc.constantFrom('one', 'two'),
      announcement: text,
      verification: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      by: actor,
    })
    .map(
      ({ name, announcement, verification, by: who }) =>
        (id: string) =>
          commandOf(
            'ChangeGroup',
            { profile: { name }, announcement, rules: { verification }, by: who },
            id,
          ),
    ),
  fc
    .record({ user, message: text })
    .map(
      (data) => (id: string) =>
        commandOf('JoinGroup', { ...data, ex: '', source: 3, historyVisible: true }, id),
    ),
  fc
    .record({ user, agrees: flag, message: text, by: actor })
    .map((data) => (id: string) => commandOf('AnswerJoin', { ...data, historyVisible: true }, id)),
  fc
    .record({ users, message: text, by: actor })
    .map(
      (data) => (id: string) => commandOf('InviteMembers', { ...data, historyVisible: true }, id),
    ),
  fc.record({ users, by: actor }).map((data) => (id: string) => commandOf('KickMembers', data, id)),
  fc.record({ user }).map((data) => (id: string) => commandOf('LeaveGroup', data, id)),
  fc
    .record({ from: user, to: user, by: actor })
    .map((data) => (id: string) => commandOf('TransferGroup', data, id)),
  fc
    .record({ user, seconds: fc.constantFrom(0, 60), by: actor })
    .map((data) => (id: string) => commandOf('MuteMember', data, id)),
  fc
    .record({ muted: flag, by: actor })
    .map((data) => (id: string) => commandOf('MuteGroup', data, id)),
  fc.record({ users, role: fc.constantFrom<60 | 20>(60, 20), nickname: text, by: actor }).map(
    ({ users: named_, role, nickname, by: who }) =>
      (id: string) =>
        commandOf(
          'ChangeMembers',
          { changes: named_.map((one) => ({ user: one, role, notes: { nickname } })), by: who },
          id,
        ),
  ),
  fc
    .record({ user, nickname: flag, faceUrl: flag })
    .map((data) => (id: string) => commandOf('ShowProfile', data, id)),
);

const ending: fc.Arbitrary<(id: string) => GroupCommand> = fc.oneof(
  fc
    .record({ disband: flag, by: actor })
    .map((data) => (id: string) => commandOf('DismissGroup', data, id)),
  fc.constant((id: string) => commandOf('DisbandGroup', {}, id)),
);

/** What a state says, without how it is kept. */
const said = ({ people: kept, requests, ...rest }: Group) => ({
  ...rest,
  people: new Map(kept.entries()),
  requests: new Map(requests.entries()),
});

const noticesOf = ({ type, data }: GroupEvent): number => {
  if (!('version' in data)) return 0;
  const count = type === 'MembersAdded' || type === 'MembersKicked' ? data.users.length : 1;
  return Math.ceil(count / NAMED_MAX);
};

const invariants = (group: Group): void => {
  const members = people.flatMap((one) => memberOf(group, one) ?? []);
  expect(members).toHaveLength(group.memberCount);
  const owners = people.filter((one) => memberOf(group, one)?.role === 100);
  const isThere = group.status === 'open' || group.status === 'dismissed';
  expect(owners).toEqual(isThere ? [group.owner] : []);
};

test('[GRP-7] [GRP-8] [GRP-23] versions are dense, members are in it once, and one of them owns it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ arbitrary: command, weight: 20 }, { arbitrary: ending, weight: 1 }), {
        maxLength: 60,
      }),
      async (makes) => {
        const log = new MemoryEventLog();
        const first = commandOf(
          'CreateGroup',
          {
            ...newGroup({ owner: people[0]!, members: people.slice(1, 4) }),
            by: { user: people[0]!, admin: false },
          },
          'first',
        );
        const commands = [first, ...makes.map((make, index) => make(`command-${String(index)}`))];
        let state = decider.initialState;
        let revision = -1;
        for (const each of commands) {
          const outcome = decider.decide(each, state);
          if (outcome.kind === 'refused') continue;
          const { version } = state;
          let notices = 0;
          for (const event of outcome.events) {
            revision += 1;
            notices += noticesOf(event);
            state = decider.evolve(state, { ...event, revision });
            if ('version' in event.data) expect(event.data.version).toBe(version + notices);
            expect(state.version).toBe(version + notices);
          }
          invariants(state);
          if (outcome.events.length === 0) continue;
          const meta = by('test');
          await log.append(
            groupStream(team),
            'any',
            outcome.events.map((event) => ({ ...event, meta })),
          );
          const again = decider.decide(each, state);
          const isSaid = again.kind === 'refused' ? [] : again.events;
          expect([each.type, isSaid]).toEqual([each.type, []]);
        }
        const loaded = await loadGroup(log)(groupStream(team));
        expect(loaded.revision).toBe(revision);
        expect(said(loaded.state)).toEqual(said(state));
        const ids = (
          await log.readStream(groupStream(team), {
            from: 'start',
            direction: 'forwards',
            max: 999,
          })
        ).map(({ id }) => id);
        expect(new Set<EventId>(ids).size).toBe(ids.length);
      },
    ),
    { numRuns: 200 },
  );
});

test('[GRP-23] a map that is a value is what a copied map would be, and its former versions stay', () => {
  const change = fc.tuple(fc.nat(400), fc.nat());
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 12 }), (drafts) => {
      let shelves = Shelves.empty<string, number>();
      let plain = new Map<string, number>();
      const versions: (readonly [typeof shelves, typeof plain])[] = [];
      for (const changes of drafts) {
        const draft = shelves.draft();
        plain = new Map(plain);
        for (const [key, value] of changes) {
          draft.set(`key${String(key)}`, value);
          plain.set(`key${String(key)}`, value);
          expect(draft.get(`key${String(key)}`)).toBe(value);
        }
        shelves = draft.done();
        versions.push([shelves, plain]);
      }
      for (const [kept, copied] of versions) {
        expect(new Map(kept.entries())).toEqual(copied);
        expect(kept.size).toBe(copied.size);
        for (const [key, value] of copied) expect(kept.get(key)).toBe(value);
        expect(kept.get('key none')).toBeUndefined();
      }
    }),
    { numRuns: 100 },
  );
});

test('[GRP-23] a change of one among thousands leaves nearly all of it shared', () => {
  const draft = Shelves.empty<string, number>().draft();
  for (let key = 0; key < 10_000; key++) draft.set(`user${String(key)}`, key);
  const before = draft.done();
  const changed = before.draft();
  changed.set('user77', NOW);
  const after = changed.done();
  expect(before.get('user77')).toBe(77);
  expect(after.get('user77')).toBe(NOW);
  expect(after.size).toBe(10_000);
});
