import { type Kysely, sql } from 'kysely';
import type { Millis, Position } from '../../core/kernel/ids.ts';
import { Batches, ProjectionFault } from './batch.ts';
import { Bell } from './bell.ts';
import {
  advance,
  type Checkpoint,
  confirm,
  DatabaseOfAnotherLog,
  keyOf,
  takeOver,
} from './checkpoint.ts';
import { isPassing, messageOf } from './faults.ts';
import { tryLock } from './lock.ts';
import type { AnyTables, Projection } from './model.ts';
import type { RunnerOptions } from './runnerOptions.ts';
import {
  isFinal,
  type Lag,
  type Poison,
  type ProjectionLag,
  type RunnerState,
} from './runnerState.ts';
import { Source } from './source.ts';
import { Poisoned, Stuck } from './stuck.ts';
import type { Event } from './tail.ts';
import { Unpublished } from './unpublished.ts';

/** Large enough that a statement's own cost is small against its rows', small enough to be quick. */
export const BATCH_EVENTS_MAX = 2_000;
/**
 * After a small batch, if nobody waits: what comes in this time shares one transaction. A transaction costs this
 * process and Postgres about a millisecond each before the first row, and they may share a core.
 */
const GATHER_MS = 25;
const SMALL_BATCH = 500;
/** A checkpoint that only moves past other people's events is written at most this often. */
const IDLE_MOVE_MS = 1_000;
/** How often a runner with nothing to do looks whether its tables are still there and still its own. */
const CONFIRM_EVERY_MS = 1_000;
const STANDBY_POLL_MS = 500;
const RETRY_AFTER_MS = [100, 5_000] as const;
/** Postgres may have stopped answering in the middle of a batch; the process must end nevertheless, and all else in it. */
const STOP_MS_MAX = 2_000;

export type Runner = Readonly<{
  state: () => RunnerState;
  lag: () => Lag;
  /** Of each read model. */
  lags: () => readonly ProjectionLag[];
  /** Read your writes: whether the read models (those named, or all) came to the position in time. */
  reached: (position: Position, ms: number, names?: readonly string[]) => Promise<boolean>;
  /** Finishes the running batch. */
  stop: () => Promise<void>;
}>;

/**
 * Keeps read models up to date, one transaction for rows and checkpoint of a batch, in one process at a
 * time: the advisory lock says who may, and dies with the very connection that writes; the
 * compare-and-set of the checkpoint holds even where that was not enough.
 */
export const runProjections = (options: RunnerOptions): Runner => {
  const running = new Running(options);
  const ended = running.run();
  return {
    state: () => running.state,
    lag: () => running.lag(),
    lags: () => running.lags(),
    reached: (position, ms, names) => {
      const wait = options.reached.waitFor(position, ms, names);
      running.hurry();
      return wait;
    },
    stop: () => running.stop(ended),
  };
};

