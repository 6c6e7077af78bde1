import { gunzipSync } from 'node:zlib';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, test } from 'vitest';
import { OutcomeUnknown, StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import { StreamContended } from '../../../core/kernel/writer.ts';
import { NotAnswerable } from '../../../gateways/ports.ts';
import type { Route } from '../../../gateways/http/route.ts';
import { isRecord } from '../../../gateways/http/parse.ts';
import { fakeDeps, FakeChats, FakeLogins, FakeUsers, SECRET } from '../../support/fakes.ts';
import { BODIES, ROUTES } from './bodies.ts';
import { gateway, TOKENS } from './client.ts';

const asAnn = { token: TOKENS.ann };

describe('the headers of a request', () => {
  test('[WIR-40] operationID comes first, then the token, then the path', async () => {
    const { post } = gateway();
    const nameless = await post('/no/such', '{', { nameless: true });
    expect(nameless).toMatchObject({
      status: 200,
      json: { errCode: 1001, errMsg: 'ArgsError', errDlt: 'header must have operationID' },
    });
    expect((await post('/no/such', '{')).json.errDlt).toBe('header must have token');
    const unknown = await post('/no/such', '{', asAnn);
    expect(unknown).toMatchObject({ status: 404, text: '404 page not found' });
    expect((await post('/user/get_users_info/', {}, asAnn)).status).toBe(404);
    expect((await post('/User/get_users_info', {}, asAnn)).status).toBe(404);
  });

  test('[WIR-43] pages of any origin may send any header', async () => {
    const { app } = gateway();
    const asked = 'token,operationid,reqfuncname';
    const answer = await app.inject({
      method: 'OPTIONS',
      url: '/user/get_users_info',
      headers: { origin: 'http://x', 'access-control-request-headers': asked },
    });
    expect(answer).toMatchObject({ statusCode: 200, payload: '"Options Request!"' });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': '*',
      'access-control-allow-headers': asked,
      'access-control-max-age': '172800',
      'access-control-allow-credentials': 'false',
    });
  });

  test('[WIR-41] the content type does not matter', async () => {
    const { post } = gateway();
    for (const type of ['text/plain', 'application/octet-stream']) {
      const options = { ...asAnn, headers: { 'content-type': type } };
      expect((await post('/msg/get_server_time', {}, options)).json.errCode).toBe(0);
    }
  });
});

describe('an answer', () => {
  test('has an id of its own, and no data where there is none', async () => {
    const { post } = gateway();
    const body = { userID: 'ann', globalRecvMsgOpt: 1 };
    const { text, headers } = await post('/user/set_global_msg_recv_opt', body, asAnn);
    expect(text).toBe('{"errCode":0,"errMsg":"","errDlt":""}');
    expect(headers['x-http-id']).toMatch(/^[0-9a-f-]{36}$/u);
  });

  test('is compressed when it is long and the client takes gzip', async () => {
    const { app, deps } = gateway();
    const userIDs = Array.from({ length: 50 }, (_, index) => `user_${String(index)}`);
    for (const user of userIDs) deps.users.add(user as never);
    const get = (encoding: string) =>
      app.inject({
        method: 'POST',
        url: '/user/get_users_info',
        payload: { userIDs },
        headers: { operationid: 'op', token: TOKENS.ann, 'accept-encoding': encoding },
      });
    const zipped = await get('gzip, deflate');
    expect(zipped.headers['content-encoding']).toBe('gzip');
    const plain = await get('gzip;q=0');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.payload);
  });

  test('[PRJ-15] says that what was done does not show yet, and is no error', async () => {
    const { post } = gateway({ projected: () => Promise.resolve(false) });
    const body = { userID: 'ann', globalRecvMsgOpt: 1 };
    const { headers, json } = await post('/user/set_global_msg_recv_opt', body, asAnn);
    expect(headers['seqline-projected']).toBe('false');
    expect(json).toEqual({ errCode: 0, errMsg: '', errDlt: 'committed at 1, not yet visible' });
  });
});

describe('faults', () => {
  const failing = (error: Error) => {
    const chats = new FakeChats();
    chats.conversations = () => Promise.reject(error);
    return gateway({ chats });
  };
  const path = '/conversation/get_all_conversations';

  test('[WIR-44] what cannot be answered exactly is to be tried again', async () => {
    const { post } = failing(new NotAnswerable('the tail is overrun'));
    const answered = await post(path, { ownerUserID: 'ann' }, asAnn);
    expect(answered).toMatchObject({
      status: 503,
      json: { errCode: 500, errMsg: 'ServerInternalError' },
    });
    expect(answered.json.errDlt).toContain('try the same call again');
  });

  test.each([
    new StoreUnavailable('the connection to db.internal is gone'),
    new OutcomeUnknown('no answer from db.internal'),
    new StreamContended('conversation-x', 'db.internal'),
  ])('[WIR-44] $name passes, and the caller is told to call again', async (fault) => {
    const { post, deps } = failing(fault);
    const answered = await post(path, { ownerUserID: 'ann' }, asAnn);
    expect(answered).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { errCode: 500, errMsg: 'ServerInternalError' },
    });
    expect(answered.json.errDlt).toContain('try the same call again');
    expect(answered.text).not.toContain('db.internal');
    expect(deps.logged()).not.toContain('a call has failed');
  });

  test('[OPS-25] a fault is logged once and tells the client nothing', async () => {
    const { post, deps } = failing(new Error('password of the database'));
    const { status, text } = await post(path, { ownerUserID: 'ann' }, asAnn);
    expect(status).toBe(500);
    expect(text).not.toContain('password');
    const lines = deps
      .logged()
      .split('\n')
      .filter((line) => line.startsWith('a call has failed'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('op-1');
  });

  test('[WIR-42] a body beyond the limit is refused in the usual form', async () => {
    const { post } = gateway();
    const { status, json } = await post(
      '/msg/get_server_time',
      'x'.repeat(8 * 1024 ** 2 + 1),
      asAnn,
    );
    expect({ status, errCode: json.errCode }).toEqual({ status: 413, errCode: 1001 });
  });
});

