import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord, parseJson, textAt } from './json.ts';
import { until } from './until.ts';

/** The program under test: what `npm run build` made, unless another build is named. */
export const ENTRY =
  process.env['SEQLINE_TEST_ENTRY'] ??
  fileURLToPath(new URL('../../dist/infra/app/main.js', import.meta.url));
const READY_WITHIN = 60_000;
const STOP_WITHIN = 20_000;
/** As much of the server's output as a failure shows. */
const LOG_TAIL = 60;
const ADMIN = 'imAdmin';

/** OpenIM's answer to any HTTP call. `status` is the HTTP status. */
export type Reply = Readonly<{
  status: number;
  errCode: number;
  errMsg: string;
  errDlt: string;
  data: unknown;
}>;

export type CallOptions = Readonly<{ token?: string; headers?: Record<string, string> }>;

/** The built server as a child process on a data folder of its own. Ports stay across restarts. */
export type Seqline = Readonly<{
  apiAddr: string;
  wsAddr: string;
  httpPort: number;
  wsPort: number;
  /** The folder of its log and its keys. */
  data: string;
  pid: () => number;
  log: () => string;
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
  /** Stops it and removes its data. */
  dispose: () => Promise<void>;
}>;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });

/** Any JSON may come back from a mistaken server: what is not an answer of OpenIM's form is a fault. */
const replyOf = (status: number, text: string): Reply => {
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

const ended = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

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
  if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run "npm run build" first`);
  const data = await mkdtemp(join(tmpdir(), 'seqline-e2e-'));
  const secret = randomBytes(24).toString('hex');
  const [httpPort, wsPort] = [await freePort(), await freePort()];
  const apiAddr = `http://127.0.0.1:${String(httpPort)}`;
  const wsAddr = `ws://127.0.0.1:${String(wsPort)}`;
  const output: string[] = [];
  let child: ChildProcess | undefined;
  let admin: string | undefined;

  const log = () => output.join('').split('\n').slice(-LOG_TAIL).join('\n');

  const ready = async (): Promise<boolean> => {
    try {
      return (await fetch(`${apiAddr}/readyz`)).status === 200;
    } catch {
      return false; // Nothing listens: that is the answer.
    }
  };

  const launch = (): ChildProcess => {
    const started = spawn(process.execPath, ['--enable-source-maps', ENTRY, 'serve'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SEQLINE_HTTP_PORT: String(httpPort),
        SEQLINE_WS_PORT: String(wsPort),
        SEQLINE_DATA: data,
        SEQLINE_SECRET: secret,
        ...settings,
      },
    });
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
    return started;
  };

  const start = async () => {
    if (child !== undefined && !ended(child)) throw new Error('it runs already');
    const from = output.length;
    const started = launch();
    child = started;
    const announced = () => {
      const said = output.slice(from).join('');
      return said.includes(apiAddr) && said.includes(wsAddr);
    };
    try {
      await until(
        `the server says ${apiAddr} and ${wsAddr} and is ready`,
        async () => {
          if (ended(started)) throw new Error(`the server ended: ${String(started.exitCode)}`);
          return announced() && (await ready()) ? true : undefined;
        },
        { within: READY_WITHIN },
      );
    } catch (error) {
      started.kill('SIGKILL');
      throw new Error(`${String(error)}\n--- its last words ---\n${log()}`, { cause: error });
    }
  };

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ending = child;
    if (ending === undefined || ended(ending)) return;
    ending.kill(signal);
    try {
      await until('the server ends', () => (ended(ending) ? true : undefined), {
        within: STOP_WITHIN,
      });
    } catch (error) {
      ending.kill('SIGKILL');
      throw new Error(`${String(error)}\n--- its last words ---\n${log()}`, { cause: error });
    }
  };

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
    data,
    pid: () => {
      if (child?.pid === undefined || ended(child)) throw new Error('the server does not run');
      return child.pid;
    },
    log,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ready,
    api,
    asAdmin,
    registerUsers: async (...users) => {
      await asAdmin('/user/user_register', {
        users: users.map((userID) => ({ userID, nickname: `${userID} of the tests` })),
      });
    },
    tokenOf: async (userID, platformID) =>
      textAt(await asAdmin('/auth/get_user_token', { userID, platformID }), 'token'),
    dispose: async () => {
      try {
        await end('SIGTERM');
      } finally {
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
