import { expect, test } from 'vitest';
import { clientConfig } from '../../../core/clientConfig/decider.ts';
import { EVENT_BYTES_MAX } from '../../../core/kernel/eventStore.ts';
import { CONFIGS_LENGTH_MAX } from '../../../gateways/http/routes/clientConfig.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };
const asAdmin = { token: TOKENS.admin };
type Client = ReturnType<typeof gateway>;

const set = ({ post }: Client, configs: object, userID = '') =>
  post('/user/set_user_client_config', { userID, configs }, asAdmin);
const read = async ({ post }: Client, userID: string) =>
  (await post('/user/get_user_client_config', { userID }, asAnn)).json;

test('[USR-34] [USR-36] a user reads its own settings over those of all', async () => {
  const client = gateway();
  expect((await read(client, 'ann')).data).toEqual({});
  await set(client, { CONVERSATION_ACTIVE_NUM: '50', theme: 'light' });
  await set(client, { theme: 'dark' }, 'ann');
  const own = { CONVERSATION_ACTIVE_NUM: '50', theme: 'dark' };
  expect((await read(client, 'ann')).data).toEqual({ configs: own });
  const ofAll = { CONVERSATION_ACTIVE_NUM: '50', theme: 'light' };
  expect((await read(client, '')).data).toEqual({ configs: ofAll });
  const keys = ['theme'];
  await client.post('/user/del_user_client_config', { userID: 'ann', keys }, asAdmin);
  expect((await read(client, 'ann')).data).toEqual({ configs: ofAll });
});

test("[USR-36] nobody reads another's, and nobody but an app admin sets", async () => {
  const client = gateway();
  expect((await read(client, 'bob')).errCode).toBe(1002);
  const body = { userID: 'ann', configs: { a: '1' } };
  const { json } = await client.post('/user/set_user_client_config', body, asAnn);
  expect(json.errCode).toBe(1002);
});

test('what a user is set to who is not registered is refused with 1004', async () => {
  const { post } = gateway();
  const { json } = await post('/user/get_user_client_config', { userID: 'zed' }, asAdmin);
  expect(json.errCode).toBe(1004);
});

test('[USR-35] settings are shown by page, with whose they are', async () => {
  const client = gateway();
  await set(client, { a: '1' });
  await set(client, { a: '2', b: '3' }, 'ann');
  const body = { key: 'a', pagination: { pageNumber: 1, showNumber: 10 } };
  const { json } = await client.post('/user/page_user_client_config', body, asAdmin);
  expect(json.data).toEqual({
    total: 2,
    configs: [
      { key: 'a', userID: '', value: '1' },
      { key: 'a', userID: 'ann', value: '2' },
    ],
  });
});

/** Keys of two characters, and values of so many that JSON writes as six. */
const texts = (count: number, length: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [String(index + 10), '\u0001'.repeat(length)]),
  );

test('[USR-35] [WIR-42] as much as one call sets fits into one event, and more is refused', async () => {
  const client = gateway();
  const most = CONFIGS_LENGTH_MAX / 12 - 2;
  expect((await set(client, texts(12, most), 'ann')).json.errCode).toBe(0);
  const call = { id: eventId(1), at: 1, meta: by('imAdmin') };
  const data = { user: ann, configs: texts(12, most) };
  const decided = clientConfig.decide({ type: 'ConfigureClient', ...call, data }, new Map());
  const bytes = JSON.stringify(decided).length;
  // Sealed, it is written in base64.
  expect((bytes * 4) / 3).toBeLessThan(EVENT_BYTES_MAX);
  const { json } = await set(client, texts(12, most + 1), 'ann');
  expect(json).toMatchObject({ errCode: 1001 });
  expect(json.errDlt).toContain('configs');
});

test.each([
  ['configs', { configs: {} }],
  ['configs', { configs: { a: 5 } }],
  ['configs', { configs: { '': 'x' } }],
  ['configs', { configs: { ['k'.repeat(129)]: 'x' } }],
  ['configs', { configs: { a: 'x'.repeat(2_049) } }],
  ['configs', { configs: { a: '\0' } }],
  ['configs', { configs: [] }],
  [
    'configs',
    { configs: Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`k${String(at)}`, ''])) },
  ],
  ['userID', { userID: 'a b', configs: { a: '1' } }],
])('[WIR-42] bad %s are named: %j', async (field, body) => {
  const { post } = gateway();
  const { json } = await post('/user/set_user_client_config', body, asAdmin);
  expect(json).toMatchObject({ errCode: 1001 });
  expect(json.errDlt).toContain(field);
});
