import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStoreProcess } from './eventStoreProcess.ts';
import { isRecord, parseJson, textAt } from './json.ts';
import { freePort, programOf } from './program.ts';

const ADMIN = 'imAdmin';

/**
 * Where the log is: in the server, or in a process of its own that speaks EventStoreDB's protocol. It is
 * chosen for a whole run (vitest.config.ts), so that every suite can be run over both.
 */
const isStoreApart = (): boolean => process.env['SEQLINE_TEST_STORE'] === 'esdb';

/** OpenIM's answer to any HTTP call. `status` is the HTTP status. */
export type Reply = Readonly<{
  status: number;
  errCode: number;
  errMsg: string;
  errDlt: string;
  data: unknown;
}>;

export type CallOptions = Readonly<{ token?: string; headers?: Record<string, string> }>;

/**
 * The built server as a child process on a data folder of its own. Ports stay across restarts. Where the
 * log is in a process of its own, that one runs from the first start on, whatever becomes of the server.
 */
export type Seqline = Readonly<{
  apiAddr: string;
  wsAddr: string;
  httpPort: number;
  wsPort: number;
  /** The environment it runs with; a command that is to see the same needs it. */
  settings: Readonly<Record<string, string>>;
  pid: () => number;
  /** The last of what it has said, and all of it. */
  log: () => string;
  said: () => string;
  start: () => Promise<void>;
  /** Ends it as an operator would (SIGTERM) and waits; fails when it does not end in time. */
  stop: () => Promise<void>;
  /** Ends it as a crash would (SIGKILL): nothing in it can run any more. */
  kill: () => Promise<void>;
  ready: () => Promise<boolean>;
  api: (path: string, body: unknown, options?: CallOptions) => Promise<Reply>;
  /** A call of the app admin that must succeed; gives its data. */
  asAdmin: (path: string, body: unknown) => Promise<unknown>;
  registerUsers: (...users: readonly string[]) => Promise<void>;
  tokenOf: (user: string, platform: number) => Promise<string>;
  tokenOfAdmin: () => Promise<string>;
  /** Stops it and removes its data. */
  dispose: () => Promise<void>;
}>;

/** Any JSON may come back from a mistaken server: what is not an answer of OpenIM's form is a fault. */
export const replyOf = (status: number, text: string): Reply => {
  const parsed = parseJson(text);
  if (!isRecord(parsed) || typeof parsed['errCode'] !== 'number')
    throw new Error(`not an answer (HTTP ${String(status)}): ${text.slice(0, 400)}`);
  return {
    status,
    errCode: parsed['errCode'],
    errMsg: textAt(parsed, 'errMsg'),
    errDlt: textAt(parsed, 'errDlt'),
    data: parsed['data'],
  };
};

/** A POST with exactly this body. */
export const post = async (
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
): Promise<Readonly<{ status: number; text: string }>> => {
  const answer = await fetch(url, { method: 'POST', body, headers });
  return { status: answer.status, text: await answer.text() };
};

/**
 * A crash leaves the embedded Postgres behind, as it would on a real machine; the next start has to cope
 * with it. Once the tests are over nobody else ends it.
 */
const endPostgresOf = async (data: string): Promise<void> => {
  for (const name of await readdir(data, { recursive: true })) {
    if (!name.endsWith('postmaster.pid')) continue;
    const pid = Number((await readFile(join(data, name), 'utf8')).split('\n')[0]);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already: which is what was wanted.
    }
  }
};

export const openSeqline = async (
  settings: Readonly<Record<string, string>> = {},
): Promise<Seqline> => {
  const data = await mkdtemp(join(tmpdir(), 'seqline-e2e-'));
  const secret = randomBytes(24).toString('hex');
  const [httpPort, wsPort] = [await freePort(), await freePort()];
  const apiAddr = `http://127.0.0.1:${String(httpPort)}`;
  const wsAddr = `ws://127.0.0.1:${String(wsPort)}`;
  const store =
    isStoreApart() && settings['SEQLINE_EVENTSTORE'] === undefined
      ? await openEventStoreProcess()
      : undefined;
  let admin: string | undefined;

  const ready = async (): Promise<boolean> => {
    try {
      return (await fetch(`${apiAddr}/readyz`)).status === 200;
    } catch {
      return false; // Nothing listens: that is the answer.
    }
  };

  const all = {
    SEQLINE_HTTP_PORT: String(httpPort),
    SEQLINE_WS_PORT: String(wsPort),
    SEQLINE_DATA: data,
    SEQLINE_SECRET: secret,
    ...(store === undefined ? {} : { SEQLINE_EVENTSTORE: store.url }),
    ...settings,
  };
  const program = programOf({
    args: ['serve'],
    settings: all,
    isUp: async (said) => said.includes(apiAddr) && said.includes(wsAddr) && (await ready()),
  });
  const { log } = program;

  const api = async (path: string, body: unknown, options: CallOptions = {}): Promise<Reply> => {
    const answer = await post(`${apiAddr}${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      operationID: `e2e-${randomBytes(6).toString('hex')}`,
      ...(options.token === undefined ? {} : { token: options.token }),
      ...options.headers,
    });
    return replyOf(answer.status, answer.text);
  };

  const adminToken = async (): Promise<string> => {
    const reply = await api('/auth/get_admin_token', { secret, userID: ADMIN });
    if (reply.errCode !== 0) throw new Error(`no admin token: ${JSON.stringify(reply)}`);
    return textAt(reply.data, 'token');
  };

  const asAdmin = async (path: string, body: unknown): Promise<unknown> => {
    admin ??= await adminToken();
    let reply = await api(path, body, { token: admin });
    if (reply.errCode === 1501) {
      // Servers with short-lived tokens give the admin short-lived ones too.
      admin = await adminToken();
      reply = await api(path, body, { token: admin });
    }
    if (reply.errCode !== 0)
      throw new Error(`${path}: ${JSON.stringify(reply)}\n--- the log ---\n${log()}`);
    return reply.data;
  };

  return {
    apiAddr,
    wsAddr,
    httpPort,
    wsPort,
    settings: all,
    pid: program.pid,
    log,
    said: program.said,
    start: async () => {
      if (store?.isRunning() === false) await store.start();
      await program.start();
    },
    stop: () => program.end('SIGTERM'),
    kill: () => program.end('SIGKILL'),
    ready,
    api,
    asAdmin,
    tokenOfAdmin: adminToken,
    registerUsers: async (...users) => {
      await asAdmin('/user/user_register', {
        users: users.map((userID) => ({ userID, nickname: `${userID} of the tests` })),
      });
    },
    tokenOf: async (userID, platformID) =>
      textAt(await asAdmin('/auth/get_user_token', { userID, platformID }), 'token'),
    dispose: async () => {
      try {
        await program.end('SIGTERM');
      } finally {
        await store?.dispose();
        await endPostgresOf(data);
        await rm(data, { recursive: true, force: true });
      }
    },
  };
};

/** A server that runs, for tests that need no more of it. */
export const startSeqline = async (
  settings: Readonly<Record<string, string>> = {},
): Promise<Seqline> => {
  const server = await openSeqline(settings);
  try {
    await server.start();
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
};
