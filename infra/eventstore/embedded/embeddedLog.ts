import { chmod, realpath, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type {
  AllPage,
  AppendResult,
  EventStore,
  ExpectedRevision,
  ReadAll,
  ReadStream,
  StoreEvent,
  StoredEvent,
  SubscribeAll,
  Subscription,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { Subscriptions } from '../subscription.ts';
import { lockDirectory, type DirectoryLock } from '../../directoryLock.ts';
import { backupTo } from './backup.ts';
import type { CommitMeter } from '../../observe/commitMeter.ts';
import { commitTo, probe, type Flush } from './commit.ts';
import {
  isReadable,
  lastPosition,
  logDirectory,
  openLogEnvironment,
  type LogEnvironment,
} from './environment.ts';
import { Health, type Writability } from './health.ts';
import { IndexKeeper, replayIndex } from './indexKeeper.ts';
import { silentLog, type Log } from './log.ts';
import {
  eventAtPosition,
  eventAtRevision,
  nextOf,
  readAllOf,
  readStreamOf,
  type ReadParts,
} from './reads.ts';
import { RecentEvents } from './recentEvents.ts';
import { StreamIndex } from './streamIndex.ts';
import { verifyRecords, type LogCheck } from './verify.ts';
import { Writer } from './writer.ts';
import { makeFolder, syncFolder } from '../../durableFile.ts';

export type EmbeddedLogOptions = Readonly<{
  /** Made if it is missing. Holds the log, the stream index made from it, and the lock. */
  directory: string;
  log?: Log;
  /** Stands around every flush; for tests. */
  flush?: Flush;
  meter?: CommitMeter;
  now?: () => Millis;
}>;

/** The default event store: an append-only log on LMDB, in this process. */
export interface EmbeddedLog extends EventStore {
  /** Whether appends are taken now, and if not, why; reading goes on. */
  writability(): Writability;
  /**
   * Copies the log as of one moment into an empty directory, and reads the copy from end to end.
   */
  backup(directory: string): Promise<LogCheck>;
  /** Reads this log from end to end. @throws DamagedRecord at the first fault */
  verify(): Promise<LogCheck>;
}

/** What people have said to one another is nobody else's business on the machine. */
const MODE_PRIVATE = 0o700;

/** Another process, or another part of this one, has this log open. */
export class LogInUse extends Error {
  override name = 'LogInUse';
}

/**
 * Opens a log, or makes one. What a crash has left out of the index is read again first.
 * @throws LogInUse while another has it open; DamagedRecord when what must be read is damaged
 */
export const openEmbeddedLog = async (options: EmbeddedLogOptions): Promise<EmbeddedLog> => {
  const made = await makeFolder(options.directory);
  // Not so what lies above it: an embedded Postgres beside it may run as another user.
  if (made !== undefined) await chmod(options.directory, MODE_PRIVATE);
  const directory = await realpath(options.directory);
  const lock = await lockDirectory(directory);
  if (lock === undefined)
    throw new LogInUse(`the log in ${directory} is open already, in this process or another`);
  let environment: LogEnvironment | undefined;
  let index: StreamIndex | undefined;
  try {
    environment = openLogEnvironment(directory);
    await syncNames(directory);
    const head = lastPosition(environment.log);
    index = StreamIndex.open(directory, environment.logId, head);
    await replayIndex(environment.log, index, head, options.log ?? silentLog);
    return new Embedded({ ...options, directory }, { lock, environment, index, head });
  } catch (error) {
    await index?.close();
    await environment?.close();
    await lock.release();
    throw error;
  }
};

/**
 * LMDB flushes what is in its file, and not that there is such a file. Also where it was there: who made it may have been
 * stopped before this.
 */
const syncNames = async (directory: string): Promise<void> => {
  for (const folder of [logDirectory(directory), directory, dirname(directory)])
    await syncFolder(folder);
};

type Opened = Readonly<{
  lock: DirectoryLock;
  environment: LogEnvironment;
  index: StreamIndex;
  head: Position;
}>;

/** Everything that has to do with the open log, put together; closing takes it apart again. */
class Embedded implements EmbeddedLog {
  readonly #opened: Opened;
  readonly #reads: ReadParts;
  readonly #health: Health;
  readonly #writer: Writer;
  readonly #keeper: IndexKeeper;
  readonly #subscriptions: Subscriptions;
  /** What subscribers may be told of: follows the writer's head, after the answers. */
  #announced: Position;
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedLogOptions, opened: Opened) {
    const { environment, index, head } = opened;
    const { log = silentLog, flush = flushDirectly, now = Date.now } = options;
    const recent = new RecentEvents();
    const reads = { log: environment.log, index, recent };
    this.#opened = opened;
    this.#reads = reads;
    this.#announced = head;
    this.#health = new Health(async () => {
      try {
        await probe(environment, flush);
      } finally {
        this.#isReadable();
      }
      await index.flush();
    }, log);
    this.#keeper = new IndexKeeper(index, log, (reason) => this.#health.refuse(reason));
    const parts = {
      commit: commitTo(environment, flush, options.meter),
      index,
      recent,
      health: this.#health,
      now,
      eventAt: (stream: string, revision: number) => eventAtRevision(reads, stream, revision),
      eventAtPosition: (position: Position) => eventAtPosition(reads, position),
      storedHead: () => lastPosition(environment.log),
      isReadable: () => this.#isReadable(),
      committed: () => this.#committed(),
      diskNote: () => freeSpaceOf(options.directory),
    };
    const created = head === 0 ? 0 : eventAtPosition(reads, head).created;
    this.#writer = new Writer(parts, head, created);
    this.#subscriptions = new Subscriptions({
      announced: () => this.#announced,
      next: (after, until) => this.#reading(() => nextOf(reads, after, until)),
    });
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<AppendResult> {
    return this.#writer.append(stream, expected, events);
  }

  readStream(stream: string, options: ReadStream): Promise<readonly StoredEvent[]> {
    return this.#reading(() => readStreamOf(this.#reads, stream, options));
  }

  readAll(options: ReadAll): Promise<AllPage> {
    return this.#reading(() => readAllOf(this.#reads, options, this.#writer.head));
  }

  subscribeAll(options: SubscribeAll): Subscription {
    this.#health.checkReadable();
    return this.#subscriptions.add(options);
  }

  async head(): Promise<Position> {
    this.#health.checkReadable();
    return this.#writer.head;
  }

  async logId(): Promise<string> {
    return this.#opened.environment.logId;
  }

  writability(): Writability {
    return this.#health.writability;
  }

  backup(directory: string): Promise<LogCheck> {
    return this.#reading(() => backupTo(this.#opened.environment, directory));
  }

  verify(): Promise<LogCheck> {
    return this.#reading(() => verifyRecords(this.#opened.environment, this.#writer.head));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { environment, index, lock } = this.#opened;
    await this.#health.close();
    await this.#writer.idle();
    await this.#subscriptions.close();
    try {
      await this.#keeper.close();
    } finally {
      await index.close();
      await environment.close();
      await lock.release();
    }
  }

  /** What fails because the log was closed meanwhile, or lost, is not called damaged. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#health.checkReadable();
    try {
      return await read();
    } catch (error) {
      this.#health.checkReadable();
      this.#isReadable();
      this.#health.checkReadable();
      throw error;
    }
  }

  #isReadable(): boolean {
    if (isReadable(this.#opened.environment)) return true;
    this.#health.lose('the root of the log could not be written: the log has to be opened again');
    return false;
  }

  #committed(): void {
    this.#keeper.committed();
    // Replies leave first: whatever awaits an append goes on before any subscriber hears of it.
    setImmediate(() => {
      this.#announced = this.#writer.head;
      this.#subscriptions.wake();
    });
  }
}

const flushDirectly: Flush = (commit) => commit();

const freeSpaceOf = async (directory: string): Promise<string> => {
  const { bavail, bsize } = await statfs(directory);
  return ` (${Math.floor((bavail * bsize) / 1024 / 1024)} MiB free on its disk)`;
};
