import { expect, test } from 'vitest';
import { gateway, TOKENS } from './client.ts';

// Ann is connected from the web, nobody else is.
const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };
const here = { userID: 'ann', status: 1, platformIDs: [5] };
const away = (userID: string) => ({ userID, status: 0, platformIDs: [] });

test('[USR-42] who is connected, for clients: each in its place, strangers too', async () => {
  const { post } = gateway();
  const body = { userIDs: ['bob', 'ann', 'a b'] };
  const { json } = await post('/user/get_users_status', body, asAnn);
  expect(json.data).toEqual({ statusList: [away('bob'), here, away('a b')] });
  expect((await post('/user/get_users_status', { userIDs: [] }, asAnn)).json.errCode).toBe(1001);
});

test('[USR-42] who is connected, for the app server: a bare list', async () => {
  const { post } = gateway();
  const path = '/user/get_users_online_status';
  const { json } = await post(path, { userIDs: ['ann', 'zed'] }, asAdmin);
  const details = [{ platformID: 5, connID: '', isBackground: false, token: '' }];
  expect(json.data).toEqual([
    { userID: 'ann', status: 1, detailPlatformStatus: details },
    { userID: 'zed', status: 0, detailPlatformStatus: null },
  ]);
  expect((await post(path, '{', asAdmin)).status).toBe(400);
});

test('[USR-42] tokens in force are told by their ids, of those who are connected', async () => {
  const { post } = gateway();
  const path = '/user/get_users_online_token_detail';
  const { json } = await post(path, { userIDs: ['bob', 'ann', 'a b'] }, asAdmin);
  const tokens = [{ platformID: 5, total: 1, token: ['ann-token'] }];
  expect(json.data).toEqual([{ userID: 'ann', status: 1, singlePlatformToken: tokens }]);
});

test('[USR-43] a subscription tells who is there, and is given up again', async () => {
  const { post } = gateway();
  const change = async (genre: number, ...userIDs: readonly string[]) =>
    (await post('/user/subscribe_users_status', { userID: 'ann', userIDs, genre }, asAnn)).json;
  const watched = async () =>
    (await post('/user/get_subscribe_users_status', { userID: 'ann' }, asAnn)).json.data;
  expect(await watched()).toEqual({ statusList: [] });
  expect((await change(1, 'bob', 'ann')).data).toEqual({ statusList: [away('bob'), here] });
  expect(await watched()).toEqual({ statusList: [away('bob'), here] });
  expect((await change(2, 'bob')).data).toEqual({ statusList: [] });
  expect(await watched()).toEqual({ statusList: [here] });
  expect(await change(1, 'u1', 'u2', 'u3')).toMatchObject({ errCode: 1001 });
  expect((await change(3, 'bob')).errDlt).toContain('genre');
});
