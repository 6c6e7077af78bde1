import { describe, expect, test } from 'vitest';
import type { GroupId } from '../../../core/kernel/ids.ts';
import type { Before, Endpoint } from '../../../core/webhook/ports.ts';
import { openQuestions } from '../../../gateways/hooks/ask.ts';
import { groupsAskedFirst } from '../../../gateways/hooks/groups.ts';
import type { BeforeName } from '../../../gateways/openim/callbacks.ts';
import type { Groups, NewGroup } from '../../../gateways/ports.ts';
import { ann, bob, by, cat } from '../../support/people.ts';
import { FakeLog } from '../../support/wsFakes.ts';

const settings: Before = {
  timeout: 1_000,
  failedContinue: false,
  filter: { allowedTypes: [], deniedTypes: [], attentionIds: new Set() },
};

const NOW = 1_700_000_000_000;
const g1 = 'g1' as GroupId;

/** Groups that note what is done, behind an app server that is asked some callbacks. */
const groupsWith = (
  names: readonly BeforeName[],
  answer: Readonly<Record<string, unknown>>,
  atOnce = true,
) => {
  const done: unknown[][] = [];
  const calls: Record<string, unknown>[] = [];
  const commands = new Proxy({} as Groups, {
    get:
      (_, name) =>
      (...args: unknown[]) => {
        if (name === 'comingIn') return Promise.resolve(atOnce ? args[1] : []);
        done.push([name, ...args]);
        return Promise.resolve({ kind: 'done', ...(name === 'create' && { group: g1 }) });
      },
  });
  const endpoint: Endpoint = {
    name: 'crm',
    url: 'http://app.example.com/',
    keys: [],
    allowPrivate: false,
    convention: 'v3',
    giveUpAfter: 1,
    before: new Map(names.map((name) => [name, settings])),
    after: new Map(),
  };
  const questionOf = openQuestions({
    endpoints: [endpoint],
    post: async (_, { body }) => {
      calls.push(JSON.parse(body) as Record<string, unknown>);
      return { kind: 'answered', status: 200, body: JSON.stringify(answer) };
    },
    log: new FakeLog(),
  });
  return { done, calls, groups: groupsAskedFirst(commands, questionOf, () => NOW) };
};

const META = by('ann');
const CHANGED = { ...META, modifiedBy: 'crm' };
const NO = { actionCode: 0, nextCode: 1, errCode: 5001, errMsg: 'no' };
const PLAIN = { ...META, call: 'info' } as const;
const EX = { ...META, call: 'infoEx' } as const;
const actor = { user: ann, admin: false };
const newGroup: NewGroup = {
  group: g1,
  owner: ann,
  admins: [],
  members: [bob],
  creator: ann,
  rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
  profile: { name: 'bad', introduction: '', faceUrl: '', ex: '' },
  announcement: '',
};
const joining = { group: g1, user: cat, message: 'let me in', ex: '', source: 3 };
const inviting = { group: g1, users: [cat], message: 'a friend' };
const agreeing = { group: g1, user: cat, agrees: true, message: '' };

type Asked = ReturnType<typeof groupsWith>;

