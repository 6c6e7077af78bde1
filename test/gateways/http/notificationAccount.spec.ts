import { expect, test } from 'vitest';
import { isRecord } from '../../support/json.ts';
import { gateway, TOKENS } from './client.ts';

const asAdmin = { token: TOKENS.admin };
const pagination = { pageNumber: 1, showNumber: 10 };
const made = { nickName: 'News', faceURL: 'http://x/n.png', appMangerLevel: 3 };
const add = '/user/add_notification_account';
const idOf = (data: unknown) => (isRecord(data) ? String(data['userID']) : '');

test('[USR-40] an account gets an id of ten digits where none is given', async () => {
  const { post, deps } = gateway();
  const { json } = await post(add, made, asAdmin);
  expect(json.data).toMatchObject(made);
  expect(idOf(json.data)).toMatch(/^[1-9]\d{9}$/);
  const user = [...deps.users.all.values()].find(({ nickname }) => nickname === 'News');
  expect(user).toMatchObject({ user: idOf(json.data), level: 3, faceUrl: made.faceURL });
  const other = await post(add, made, asAdmin);
  expect(idOf(other.json.data)).not.toBe(idOf(json.data));
});

test('[USR-40] [WIR-37] the same call with the same key is the same account', async () => {
  const { post } = gateway();
  const options = { ...asAdmin, headers: { 'idempotency-key': 'k' } };
  const first = await post(add, made, options);
  const again = await post(add, made, options);
  expect(again.json).toMatchObject({ errCode: 0, data: first.json.data });
});

test('[USR-40] an id that is taken, no name, or a level of others is refused with 1001', async () => {
  const { post, deps } = gateway();
  for (const [field, wrong] of [
    ['ann', { userID: 'ann' }],
    ['nickName', { nickName: '' }],
    ['appMangerLevel', { appMangerLevel: 2 }],
  ] as const) {
    const { json } = await post(add, { ...made, ...wrong }, asAdmin);
    expect(json.errCode).toBe(1001);
    expect(json.errDlt).toContain(field);
  }
  expect(deps.users.all.size).toBe(4);
});

test.each([{}, { 'idempotency-key': 'k' }])(
  '[HOK-3] an account that the app server does not want is not made, and its own words say so: %o',
  async (headers) => {
    const { post, deps } = gateway();
    const own = { code: 7_001, message: 'no more accounts' };
    deps.users.register = () =>
      Promise.resolve({ kind: 'refused', reason: 'callback/refused', detail: '', own });
    const { json } = await post(add, made, { ...asAdmin, headers });
    expect(json).toMatchObject({ errCode: 7_001, errMsg: 'no more accounts' });
  },
);

test('[USR-40] only an account is changed, and only in what is given', async () => {
  const { post, deps } = gateway();
  const update = async (body: object) =>
    (await post('/user/update_notification_account', body, asAdmin)).json.errCode;
  expect(await update({ userID: 'sys', nickName: 'System' })).toBe(0);
  const user = [...deps.users.all.values()].find(({ user: id }) => id === 'sys');
  expect(user).toMatchObject({ nickname: 'System', faceUrl: '' });
  expect(await update({ userID: 'sys' })).toBe(1001);
  expect(await update({ userID: 'ann', nickName: 'A' })).toBe(1001);
  expect(await update({ userID: 'zed', nickName: 'Z' })).toBe(1001);
});

test('[USR-41] accounts are found by id or name, or all', async () => {
  const { post } = gateway();
  const robot = await post(add, { ...made, userID: 'bot', appMangerLevel: 4 }, asAdmin);
  expect(robot.json.errCode).toBe(0);
  const found = async (filter: object) =>
    (await post('/user/search_notification_account', { pagination, ...filter }, asAdmin)).json.data;
  const bot = { userID: 'bot', faceURL: made.faceURL, nickName: 'News', appMangerLevel: 4 };
  expect(await found({ keyword: 'News' })).toEqual({ total: 1, notificationAccounts: [bot] });
  expect(await found({ keyword: 'bot' })).toEqual({ total: 1, notificationAccounts: [bot] });
  expect(await found({ appManagerLevel: 4 })).toEqual({ total: 1, notificationAccounts: [bot] });
  expect(await found({})).toMatchObject({ total: 2 });
  expect(await found({ keyword: 'ann' })).toEqual({ total: 0, notificationAccounts: [] });
});
