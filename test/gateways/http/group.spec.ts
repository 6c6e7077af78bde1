import { describe, expect, test } from 'vitest';
import type { Groups } from '../../../gateways/ports.ts';
import { FakeGroups } from '../../support/fakeGroups.ts';
import { FakeMessages } from '../../support/fakes.ts';
import { bodyFor } from './bodies.ts';
import { gateway, TOKENS } from './client.ts';
import { group } from './groupAnswer.ts';

const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };

const by = { user: 'ann', admin: false };

describe('[GRP-71] a change of a group', () => {
  const rules = { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 };
  test.each([
    [
      'create_group',
      {
        memberUserIDs: ['bob', 'cat'],
        adminUserIDs: ['amy'],
        ownerUserID: 'ann',
        sendMessage: false,
        groupInfo: {
          groupID: 'team',
          groupName: 'Team',
          notification: 'n',
          introduction: 'i',
          faceURL: 'f',
          ex: 'x',
          creatorUserID: 'zoe',
          groupType: 2,
          needVerification: 2,
          memberCount: 7,
          status: 3,
        },
      },
      'create',
      [
        {
          group: 'team',
          owner: 'ann',
          admins: ['amy'],
          members: ['bob', 'cat'],
          creator: 'zoe',
          rules: { ...rules, verification: 2 },
          profile: { name: 'Team', introduction: 'i', faceUrl: 'f', ex: 'x' },
          announcement: 'n',
          line: false,
        },
        by,
      ],
    ],
    [
      'create_group',
      { ownerUserID: 'ann', groupInfo: { groupID: '', groupType: 2 } },
      'create',
      [
        {
          owner: 'ann',
          admins: [],
          members: [],
          creator: 'ann',
          rules,
          profile: { name: '', introduction: '', faceUrl: '', ex: '' },
          announcement: '',
        },
        by,
      ],
    ],
    [
      'set_group_info',
      {
        groupInfoForSet: {
          groupID: 'g1',
          groupName: '',
          notification: 'n',
          ex: '',
          needVerification: 0,
        },
      },
      'change',
      ['g1', { profile: { ex: '' }, announcement: 'n', rules: { verification: 0 } }, by],
    ],
    [
      'set_group_info_ex',
      {
        groupID: 'g1',
        groupName: 'G',
        notification: ' ',
        introduction: '',
        faceURL: null,
        lookMemberInfo: 1,
        applyMemberFriend: 0,
      },
      'change',
      [
        'g1',
        {
          profile: { name: 'G', introduction: '' },
          announcement: '',
          rules: { lookMemberInfo: 1, applyMemberFriend: 0 },
        },
        by,
      ],
    ],
    ['set_group_info_ex', { groupID: 'g1' }, 'change', ['g1', {}, by]],
    [
      'join_group',
      { groupID: 'g1', reqMessage: 'hi', joinSource: 4, inviterUserID: 'ann', ex: 'x' },
      'join',
      [{ group: 'g1', user: 'ann', message: 'hi', source: 4, ex: 'x' }],
    ],
    ['quit_group', { groupID: 'g1' }, 'quit', ['g1', 'ann']],
    ['quit_group', { groupID: 'g1', userID: 'ann' }, 'quit', ['g1', 'ann']],
    [
      'group_application_response',
      { groupID: 'g1', fromUserID: 'cat', handledMsg: 'no', handleResult: -1 },
      'answer',
      [{ group: 'g1', user: 'cat', agrees: false, message: 'no' }, by],
    ],
    [
      'transfer_group',
      { groupID: 'g1', oldOwnerUserID: 'ann', newOwnerUserID: 'amy' },
      'transfer',
      [{ group: 'g1', from: 'ann', to: 'amy' }, by],
    ],
    [
      'kick_group',
      { groupID: 'g1', kickedUserIDs: ['mia'], reason: 'spam', sendMessage: true },
      'kick',
      [{ group: 'g1', users: ['mia'], reason: 'spam', line: true }, by],
    ],
    [
      'invite_user_to_group',
      { groupID: 'g1', invitedUserIDs: ['bob'], reason: 'r' },
      'invite',
      [{ group: 'g1', users: ['bob'], message: 'r' }, by],
    ],
    ['dismiss_group', { groupID: 'g1' }, 'dismiss', [{ group: 'g1', disband: false }, by]],
    [
      'dismiss_group',
      { groupID: 'g1', deleteMember: true },
      'dismiss',
      [{ group: 'g1', disband: true }, by],
    ],
    [
      'mute_group_member',
      { groupID: 'g1', userID: 'mia', mutedSeconds: 4_294_967_295 },
      'muteMember',
      [{ group: 'g1', user: 'mia', seconds: 4_294_967_295 }, by],
    ],
    [
      'cancel_mute_group_member',
      { groupID: 'g1', userID: 'mia' },
      'muteMember',
      [{ group: 'g1', user: 'mia', seconds: 0 }, by],
    ],
    ['mute_group', { groupID: 'g1' }, 'mute', ['g1', true, by]],
    ['cancel_mute_group', { groupID: 'g1' }, 'mute', ['g1', false, by]],
    [
      'set_group_member_info',
      {
        members: [
          { groupID: 'g1', userID: 'mia', roleLevel: 60 },
          { groupID: 'g1', userID: 'ann', nickname: '', faceURL: 'f', ex: 'x' },
        ],
      },
      'changeMembers',
      [
        [
          { group: 'g1', user: 'mia', role: 60 },
          { group: 'g1', user: 'ann', notes: { nickname: '', faceUrl: 'f', ex: 'x' } },
        ],
        by,
      ],
    ],
  ])('%s %j is asked for once', async (name, body, call, given) => {
    const { post, deps } = gateway();
    const { json } = await post(`/group/${name}`, body, asAnn);
    expect(json).toMatchObject({ errCode: 0, errMsg: '', errDlt: '' });
    expect(deps.groups.called).toEqual([{ call, with: given }]);
    if (call !== 'create') expect(json).not.toHaveProperty('data');
  });

  test('a new group is answered as the lists show it, or if they do not yet, as it was asked for', async () => {
    const { post, deps } = gateway();
    const path = '/group/create_group';
    expect((await post(path, bodyFor(path), asAnn)).json.data).toEqual({ groupInfo: group });
    const other = {
      ...bodyFor(path),
      groupInfo: { groupID: 'team', groupName: 'Team', groupType: 2 },
    };
    expect((await post(path, other, asAnn)).json.data).toEqual({
      groupInfo: {
        ...group,
        groupID: 'team',
        groupName: 'Team',
        notification: '',
        introduction: '',
        faceURL: '',
        ex: '',
        createTime: deps.now(),
        memberCount: 2,
        needVerification: 0,
        applyMemberFriend: 0,
        notificationUpdateTime: 0,
        notificationUserID: '',
      },
    });
  });

  test('[WIR-37] calls that say that they are one are one call to make a group', async () => {
    const { post, deps } = gateway();
    const path = '/group/create_group';
    const options = { ...asAnn, headers: { 'Idempotency-Key': 'k1' } };
    await post(path, bodyFor(path), options);
    await post(path, bodyFor(path), options);
    const [one, other] = deps.groups.called.map((called) => called.with[2]);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(one).toEqual(other);
  });

  test('a name of nothing but spaces changes nothing, and is a success', async () => {
    const { post, deps } = gateway();
    const body = { groupID: 'g1', groupName: '  ', notification: 'n' };
    expect((await post('/group/set_group_info_ex', body, asAnn)).json.errCode).toBe(0);
    expect(deps.groups.called).toEqual([]);
  });

  const ids = (count: number) => Array.from({ length: count }, (_, index) => `u${String(index)}`);
  const made = { ownerUserID: 'ann', groupInfo: { groupType: 2 } };
  const mute = { groupID: 'g1', userID: 'mia' };
  const of = (change: object) => ({ members: [{ groupID: 'g1', userID: 'mia', ...change }] });
  test.each([
    ['create_group', { ...made, groupInfo: { groupType: 0 } }, 'groupType'],
    ['create_group', { ...made, groupInfo: { groupType: 2, groupID: 'a_b' } }, 'groupID'],
    ['create_group', { ...made, memberUserIDs: ['bob', 'bob'] }, 'memberUserIDs'],
    ['create_group', { ...made, adminUserIDs: ['ann'] }, 'memberUserIDs'],
    ['create_group', { ...made, memberUserIDs: ids(1_001) }, 'memberUserIDs'],
    ['set_group_info_ex', { groupID: 'g1', needVerification: 3 }, 'needVerification'],
    ['set_group_info_ex', { groupID: 'g1', introduction: 'x'.repeat(16_385) }, 'introduction'],
    ['join_group', { groupID: 'g1', inviterUserID: 'ann', joinSource: 0 }, 'joinSource'],
    ['join_group', { groupID: 'g1', inviterUserID: 'ann', joinSource: 5 }, 'joinSource'],
    ['group_application_response', { ...mute, fromUserID: 'cat', handleResult: 0 }, 'handleResult'],
    ['kick_group', { groupID: 'g1', kickedUserIDs: [] }, 'kickedUserIDs'],
    ['kick_group', { groupID: 'g1', kickedUserIDs: ['mia', 'mia'] }, 'kickedUserIDs'],
    ['kick_group', { groupID: 'g1', kickedUserIDs: ['ann'] }, 'kickedUserIDs'],
    ['kick_group', { groupID: 'g1', kickedUserIDs: ids(1_001) }, 'kickedUserIDs'],
    ['invite_user_to_group', { groupID: 'g1', invitedUserIDs: ['bob', 'bob'] }, 'invitedUserIDs'],
    ['mute_group_member', { ...mute, mutedSeconds: 0 }, 'mutedSeconds'],
    ['mute_group_member', { ...mute, mutedSeconds: 2 ** 32 }, 'mutedSeconds'],
    ['set_group_member_info', { members: [] }, 'members'],
    ['set_group_member_info', of({ roleLevel: 30 }), 'roleLevel'],
    ['set_group_member_info', { members: [...of({}).members, ...of({}).members] }, 'members'],
    ['get_groups_info', { groupIDs: [] }, 'groupIDs'],
    ['get_group_members_info', { groupID: 'g1', userIDs: [] }, 'userIDs'],
    ['get_group_abstract_info', { groupIDs: ['g1', 'g1'] }, 'groupIDs'],
  ])(
    '%s %j is refused with the name of the field, and nothing is done',
    async (name, body, field) => {
      const { post, deps } = gateway();
      const { json } = await post(`/group/${name}`, body, asAnn);
      expect(json.errCode).toBe(1001);
      expect(json.errDlt).toContain(field);
      expect(deps.groups.called).toEqual([]);
    },
  );

  test('nobody is made an owner by a change of role', async () => {
    const { post, deps } = gateway();
    const { json } = await post('/group/set_group_member_info', of({ roleLevel: 100 }), asAnn);
    expect(json.errCode).toBe(1002);
    expect(deps.groups.called).toEqual([]);
  });
});

