import { describe, expect, test } from 'vitest';
import { idHash } from '../../../gateways/http/idHash.ts';
import { FakeFriends } from '../../support/fakeFriends.ts';
import { FakeMessages, versionIdOf } from '../../support/fakes.ts';
import { bodyFor } from './bodies.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };
const pagination = { pageNumber: 1, showNumber: 100 };
const SECONDS = 1_700_000_000;
const MILLIS = 1_700_000_000_123;

const dataOf = async (path: string, body: object): Promise<unknown> => {
  const { json } = await gateway().post(path, body, asAnn);
  expect(json).toMatchObject({ errCode: 0, errMsg: '', errDlt: '' });
  return json.data;
};

const bob = {
  ownerUserID: 'ann',
  remark: 'R',
  createTime: SECONDS,
  friendUser: {
    userID: 'bob',
    nickname: 'bob!',
    faceURL: '',
    ex: '',
    createTime: 0,
    appMangerLevel: 0,
    globalRecvMsgOpt: 0,
  },
  addSource: 2,
  operatorUserID: 'ann',
  ex: 'x',
  isPinned: true,
};

const cat = {
  ownerUserID: 'ann',
  createTime: SECONDS,
  blackUserInfo: { userID: 'cat', nickname: 'cat!', faceURL: '', ex: '' },
  addSource: 0,
  operatorUserID: 'ann',
  ex: 'b',
};

const request = {
  fromUserID: 'cat',
  fromNickname: 'cat!',
  fromFaceURL: '',
  toUserID: 'ann',
  toNickname: 'ann!',
  toFaceURL: '',
  handleResult: 0,
  reqMsg: 'hi',
  createTime: MILLIS,
  handlerUserID: '',
  handleMsg: '',
  handleTime: 0,
  ex: '',
};

describe('[FRD-20] what is asked of friends comes as OpenIM has it', () => {
  test.each([
    ['/friend/get_friend_list', { userID: 'ann', pagination }, { friendsInfo: [bob], total: 1 }],
    [
      '/friend/get_friend_list',
      { userID: 'ann', pagination: { pageNumber: 2, showNumber: 5 } },
      { friendsInfo: [], total: 1 },
    ],
    [
      '/friend/get_designated_friends',
      { ownerUserID: 'ann', friendUserIDs: ['cat', 'bob', 'no id!'] },
      { friendsInfo: [bob] },
    ],
    ['/friend/get_friend_id', { userID: 'ann' }, { friendIDs: ['bob'] }],
    [
      '/friend/is_friend',
      { userID1: 'ann', userID2: 'cat' },
      { inUser1Friends: false, inUser2Friends: false },
    ],
    [
      '/friend/is_friend',
      { userID1: 'bob', userID2: 'ann' },
      { inUser1Friends: true, inUser2Friends: true },
    ],
    // In this one call only the key begins with a capital, and times are in seconds in some.
    [
      '/friend/get_friend_apply_list',
      { userID: 'ann', pagination },
      { FriendRequests: [request], total: 1 },
    ],
    [
      '/friend/get_friend_apply_list',
      { userID: 'ann', pagination, handleResults: [1, -1] },
      { FriendRequests: [], total: 0 },
    ],
    [
      '/friend/get_self_friend_apply_list',
      { userID: 'ann', pagination },
      { friendRequests: [], total: 0 },
    ],
    [
      '/friend/get_designated_friend_apply',
      { fromUserID: 'ann', toUserID: 'cat' },
      { friendRequests: [request] },
    ],
    ['/friend/get_self_unhandled_apply_count', { userID: 'ann' }, { count: 1 }],
    ['/friend/get_self_unhandled_apply_count', { userID: 'ann', time: MILLIS }, { count: 0 }],
    ['/friend/get_black_list', { userID: 'ann', pagination }, { blacks: [cat], total: 1 }],
    [
      '/friend/get_specified_blacks',
      { ownerUserID: 'ann', userIDList: ['bob', 'cat'] },
      { blacks: [{ ...cat, createTime: MILLIS }], total: 1 },
    ],
  ])('%s %j', async (path, body, wanted) => {
    expect(await dataOf(path, body)).toEqual(wanted);
  });

  test('a user is shown with what another has to do with it', async () => {
    const given = { ownerUserID: 'ann', userIDList: ['bob', 'ann', 'nobody'] };
    expect(await dataOf('/friend/get_specified_friends_info', given)).toMatchObject({
      infos: [
        {
          userInfo: { userID: 'bob', nickname: 'bob!' },
          friendInfo: { remark: 'R', createTime: MILLIS, friendUser: null },
          blackInfo: null,
        },
        { userInfo: { userID: 'ann' }, friendInfo: null, blackInfo: null },
      ],
    });
  });
});

