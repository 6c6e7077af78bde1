import { describe, expect, test } from 'vitest';
import type { GroupActor } from '../../../core/group/commands.ts';
import { followUps, withFollowUps } from '../../../core/group/followUps.ts';
import { groupStream, type GroupEvent } from '../../../core/group/events.ts';
import { memberOf } from '../../../core/group/state.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { ERASED, type Recorded } from '../../../core/kernel/fact.ts';
import type { GroupId, UserId } from '../../../core/kernel/ids.ts';
import { deriveId } from '../../../infra/ids.ts';
import { groupsOver, member, named, newGroup, NOW, root, team } from '../../support/groups.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { amy, ann, bob, by, cat } from '../../support/people.ts';

const call = by(ann, 'call');
const other = 'other' as GroupId;

const world = async (members: readonly UserId[] = [bob], verification: 0 | 1 | 2 = 0) => {
  const log = new MemoryEventLog();
  const groups = groupsOver(log);
  const rules = { verification, lookMemberInfo: 0, applyMemberFriend: 0 } as const;
  await groups.create(newGroup({ group: team, members, rules }), member(ann), call);
  const eventsOf = async (group = team): Promise<readonly Recorded<GroupEvent>[]> => {
    const all: Recorded<GroupEvent>[] = [];
    for (;;) {
      const page = await log.readStream<GroupEvent>(groupStream(group), {
        from: all.length,
        direction: 'forwards',
        max: 500,
      });
      all.push(...page);
      if (page.length < 500) return all;
    }
  };
  const before = (await eventsOf()).length;
  return { log, groups, eventsOf, since: async () => (await eventsOf()).slice(before) };
};

const reasonOf = (answer: Readonly<{ kind: string; reason?: string; detail?: string }>) =>
  answer.kind === 'refused' ? `${String(answer.reason)} ${String(answer.detail)}` : answer.kind;

