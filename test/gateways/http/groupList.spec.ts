import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GroupId } from '../../../core/kernel/ids.ts';
import { idHash } from '../../../gateways/http/idHash.ts';
import { CHANGES_MAX } from '../../../gateways/http/routes/groupSync.ts';
import type { GroupLists } from '../../../gateways/ports.ts';
import { fakeGroupLists, memberView } from '../../support/fakeGroups.ts';
import { versionIdOf } from '../../support/fakes.ts';
import { recordAt } from '../../support/json.ts';
import { mia } from '../../support/people.ts';
import { gateway, TOKENS, type Options } from './client.ts';
import { AT, group } from './groupAnswer.ts';

const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };
const pagination = { pageNumber: 1, showNumber: 100 };

const dataOf = async (path: string, body: object, options: Options = asAnn): Promise<unknown> => {
  const { json } = await gateway().post(path, body, options);
  expect(json).toMatchObject({ errCode: 0, errMsg: '', errDlt: '' });
  return json.data;
};

const member = (userID: string, roleLevel = 20) => ({
  groupID: 'g1',
  userID,
  roleLevel,
  joinTime: AT,
  nickname: `${userID}!`,
  faceURL: '',
  appMangerLevel: 0,
  joinSource: 2,
  operatorUserID: 'ann',
  ex: '',
  muteEndTime: 0,
  inviterUserID: 'ann',
});
const members = [member('ann', 100), member('amy', 60), member('mia')];

const request = {
  userInfo: { userID: 'cat', nickname: 'cat!', faceURL: '', ex: '' },
  groupInfo: group,
  handleResult: 0,
  reqMsg: 'let me in',
  handleMsg: '',
  reqTime: AT,
  handleUserID: '',
  handleTime: 0,
  ex: 'x',
  joinSource: 3,
  inviterUserID: '',
};

const dismissed = {
  ...group,
  groupID: 'gone',
  groupName: 'gone!',
  ownerUserID: '',
  memberCount: 0,
  status: 2,
};

describe('[GRP-70] what is asked of groups comes as OpenIM has it', () => {
  test.each([
    [
      'get_groups_info',
      { groupIDs: ['g1', 'gone', 'none', 'a_b', 'g1'] },
      { groupInfos: [group, dismissed] },
    ],
    ['get_joined_group_list', { fromUserID: 'ann', pagination }, { total: 1, groups: [group] }],
    [
      'get_group_members_info',
      { groupID: 'g1', userIDs: ['mia', 'cat', 'no id!'] },
      { members: [member('mia')] },
    ],
    ['get_group_member_list', { groupID: 'g1', pagination, filter: 3 }, { total: 3, members }],
    [
      'get_group_member_list',
      { groupID: 'g1', pagination, keyword: 'mi' },
      { total: 1, members: [member('mia')] },
    ],
    ['get_group_member_user_id', { groupID: 'g1' }, { userIDs: ['ann', 'amy', 'mia'] }],
    [
      'get_recv_group_applicationList',
      { fromUserID: 'ann', pagination },
      { total: 1, groupRequests: [request] },
    ],
    [
      'get_recv_group_applicationList',
      { fromUserID: 'ann', pagination, groupIDs: ['g1'], handleResults: [1, -1] },
      { total: 0, groupRequests: [] },
    ],
    [
      'get_user_req_group_applicationList',
      { userID: 'ann', pagination },
      { total: 0, groupRequests: [] },
    ],
    [
      'get_group_users_req_application_list',
      { groupID: 'g1', userIDs: ['cat', 'bob'] },
      { total: 1, groupRequests: [request] },
    ],
    [
      'get_specified_user_group_request_info',
      { groupID: 'g1', userID: 'cat' },
      { total: 1, groupRequests: [request] },
    ],
    ['get_group_application_unhandled_count', { userID: 'ann' }, { count: 1 }],
    ['get_group_application_unhandled_count', { userID: 'ann', time: AT }, { count: 0 }],
  ])('%s %j', async (name, body, wanted) => {
    expect(await dataOf(`/group/${name}`, body)).toEqual(wanted);
  });

  test('all groups are looked through by app admins', async () => {
    const found = { groupInfo: group, groupOwnerUserName: 'ann!', groupOwnerUserID: 'ann' };
    for (const wanted of [{}, { groupName: 'g1' }, { groupID: 'g1' }]) {
      const data = await dataOf('/group/get_groups', { pagination, ...wanted }, asAdmin);
      expect(data).toEqual({ total: 1, groups: [found] });
    }
    const none = await dataOf('/group/get_groups', { pagination, groupName: 'no' }, asAdmin);
    expect(none).toEqual({ total: 0, groups: [] });
  });

  test('a change of any member is seen by a hash of 64 bits, all digits of which are there', async () => {
    const { post } = gateway();
    const path = '/group/get_group_abstract_info';
    const { text } = await post(path, { groupIDs: ['g1'] }, asAnn);
    const inOrder = JSON.stringify([members[1], members[0], members[2]]);
    const hash = createHash('md5').update(inOrder).digest().readBigUInt64BE(0);
    expect(hash).toBeGreaterThan(2n ** 53n);
    const info = `{"groupID":"g1","groupMemberNumber":3,"groupMemberListHash":${String(hash)}}`;
    expect(text).toContain(`"data":{"groupAbstractInfos":[${info}]}`);
    const { json } = await post(path, { groupIDs: ['none'] }, asAdmin);
    expect(json.errCode).toBe(1201);
  });

  test('of a group that is not there or dismissed, members are not listed since a version', async () => {
    const { post } = gateway();
    const path = '/group/get_incremental_group_members';
    expect((await post(path, { groupID: 'none' }, asAdmin)).json.errCode).toBe(1004);
    expect((await post(path, { groupID: 'gone' }, asAdmin)).json.errCode).toBe(1204);
  });

  test("requests to groups that are not the user's to manage are not listed", async () => {
    const { post } = gateway();
    const path = '/group/get_recv_group_applicationList';
    const asked = { pagination, groupIDs: ['g1'] };
    const asMia = { token: TOKENS.mia };
    const miasOwn = await post(path, { ...asked, fromUserID: 'mia' }, asMia);
    expect(miasOwn.json.errCode).toBe(1002);
    const unknown = { ...asked, fromUserID: 'ann', groupIDs: ['none'] };
    expect((await post(path, unknown, asAdmin)).json.errCode).toBe(1201);
  });
});