describe('friends and blocks since a version', () => {
  test.each([
    ['/friend/get_incremental_friends', 'friends', bob, { sortVersion: 6 }, { sortVersion: 0 }],
    ['/friend/get_incremental_blacks', 'blacks', cat, {}, {}],
  ])('[SYN-11] %s', async (path, list, row, sorted, unsorted) => {
    const versionID = versionIdOf(list, 'ann');
    const none = { version: 8, versionID, delete: [], insert: [], update: [], ...unsorted };
    expect(await dataOf(path, { userID: 'ann' })).toEqual({ ...none, full: true });
    const since = (version: number) => dataOf(path, { userID: 'ann', versionID, version });
    expect(await since(8)).toEqual({ ...none, full: false });
    expect(await since(3)).toEqual({ ...none, full: false, update: [row], ...sorted });
  });

  test('[SYN-13] ids are spared to a client that has them', async () => {
    const path = '/friend/get_full_friend_user_ids';
    const version = { version: 8, versionID: versionIdOf('friends', 'ann') };
    const whole = { ...version, equal: false, userIDs: ['bob'] };
    expect(await dataOf(path, { userID: 'ann', idHash: 0 })).toEqual(whole);
    const hash = String(idHash(['bob']));
    const { json } = await gateway().post(path, `{"userID":"ann","idHash":${hash}}`, asAnn);
    expect(json.data).toEqual({ ...version, equal: true, userIDs: null });
  });
});

