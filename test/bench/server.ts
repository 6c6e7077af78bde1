import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { parseJson, numberAt, textAt } from '../support/json.ts';
import { post } from '../support/seqline.ts';
import { ENTRY } from './entry.ts';
import { EventStore } from './eventStore.ts';
import type { Seat } from './jobs.ts';
import { onCore, type Pids } from './processes.ts';
import { until } from './until.ts';
import { CHATS_VERSION } from '../../projections/chats/tables.ts';
import { allProjected, logInUsers, registerUsers } from './users.ts';

const READY_WITHIN = 300_000;
const STOP_WITHIN = 30_000;
const LOOK_EVERY_MS = 10;
const BLOCK_BYTES = 512;
/** As much of the server's output as a failure shows. */
const SAID_CHARS_MAX = 4_000;

export type ServerOptions = Readonly<{
  core: number | undefined;
  nodeFlags: readonly string[];
  /** The log in a process of its own, on this core; otherwise the server has it. */
  store?: Readonly<{ core: number | undefined }>;
  /** Variables beside those that every server of a benchmark gets. */
  settings?: Readonly<Record<string, string>>;
  /** For profiles and for asking for a collection of garbage; costs nothing while nobody attaches. */
  inspected?: boolean;
}>;

/** The server under load: built, in a process of its own, on data that ends with it. */
export class Server {
  readonly data: string;
  readonly #options: ServerOptions;
  readonly #store: EventStore | undefined;
  readonly #secret = randomBytes(24).toString('hex');
  #child: ChildProcess | undefined;
  #output = '';
  #admin = '';

  private constructor(data: string, options: ServerOptions, store: EventStore | undefined) {
    this.data = data;
    this.#options = options;
    this.#store = store;
  }