describe('[GRP-72] what cannot be done of groups has the number that OpenIM has for it', () => {
  const answered = async (call: keyof Groups, name: string, reason: string) => {
    const groups = new FakeGroups();
    const refused = { kind: 'refused', reason, detail: 'groupID: because' } as const;
    Object.assign(groups, { [call]: () => Promise.resolve(refused) });
    const path = `/group/${name}`;
    const { status, json } = await gateway({ groups }).post(path, bodyFor(path), asAnn);
    expect(status).toBe(200);
    expect(json.errDlt).toBe('groupID: because');
    return json.errCode;
  };

  test.each([
    ['create', 'create_group', 'group/exists', 1202],
    ['create', 'create_group', 'user/unknown', 1101],
    ['change', 'set_group_info_ex', 'group/dismissed', 1204],
    ['join', 'join_group', 'group/unknown', 1004],
    ['join', 'join_group', 'group/member-already', 1001],
    ['join', 'join_group', 'group/dismissed', 1204],
    ['quit', 'quit_group', 'group/owner-stays', 1002],
    ['quit', 'quit_group', 'group/not-member', 1004],
    ['answer', 'group_application_response', 'group/no-request', 1004],
    ['answer', 'group_application_response', 'group/request-handled', 1206],
    ['transfer', 'transfer_group', 'group/not-member', 1001],
    ['kick', 'kick_group', 'group/not-member', 1101],
    ['kick', 'kick_group', 'group/owner-stays', 1001],
    ['kick', 'kick_group', 'group/not-allowed', 1002],
    ['invite', 'invite_user_to_group', 'user/unknown', 1004],
    ['invite', 'invite_user_to_group', 'group/too-many', 1001],
    ['dismiss', 'dismiss_group', 'group/dismissed', 1204],
    ['muteMember', 'mute_group_member', 'group/not-member', 1004],
    ['changeMembers', 'set_group_member_info', 'group/not-member', 1001],
  ] as const)('%s: %s, %s', async (call, name, reason, errCode) => {
    expect(await answered(call, name, reason)).toBe(errCode);
  });

  test.each([
    ['message/not-in-group', 1203],
    ['message/muted', 1402],
    ['message/group-muted', 1403],
    ['group/dismissed', 1204],
  ] as const)('a send, %s', async (reason, errCode) => {
    const messages = new FakeMessages();
    const refused = { kind: 'refused', reason, detail: 'groupID: because' } as const;
    Object.assign(messages, { send: () => Promise.resolve(refused) });
    const body = { ...bodyFor('/msg/send_msg'), sessionType: 3, groupID: 'g1' };
    const { json } = await gateway({ messages }).post('/msg/send_msg', body, asAdmin);
    expect(json).toMatchObject({ errCode, errDlt: 'groupID: because' });
  });
});
