import { expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import { NOW } from '../../support/fakes.ts';
import { gateway, TOKENS } from './client.ts';

const asAdmin = { token: TOKENS.admin };
const asAnn = { token: TOKENS.ann };

const wireUser = (userID: string, changed: object = {}) => ({
  userID,
  nickname: `${userID}!`,
  faceURL: '',
  ex: '',
  createTime: NOW,
  appMangerLevel: 0,
  globalRecvMsgOpt: 0,
  ...changed,
});

const infoOf = async ({ post }: ReturnType<typeof gateway>, userID: string) =>
  (await post('/user/get_users_info', { userIDs: [userID] }, asAdmin)).json.data;

test('[USR-7] a thousand users are registered in one call', async () => {
  const { post, deps } = gateway();
  const users = Array.from({ length: 1_000 }, (_, index) => ({
    userID: `user_${String(index)}`,
    nickname: `User ${String(index)}`,
    faceURL: 'http://x/f.png',
    createTime: 5,
  }));
  const { text } = await post('/user/user_register', { users }, asAdmin);
  expect(text).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
  expect(deps.users.all.size).toBe(1_004);
  const more = await post('/user/user_register', { users: [...users, users[0]] }, asAdmin);
  expect(more.json).toMatchObject({ errCode: 1001 });
  expect(more.json.errDlt).toContain('1 to 1000');
});

const nickname = 'N';
test.each([
  ['users[0].userID', [{ userID: 'a b', nickname }]],
  ['users[0].userID', [{ userID: 'x'.repeat(65), nickname }]],
  [
    'users[1].nickname',
    [
      { userID: 'u1', nickname },
      { userID: 'u2', nickname: '' },
    ],
  ],
  ['users[0].nickname', [{ userID: 'u1', nickname: 'x'.repeat(256) }]],
  ['users[0].globalRecvMsgOpt', [{ userID: 'u1', nickname, globalRecvMsgOpt: 3 }]],
  [
    'u1',
    [
      { userID: 'u1', nickname },
      { userID: 'u2', nickname },
      { userID: 'u1', nickname },
    ],
  ],
  ['users', []],
])('[USR-6] a registration is refused with the name of what is wrong: %s', async (named, users) => {
  const { post, deps } = gateway();
  const { json } = await post('/user/user_register', { users }, asAdmin);
  expect(json.errCode).toBe(1001);
  expect(json.errDlt).toContain(named);
  expect(deps.users.all.size).toBe(4);
});

test('[USR-2] one id that is taken refuses them all', async () => {
  const { post, deps } = gateway();
  const users = [
    { userID: 'u1', nickname },
    { userID: 'ann', nickname },
  ];
  const { json } = await post('/user/user_register', { users }, asAdmin);
  expect(json).toMatchObject({ errCode: 1102, errMsg: 'RegisteredAlreadyError' });
  expect(json.errDlt).toContain('ann');
  expect(deps.users.all.size).toBe(4);
});

test('[USR-8] update_user_info_ex: absent stays, empty clears', async () => {
  const client = gateway();
  const { post } = client;
  const path = '/user/update_user_info_ex';
  await post(path, { userInfo: { userID: 'ann', ex: 'x', faceURL: 'http://x' } }, asAnn);
  const cleared = { userID: 'ann', faceURL: '', nickname: null };
  expect((await post(path, { userInfo: cleared }, asAnn)).json.errCode).toBe(0);
  expect(await infoOf(client, 'ann')).toEqual({ usersInfo: [wireUser('ann', { ex: 'x' })] });
});

test('[USR-8] update_user_info: what is empty or 0 stays', async () => {
  const client = gateway();
  const userInfo = { userID: 'ann', nickname: '', ex: 'y', globalRecvMsgOpt: 2 };
  await client.post('/user/update_user_info', { userInfo }, asAnn);
  const changed = { ex: 'y', globalRecvMsgOpt: 2 };
  expect(await infoOf(client, 'ann')).toEqual({ usersInfo: [wireUser('ann', changed)] });
});

test('[USR-9] nobody raises its own level', async () => {
  const { post } = gateway();
  const body = { userInfo: { userID: 'ann', appMangerLevel: 3 } };
  expect((await post('/user/update_user_info', body, asAnn)).json.errCode).toBe(1002);
  expect((await post('/user/update_user_info', body, asAdmin)).json.errCode).toBe(0);
});

test('[USR-4] a change of an unknown user is refused', async () => {
  const { post } = gateway();
  const body = { userID: 'zed', globalRecvMsgOpt: 0 };
  const { json } = await post('/user/set_global_msg_recv_opt', body, asAdmin);
  expect(json).toMatchObject({ errCode: 1004, errMsg: 'RecordNotFoundError' });
});

test('[USR-20] get_users_info leaves out whom there is not, and what cannot be an id', async () => {
  const { post } = gateway();
  const { json } = await post('/user/get_users_info', { userIDs: ['zed', 'a b', 'bob'] }, asAnn);
  expect(json.data).toEqual({ usersInfo: [wireUser('bob')] });
});

test('account_check answers for each id, in order', async () => {
  const { post } = gateway();
  const path = '/user/account_check';
  const { json } = await post(path, { checkUserIDs: ['zed', 'bob', 'a b'] }, asAdmin);
  const status = (userID: string, accountStatus: number) => ({ userID, accountStatus });
  expect(json.data).toEqual({ results: [status('zed', 0), status('bob', 1), status('a b', 0)] });
  const twice = await post(path, { checkUserIDs: ['bob', 'bob'] }, asAdmin);
  expect(twice.json).toMatchObject({ errCode: 1001 });
  expect(twice.json.errDlt).toContain('bob');
});

test('[USR-21] pages: from 1, none cut short, none at all for showNumber 0', async () => {
  const { post, deps } = gateway();
  for (let index = 0; index < 400; index++) deps.users.add(`u${String(index)}` as UserId);
  const page = async (pagination: object) =>
    (await post('/user/get_all_users_uid', { pagination }, asAdmin)).json;
  expect((await page({ pageNumber: 1, showNumber: 300 })).data).toMatchObject({ total: 404 });
  const { data } = await page({ pageNumber: 2, showNumber: 300 });
  expect(data).toHaveProperty('userIDs.length', 104);
  expect((await page({ pageNumber: 1 })).data).toEqual({ total: 404, userIDs: [] });
  expect((await page({ pageNumber: 0, showNumber: 1 })).errCode).toBe(1001);
});

test('[USR-22] get_users finds by a part of the id or the name', async () => {
  const { post } = gateway();
  const body = { pagination: { pageNumber: 1, showNumber: 5 }, nickName: 'ann' };
  const { json } = await post('/user/get_users', body, asAdmin);
  expect(json.data).toEqual({ total: 1, users: [wireUser('ann')] });
});