class Running {
  readonly #options: RunnerOptions;
  readonly #batchMax: number;
  readonly #batches: Batches;
  readonly #source: Source;
  /** Something new to read. */
  readonly #news = new Bell();
  /** Somebody waits, or wants to stop. */
  readonly #haste = new Bell();
  #state: RunnerState = { kind: 'starting' };
  #checkpoints = new Map<Projection, Checkpoint>();
  readonly #unpublished = new Unpublished();
  /** When the newest event was committed that a projection has. */
  readonly #taken = new Map<Projection, Millis>();
  #stopping = false;
  /** By a clock that is never set: one that is would have the runner stand still until it is there again. */
  #movedAt = -Infinity;
  #confirmedAt = -Infinity;
  /** Up to here a batch has failed: it is cut in halves until the one event stands alone. */
  #suspect: Readonly<{ until: Position; size: number }> | undefined;
  /** While it is given again what it could not take, it stands still for all others. */
  readonly #stuck = new Stuck();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#batchMax = options.batchMax ?? BATCH_EVENTS_MAX;
    this.#source = new Source(options.log, options.tail);
    this.#batches = new Batches(options.skips);
  }

  get state(): RunnerState {
    return this.#state;
  }

  hurry(): void {
    this.#haste.ring();
    this.#news.ring();
  }

  lag(): Lag {
    return this.lags().reduce((slowest, lag) => (lag.position < slowest.position ? lag : slowest));
  }

  lags(): readonly ProjectionLag[] {
    const { projections, tail } = this.#options;
    return projections.map((projection) => {
      const position = this.#checkpoints.get(projection)?.position ?? 0;
      const missing = tail.after(position, 1);
      const waitingSince =
        missing === undefined ? this.#taken.get(projection) : missing.at(0)?.created;
      return { projection: keyOf(projection), position, head: tail.head, waitingSince };
    });
  }

  async run(): Promise<void> {
    const unlisten = this.#options.follower.onEvents(() => {
      this.#news.ring();
    });
    for (let attempts = 1; !this.#stopping && !isFinal(this.#state); attempts++) {
      try {
        await this.#options.db.connection().execute((session) => this.#hold(session));
      } catch (error) {
        // Taken over and lost again: the count is of attempts in a row.
        if (this.#state.kind === 'running') attempts = 1;
        await this.#afterFault(error, attempts);
      }
    }
    unlisten();
    if (!isFinal(this.#state)) this.#enter({ kind: 'stopped' });
  }

  async stop(ended: Promise<void>): Promise<void> {
    this.#stopping = true;
    this.hurry();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS_MAX);
    });
    await Promise.race([ended, patience]);
    clearTimeout(timer);
  }

  /** Lock and transactions share the connection: losing one is losing both. */
  async #hold(session: Kysely<AnyTables>): Promise<void> {
    while (!(await tryLock(session, this.#options.share ?? 'lists'))) {
      this.#stuck.forget();
      if (this.#state.kind !== 'standby') this.#enter({ kind: 'standby' });
      await this.#haste.wait(STANDBY_POLL_MS);
      if (this.#stopping) return;
    }
    try {
      await this.#takeOver(session);
      while (!this.#stopping) {
        await this.#unpublished.publish(
          session,
          (one) => this.#checkpoints.get(one)?.position ?? 0,
        );
        if (await this.#step(session)) continue;
        await this.#confirm(session);
        await this.#news.wait(IDLE_MOVE_MS);
      }
    } finally {
      this.#options.reached.tell(false);
      this.#batches.forget();
      // The connection goes back to the pool. If it is broken, the lock has gone with it.
      await sql`select pg_advisory_unlock_all()`.execute(session).catch(() => undefined);
    }
  }

  async #takeOver(session: Kysely<AnyTables>): Promise<void> {
    const { log, formerIds = [], projections, reached, skips } = this.#options;
    await skips.load(log, projections);
    const about = { id: await log.logId(), head: () => log.head(), formerIds };
    const taken = await session.transaction().execute((db) => takeOver(db, projections, about));
    this.#checkpoints = new Map(taken);
    this.#unpublished.begin(projections, await log.head());
    this.#suspect = undefined;
    for (const [projection, { position }] of taken) reached.moved(projection, position);
    reached.tell(true);
    const isStill = [...taken].some(([one, { position }]) => this.#stuck.holds(one, position));
    if (!isStill) this.#run();
  }

  #run(): void {
    this.#stuck.forget();
    this.#enter({ kind: 'running' });
  }

  /**
   * One batch for those in front, then one for the one furthest behind (new, or of a new version), which
   * goes alone until it has come to the next: a rebuild holds up nobody. Whether anything has moved.
   */
  async #step(session: Kysely<AnyTables>): Promise<boolean> {
    const places = [...new Set(this.#positions())].sort((one, other) => one - other);
    const [slowest, next] = places;
    const foremost = places.at(-1);
    if (slowest === undefined || foremost === undefined) return false;

    const movedFront = await this.#advance(session, foremost, Infinity);
    if (next === undefined) return movedFront;
    const movedBack = await this.#advance(session, slowest, next);
    return movedFront || movedBack;
  }

  async #advance(session: Kysely<AnyTables>, from: Position, limit: Position): Promise<boolean> {
    const began = performance.now();
    const size = this.#suspect?.size ?? this.#batchMax;
    const portion = await this.#source.read(from, size);
    const to = Math.min(portion.to, limit);
    const events = portion.events.filter(({ position }) => position <= limit);
    if (to <= from) return false;
    if (events.length === 0 && limit === Infinity && this.#mayIdle(from)) return false;

    const moving = this.#options.projections.filter(
      (projection) => this.#checkpoints.get(projection)?.position === from,
    );
    if (!(await this.#commit(session, moving, events, to))) return true;

    this.#movedAt = performance.now();
    this.#confirmedAt = this.#movedAt;
    this.#trim();
    const isBehind =
      events.length === size ||
      !this.#options.tail.covers(to) ||
      this.#positions().some((position) => position < to);
    await this.#rest(events.length, isBehind, performance.now() - began);
    return true;
  }

  /** What comes meanwhile shares the next transaction; whoever waits, or wants to stop, ends it. */
  async #rest(events: number, isBehind: boolean, took: Millis): Promise<void> {
    const { reached, unhurriedMs } = this.#options;
    if (reached.isWaitedFor) return;
    if (unhurriedMs !== undefined) await this.#haste.wait(isBehind ? took : unhurriedMs);
    else if (events < SMALL_BATCH && !isBehind) await this.#haste.wait(GATHER_MS);
  }

  /** Tables may be dropped while nothing comes that would be written to them: readers would wait for ever. */
  async #confirm(session: Kysely<AnyTables>): Promise<void> {
    if (performance.now() - this.#confirmedAt < CONFIRM_EVERY_MS) return;
    await confirm(session, this.#checkpoints);
    this.#confirmedAt = performance.now();
  }

  /** Nothing for us has come: the checkpoint may stay a while where it is, if nobody waits for it. */
  #mayIdle(from: Position): boolean {
    const { reached, tail } = this.#options;
    const isRecent = performance.now() - this.#movedAt < IDLE_MOVE_MS;
    return tail.covers(from) && !reached.isWaitedFor && isRecent;
  }

  #trim(): void {
    const { tail } = this.#options;
    // A rebuild that still reads pages of the log needs nothing of the tail.
    const covered = this.#positions().filter((position) => tail.covers(position));
    if (covered.length > 0) tail.trim(Math.min(...covered));
  }

  /** False: the batch has failed and will be tried in smaller pieces. */
  async #commit(
    session: Kysely<AnyTables>,
    moving: readonly Projection[],
    events: readonly Event[],
    to: Position,
  ): Promise<boolean> {
    const moves = moving.map((projection) => ({
      projection,
      from: this.#checkpoints.get(projection) ?? { position: 0, epoch: 0 },
      to,
    }));
    try {
      const remember = await session.transaction().execute(async (db) => {
        await advance(db, moves);
        return this.#batches.apply(db, moving, events);
      });
      remember();
    } catch (error) {
      this.#batches.forget();
      await this.#suspectBatch(session, events, error);
      return false;
    }
    if (moves.some((move) => this.#stuck.isPassed(move, to))) this.#run();
    const last = events.at(-1);
    for (const { projection, from } of moves) {
      this.#checkpoints.set(projection, { position: to, epoch: from.epoch });
      if (last !== undefined) this.#taken.set(projection, last.created);
      this.#options.reached.moved(projection, to);
    }
    const until = this.#suspect?.until ?? Infinity;
    // Others may be far beyond it: only who comes past it has taken it.
    if (to >= until && moves.some(({ from }) => from.position < until)) this.#suspect = undefined;
    return true;
  }

  /** Throws what is not the events' fault, and `Poisoned` once it is known to be this one event's. */
  async #suspectBatch(
    session: Kysely<AnyTables>,
    events: readonly Event[],
    error: unknown,
  ): Promise<void> {
    if (!(error instanceof ProjectionFault) || isPassing(error.cause)) throw error;
    // If the connection has broken, that was the fault; this throws then.
    await sql`select 1`.execute(session);

    const [first] = events;
    const last = events.at(-1);
    if (first === undefined || last === undefined) throw error;
    if (events.length === 1) {
      throw new Poisoned({
        projection: keyOf(error.projection),
        position: first.position,
        type: first.type,
        reason: messageOf(error.cause),
      });
    }
    const until = Math.max(this.#suspect?.until ?? 0, last.position);
    this.#suspect = { until, size: Math.ceil(events.length / 2) };
  }

  async #afterFault(error: unknown, attempts: number): Promise<void> {
    if (error instanceof Poisoned) await this.#standStill(error.poison);
    else if (error instanceof DatabaseOfAnotherLog) {
      this.#enter({ kind: 'refused', reason: error.message });
    } else {
      this.#enter({ kind: 'retrying', attempts, reason: messageOf(error) });
      const [shortest, longest] = RETRY_AFTER_MS;
      // Not woken by those who wait: they would have it try without a pause.
      const until =
        performance.now() + Math.min(shortest * 2 ** Math.min(attempts - 1, 10), longest);
      const left = (): Millis => until - performance.now();
      while (!this.#stopping && left() > 0) await this.#haste.wait(left());
    }
  }

  /** Without the lock: a process that can take the event may come in between. */
  async #standStill(poison: Poison): Promise<void> {
    this.#enter({ kind: 'poisoned', ...poison });
    await this.#stuck.wait(poison, this.#options, this.#news, () => this.#stopping);
  }

  #positions(): readonly Position[] {
    const { projections } = this.#options;
    return projections.map((projection) => this.#checkpoints.get(projection)?.position ?? 0);
  }

  #enter(state: RunnerState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
