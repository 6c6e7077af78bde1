import {
  OutcomeUnknown,
  StoreUnavailable,
  type AllPage,
  type AppendResult,
  type EventStore,
  type ExpectedRevision,
  type ReadAll,
  type ReadStream,
  type StoreEvent,
  type StoredEvent,
  type SubscribeAll,
  type Subscription,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import { LOG_STREAM } from '../history.ts';
import { AppendTooBig, InvalidAppend, checkAppend } from '../limits.ts';
import { Appender, within } from './appender.ts';
import { openClient, type LogClient } from './client.ts';
import { ClientFault } from './faults.ts';
import { Follower } from './follower.ts';
import { foundLog, type Founding } from './founding.ts';
import { APPEND_WAIT, PAGE_EVENTS_MAX } from './limits.ts';
import { silentLog, type Log, type Writability } from './log.ts';
import { Reads } from './reads.ts';
import { startProblem } from './startChecks.ts';
import type { Appended } from './wireResponses.ts';

export type EsdbOptions = Readonly<{
  /** `esdb://…`, `esdb+discover://…` or `kurrentdb://…`. */
  connectionString: string;
  log?: Log;
  /** How long a sent append is waited for (2 s), and how often one is tried (5 s); for tests. */
  appendWait?: Millis;
  trialEvery?: Millis;
}>;

/** The log in EventStoreDB or KurrentDB. One that is written is opened once in a process. */
export interface EsdbLog extends EventStore {
  /** Whether appends are taken now, as far as the last ones tell; reading may go on. */
  writability(): Writability;
}

/**
 * Connects, and founds the log if nobody has yet. The position of an event is its commit position.
 * @throws EventStoreUnusable with what to change
 */
export const openEsdb = async (options: EsdbOptions): Promise<EsdbLog> => {
  const { connectionString } = options;
  const clients: LogClient[] = [];
  const open = (): LogClient => {
    const client = openClient(connectionString);
    clients.push(client);
    return client;
  };
  try {
    // Of two, the one that appends can be thrown away without ending what is read.
    const [reader, writer] = [open(), open()];
    const founding = await founded(reader, writer);
    return new Esdb(options, { reader, writer, founding });
  } catch (error) {
    for (const client of clients) client.discard();
    throw startProblem(connectionString, error);
  }
};

/** Whoever starts it wants to know at once. */
const START_ATTEMPTS = 1;

/** Once more through all it takes, at the start, where somebody looks: reading, and the right to write. */
const founded = async (reader: LogClient, writer: LogClient): Promise<Founding> => {
  const reads = new Reads(reader, { attempts: START_ATTEMPTS });
  const append = async (
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ) => {
    const once = () => within(APPEND_WAIT, writer.append(stream, expected, events), 'no answer');
    try {
      await once();
    } catch (error) {
      if (!(error instanceof ClientFault)) throw error;
      // It has been told who leads, and goes there; somebody else's founding is as good.
      if (error.reason.kind === 'not-leader') await once();
      else if (error.reason.kind !== 'conflict') throw error;
    }
  };
  const readStream = (stream: string, options: ReadStream) => reads.stream(stream, options);
  const founding = await foundLog({ readStream, append });
  await append(LOG_STREAM, 'no_stream', [founding.event]);
  return founding;
};

type Opened = Readonly<{ reader: LogClient; writer: LogClient; founding: Founding }>;

class Esdb implements EsdbLog {
  readonly #reader: LogClient;
  readonly #reads: Reads;
  readonly #appender: Appender;
  readonly #founding: Founding;
  readonly #log: Log;
  readonly #followers = new Set<Follower>();
  /** Ends of the log that subscribers have asked for and that are not known yet. */
  readonly #ends = new Set<Promise<unknown>>();
  /** The newest event that is not the store's own, and up to where that is known. */
  #head: Position;
  #headKnownTo: Position;
  #closing: Promise<void> | undefined;

  constructor(options: EsdbOptions, { reader, writer, founding }: Opened) {
    const { connectionString, log = silentLog, appendWait, trialEvery } = options;
    this.#reader = reader;
    this.#founding = founding;
    this.#log = log;
    this.#head = founding.position;
    this.#headKnownTo = founding.position;
    this.#appender = new Appender({
      openClient: () => openClient(connectionString),
      first: writer,
      founding,
      log,
      ...(appendWait === undefined ? {} : { appendWait }),
      ...(trialEvery === undefined ? {} : { trialEvery }),
    });
    this.#reads = new Reads(reader, { away: () => this.#appender.awayForLong() });
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<AppendResult> {
    this.#checkOpen();
    const bytes = checkAppend(stream, events);
    // Who subscribes to what comes from now on, and then appends, is handed what it appends.
    if (this.#ends.size > 0) await Promise.allSettled([...this.#ends]);
    try {
      return await this.#answerOf(
        stream,
        await this.#appender.append(stream, expected, events, bytes),
      );
    } catch (error) {
      if (!(error instanceof ClientFault)) throw error;
      if (error.reason.kind !== 'conflict') throw refusal(stream, error);
      const { actual } = error.reason;
      const stored = await this.#repeated(stream, expected, events, actual);
      return stored === undefined ? { kind: 'conflict', actual } : appendedAt(stored);
    }
  }

  async readStream(stream: string, options: ReadStream): Promise<readonly StoredEvent[]> {
    this.#checkOpen();
    return this.#reads.stream(stream, options);
  }

  async readAll(options: ReadAll): Promise<AllPage> {
    this.#checkOpen();
    return this.#reads.all(options);
  }

  subscribeAll(options: SubscribeAll): Subscription {
    this.#checkOpen();
    const { after } = options;
    const begin =
      after === 'end' ? this.#endAsOfNow() : async () => (after === 'start' ? 0 : after);
    const follower: Follower = new Follower(options, begin, {
      client: this.#reader,
      lastPosition: () => this.#reads.lastPosition(),
      log: this.#log,
      onEnded: () => this.#followers.delete(follower),
    });
    this.#followers.add(follower);
    return { close: follower.close };
  }

  /**
   * Events of the store's own (`$stats-…` and the like) do not count: they come all the time, and no
   * subscriber is handed any.
   */
  async head(): Promise<Position> {
    this.#checkOpen();
    let from: Position | 'end' = 'end';
    let newest: Position | undefined;
    for (let max = 1; ; max = Math.min(PAGE_EVENTS_MAX, max * 8)) {
      const page: AllPage = await this.#reads.all({ from, direction: 'backwards', max });
      newest ??= page.next;
      const head = page.events[0]?.position;
      if (head !== undefined || page.end || page.next <= this.#headKnownTo) {
        this.#learnHead(head ?? this.#head, newest);
        return this.#head;
      }
      from = page.next;
    }
  }

  /** Of the event that founded the log. */
  async logId(): Promise<string> {
    return this.#founding.logId;
  }

  writability(): Writability {
    return this.#appender.writability;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#appender.close();
    await Promise.all([...this.#followers].map((follower) => follower.close()));
    this.#reader.discard();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StoreUnavailable('the log is closed');
  }

  #learnHead(head: Position, knownTo: Position): void {
    this.#head = Math.max(this.#head, head);
    this.#headKnownTo = Math.max(this.#headKnownTo, knownTo);
  }

  #endAsOfNow(): () => Promise<Position> {
    let asked: Promise<Position> | undefined = this.#reads.lastPosition();
    const settled: Promise<void> = asked.then(
      () => void this.#ends.delete(settled),
      () => void this.#ends.delete(settled),
    );
    this.#ends.add(settled);
    return () => {
      const end = asked ?? this.#reads.lastPosition();
      asked = undefined;
      return end;
    };
  }

  /** The answer has no time; nobody who appends has asked for it, and reading it back would cost a call. */
  async #answerOf(stream: string, { revision, position }: Appended): Promise<AppendResult> {
    if (position !== undefined)
      return { kind: 'appended', revision, position, created: Date.now() };
    const last = await this.#eventsAt(stream, revision, 1);
    if (last[0] === undefined) throw new OutcomeUnknown(`${stream} has no event ${revision}`);
    return appendedAt(last[0]);
  }

  /**
   * The last event of this very append where it has been stored before. The store finds that out by
   * itself, but for cases in which it looks no further than the revision.
   */
  async #repeated(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
    actual: Revision | 'no_stream',
  ): Promise<StoredEvent | undefined> {
    if (expected === 'any' || expected === 'stream_exists' || actual === 'no_stream') return;
    const first = (expected === 'no_stream' ? NO_REVISION : expected) + 1;
    if (first + events.length - 1 > actual) return;
    const stored = await this.#eventsAt(stream, first, events.length);
    const same = events.every(({ id }, index) => stored[index]?.id === id);
    return same ? stored.at(-1) : undefined;
  }

  /** After an append: if they cannot be read, it cannot be said what has become of it. */
  async #eventsAt(stream: string, from: Revision, max: number): Promise<readonly StoredEvent[]> {
    try {
      return await this.#reads.stream(stream, { from, direction: 'forwards', max });
    } catch (cause) {
      throw new OutcomeUnknown(`${stream} cannot be read back`, { cause });
    }
  }
}

const appendedAt = ({ revision, position, created }: StoredEvent): AppendResult => ({
  kind: 'appended',
  revision,
  position,
  created,
});

const refusal = (stream: string, fault: ClientFault): Error =>
  fault.reason.kind === 'too-big'
    ? new AppendTooBig(`${stream}: ${fault.message}`, { cause: fault })
    : new InvalidAppend(`${stream}: ${fault.message}`, { cause: fault });
