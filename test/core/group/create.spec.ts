import { describe, expect, test } from 'vitest';
import type { GroupEvent } from '../../../core/group/events.ts';
import { memberOf } from '../../../core/group/state.ts';
import { loadGroup } from '../../../core/group/load.ts';
import { groupStream } from '../../../core/group/events.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import { deriveId } from '../../../infra/ids.ts';
import { groupsOver, member, named, newGroup, root, team } from '../../support/groups.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, bob, by, cat } from '../../support/people.ts';

const call = by(ann, 'call');

const eventsOf = (log: MemoryEventLog, group: GroupId = team) =>
  log.readStream<GroupEvent>(groupStream(group), {
    from: 'start',
    direction: 'forwards',
    max: 900,
  });

const typesOf = async (log: MemoryEventLog, group: GroupId = team) =>
  (await eventsOf(log, group)).map(({ type }) => type);

/** Ends the process after so many appends. */
class MortalLog extends MemoryEventLog {
  left = Infinity;

  override append(
    ...given: Parameters<MemoryEventLog['append']>
  ): ReturnType<MemoryEventLog['append']> {
    if (this.left === 0) return Promise.reject(new Error('killed'));
    this.left -= 1;
    return super.append(...given);
  }
}

describe('making a group', () => {
  test('[GRP-1] is one event that names owner, admins and members', async () => {
    const log = new MemoryEventLog();
    const wish = newGroup({ group: team, admins: [bob], members: [cat], announcement: ' hello ' });
    const result = await groupsOver(log).create(wish, member(ann), call);
    expect(result).toMatchObject({ kind: 'done', group: team });
    expect(await eventsOf(log)).toMatchObject([
      {
        type: 'GroupCreated',
        data: {
          version: 1,
          owner: ann,
          admins: [bob],
          members: [cat],
          by: ann,
          announcement: { text: 'hello' },
        },
      },
    ]);
  });

  test('[GRP-2] without an id makes up a number of up to ten digits, and another where that is taken', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    const id = deriveId('the call');
    const first = await groups.create(newGroup(), member(ann), call, id);
    if (first.kind === 'refused') throw new Error(first.detail);
    expect(first.group).toMatch(/^\d{1,10}$/);
    // Somebody else's group stands where a second call would put its own.
    const taken = new MemoryEventLog();
    await groupsOver(taken).create(newGroup({ group: first.group, owner: bob }), member(bob), call);
    const second = await groupsOver(taken).create(newGroup(), member(ann), call, id);
    expect(second).toMatchObject({ kind: 'done' });
    if (second.kind === 'refused') throw new Error(second.detail);
    expect(second.group).not.toBe(first.group);
    expect(second.group).toMatch(/^\d{1,10}$/);
  });

  test('[GRP-3] again with the same id of the call is the same group; without one it is another', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    const id = deriveId('the call');
    const first = await groups.create(newGroup(), member(ann), call, id);
    expect(await groups.create(newGroup(), member(ann), call, id)).toMatchObject({
      kind: 'done',
      group: 'group' in first ? first.group : '',
    });
    const other = await groups.create(newGroup(), member(ann), call);
    expect('group' in other && other.group).not.toBe('group' in first && first.group);
  });

  test('[GRP-3] again with the same words under a given id changes nothing; in other words it is refused', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    const wish = newGroup({ group: team, members: [bob] });
    await groups.create(wish, member(ann), call);
    expect(await groups.create(wish, member(ann), call)).toEqual({ kind: 'done', group: team });
    for (const [other, who] of [
      [newGroup({ group: team, members: [cat] }), member(ann)],
      [wish, root],
    ] as const) {
      expect(await groups.create(other, who, call)).toMatchObject({ reason: 'group/exists' });
    }
    expect(await typesOf(log)).toEqual(['GroupCreated']);
  });

  test('[GRP-4] a crash among 1,000 members is completed by the same call, and nobody is in it twice', async () => {
    const log = new MortalLog();
    const members = named(1_000);
    const wish = newGroup({ group: team, members });
    log.left = 1;
    await expect(groupsOver(log).create(wish, member(ann), call)).rejects.toThrow('killed');
    log.left = Infinity;
    expect((await groupsOver(log).state(team)).memberCount).toBe(1_000);
    const groups = groupsOver(log);
    expect(await groups.create(wish, member(ann), call)).toMatchObject({ kind: 'done' });
    expect((await groups.state(team)).memberCount).toBe(1_001);
    await groups.create(wish, member(ann), call);
    expect(await typesOf(log)).toEqual(['GroupCreated', 'MembersAdded']);
  });

  test('[GRP-4] who has left meanwhile is not brought in again', async () => {
    const log = new MortalLog();
    const members = named(1_000);
    const wish = newGroup({ group: team, members });
    const groups = groupsOver(log);
    await groups.create(wish, member(ann), call);
    await groups.quit(team, members.at(-1)!, call);
    await groups.quit(team, members[0]!, call);
    await groups.create(wish, member(ann), call);
    expect((await groups.state(team)).memberCount).toBe(999);
  });

  test('[GRP-5] names the field that is wrong, and appends nothing', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    const wrong = [
      [{ group: 'a_b' as GroupId }, 'args/invalid', 'groupInfo.groupID'],
      [{ group: 'a b' as GroupId }, 'args/invalid', 'groupInfo.groupID'],
      [{ group: '🙂' as GroupId }, 'args/invalid', 'groupInfo.groupID'],
      [{ group: 'x'.repeat(65) as GroupId }, 'args/invalid', 'groupInfo.groupID'],
      [{ group: '' as GroupId }, 'args/invalid', 'groupInfo.groupID'],
      [{ members: [bob, bob] }, 'args/invalid', 'memberUserIDs'],
      [{ admins: [ann] }, 'args/invalid', 'ownerUserID'],
      [{ admins: [bob], members: [bob] }, 'args/invalid', 'adminUserIDs'],
      [{ admins: named(1_000) }, 'args/invalid', 'adminUserIDs'],
      [{ members: named(100_000) }, 'group/too-many', 'memberUserIDs'],
      [{ members: ['nobody' as UserId] }, 'user/unknown', 'memberUserIDs'],
      [{ admins: ['nobody' as UserId] }, 'user/unknown', 'adminUserIDs'],
      [{ announcement: 'x'.repeat(4_097) }, 'args/invalid', 'groupInfo.notification'],
    ] as const;
    for (const [wish, reason, field] of wrong) {
      const given = newGroup({ group: team, ...wish });
      const result = await groups.create(given, member(ann), call);
      expect(result).toMatchObject({ kind: 'refused', reason });
      expect('detail' in result && result.detail).toContain(field);
    }
    const long = { name: 'x'.repeat(257), introduction: '', faceUrl: '', ex: '' };
    const refused = await groups.create(newGroup({ profile: long }), member(ann), call);
    expect(refused).toMatchObject({ reason: 'args/invalid' });
    expect(await groups.create(newGroup({ owner: bob }), member(ann), call)).toMatchObject({
      reason: 'group/not-allowed',
    });
    expect(await log.head()).toBe(0);
  });

  test('[GRP-6] of 100,000 members is a hundred events, and what is read of it again is the same', async () => {
    const log = new MemoryEventLog();
    const groups = groupsOver(log);
    const members = named(99_999);
    await groups.create(newGroup({ group: team, members }), member(ann), call);
    expect((await eventsOf(log)).length).toBe(100);
    const { state, revision } = await loadGroup(log)(groupStream(team));
    expect(revision).toBe(99);
    expect(state.memberCount).toBe(100_000);
    expect(state.version).toBe((await groups.state(team)).version);
    expect(memberOf(state, members.at(-1)!)?.role).toBe(20);
    expect(
      await groups.join({ group: team, user: bob, message: '', ex: '', source: 3 }, call),
    ).toMatchObject({ reason: 'group/too-many' });
  });
});