describe('groups and their members since a version', () => {
  test('[SYN-11] the groups of a user', async () => {
    const path = '/group/get_incremental_join_groups';
    const versionID = versionIdOf('groups', 'ann');
    const none = { version: 8, versionID, delete: [], insert: [], update: [], sortVersion: 0 };
    expect(await dataOf(path, { userID: 'ann' })).toEqual({ ...none, full: true });
    const since = (version: number) => dataOf(path, { userID: 'ann', versionID, version });
    expect(await since(8)).toEqual({ ...none, full: false });
    expect(await since(3)).toEqual({ ...none, full: false, update: [group] });
  });

  const versionID = versionIdOf('members', 'g1');
  const none = { version: 8, versionID, delete: [], insert: null, update: null, sortVersion: 0 };

  test('[SYN-11] the members of a group; nobody is null, which the JS SDK needs', async () => {
    const path = '/group/get_incremental_group_members';
    const since = (version: number) => dataOf(path, { groupID: 'g1', versionID, version });
    expect(await since(0)).toEqual({ ...none, full: true, group });
    expect(await since(8)).toEqual({ ...none, full: false, group: null });
    const changed = { ...none, full: false, update: members, sortVersion: 6, group };
    expect(await since(3)).toEqual(changed);
  });

  test.each([
    ['get_full_join_group_ids', { userID: 'ann' }, 'groups', 'ann', 'groupIDs', ['g1']],
    [
      'get_full_group_member_user_ids',
      { groupID: 'g1' },
      'members',
      'g1',
      'userIDs',
      ['ann', 'amy', 'mia'],
    ],
  ])(
    '[SYN-13] %s spares ids to a client that has them',
    async (name, of, list, owner, key, ids) => {
      const path = `/group/${name}`;
      const version = { version: 8, versionID: versionIdOf(list, owner) };
      const whole = { ...version, equal: false, [key]: ids };
      expect(await dataOf(path, { ...of, idHash: 0 })).toEqual(whole);
      const asked = JSON.stringify(of).replace('}', `,"idHash":${String(idHash(ids))}}`);
      const { json } = await gateway().post(path, asked, asAnn);
      expect(json.data).toEqual({ ...version, equal: true, [key]: null });
    },
  );

  const batch = '/group/get_incremental_group_members_batch';
  const asYouHaveIt = {
    full: false,
    delete: [],
    insert: null,
    update: null,
    group: null,
    sortVersion: 0,
  };

  test('[SYN-14] every group asked for is answered, or the SDK asks for ever', async () => {
    const reqList = [
      { groupID: 'g1', versionID, version: 8 },
      { groupID: 'gone', versionID: 'v', version: 3 },
      { groupID: 'none', versionID: 'w', version: 4 },
      { groupID: '__proto__' },
    ];
    const data = await dataOf(batch, { userID: 'ann', reqList });
    const answers = [
      ['g1', { ...none, full: false, group: null }],
      ['gone', { version: 3, versionID: 'v', ...asYouHaveIt }],
      ['none', { version: 4, versionID: 'w', ...asYouHaveIt }],
      ['__proto__', { version: 0, versionID: '', ...asYouHaveIt }],
    ];
    expect(Object.entries(recordAt(data, 'respList'))).toEqual(answers);
    expect(await dataOf(batch, { userID: 'ann', reqList: [] })).toEqual({});
    const foreign = { reqList: [{ groupID: 'g1', versionID: 'v', version: 3 }] };
    const asBob = { token: TOKENS.bob };
    expect(await dataOf(batch, foreign, asBob)).toEqual({
      respList: { g1: { version: 3, versionID: 'v', ...asYouHaveIt } },
    });
  });

  test('[GRP-73] a batch ends with the group that makes it large, and never before the first', async () => {
    const many = Array.from({ length: CHANGES_MAX }, () => memberView(mia));
    const names = Array.from({ length: 20 }, (_, index) => `g-${String(index)}` as GroupId);
    const groupLists: GroupLists = {
      ...fakeGroupLists,
      groups: async (ids) => {
        const [view] = await fakeGroupLists.groups(['g1' as GroupId]);
        return ids.flatMap((id) => (view === undefined ? [] : { ...view, group: id }));
      },
      membersSince: (id, versionId) =>
        Promise.resolve({
          version: 9,
          versionId,
          full: false,
          delete: [],
          insert: id === names[0] ? many : [],
          update: [],
          sortVersion: 0,
          group: undefined,
        }),
    };
    const { post } = gateway({ groupLists });
    const answered = async (asked: readonly string[]) => {
      const reqList = asked.map((groupID) => ({ groupID, versionID, version: 1 }));
      const { json } = await post(batch, { reqList }, asAdmin);
      return Object.keys(recordAt(json.data, 'respList'));
    };
    const first = await answered(names);
    expect(first[0]).toBe(names[0]);
    expect(first.length).toBeLessThan(names.length);
    // What the SDK asks next is all answered.
    const rest = names.filter((name) => !first.includes(name));
    expect(await answered(rest)).toEqual(rest);
  });
});
