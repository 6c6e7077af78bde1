import {
  OutcomeUnknown,
  StoreUnavailable,
  type AppendResult,
  type ExpectedRevision,
  type StoreEvent,
  type StoredEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import type { StreamsView } from '../expectedRevision.ts';
import { checkAppend } from '../limits.ts';
import { RecentMap } from '../../recentMap.ts';
import type { Commit } from './commit.ts';
import { GroupCommit } from './groupCommit.ts';
import { planGroup, type GroupPlan, type PendingAppend } from './groupPlan.ts';
import type { Health } from './health.ts';
import type { RecentEvents } from './recentEvents.ts';
import type { StreamIndex } from './streamIndex.ts';

/**
 * How far back a repeated append with `any` is known: between this many events and twice as many,
 * not beyond a restart. EventStoreDB's memory is of this size, and so nobody gets used to more.
 */
const RECENT_IDS = 32_768;

export type WriterParts = Readonly<{
  commit: Commit;
  index: StreamIndex;
  recent: RecentEvents;
  health: Health;
  now: () => Millis;
  eventAt: (stream: string, revision: Revision) => StoredEvent | undefined;
  eventAtPosition: (position: Position) => StoredEvent;
  /** Position of the last record on the disk, whatever this process believes. */
  storedHead: () => Position;
  /** Whether the log can still be read; where not, that has been seen to. */
  isReadable: () => boolean;
  /** Told after those who appended have been answered. */
  committed: () => void;
  /** What the disk has to say beside an error. */
  diskNote: () => Promise<string>;
}>;

/** The only one who writes the log: groups of appends, decided, committed, then answered. */
export class Writer {
  readonly #parts: WriterParts;
  /** Positions by event id: a number costs nothing to remember, and the rest is where it says. */
  readonly #ids = new RecentMap<string, Position>(RECENT_IDS);
  readonly #groups = new GroupCommit((group) => this.#process(group));
  readonly #view: StreamsView;
  #head: Position;
  #created: Millis;

  constructor(parts: WriterParts, head: Position, created: Millis) {
    this.#parts = parts;
    this.#head = head;
    this.#created = created;
    this.#view = {
      revisionOf: (stream) => parts.index.revisionOf(stream),
      eventAt: parts.eventAt,
      recentPlace: (id) => {
        const position = this.#ids.get(id);
        return position === undefined ? undefined : parts.eventAtPosition(position);
      },
    };
  }

  /** Position of the last event that is durable. Nothing beyond it may be read. */
  get head(): Position {
    return this.#head;
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<AppendResult> {
    this.#parts.health.check();
    const bytes = checkAppend(stream, events);
    return new Promise((resolve, reject) => {
      this.#groups.add({ stream, expected, events, bytes, resolve, reject });
    });
  }

  /** Resolves when all that was asked for has been answered. */
  idle(): Promise<void> {
    return this.#groups.idle();
  }

  async #process(group: readonly PendingAppend[]): Promise<void> {
    // A clock set back must not make an event older than the one before it.
    const created = Math.max(this.#parts.now(), this.#created);
    const plan = planGroup({ ...this.#view, head: this.#head, created }, group);
    if (plan.events.length > 0) {
      try {
        // What was waiting when the log stopped taking writes is refused with the rest.
        this.#parts.health.checkDisk();
        await this.#parts.commit(plan.events);
      } catch (error) {
        await this.#failed(plan, error);
        return;
      }
      this.#created = created;
      this.#admit(plan.events);
    }
    for (const { append, result } of plan.results) append.resolve(result);
    if (plan.events.length > 0) this.#parts.committed();
  }

  /** From here on the events are there, for readers and for later appends. */
  #admit(events: readonly StoredEvent[]): void {
    const { index, recent } = this.#parts;
    for (const { id, stream, revision, position } of events) {
      index.add(stream, revision, position);
      this.#ids.set(id, position);
    }
    recent.add(events);
    this.#head += events.length;
  }

  async #failed(plan: GroupPlan, cause: unknown): Promise<void> {
    const fault = cause instanceof StoreUnavailable ? cause : await this.#faultOf(cause);
    for (const { append } of plan.results) append.reject(fault);
  }

  /**
   * LMDB takes back a transaction whose flush fails, and then surely nothing was stored. Should it
   * be there all the same, this process no longer knows what a later flush will keep, and stops
   * writing. So it does where the log's root could not be written.
   */
  async #faultOf(cause: unknown): Promise<Error> {
    const { health, storedHead, isReadable, diskNote } = this.#parts;
    const reason = `${String(cause)}${await diskNote()}`;
    // The root that could not be written may stand on the disk all the same.
    if (!isReadable())
      return new OutcomeUnknown(`the log may or may not hold these events: ${reason}`, { cause });
    if (storedHead() > this.#head) {
      health.breakDown(`a flush failed and its events are in the log all the same: ${reason}`);
      return new OutcomeUnknown(`the log may or may not hold these events: ${reason}`, { cause });
    }
    health.refuse(`the log cannot be written: ${reason}`);
    return new StoreUnavailable(`the log cannot be written: ${reason}`, { cause });
  }
}
