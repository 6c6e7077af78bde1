import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { start, type Running } from '../../../infra/app/start.ts';
import { openStorage } from '../../../infra/app/storage/storage.ts';
import { projector } from '../../../infra/cli/projector.ts';
import { readConfig, type Config } from '../../../infra/config/config.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { isRecord, parseJson, textAt } from '../../support/json.ts';
import { by } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { openWay } from '../../support/postgresWay.ts';
import { dial, DialRefused } from '../../support/rawSocket.ts';
import { forged, JSON_FORM, PbCoder, textMessage } from '../../support/rawWire.ts';
import { until } from '../../support/until.ts';

const SECRET = 'the-secret-of-the-app-server';
const WRONG = 'a-secret-that-is-not-right';
const CONTENT = 'nobody but bob may read this';

let root = '';
let database: TestDatabase<object>;
let running: Running | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-operations-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await running?.close();
  running = undefined;
  await database.drop();
});
afterAll(() => rm(root, { recursive: true }));

const configured = async (): Promise<Config> => {
  database = await testDatabase();
  const config = readConfig({
    SEQLINE_HTTP_PORT: '0',
    SEQLINE_WS_PORT: '0',
    SEQLINE_DATA: await mkdtemp(join(root, 'data-')),
    SEQLINE_SECRET: SECRET,
    SEQLINE_LOG_LEVEL: 'trace',
    DATABASE_URL: 'postgres://placeholder/x',
  });
  // The tests' Postgres may be reached by a folder, which is no URL that a setting takes.
  return { ...config, postgres: { kind: 'url', url: database.url } };
};

/** A server that is this process, and every line of its log. */
const started = async (config: Config) => {
  const lines: string[] = [];
  running = await start(config, createLog('trace', { write: (line) => lines.push(line) }));
  const { httpAddress, wsAddress } = running;
  const post = async (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const answer = await fetch(`${httpAddress}${path}`, {
      method: 'POST',
      headers: { operationID: `op ${path}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const parsed = parseJson(await answer.text());
    if (!isRecord(parsed)) throw new Error(`${path} did not answer with an object`);
    return parsed;
  };
  return {
    lines,
    wsAddr: wsAddress ?? '',
    post,
    get: async (path: string) => {
      const answer = await fetch(`${httpAddress}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
    at: { ...config, httpPort: Number(new URL(httpAddress).port) },
  };
};

/** Two users, of whom ann says something to bob over a socket. Gives every token there was. */
const chat = async ({ post, wsAddr }: Awaited<ReturnType<typeof started>>) => {
  const token = async (path: string, body: object, headers = {}) =>
    textAt((await post(path, body, headers))['data'], 'token');
  const admin = await token('/auth/get_admin_token', { secret: SECRET, userID: 'imAdmin' });
  const users = ['ann', 'bob'].map((userID) => ({ userID, nickname: userID }));
  await post('/user/user_register', { users }, { token: admin });
  const asked = { userID: 'ann', platformID: 5 };
  const ann = await token('/auth/get_user_token', asked, { token: admin });
  const login = { wsAddr, userID: 'ann', token: ann, platformID: 5, form: JSON_FORM };
  const socket = await dial(login);
  const message = { from: 'ann', to: 'bob', clientMsgID: 'c1', text: CONTENT, platformID: 5 };
  const sent = PbCoder.MsgData.encode(textMessage(message)).finish();
  const { errCode } = await socket.request(1003, sent);
  expect(errCode).toBe(0);
  return { admin, ann, login, socket };
};

describe('a running server', () => {
  test('[OPS-25] keeps secrets, tokens and what is said out of its log, whatever is asked of it', async () => {
    const server = await started(await configured());
    const { post, lines } = server;
    const { admin, ann, login, socket } = await chat(server);
    const bad = forged(ann);
    await post('/auth/get_admin_token', { secret: WRONG, userID: 'imAdmin' });
    await post('/auth/get_admin_token', `{"secret":"${SECRET}",`);
    await post('/auth/parse_token', { token: ann });
    await post(`/auth/parse_token?token=${ann}`, { token: bad });
    await post('/user/get_users_info', { userIDs: 'ann' }, { token: ann });
    await post('/user/get_users_info', { userIDs: ['ann'] }, { token: bad });
    await post('/auth/user_token', { secret: WRONG, platform: 1, uid: 'ann' });
    const refused = dial({ ...login, token: bad });
    await expect(refused).rejects.toBeInstanceOf(DialRefused);
    await socket.request(9999, Buffer.from(ann)).catch(() => undefined);
    await socket.closed;
    await running?.close();
    const log = lines.join('');
    for (const hidden of [SECRET, WRONG, admin, ann, bad, CONTENT, database.url]) {
      expect(log).not.toContain(hidden);
    }
    const called = lines.filter((line) => line.includes('"msg":"call"'));
    expect(called.length).toBeGreaterThan(8);
    for (const line of called) expect(line).toMatch(/"operationId":"op \/[^"]+"/);
  });

  test('[OPS-33] tells at debug which events a call has led to', async () => {
    const server = await started(await configured());
    await chat(server);
    const said = server.lines.map(parseJson).filter(isRecord);
    const committed = said.filter(({ msg }) => msg === 'committed');
    expect(committed.map(({ type }) => type)).toContain('MessageSent');
    const registered = committed.filter(
      ({ operationId }) => operationId === 'op /user/user_register',
    );
    expect(registered.map(({ type, stream }) => [type, stream])).toEqual([
      ['UserRegistered', 'user-ann'],
      ['UserRegistered', 'user-bob'],
    ]);
    for (const { eventId, position } of registered) {
      expect([eventId, position]).toEqual([
        expect.stringMatching(/^[0-9a-f-]{36}$/),
        expect.any(Number),
      ]);
    }
  });

  test('[OPS-30] shows what it has measured', async () => {
    const server = await started(await configured());
    const { socket } = await chat(server);
    const { status, text } = await server.get('/metrics');
    expect(status).toBe(200);
    const lines = text.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'seqline_sockets 1',
        'seqline_requests_total{request="1003"} 1',
        'seqline_send_duration_seconds_count 1',
        'seqline_log_events_total{type="MessageSent"} 1',
        'seqline_http_calls_total{path="/user/user_register",err_code="0"} 1',
        'seqline_projector_state{state="running"} 1',
        'seqline_tail_covers_checkpoint 1',
        'seqline_log_writable 1',
      ]),
    );
    expect(text).toMatch(/^seqline_log_bytes_total\{type="MessageSent"\} [3-9]\d\d$/m);
    socket.terminate();
    await socket.closed;
  });
});