describe('[HOK-11] the app server is asked before', () => {
  test.each<[BeforeName, (a: Asked) => Promise<unknown>, object]>([
    [
      'beforeCreateGroup',
      ({ groups }) => groups.create(newGroup, actor, META),
      {
        groupID: 'g1',
        groupName: 'bad',
        ownerUserID: 'ann',
        groupType: 2,
        initMemberList: [
          { userID: 'ann', roleLevel: 100 },
          { userID: 'bob', roleLevel: 20 },
        ],
      },
    ],
    [
      'beforeMemberJoinGroup',
      ({ groups }) => groups.create(newGroup, actor, META),
      { groupID: 'g1', memberList: [{ userID: 'ann' }, { userID: 'bob' }] },
    ],
    [
      'beforeMemberJoinGroup',
      ({ groups }) => groups.invite(inviting, actor, META),
      { groupID: 'g1', memberList: [{ userID: 'cat' }] },
    ],
    [
      'beforeMemberJoinGroup',
      ({ groups }) => groups.answer(agreeing, actor, META),
      { groupID: 'g1', memberList: [{ userID: 'cat' }] },
    ],
    [
      'beforeMemberJoinGroup',
      ({ groups }) => groups.join(joining, META),
      { groupID: 'g1', memberList: [{ userID: 'cat' }] },
    ],
    [
      'beforeInviteUserToGroup',
      ({ groups }) => groups.invite(inviting, actor, META),
      { groupID: 'g1', reason: 'a friend', invitedUserIDs: ['cat'] },
    ],
    [
      'beforeApplyJoinGroup',
      ({ groups }) => groups.join(joining, META),
      { groupID: 'g1', groupType: '\u0002', applyID: 'cat', reqMessage: 'let me in' },
    ],
    [
      'beforeSetGroupInfo',
      ({ groups }) => groups.change(g1, { announcement: 'hi' }, actor, PLAIN),
      { groupID: 'g1', groupName: null, notification: 'hi', needVerification: null },
    ],
    [
      'beforeSetGroupInfoEx',
      ({ groups }) => groups.change(g1, { rules: { verification: 2 } }, actor, EX),
      { groupID: 'g1', groupName: null, needVerification: 2 },
    ],
    [
      'beforeSetGroupMemberInfo',
      ({ groups }) => groups.changeMembers([{ group: g1, user: bob, role: 60 }], actor, META),
      { groupID: 'g1', userID: 'bob', nickName: null, roleLevel: 60 },
    ],
  ])('%s: it may refuse, and nothing is done', async (name, command, body) => {
    const no = groupsWith([name], NO);
    expect(await command(no)).toMatchObject({ kind: 'refused', own: { code: 5001 } });
    expect(no.calls).toMatchObject([body]);
    expect(no.done).toEqual([]);
    const yes = groupsWith([name], {});
    expect(await command(yes)).toMatchObject({ kind: 'done' });
    expect(yes.done).toHaveLength(1);
    expect(yes.done[0]).toContainEqual(expect.objectContaining(META));
  });

  test('about all else nobody is asked', async () => {
    const { calls, done, groups } = groupsWith(['beforeMemberJoinGroup'], NO);
    await groups.answer({ ...agreeing, agrees: false }, actor, META);
    await groups.kick({ group: g1, users: [bob] }, actor, META);
    await groups.quit(g1, bob, META);
    await groups.transfer({ group: g1, from: ann, to: bob }, actor, META);
    await groups.dismiss({ group: g1, disband: false }, actor, META);
    await groups.muteMember({ group: g1, user: bob, seconds: 1 }, actor, META);
    await groups.mute(g1, true, actor, META);
    await groups.roleOf(g1, bob);
    expect(calls).toEqual([]);
    expect(done).toHaveLength(8);
  });
});

describe('[HOK-11] what the app server changes is what is done', () => {
  test('of a new group', async () => {
    const { done, groups } = groupsWith(['beforeCreateGroup'], {
      groupName: '***',
      needVerification: 2,
    });
    await groups.create(newGroup, actor, META);
    const rules = { ...newGroup.rules, verification: 2 };
    const wanted = { ...newGroup, rules, profile: { ...newGroup.profile, name: '***' } };
    expect(done).toEqual([['create', wanted, actor, CHANGED, undefined]]);
  });

  test('of a new group also its id, as long as that can be one', async () => {
    const unnamed: NewGroup = { ...newGroup };
    delete (unnamed as { group?: string }).group;
    const { done, groups } = groupsWith(['beforeCreateGroup'], { groupID: 'club' });
    await groups.create(unnamed, actor, META);
    expect(done).toEqual([['create', { ...unnamed, group: 'club' }, actor, CHANGED, undefined]]);
    const wrong = groupsWith(['beforeCreateGroup'], { groupID: 'a_b' });
    const refused = await wrong.groups.create(newGroup, actor, META);
    expect(refused).toMatchObject({ kind: 'refused', reason: 'callback/bad-answer' });
    const kept = groupsWith(['beforeCreateGroup'], { groupID: '' });
    await kept.groups.create(newGroup, actor, META);
    expect(kept.done).toEqual([['create', newGroup, actor, META, undefined]]);
  });

  test.each([
    [{ groupName: '***', groupID: '', faceURL: null }, { profile: { name: '***' } }, CHANGED],
    [{ groupName: 'bad' }, { profile: { name: 'bad' } }, META],
    [{ notification: 'hi' }, { profile: { name: 'bad' }, announcement: 'hi' }, CHANGED],
  ])('of a change: %j', async (answer, wanted, meta) => {
    const { done, groups } = groupsWith(['beforeSetGroupInfo'], answer);
    await groups.change(g1, { profile: { name: 'bad' } }, actor, PLAIN);
    expect(done).toEqual([['change', g1, wanted, actor, { ...PLAIN, ...meta }]]);
  });

  test('of a member', async () => {
    const { done, groups } = groupsWith(['beforeSetGroupMemberInfo'], { nickName: '***' });
    await groups.changeMembers([{ group: g1, user: bob, notes: { nickname: 'bad' } }], actor, META);
    const wanted = [{ group: g1, user: bob, notes: { nickname: '***' } }];
    expect(done).toEqual([['changeMembers', wanted, actor, CHANGED]]);
  });

  test('of what a member is', async () => {
    const change = { group: g1, user: bob, role: 60 } as const;
    const { done, groups } = groupsWith(['beforeSetGroupMemberInfo'], { roleLevel: 20 });
    await groups.changeMembers([change], actor, META);
    expect(done).toEqual([['changeMembers', [{ ...change, role: 20 }], actor, CHANGED]]);
    const wrong = groupsWith(['beforeSetGroupMemberInfo'], { roleLevel: 100 });
    const refused = await wrong.groups.changeMembers([change], actor, META);
    expect(refused).toMatchObject({ kind: 'refused', reason: 'callback/bad-answer' });
  });

  test.each([{ groupName: 7 }, { needVerification: 9 }, { lookMemberInfo: '1' }])(
    '[HOK-4] but not what cannot be: %j',
    async (answer) => {
      const { done, groups } = groupsWith(['beforeSetGroupInfoEx'], answer);
      const refused = await groups.change(g1, { announcement: 'hi' }, actor, EX);
      expect(refused).toMatchObject({ kind: 'refused', reason: 'callback/bad-answer' });
      expect(done).toEqual([]);
    },
  );
});

