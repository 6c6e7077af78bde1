import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENTRY } from './entry.ts';
import { onCore } from './processes.ts';
import { until } from './until.ts';

const UP_WITHIN = 60_000;
const STOP_WITHIN = 30_000;
const LOOK_EVERY_MS = 10;
/** As much of the output as a failure shows. */
const SAID_CHARS_MAX = 2_000;

export type EventStoreOptions = Readonly<{
  core: number | undefined;
  nodeFlags: readonly string[];
  inspected?: boolean;
}>;

/** `seqline eventstore`: the log as a process of its own, on data that ends with it. */
export class EventStore {
  readonly data: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(data: string, { core, nodeFlags, inspected }: EventStoreOptions) {
    this.data = data;
    const node = [process.execPath, '--enable-source-maps', ...nodeFlags];
    if (inspected === true) node.push('--inspect=127.0.0.1:0');
    const args = ['eventstore', '--port', '0', '--allow-writes'];
    const [command = '', ...words] = [...onCore(core), ...node, ENTRY, ...args];
    this.#child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SEQLINE_DATA: data,
        SEQLINE_LOG_LEVEL: 'warn',
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  static async start(options: EventStoreOptions): Promise<EventStore> {
    const data = await mkdtemp(join(tmpdir(), 'seqline-bench-store-'));
    const store = new EventStore(data, options);
    try {
      const isUp = (): boolean => {
        if (store.#ended()) throw new Error(`the event store ended:\n${store.said}`);
        return /served at \S+/.test(store.#output);
      };
      await until('the event store is up', isUp, { within: UP_WITHIN, every: LOOK_EVERY_MS });
    } catch (error) {
      await store.dispose();
      throw error;
    }
    return store;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the event store does not run');
    return this.#child.pid;
  }

  /** For SEQLINE_EVENTSTORE. */
  get url(): string {
    return this.#found(/served at (\S+)/);
  }

  get inspectorAddr(): string {
    return this.#found(/Debugger listening on (ws:\S+)/);
  }

  get said(): string {
    return this.#output.slice(-SAID_CHARS_MAX);
  }

  async dispose(): Promise<void> {
    try {
      this.#child.kill('SIGTERM');
      await until('the event store ends', () => this.#ended(), {
        within: STOP_WITHIN,
        every: LOOK_EVERY_MS,
      });
    } finally {
      this.#child.kill('SIGKILL');
      await rm(this.data, { recursive: true, force: true });
    }
  }

  #found(pattern: RegExp): string {
    const [, found] = this.#output.match(pattern) ?? [];
    if (found === undefined) throw new Error(`no ${pattern.source} in:\n${this.#output}`);
    return found;
  }

  #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
