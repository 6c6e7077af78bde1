import { describe, expect, test } from 'vitest';
import { ADMIN, NOW, SECRET } from '../../support/fakes.ts';
import { gateway, TOKENS } from './client.ts';

const LIFETIME_SECONDS = 90 * 24 * 3_600;
const EXPIRES_SECONDS = NOW / 1_000 + LIFETIME_SECONDS;
const asAdmin = { token: TOKENS.admin };

describe('tokens for the app server', () => {
  test('[TOK-8] an app admin gets one for the secret', async () => {
    const { post } = gateway();
    const body = { secret: SECRET, userID: ADMIN };
    expect((await post('/auth/get_admin_token', body)).json).toEqual({
      errCode: 0,
      errMsg: '',
      errDlt: '',
      data: { token: 'imAdmin.10.1', expireTimeSeconds: LIFETIME_SECONDS },
    });
  });

  test.each([
    [1002, { secret: 'wrong', userID: ADMIN }],
    [1001, { secret: SECRET, userID: 'ann' }],
    [1001, { secret: SECRET, userID: '' }],
  ])('[TOK-8] and nobody else (%i)', async (errCode, body) => {
    const { post } = gateway();
    expect((await post('/auth/get_admin_token', body)).json).toMatchObject({ errCode });
  });

  test.each([
    [0, { platformID: 11, userID: 'ann' }],
    [1002, { platformID: 10, userID: 'ann' }],
    [1002, { platformID: 1, userID: ADMIN }],
    [1001, { platformID: 1, userID: 'robot' }],
    [1001, { platformID: 0, userID: 'ann' }],
    [1001, { platformID: 12, userID: 'ann' }],
    [1004, { platformID: 1, userID: 'zed' }],
  ])('[TOK-8] get_user_token answers %i to %o', async (errCode, body) => {
    const { post, deps } = gateway();
    deps.users.add('robot' as never, 4);
    expect((await post('/auth/get_user_token', body, asAdmin)).json).toMatchObject({ errCode });
  });

  test('parse_token tells when a token ends, not how long it lasts', async () => {
    const { post } = gateway();
    const { json } = await post('/auth/parse_token', { token: TOKENS.ann });
    expect(json.data).toEqual({ userID: 'ann', platformID: 1, expireTimeSeconds: EXPIRES_SECONDS });
    const malformed = await post('/auth/parse_token', { token: 'x' });
    expect(malformed.json).toMatchObject({ errCode: 1503, errMsg: 'TokenMalformedError' });
  });

  test('[TOK-7] force_logout ends the tokens of one platform', async () => {
    const { post } = gateway();
    await post('/auth/force_logout', { platformID: 1, userID: 'ann' }, asAdmin);
    const { json } = await post('/msg/get_server_time', {}, { token: TOKENS.ann });
    expect(json).toMatchObject({ errCode: 1506, errMsg: 'TokenKickedError' });
  });
});

const TIMES = { expiredTime: EXPIRES_SECONDS, expireTimeSeconds: LIFETIME_SECONDS };

describe('old app servers', () => {
  const registrations = [
    { uid: 'u1', platform: 1, name: 'One', icon: 'http://x/1.png' },
    { userID: 'u1', platform: 1, nickname: 'One', faceURL: 'http://x/1.png', operationID: '1' },
    { userID: 'u1', platformID: 1, nickname: 'One', faceURL: 'http://x/1.png', gender: 1 },
  ];
  test.each(registrations)('[WIR-46] register as %o', async (spelled) => {
    const { post, deps } = gateway();
    const body = { secret: SECRET, ...spelled };
    const { status, json } = await post('/auth/user_register', body, { nameless: true });
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        errCode: 0,
        errMsg: '',
        errDlt: '',
        data: { userID: 'u1', uid: 'u1', token: 'u1.1.1', ...TIMES },
      },
    });
    const [view] = await deps.users.byIds(['u1' as never]);
    expect(view).toMatchObject({ nickname: 'One', faceUrl: 'http://x/1.png' });
  });

  test.each([
    { uid: 'ann', platform: 2 },
    { userID: 'ann', platform: 2, operationID: '1' },
    { userID: 'ann', platformID: 2 },
  ])('[WIR-46] ask for a token as %o', async (spelled) => {
    const { post } = gateway();
    const body = { secret: SECRET, ...spelled };
    const { json } = await post('/auth/user_token', body, { nameless: true });
    expect(json.data).toEqual({ userID: 'ann', uid: 'ann', token: 'ann.2.1', ...TIMES });
  });

  test('[WIR-46] an app admin may log in as such with user_token', async () => {
    const { post } = gateway();
    const body = { secret: SECRET, userID: ADMIN, platformID: 10 };
    expect((await post('/auth/user_token', body)).json.errCode).toBe(0);
  });

  const v1 = { platform: 1, uid: 'ann' };
  const v3 = { platformID: 1, userID: 'ann' };
  test.each([
    ['/auth/user_register', { secret: 'wrong', ...v1 }, 400, 401],
    ['/auth/user_register', { secret: 'wrong', ...v3 }, 400, 401],
    ['/auth/user_token', { secret: 'wrong', ...v1 }, 400, 401],
    ['/auth/user_token', { secret: 'wrong', ...v3 }, 200, 1002],
    ['/auth/user_register', { secret: SECRET, platform: 1 }, 400, 400],
    ['/auth/user_token', { secret: SECRET, uid: 'ann' }, 400, 400],
    ['/auth/user_token', { secret: SECRET, platformID: 1 }, 200, 1001],
    ['/auth/user_token', '{', 400, 400],
    ['/auth/user_register', { secret: SECRET, ...v1 }, 200, 1102],
    ['/auth/user_token', { secret: SECRET, platform: 1, uid: 'zed' }, 200, 1004],
  ])('[WIR-46] %s refuses %o with HTTP %i and %i', async (path, body, status, errCode) => {
    const { post } = gateway();
    const answered = await post(path, body, { nameless: true });
    expect(answered).toMatchObject({ status, json: { errCode } });
    if (errCode === 401) expect(answered.json.errMsg).toBe('not authorized');
    expect(answered.json).not.toHaveProperty('data');
  });

  test('[WIR-46] the operationID of a body names the call', async () => {
    const { post, deps } = gateway();
    const body = { secret: SECRET, ...v1, operationID: 'in-the-body' };
    await post('/auth/user_token', body, { nameless: true });
    expect(deps.logged()).toContain('"operationId":"in-the-body"');
  });

  test.each([
    [0, { secret: SECRET }, {}],
    [1002, { secret: 'wrong' }, {}],
    [1001, {}, {}],
    [1002, { secret: SECRET }, { token: TOKENS.ann }],
  ])(
    '[WIR-46] v3.8.0 registers with the secret and no token (%i)',
    async (errCode, secret, options) => {
      const { post } = gateway();
      const body = { ...secret, users: [{ userID: 'u1', nickname: 'One' }] };
      expect((await post('/user/user_register', body, options)).json).toMatchObject({ errCode });
    },
  );
});