describe('calls that name many', () => {
  test('[GRP-22] invite a thousand in appends that every store takes, and again nobody', async () => {
    const { groups, since } = await world();
    const users = named(1_000);
    const request = { group: team, users, message: '' };
    expect(reasonOf(await groups.invite(request, member(bob), call))).toBe('done');
    expect((await since()).length).toBe(5);
    const state = await groups.state(team);
    expect([state.memberCount, state.version]).toEqual([1_002, 21]);
    expect(await groups.invite(request, member(bob), call)).toEqual({ kind: 'done' });
  });

  test('[GRP-22] ask for a thousand, each by an event of its own', async () => {
    const { groups, since } = await world([bob], 1);
    const request = { group: team, users: named(1_000), message: 'x'.repeat(4_096) };
    expect(reasonOf(await groups.invite(request, member(bob), call))).toBe('done');
    expect((await since()).length).toBe(1_000);
    await groups.invite(request, member(bob), call);
    expect((await since()).length).toBe(1_000);
  });

  test('[GRP-22] change members of several groups, all or none', async () => {
    const { log, groups, since } = await world(named(300));
    await groups.create(newGroup({ group: other, owner: bob }), member(bob), call);
    const head = await log.head();
    const ours = named(300).map((user) => ({
      group: team,
      user,
      notes: { nickname: `n ${user}` },
    }));
    const theirs = { group: other, user: bob, notes: { nickname: 'x' } };
    const both = await groups.changeMembers([...ours, theirs], member(ann), call);
    expect(reasonOf(both)).toMatch(/^group\/not-allowed/);
    expect(await log.head()).toBe(head);
    expect(reasonOf(await groups.changeMembers([...ours, theirs], root, call))).toBe('done');
    expect((await since()).length).toBe(300);
    expect(await groups.changeMembers([...ours, theirs], root, call)).toEqual({ kind: 'done' });
  });

  test('[GRP-22] an admin who lowers itself does so last', async () => {
    const { groups } = await world(named(250));
    const by_: GroupActor = member('u0' as UserId);
    await groups.changeMembers([{ group: team, user: by_.user, role: 60 }], member(ann), call);
    const changes = [
      { group: team, user: by_.user, role: 20 as const },
      ...named(250)
        .slice(1)
        .map((user) => ({ group: team, user, notes: { ex: 'x' } })),
    ];
    expect(reasonOf(await groups.changeMembers(changes, by_, call))).toBe('done');
    expect(memberOf(await groups.state(team), by_.user)?.role).toBe(20);
  });

  test('[GRP-5] name the field that is wrong', async () => {
    const { groups, log } = await world();
    const head = await log.head();
    const long = 'x'.repeat(4_097);
    const nobody = 'nobody' as UserId;
    const note = (notes: object, user = bob) => ({ group: team, user, notes });
    const invite = (users: readonly UserId[], message = '') =>
      groups.invite({ group: team, users, message }, member(ann), call);
    const kick = (users: readonly UserId[]) =>
      groups.kick({ group: team, users }, member(ann), call);
    const join = (source: number, message = '', user: UserId = cat) =>
      groups.join({ group: team, user, message, ex: '', source }, call);
    const mute = (seconds: number) =>
      groups.muteMember({ group: team, user: bob, seconds }, member(ann), call);
    const change = (wish: Parameters<typeof groups.change>[1]) =>
      groups.change(team, wish, member(ann), call);
    const wrong = [
      [invite([]), 'args/invalid invitedUserIDs'],
      [invite([cat, cat]), 'args/invalid invitedUserIDs'],
      [invite(named(1_001)), 'args/invalid invitedUserIDs'],
      [invite([nobody]), 'user/unknown invitedUserIDs: not registered: nobody'],
      [invite([cat], long), 'args/invalid reason'],
      [kick([]), 'args/invalid kickedUserIDs'],
      [kick([bob, bob]), 'args/invalid kickedUserIDs'],
      [kick([ann]), 'args/invalid kickedUserIDs'],
      [join(0), 'args/invalid joinSource'],
      [join(5), 'args/invalid joinSource'],
      [join(3, long), 'args/invalid reqMessage'],
      [join(3, '', nobody), 'user/unknown inviterUserID'],
      [mute(-1), 'args/invalid mutedSeconds'],
      [mute(0.5), 'args/invalid mutedSeconds'],
      [mute(2 ** 32), 'args/invalid mutedSeconds'],
      [change({ profile: { name: '' } }), 'args/invalid groupName'],
      [change({ profile: { name: ' \t' } }), 'args/invalid groupName'],
      [change({ profile: { name: 'x'.repeat(257) } }), 'args/invalid groupName'],
      [change({ profile: { faceUrl: 'x'.repeat(2_049) } }), 'args/invalid faceURL'],
      [change({ profile: { introduction: long } }), 'args/invalid introduction'],
      [change({ profile: { ex: long } }), 'args/invalid ex'],
      [change({ announcement: long }), 'args/invalid notification'],
      [change({ rules: { verification: 3 as 2 } }), 'args/invalid needVerification'],
      [groups.changeMembers([], member(ann), call), 'args/invalid members'],
      [groups.changeMembers([note({}), note({})], member(ann), call), 'args/invalid members'],
      [
        groups.changeMembers([note({ nickname: 'x'.repeat(257) })], member(ann), call),
        'args/invalid members.nickname',
      ],
      [
        groups.answer({ group: team, user: bob, agrees: true, message: long }, member(ann), call),
        'args/invalid handledMsg',
      ],
      [
        groups.kick({ group: 'none' as GroupId, users: [bob] }, member(ann), call),
        'group/unknown groupID',
      ],
    ] as const;
    for (const [answer, expected] of wrong) {
      const reason = reasonOf(await answer);
      expect(reason.slice(0, expected.length)).toBe(expected);
    }
    expect(await log.head()).toBe(head);
  });
});

