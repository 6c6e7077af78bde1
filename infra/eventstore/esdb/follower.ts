import { setTimeout as pause } from 'node:timers/promises';
import {
  StoreUnavailable,
  type SubscribeAll,
  type Subscription,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { LogClient } from './client.ts';
import { ClientFault, isPassing } from './faults.ts';
import { BATCH_EVENTS_MAX, IDLE_FIRST, IDLE_MAX, backoff } from './limits.ts';
import type { Log } from './log.ts';
import type { Page, Reading } from './reading.ts';

export type FollowerParts = Readonly<{
  client: LogClient;
  /** Of the last event of all, whatever its kind. */
  lastPosition: () => Promise<Position>;
  log: Log;
  onEnded: () => void;
}>;

/** A fault of the one who was handed events; not the store's to mend. */
class HandlerThrew extends Error {
  override name = 'HandlerThrew';
  readonly thrown: Error;

  constructor(thrown: unknown) {
    super('a handler of events has thrown');
    this.thrown = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

/**
 * One subscription, for as long as it is wanted: over as many calls as it takes, each beginning after the
 * last event that was handed over.
 */
export class Follower implements Subscription {
  readonly #parts: FollowerParts;
  readonly #options: SubscribeAll;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** Everything up to here has been handed over, or is not wanted. */
  #reached: Position | undefined;
  #reading: Reading | undefined;
  #idle: Millis = IDLE_FIRST;
  #failures = 0;

  /** `after`: the position to begin after, for `end` as of when that was asked for. */
  constructor(options: SubscribeAll, after: () => Promise<Position>, parts: FollowerParts) {
    this.#parts = parts;
    this.#options = options;
    this.#running = this.#run(after);
  }

  /** Not to be awaited by the handler: it waits for the batch in hand. */
  close = async (): Promise<void> => {
    this.#closing.abort();
    this.#reading?.cancel();
    await this.#running;
  };

  #isOpen = (): boolean => !this.#closing.signal.aborted;

  async #run(after: () => Promise<Position>): Promise<void> {
    try {
      while (this.#isOpen()) await this.#followOnce(after);
    } catch (error) {
      this.#closing.abort();
      const told = error instanceof HandlerThrew ? error.thrown : error;
      this.#options.onFailed(told instanceof Error ? told : new Error(String(told)));
    } finally {
      this.#parts.onEnded();
    }
  }

  async #followOnce(after: () => Promise<Position>): Promise<void> {
    try {
      this.#reached ??= await after();
      await this.#follow(this.#reached);
    } catch (error) {
      if (this.#isOpen()) await this.#bear(error);
    }
  }

  /** Waits if it is to be tried again, and throws if that would not help. */
  async #bear(error: unknown): Promise<void> {
    const passes =
      error instanceof ClientFault ? isPassing(error) : error instanceof StoreUnavailable;
    if (!passes) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failures === 0)
      this.#parts.log.warn({ reason, after: this.#reached }, 'following the log is interrupted');
    await this.#wait(backoff(this.#failures++));
  }

  async #follow(after: Position): Promise<void> {
    const reading = this.#parts.client.subscribeAll(after, this.#options.prefixes);
    this.#reading = reading;
    try {
      while (this.#isOpen()) {
        const page = await reading.next(BATCH_EVENTS_MAX, this.#idle);
        if (page === undefined) throw new ClientFault({ kind: 'away' }, 'the server ended it');
        if (page !== 'idle') await this.#take(page);
        else if (await this.#isLeftBehind(after)) return;
      }
    } finally {
      reading.cancel();
    }
  }

  async #take({ events, reached }: Page): Promise<void> {
    if (!this.#isOpen()) return;
    if (this.#failures > 0) this.#parts.log.info({ after: this.#reached }, 'the log is followed');
    this.#failures = 0;
    if (events.length > 0) {
      try {
        await this.#options.onEvents(events);
      } catch (error) {
        throw new HandlerThrew(error);
      }
    }
    if (reached <= (this.#reached ?? 0)) return;
    this.#reached = reached;
    this.#idle = IDLE_FIRST;
    this.#options.onReached?.(reached);
  }

  /**
   * A filtered subscription hears of what it passes over when it catches up, and then only of every 32nd
   * event. So where the log has gone on without news, it subscribes anew from where it is.
   */
  async #isLeftBehind(began: Position): Promise<boolean> {
    const reached = this.#reached ?? 0;
    if ((await this.#parts.lastPosition()) <= reached) return false;
    // It may be that nothing comes of beginning anew, either: then ever more rarely.
    if (reached === began) this.#idle = Math.min(IDLE_MAX, this.#idle * 2);
    return true;
  }

  async #wait(time: Millis): Promise<void> {
    try {
      await pause(time, undefined, { signal: this.#closing.signal });
    } catch {
      // It has been closed.
    }
  }
}
