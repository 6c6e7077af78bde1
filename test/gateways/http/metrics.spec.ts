import { describe, expect, test } from 'vitest';
import type { HttpMetrics } from '../../../gateways/http/metrics.ts';
import { gateway, TOKENS } from './client.ts';

/** `code`: the app server's own, with which it refuses that users are registered. */
const measured = (access: HttpMetrics['access'], code?: number) => {
  const calls: (readonly [string, number])[] = [];
  const metrics: HttpMetrics = {
    access,
    meter: { called: (path, errCode) => calls.push([path, errCode]) },
    contentType: 'text/plain; version=0.0.4',
    text: () => Promise.resolve('seqline_sockets 1\n'),
  };
  const { app, post, deps } = gateway({ metrics });
  if (code !== undefined) {
    const own = { code, message: 'no' };
    deps.users.register = () =>
      Promise.resolve({ kind: 'refused', reason: 'callback/refused', detail: '', own });
  }
  const get = async (headers: Readonly<Record<string, string>> = {}, from = '203.0.113.9') =>
    (await app.inject({ url: '/metrics', headers, remoteAddress: from })).statusCode;
  return { app, post, get, calls };
};

describe('[OPS-31] /metrics', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('is shown to %s', async (address) => {
    expect(await measured('local').get({}, address)).toBe(200);
  });
  test('is not shown to other machines, and says who may see it', async () => {
    const { app, get } = measured('local');
    expect(await get()).toBe(403);
    const answer = await app.inject({ url: '/metrics', remoteAddress: '203.0.113.9' });
    expect(answer.payload).toContain('SEQLINE_METRICS=open');
    expect(answer.payload).not.toContain('seqline_sockets');
  });
  test.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'origin'])(
    'is not shown to this machine when it speaks for others (%s)',
    async (header) => {
      expect(await measured('local').get({ [header]: '203.0.113.9' }, '127.0.0.1')).toBe(403);
    },
  );
  test('is shown to an app admin from anywhere, and to no other user', async () => {
    const { get } = measured('local');
    expect(await get({ token: TOKENS.admin })).toBe(200);
    expect(await get({ authorization: `Bearer ${TOKENS.admin}` })).toBe(200);
    expect(await get({ token: TOKENS.ann })).toBe(403);
    expect(await get({ token: TOKENS.malformed })).toBe(403);
  });
  test('is shown to everybody where that is wanted, and to nobody where it is off', async () => {
    expect(await measured('open').get()).toBe(200);
    expect(await measured('off').get({ token: TOKENS.admin }, '127.0.0.1')).toBe(404);
  });
  test('has the type and the text of what is measured', async () => {
    const { app } = measured('local');
    const answer = await app.inject({ url: '/metrics' });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4');
    expect(answer.payload).toBe('seqline_sockets 1\n');
  });
});

test('[OPS-30] calls are counted by the paths that there are', async () => {
  const { post, calls } = measured('local');
  await post('/user/get_users_info', { userIDs: ['ann'] }, { token: TOKENS.ann });
  await post('/user/get_users_info', { userIDs: ['ann'] });
  await post('/any/path?x=1', {});
  expect(calls).toEqual([
    ['/user/get_users_info', 0],
    ['/user/get_users_info', 1001],
    ['unknown', 1001],
  ]);
});

test("[OPS-30] numbers of the app server's own, which may be any, are counted as one", async () => {
  const { post, calls } = measured('local');
  const register = { users: [{ userID: 'new', nickname: 'New' }] };
  const { json } = await post('/user/user_register', register, { token: TOKENS.admin });
  expect(json.errCode).toBe(0);
  const { post: refusing, calls: refused } = measured('local', 7_123_456);
  const answer = await refusing('/user/user_register', register, { token: TOKENS.admin });
  expect(answer.json.errCode).toBe(7_123_456);
  expect([...calls, ...refused]).toEqual([
    ['/user/user_register', 0],
    ['/user/user_register', 80_000],
  ]);
});