  static async start(options: ServerOptions): Promise<Server> {
    if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run "npm run build" first`);
    const data = await mkdtemp(join(tmpdir(), 'seqline-bench-'));
    // Postgres does not run as root, and the account it gets then has to reach its part of it.
    await chmod(data, 0o711);
    const { nodeFlags, inspected = false } = options;
    const store =
      options.store && (await EventStore.start({ ...options.store, nodeFlags, inspected }));
    const server = new Server(data, options, store);
    try {
      await server.launch();
      await server.ready();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the server does not run');
    return this.#child.pid;
  }

  get pids(): Pids {
    return { server: this.pid, ...(this.#store && { store: this.#store.pid }) };
  }

  get wsAddr(): string {
    return this.#said(/WebSocket\s+(ws:\S+)/);
  }

  get inspectorAddr(): string {
    return this.#said(/Debugger listening on (ws:\S+)/);
  }

  get storeInspectorAddr(): string | undefined {
    return this.#store?.inspectorAddr;
  }

  /** Warnings and errors since the last start, and where it listens. */
  get said(): string {
    return this.#output.slice(-SAID_CHARS_MAX) + (this.#store?.said ?? '');
  }

  /** Starts the process; it may not yet answer. */
  async launch(): Promise<void> {
    const { core, nodeFlags, settings, inspected } = this.#options;
    const node = [process.execPath, '--enable-source-maps', ...nodeFlags];
    if (inspected === true) node.push('--inspect=127.0.0.1:0');
    const [command, ...words] = [...onCore(core), ...node, ENTRY, 'serve'];
    this.#output = '';
    const child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SEQLINE_HTTP_PORT: '0',
        SEQLINE_WS_PORT: '0',
        SEQLINE_DATA: this.data,
        SEQLINE_SECRET: this.#secret,
        SEQLINE_LOG_LEVEL: 'warn',
        ...(this.#store && { SEQLINE_EVENTSTORE: this.#store.url }),
        ...settings,
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.#child = child;
  }

  /** Resolves when clients can sync; calls back with what `/readyz` says until then. */
  async ready(seen: (reason: string) => void = () => undefined): Promise<void> {
    const look = async (): Promise<boolean> => {
      if (this.#ended()) throw new Error(`the server ended:\n${this.#output}`);
      if (!this.#output.includes('HTTP API')) return false;
      const answer = await fetch(`${this.#apiAddr}/readyz`);
      const text = await answer.text();
      if (answer.status === 200) return true;
      seen(textAt(parseJson(text), 'reason'));
      return false;
    };
    await until('the server is ready', look, { within: READY_WITHIN, every: LOOK_EVERY_MS });
  }

  /** Users that exist from now on, by number, and a login for each. */
  async seats(names: readonly string[], logins = 1): Promise<readonly Seat[]> {
    await this.register(names);
    return this.logIn(names, logins);
  }

  register(names: readonly string[]): Promise<void> {
    return registerUsers(this, names);
  }

  /** Logins of users that exist, in their order. */
  logIn(names: readonly string[], logins = 1): Promise<readonly Seat[]> {
    return logInUsers(this, names, logins);
  }

  /** A call of an app admin, which must be done; resolves with its data. */
  async asAdmin(path: string, body: unknown): Promise<unknown> {
    if (this.#admin === '') {
      const admin = { secret: this.#secret, userID: 'imAdmin' };
      this.#admin = textAt(await this.#call('/auth/get_admin_token', admin), 'token');
    }
    return this.#call(path, body);
  }

  /** Resolves when the read models hold so many messages of all conversations together. */
  async projected(messages: number): Promise<void> {
    const client = await this.#database();
    try {
      await allProjected(messages, async (statement) => {
        const { rows } = await client.query<Record<string, unknown>>(statement);
        return rows;
      });
    } finally {
      await client.end();
    }
  }

  /** Where the read models stand, of how many messages, and which transaction of their database is next. */
  async standing(): Promise<Readonly<{ position: number; messages: number; transaction: string }>> {
    const [row] = await this.#ask(`select
      (select max(position) from seqline.checkpoint) as position,
      (select coalesce(sum(max_seq), 0) from seqline.heads_v${String(CHATS_VERSION)}) as messages,
      pg_snapshot_xmax(pg_current_snapshot())::text as transaction`);
    return {
      position: Number(row?.['position']),
      messages: Number(row?.['messages']),
      transaction: String(row?.['transaction']),
    };
  }

  /** How many rows of each table of the read models were made or changed by it and those after it. */
  async rowsSince(transaction: string): Promise<Readonly<Record<string, number>>> {
    const tables = await this.#ask(`select table_name as name from information_schema.tables
      where table_schema = 'seqline' and table_name <> 'checkpoint' order by table_name`);
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await this.#ask(`select count(*) as count from seqline."${String(name)}"
        where xmin::text::bigint >= ${transaction}`);
      const count = Number(row?.['count']);
      if (count > 0) counts[String(name)] = count;
    }
    return counts;
  }

  /** Events of the log after a position, a thousand at most. */
  async eventsAfter(after: number): Promise<readonly Readonly<{ type: string; stream: string }>[]> {
    const text = await this.#post('/admin/events', { after, limit: 1_000 });
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map(parseJson).flatMap((line) => {
      const isEvent = typeof line === 'object' && line !== null && 'stream' in line;
      return isEvent ? [{ type: textAt(line, 'type'), stream: textAt(line, 'stream') }] : [];
    });
  }

  async #ask(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = await this.#database();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** Bytes on disk of the log: its events, and the index that is derived from them. */
  async logBytes(): Promise<Readonly<{ events: number; index: number }>> {
    const data = this.#store?.data ?? this.data;
    return {
      events: await bytesUnder(join(data, 'log', 'log')),
      index: await bytesUnder(join(data, 'log', 'index')),
    };
  }

  /** As an operator would; what it said last is the reason where it does not end well. */
  async stop(): Promise<void> {
    if (this.#child === undefined || this.#ended()) return;
    this.#child.kill('SIGTERM');
    await until('the server ends', () => this.#ended(), {
      within: STOP_WITHIN,
      every: LOOK_EVERY_MS,
    });
  }

  /** Takes away all that can be made again from the log. To be stopped next: it can only complain now. */
  async dropReadModels(): Promise<void> {
    const client = await this.#database();
    await client.query('drop schema seqline cascade');
    await client.end();
  }

  async dispose(): Promise<void> {
    try {
      await this.stop();
    } finally {
      this.#child?.kill('SIGKILL');
      await this.#store?.dispose();
      await rm(this.data, { recursive: true, force: true });
    }
  }

  get #apiAddr(): string {
    return this.#said(/HTTP API\s+(http:\S+)/);
  }

  #said(pattern: RegExp): string {
    const [, found] = this.#output.match(pattern) ?? [];
    if (found === undefined) throw new Error(`no ${pattern.source} in:\n${this.#output}`);
    return found;
  }

  #ended(): boolean {
    return this.#child?.exitCode !== null || this.#child.signalCode !== null;
  }

  async #post(path: string, body: unknown): Promise<string> {
    const answer = await post(`${this.#apiAddr}${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      operationID: `bench-${randomBytes(6).toString('hex')}`,
      ...(this.#admin === '' ? {} : { token: this.#admin }),
    });
    return answer.text;
  }

  async #call(path: string, body: unknown): Promise<unknown> {
    const text = await this.#post(path, body);
    const parsed = parseJson(text);
    if (numberAt(parsed, 'errCode') !== 0) throw new Error(`${path}: ${text}`);
    return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : {};
  }

  /** The embedded Postgres says in its pid file where its socket is. */
  async #database(): Promise<pg.Client> {
    const pidFile = join(this.data, 'postgres', 'cluster', 'postmaster.pid');
    const [, , , port, host] = (await readFile(pidFile, 'utf8')).split('\n');
    const client = new pg.Client({
      host: host ?? '',
      port: Number(port),
      user: 'seqline',
      database: 'seqline',
    });
    await client.connect();
    return client;
  }
}

/** What the disk gives for it: these files have holes. */
const bytesUnder = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) => stat(join(parentPath, name))),
  );
  return sizes.reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0);
};