test('[OPS-25] neither secrets nor tokens are ever logged', async () => {
  const { post, deps } = gateway();
  const wrong = 'not-the-secret';
  for (const { path } of ROUTES) {
    await post(path, { ...BODIES[path], secret: wrong }, { token: TOKENS.admin });
    await post(`${path}?secret=${SECRET}`, BODIES[path], asAnn);
    await post(path, `{"secret":"${SECRET}"`, { token: TOKENS.malformed });
  }
  const logged = deps.logged();
  expect(logged).toContain('"path":"/auth/get_admin_token"');
  for (const secret of [SECRET, wrong, ...Object.values(TOKENS)]) {
    expect(logged).not.toContain(secret);
  }
});

describe('for whoever runs it', () => {
  test('[OPS-24] /healthz and /readyz need no headers', async () => {
    const users = new FakeUsers();
    let ready = false;
    const { app } = gateway({
      logins: new FakeLogins(users),
      uwsInfo: 'native',
      ready: () => Promise.resolve(ready ? { ready } : { ready, reason: 'Postgres is away' }),
    });
    expect((await app.inject('/healthz')).json()).toEqual({ alive: true, uws: 'native' });
    const before = await app.inject('/readyz');
    expect(before.statusCode).toBe(503);
    expect(before.json()).toEqual({ ready: false, reason: 'Postgres is away' });
    ready = true;
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });

  test('[WIR-47] the API page lists every route, and its files come from here', async () => {
    const { app } = gateway();
    const api: unknown = (await app.inject('/docs/json')).json();
    const paths = isRecord(api) && isRecord(api['paths']) ? api['paths'] : {};
    expect(Object.keys(paths).sort()).toEqual(ROUTES.map(({ path }) => path).sort());
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.payload).not.toMatch(/(?:src|href)="(?:https?:)?\/\//u);
    expect((await app.inject('/')).headers.location).toBe('/docs');
  });

  test('other pages can be mounted beside the API', async () => {
    const { app } = gateway({
      extraRoutes: (scope) => {
        scope.get('/demo', (_, reply) => reply.type('text/html').send('<p>hi</p>'));
      },
    });
    expect((await app.inject('/demo')).payload).toBe('<p>hi</p>');
  });

  test('[OPS-23] closing lets a call in flight finish', async () => {
    let begun = (): void => undefined;
    let finish = (): void => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (finish = resolve));
    const deps = fakeDeps();
    const { app } = gateway({
      ...deps,
      projected: async () => {
        begun();
        await held;
        return true;
      },
    });
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const call = fetch(`${address}/user/set_global_msg_recv_opt`, {
      method: 'POST',
      headers: { operationID: 'op', token: TOKENS.ann },
      body: JSON.stringify({ userID: 'ann', globalRecvMsgOpt: 1 }),
    });
    await started;
    const closed = app.close();
    finish();
    expect((await call).status).toBe(200);
    await closed;
  });
});

const isInLines = ({ lines }: Route): boolean => lines !== undefined;

test.each(ROUTES.filter(isInLines))(
  '[WIR-47] $path answers lines as its published schema says',
  async ({ path, lines }) => {
    const { post } = gateway();
    const { text, headers } = await post(path, BODIES[path], { token: TOKENS.admin });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const said = text.trimEnd().split('\n');
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) {
      if (lines !== undefined) expect([...Value.Errors(lines, JSON.parse(line))]).toEqual([]);
    }
  },
);

test.each(ROUTES.filter((route) => !isInLines(route)))(
  '[WIR-47] $path answers what its published schema says',
  async ({ path, data }) => {
    const { post } = gateway();
    const { json } = await post(path, BODIES[path], { token: TOKENS.admin });
    expect(json.errCode).toBe(0);
    if (data === undefined) expect(json).not.toHaveProperty('data');
    else expect([...Value.Errors(data, json.data)]).toEqual([]);
  },
);

test('every route has a place in the tests', () => {
  expect(ROUTES.map(({ path }) => path).sort()).toEqual(Object.keys(BODIES).sort());
});