describe('[OPS-23] a server that is told to end', () => {
  test('closes all else in order though its Postgres does not answer any more', async () => {
    const config = await configured();
    const way = await openWay(database.url);
    const server = await started({ ...config, postgres: { kind: 'url', url: way.url } });
    const { socket } = await chat(server);
    way.loseAll();
    // The projector asks each second at least, and is then in the middle of it.
    await until('Postgres is missed', async () => {
      const { status } = await server.get('/readyz');
      return status === 200 ? undefined : true;
    });
    await running?.close();
    running = undefined;
    await socket.closed;
    const storage = await openStorage(config, createLog('silent'));
    await storage.close();
    await way.close();
  });
});

/** A data folder whose log has one event that the users cannot take. */
const poisoned = async (): Promise<Readonly<{ config: Config; position: number }>> => {
  const config = await configured();
  const storage = await openStorage(config, createLog('silent'));
  const nobody = 'nobody' as UserId;
  const id = randomUUID() as EventId;
  const event = { type: 'UserChanged', id, meta: by(nobody), data: { user: nobody, level: 1 } };
  const appended = await storage.log.append('user-nobody', 'no_stream', [event]);
  await storage.close();
  if (appended.kind === 'conflict') throw new Error('it was appended');
  return { config, position: appended.position };
};

describe('[OPS-34] seqline projector', () => {
  test('says what stops a read model, and has it go on without that', async () => {
    const { config, position } = await poisoned();
    const { get, at } = await started(config);
    const said: string[] = [];
    const note = (text: string | Uint8Array) => said.push(String(text)) > 0;
    vi.spyOn(process.stdout, 'write').mockImplementation(note);
    vi.spyOn(process.stderr, 'write').mockImplementation(note);
    const run = async (...rest: readonly string[]) => {
      said.length = 0;
      const [command = '', where = ''] = rest;
      const reason = rest[2];
      const words = where === '' ? [command] : [command, where];
      const code = await projector(at, { rest: words, reason });
      return { code, text: said.join('') };
    };

    const reason = await until('it stops', async () => {
      const { status, text } = await get('/readyz');
      return status === 503 && text.includes('cannot take') ? text : undefined;
    });
    expect(reason).toContain(`cannot take UserChanged at position ${String(position)}`);
    const status = await run('status');
    expect(status.code).toBe(1);
    expect(status.text).toContain(`seqline projector skip ${String(position)} --reason`);

    expect((await run('skip', String(position))).text).toContain('say why');
    expect((await run('skip', '0', 'why')).text).toContain('name one position');
    const other = await run('skip', String(position + 1), 'of the test');
    expect(other).toMatchObject({ code: 1 });
    expect(other.text).toContain(`the projector stops at ${String(position)}`);

    expect(await run('skip', String(position), 'of the test')).toEqual({
      code: 0,
      text: 'Skipped.\n',
    });
    expect((await get('/readyz')).status).toBe(200);
    expect(await run('skip', String(position), 'again')).toMatchObject({ code: 0 });
    const after = await run('status');
    expect(after.code).toBe(0);
    expect(after.text).toMatch(/^running\n {2}users_v\d+ +at \d+ of \d+/);
    expect((await run('sing')).code).toBe(1);
  });
});