test.each(['beforeSetGroupInfo', 'beforeSetGroupInfoEx'] as const)(
  '[HOK-40] %s is asked about its own call, and about no other change',
  async (name) => {
    const { calls, done, groups } = groupsWith([name], {});
    for (const meta of [PLAIN, EX, META]) {
      await groups.change(g1, { announcement: 'hi' }, actor, meta);
    }
    expect(calls).toHaveLength(1);
    expect(done).toHaveLength(3);
  },
);

describe('[HOK-41] those who come in', () => {
  const asWished = {
    memberCallbackList: [
      { userID: 'cat', nickname: 'Kitty', ex: 'x', roleLevel: 60, muteEndTime: NOW + 90_500 },
      { userID: 'nobody', nickname: 'No' },
    ],
  };
  const boss = { user: ann, admin: true };

  test('are in the group as the answer wants them', async () => {
    const { done, groups } = groupsWith(['beforeMemberJoinGroup'], asWished);
    expect(await groups.invite(inviting, actor, META)).toMatchObject({ kind: 'done' });
    const change = { group: g1, user: cat, role: 60, notes: { nickname: 'Kitty', ex: 'x' } };
    expect(done).toEqual([
      ['invite', inviting, actor, META],
      ['changeMembers', [change], boss, CHANGED],
      ['muteMember', { group: g1, user: cat, seconds: 91 }, boss, CHANGED],
    ]);
  });

  test('are asked about once their request is agreed to, and not while they wait', async () => {
    const { calls, done, groups } = groupsWith(['beforeMemberJoinGroup'], asWished, false);
    await groups.join(joining, META);
    await groups.invite(inviting, actor, META);
    expect(calls).toEqual([]);
    await groups.answer(agreeing, actor, META);
    expect(calls).toHaveLength(1);
    expect(done.map(([name]) => name)).toEqual([
      ...['join', 'invite', 'answer'],
      ...['changeMembers', 'muteMember'],
    ]);
  });

  test.each([
    { memberCallbackList: 'cat' },
    { memberCallbackList: [null] },
    { memberCallbackList: [{ userID: 'cat', roleLevel: 100 }] },
    { memberCallbackList: [{ userID: 'cat', nickname: 7 }] },
    { memberCallbackList: [{ userID: 'cat', muteEndTime: 'tomorrow' }] },
  ])('[HOK-4] stay outside where the answer cannot be: %j', async (answer) => {
    const { done, groups } = groupsWith(['beforeMemberJoinGroup'], answer);
    const refused = await groups.invite(inviting, actor, META);
    expect(refused).toMatchObject({ kind: 'refused', reason: 'callback/bad-answer' });
    expect(done).toEqual([]);
  });
});