describe('[FRD-21] a change of friends', () => {
  const greeting = { from: 'ann', to: 'cat', greeting: 'hi', ex: '' };
  const answer = { from: 'cat', to: 'ann', message: '' };
  test.each([
    ['add_friend', { fromUserID: 'ann', toUserID: 'cat', reqMsg: 'hi' }, 'request', [greeting]],
    [
      'add_friend_response',
      { fromUserID: 'cat', toUserID: 'ann', handleResult: 1 },
      'answer',
      [{ ...answer, agrees: true }],
    ],
    [
      'add_friend_response',
      { fromUserID: 'cat', toUserID: 'ann', handleResult: -1, handleMsg: 'no' },
      'answer',
      [{ ...answer, agrees: false, message: 'no' }],
    ],
    ['delete_friend', { ownerUserID: 'ann', friendUserID: 'bob' }, 'remove', ['ann', 'bob']],
    [
      'set_friend_remark',
      { ownerUserID: 'ann', friendUserID: 'bob' },
      'configure',
      ['ann', ['bob'], { remark: '' }],
    ],
    [
      'update_friends',
      { ownerUserID: 'ann', friendUserIDs: ['bob', 'cat'], isPinned: false, remark: null },
      'configure',
      ['ann', ['bob', 'cat'], { pinned: false }],
    ],
    [
      'add_black',
      { ownerUserID: 'ann', blackUserID: 'cat', ex: 'x' },
      'block',
      [{ owner: 'ann', blocked: 'cat', ex: 'x' }],
    ],
    ['remove_black', { ownerUserID: 'ann', blackUserID: 'cat' }, 'unblock', ['ann', 'cat']],
  ])('%s %j is asked for once', async (name, body, call, given) => {
    const { post, deps } = gateway();
    const { text } = await post(`/friend/${name}`, body, asAnn);
    expect(text).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
    expect(deps.friends.called).toEqual([{ call, with: given }]);
  });

  test('friends are brought in by app admins', async () => {
    const { post, deps } = gateway();
    const body = { ownerUserID: 'ann', friendUserIDs: ['bob', 'cat'] };
    expect((await post('/friend/import_friend', body, asAdmin)).json.errCode).toBe(0);
    expect(deps.friends.called).toEqual([{ call: 'import', with: ['ann', ['bob', 'cat']] }]);
  });

  const ids = (count: number) => Array.from({ length: count }, (_, index) => `u${String(index)}`);
  test.each([
    ['add_friend', { fromUserID: 'ann' }, 'toUserID'],
    ['add_friend', { fromUserID: 'ann', toUserID: 'a b' }, 'toUserID'],
    ['add_friend', { fromUserID: 'ann', toUserID: 'cat', reqMsg: 'x'.repeat(2_049) }, 'reqMsg'],
    ['add_friend', { fromUserID: 'ann', toUserID: 'cat', ex: 'x'.repeat(16_385) }, 'ex'],
    [
      'add_friend_response',
      { fromUserID: 'cat', toUserID: 'ann', handleResult: 0 },
      'handleResult',
    ],
    [
      'add_friend_response',
      { fromUserID: 'cat', toUserID: 'ann', handleResult: 2 },
      'handleResult',
    ],
    ['update_friends', { ownerUserID: 'ann', friendUserIDs: [] }, 'friendUserIDs'],
    ['update_friends', { ownerUserID: 'ann', friendUserIDs: ['bob', 'bob'] }, 'friendUserIDs'],
    ['update_friends', { ownerUserID: 'ann', friendUserIDs: ids(1_001) }, 'friendUserIDs'],
    ['update_friends', { ownerUserID: 'ann', friendUserIDs: ['bob'], isPinned: 1 }, 'isPinned'],
    ['set_friend_remark', { ownerUserID: 'ann', friendUserID: 'bob', remark: 7 }, 'remark'],
    ['add_black', { ownerUserID: 'ann', blackUserID: '' }, 'blackUserID'],
    ['get_specified_blacks', { ownerUserID: 'ann', userIDList: [] }, 'userIDList'],
    ['get_friend_apply_list', { userID: 'ann', pagination, handleResults: [3] }, 'handleResults'],
    ['get_friend_list', { userID: 'ann', pagination: { pageNumber: 0 } }, 'pageNumber'],
  ])(
    '%s %j is refused with the name of the field, and nothing is done',
    async (name, body, field) => {
      const { post, deps } = gateway();
      const { json } = await post(`/friend/${name}`, body, asAnn);
      expect(json.errCode).toBe(1001);
      expect(json.errDlt).toContain(field);
      expect(deps.friends.called).toEqual([]);
    },
  );
});

describe('[FRD-22] what cannot be done of friends has the number that OpenIM has for it', () => {
  test.each([
    ['friendship/self', 1301],
    ['friendship/already', 1304],
    ['friendship/no-request', 1004],
    ['friendship/not-pending', 1001],
    ['friendship/handled-already', 1305],
    ['user/unknown', 1004],
  ] as const)('%s', async (reason, errCode) => {
    const friends = new FakeFriends();
    const refused = { kind: 'refused', reason, detail: 'toUserID: because' } as const;
    Object.assign(friends, { request: () => Promise.resolve(refused) });
    const { post } = gateway({ friends });
    const body = { fromUserID: 'ann', toUserID: 'cat' };
    const { status, json } = await post('/friend/add_friend', body, asAnn);
    expect(status).toBe(200);
    expect(json).toMatchObject({ errCode, errDlt: 'toUserID: because' });
  });

  test.each([
    ['message/blocked', 1302],
    ['message/not-friends', 1303],
  ] as const)('%s', async (reason, errCode) => {
    const messages = new FakeMessages();
    const refused = { kind: 'refused', reason, detail: 'recvID: because' } as const;
    Object.assign(messages, { send: () => Promise.resolve(refused) });
    const { post } = gateway({ messages });
    const { json } = await post('/msg/send_msg', bodyFor('/msg/send_msg'), asAdmin);
    expect(json).toMatchObject({ errCode, errDlt: 'recvID: because' });
  });
});
