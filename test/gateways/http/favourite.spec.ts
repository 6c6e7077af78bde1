import { expect, test } from 'vitest';
import { NOW } from '../../support/fakes.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };
const named = { userID: 'ann', type: 1, uuid: 'k' };

const kept = async ({ post }: ReturnType<typeof gateway>, type?: number) => {
  const all = { userID: 'ann', ...(type === undefined ? {} : { type }) };
  const path = `/user/process_user_command_get${type === undefined ? '_all' : ''}`;
  return (await post(path, all, asAnn)).json.data;
};

test('[USR-33] what is kept is shown with its time in seconds, by type or all', async () => {
  const client = gateway();
  const added = { userID: 'ann', type: 7, uuid: 'm', value: '{"a":1}' };
  expect((await client.post('/user/process_user_command_add', added, asAnn)).text).toBe(
    '{"errCode":0,"errMsg":"","errDlt":""}',
  );
  const createTime = Math.floor(NOW / 1000);
  const first = { type: 1, createTime, uuid: 'k', value: 'v', ex: 'x' };
  const second = { type: 7, createTime, uuid: 'm', value: '{"a":1}', ex: '' };
  expect(await kept(client)).toEqual({ CommandResp: [first, second] });
  expect(await kept(client, 7)).toEqual({ CommandResp: [second] });
  expect(await kept(client, 8)).toEqual({ CommandResp: [] });
});

test('[USR-30] a change leaves what is absent, and clears what is empty', async () => {
  const client = gateway();
  await client.post('/user/process_user_command_update', { ...named, ex: '', value: null }, asAnn);
  expect(await kept(client, 1)).toMatchObject({ CommandResp: [{ value: 'v', ex: '' }] });
});

test('[USR-31] what is not kept is refused with 1004', async () => {
  const { post } = gateway();
  for (const call of ['update', 'delete']) {
    const path = `/user/process_user_command_${call}`;
    const { json } = await post(path, { ...named, uuid: 'zed' }, asAnn);
    expect(json).toMatchObject({ errCode: 1004, errMsg: 'RecordNotFoundError' });
  }
});

test.each([
  ['type', { ...named, type: 0 }],
  ['uuid', { ...named, uuid: '' }],
  ['uuid', { ...named, uuid: 'x'.repeat(129) }],
  ['value', { ...named, value: 'x'.repeat(2_049) }],
  ['value', { ...named, value: 5 }],
])('[WIR-42] a bad %s is named', async (field, body) => {
  const { post } = gateway();
  const { json } = await post('/user/process_user_command_add', body, asAnn);
  expect(json).toMatchObject({ errCode: 1001 });
  expect(json.errDlt).toContain(field);
});
