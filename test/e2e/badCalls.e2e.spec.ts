import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { numberAt, parseJson } from '../support/json.ts';
import { forged } from '../support/rawWire.ts';
import { post, startSeqline, type Seqline } from '../support/seqline.ts';
import { registered } from './kits.ts';

const IOS = 1;

let server: Seqline;
let ann: string;
let bob: string;
let token: string;

beforeAll(async () => {
  server = await startSeqline();
  ann = await registered(server, 'ann');
  bob = await registered(server, 'bob');
  token = await server.tokenOf(ann, IOS);
});
afterAll(() => server.dispose());
afterEach(async () => {
  expect(await server.ready()).toBe(true);
});

const headers = (more: Readonly<Record<string, string>> = {}) => ({
  'content-type': 'application/json',
  operationID: 'bad-call',
  token,
  ...more,
});

const call = async (path: string, body: string | Uint8Array, given = headers()) => {
  const { status, text } = await post(`${server.apiAddr}${path}`, body, given);
  return { status, text };
};

const codeOf = async (path: string, body: string | Uint8Array, given = headers()) => {
  const { status, text } = await call(path, body, given);
  expect(status).toBe(200);
  return numberAt(parseJson(text), 'errCode');
};

const MARK = '/msg/mark_conversation_as_read';
const chat = () => `si_${ann}_${bob}`;

describe('a body that cannot be believed is 1001', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['bytes of no meaning', '\u0000\u0001'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['deep nesting', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['a text for a list', '{"userIDs":"ann"}'],
    ['numbers for texts', '{"userIDs":[1]}'],
  ])('%s', async (_, body) => {
    expect(await codeOf('/user/get_users_info', body)).toBe(1001);
  });

  test.each<[string, () => Record<string, unknown>]>([
    ['no conversation', () => ({ userID: ann, hasReadSeq: 1 })],
    ['no mark', () => ({ conversationID: chat(), userID: ann })],
    ['a mark in words', () => ({ conversationID: chat(), userID: ann, hasReadSeq: '1' })],
    ['a mark with a fraction', () => ({ conversationID: chat(), userID: ann, hasReadSeq: 1.5 })],
    ['a mark below one', () => ({ conversationID: chat(), userID: ann, hasReadSeq: 0 })],
    [
      'a mark beyond all numbers',
      () => ({ conversationID: chat(), userID: ann, hasReadSeq: 1e30 }),
    ],
    [
      'numbers in words',
      () => ({ conversationID: chat(), userID: ann, hasReadSeq: 1, seqs: ['1'] }),
    ],
  ])('a read mark with %s', async (_, body) => {
    expect(await codeOf(MARK, JSON.stringify(body()))).toBe(1001);
  });

  test('more than anybody may send is refused, and the server lives', async () => {
    const body = JSON.stringify({ userIDs: ['x'.repeat(20 * 1024 * 1024)] });
    const refused = await call('/user/get_users_info', body).catch(() => undefined);
    // Cut off while still sending, or told so: both are right, having done it is not.
    if (refused?.status === 200) expect(numberAt(parseJson(refused.text), 'errCode')).not.toBe(0);
  });
});

describe('a call without what every call needs', () => {
  const asked = () => JSON.stringify({ userIDs: [ann] });

  test('an operation id', async () => {
    const given = { 'content-type': 'application/json', token };
    const { text } = await post(`${server.apiAddr}/user/get_users_info`, asked(), given);
    expect(parseJson(text)).toMatchObject({ errCode: 1001 });
  });

  test('a token', async () => {
    const given = { 'content-type': 'application/json', operationID: 'bad-call' };
    const { text } = await post(`${server.apiAddr}/user/get_users_info`, asked(), given);
    expect(parseJson(text)).toMatchObject({ errCode: 1001 });
  });

  test('a token that is one', async () => {
    expect(await codeOf('/user/get_users_info', asked(), headers({ token: 'abc' }))).toBe(1503);
  });

  test('a token that is ours', async () => {
    expect(await codeOf('/user/get_users_info', asked(), headers({ token: forged(token) }))).toBe(
      1505,
    );
  });

  test('a path that exists', async () => {
    expect((await call('/user/no_such_route', '{}')).status).toBe(404);
    expect((await fetch(`${server.apiAddr}/user/get_users_info`)).status).toBe(404);
  });
});

describe('a call that the caller may not make is 1002', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['/user/user_register', () => ({ users: [{ userID: 'eve', nickname: 'Eve' }] })],
    ['/auth/get_user_token', () => ({ userID: bob, platformID: IOS })],
    ['/auth/force_logout', () => ({ userID: bob, platformID: IOS })],
    [MARK, () => ({ conversationID: chat(), userID: bob, hasReadSeq: 1 })],
    ['/msg/revoke_msg', () => ({ conversationID: chat(), userID: bob, seq: 1 })],
  ])('%s', async (path, body) => {
    expect(await codeOf(path, JSON.stringify(body()))).toBe(1002);
  });

  test('[TOK-8] the admin token for a wrong secret, or for nobody we know', async () => {
    const path = '/auth/get_admin_token';
    const wrong = JSON.stringify({ secret: 'guess', userID: 'imAdmin' });
    expect(await codeOf(path, wrong)).toBe(1002);
    const nobody = await codeOf(path, JSON.stringify({ secret: 'guess', userID: ann }));
    expect([1001, 1002]).toContain(nobody);
  });
});

describe('users and tokens that cannot be made', () => {
  const refused = async (path: string, body: unknown): Promise<number> => {
    const failed = await server.asAdmin(path, body).catch((error: unknown) => String(error));
    const found = /"errCode":(\d+)/.exec(String(failed));
    return Number(found?.[1] ?? 0);
  };
  const users = (...list: unknown[]) => refused('/user/user_register', { users: list });

  test('[USR-6] users without a proper id and name', async () => {
    expect(await users()).toBe(1001);
    expect(await users({ userID: 'a b', nickname: 'x' })).toBe(1001);
    expect(await users({ userID: 'ä', nickname: 'x' })).toBe(1001);
    expect(await users({ userID: '', nickname: 'x' })).toBe(1001);
    expect(await users({ userID: 'nameless', nickname: '' })).toBe(1001);
    const twice = { userID: 'twice', nickname: 'x' };
    expect(await users(twice, twice)).toBe(1001);
  });

  test('users that exist take nobody else with them', async () => {
    const fresh = { userID: 'fresh', nickname: 'x' };
    expect(await users(fresh, { userID: ann, nickname: 'x' })).toBe(1102);
    expect(await refused('/auth/get_user_token', { userID: 'fresh', platformID: IOS })).toBe(1004);
  });

  test('tokens for no platform, the admin platform, and nobody', async () => {
    const path = '/auth/get_user_token';
    expect(await refused(path, { userID: ann, platformID: 0 })).toBe(1001);
    expect(await refused(path, { userID: ann, platformID: 99 })).toBe(1001);
    expect(await refused(path, { userID: ann, platformID: 10 })).toBe(1002);
    expect(await refused(path, { userID: 'nobody', platformID: IOS })).toBe(1004);
  });
});