describe('what concerns all of a large group', () => {
  test('[GRP-9] is one event, however many are in it', async () => {
    const { groups, since } = await world(named(5_000));
    await groups.change(team, { profile: { name: 'Other' } }, member(ann), call);
    await groups.mute(team, true, member(ann), call);
    await groups.join({ group: team, user: bob, message: '', ex: '', source: 3 }, call);
    await groups.answer({ group: team, user: bob, agrees: true, message: '' }, member(ann), call);
    await groups.transfer({ group: team, from: ann, to: bob }, member(ann), call);
    await groups.dismiss({ group: team, disband: false }, member(bob), call);
    expect((await since()).map(({ type }) => type)).toEqual([
      'GroupChanged',
      'GroupMuted',
      'JoinRequested',
      'JoinAnswered',
      'MembersAdded',
      'OwnerTransferred',
      'GroupDismissed',
    ]);
    for (const event of await since()) expect(JSON.stringify(event).length).toBeLessThan(500);
  });

  test('[GRP-21] and newcomers see of the past what is set as they come', async () => {
    const { groups, log, since } = await world([bob], 2);
    const closed = groupsOver(log, { historyVisible: false });
    await groups.join({ group: team, user: cat, message: '', ex: '', source: 3 }, call);
    await closed.join({ group: team, user: amy, message: '', ex: '', source: 3 }, call);
    expect(
      (await since()).map(({ data }) => 'historyVisible' in data && data.historyVisible),
    ).toEqual([true, false]);
  });
});

describe('what follows from facts', () => {
  const recorded = (event: SeqlineEvent, name = 'fact'): Recorded<SeqlineEvent> =>
    Object.assign(
      {
        id: deriveId(name),
        meta: call,
        stream: 'user-bob',
        revision: 0,
        position: 9,
        created: NOW,
      },
      event,
    );
  const changed = (profile?: Extract<SeqlineEvent, { type: 'UserChanged' }>['data']['profile']) =>
    recorded({ type: 'UserChanged', data: { user: bob, ...(profile && { profile }) } });
  const follow = followUps(() => Promise.resolve([team, other]));

  test('[GRP-19] a dismissed group disbands, and again changes nothing', async () => {
    const { groups, since } = await world();
    await groups.dismiss({ group: team, disband: false }, member(ann), call);
    const [fact] = await since();
    // It needs nothing of the lists.
    const wishes = await followUps(() => Promise.resolve('later'))(fact!)?.();
    if (wishes === undefined || wishes === 'later') throw new Error('nothing follows');
    for (const wish of [...wishes, ...wishes]) {
      await groups.follow({ ...wish, id: deriveId('follow'), at: NOW, meta: call });
    }
    expect((await since()).map(({ type }) => type)).toEqual(['GroupDismissed', 'GroupDisbanded']);
    expect(await groups.roleOf(team, ann)).toBeUndefined();
    expect((await groups.state(team)).memberCount).toBe(0);
  });

  test('[GRP-20] a changed name or face is a change of each group that its user is in', async () => {
    const wish = (group: GroupId, nickname: boolean, faceUrl: boolean) => ({
      type: 'ShowProfile',
      data: { group, user: bob, nickname, faceUrl },
    });
    const late = followUps(() => Promise.resolve('later'));
    expect(await late(changed({ nickname: 'B' }))?.()).toBe('later');
    expect(await follow(changed({ nickname: 'B' }))?.()).toEqual([
      wish(team, true, false),
      wish(other, true, false),
    ]);
    expect(await follow(changed({ faceUrl: '' }))?.()).toEqual([
      wish(team, false, true),
      wish(other, false, true),
    ]);
    expect(await follow(changed(ERASED))?.()).toEqual([
      wish(team, true, true),
      wish(other, true, true),
    ]);
    expect(await follow(changed({ ex: 'x' }))?.()).toEqual([]);
    expect(follow(changed())).toBeUndefined();
    expect(
      follow(recorded({ type: 'UserUnblocked', data: { owner: ann, blocked: bob } })),
    ).toBeUndefined();
  });

  test('[GRP-20] beside what else follows, and where nothing else does', () => {
    const event = changed({ nickname: 'B' });
    const copies = [] as const;
    expect(withFollowUps(() => ({ order: 'x', copies }), follow)(event)).toMatchObject({
      order: 'x',
      copies,
      follow: expect.any(Function) as unknown,
    });
    expect(withFollowUps(() => undefined, follow)(event)).toMatchObject({ order: 'user-bob' });
    const quiet = recorded({ type: 'UserUnblocked', data: { owner: ann, blocked: bob } });
    expect(withFollowUps(() => undefined, follow)(quiet)).toBeUndefined();
  });
});
