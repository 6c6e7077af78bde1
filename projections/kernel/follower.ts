import { catalogue, type SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { Waiters } from './waiters.ts';

/**
 * Gets every event after the follower's start, in `$all` order, each once. `reached` is how far the log
 * has been seen, events of others included; a batch may be empty when only that has moved. Must not take
 * long: everybody behind it waits. A throw stops the follower.
 */
export type Listener = (events: readonly Recorded<SeqlineEvent>[], reached: Position) => void;

/** Why the follower has stopped for good: the last position that all listeners have, and what came next. */
export type FollowerFailure = Readonly<{ position: Position; reason: string; cause: Error }>;

/** The one subscription of a process to the log: events are decoded once, for all who need them. */
export type Follower = Readonly<{
  /** Listeners are called in the order they were added. Returns how to stop listening. */
  onEvents: (listener: Listener) => () => void;
  reached: () => Position;
  /** Whether the listeners had everything up to the position within `ms` milliseconds. */
  waitFor: (position: Position, ms: number) => Promise<boolean>;
  failure: () => FollowerFailure | undefined;
  close: () => Promise<void>;
}>;

export type FollowerOptions = Readonly<{
  log: EventLog;
  after: Position;
  /** Types of events of which no listener wants what is personal. */
  leftSealed?: ReadonlySet<string>;
  /** Added before the first event can come, in this order; so none misses one. */
  listeners: readonly Listener[];
  onFailure: (failure: FollowerFailure) => void;
}>;

export const isSeqlineEvent = (event: Recorded): event is Recorded<SeqlineEvent> =>
  Object.hasOwn(catalogue, event.type);

/** For a place where an event of an unknown name has come: somebody newer writes, or the codec is wrong. */
export const knownEvents = (events: readonly Recorded[]): readonly Recorded<SeqlineEvent>[] => {
  if (events.every(isSeqlineEvent)) return events;
  const unknown = events.find((event) => !isSeqlineEvent(event));
  throw new Error(
    `the event ${unknown?.type ?? ''} at position ${String(unknown?.position)} is not in the catalogue`,
  );
};

export const startFollower = ({
  log,
  after,
  leftSealed,
  listeners: first,
  onFailure,
}: FollowerOptions): Follower => {
  const listeners = new Set<Listener>(first);
  const waiters = new Waiters(after);
  let failure: FollowerFailure | undefined;

  const fail = (cause: Error): void => {
    if (failure !== undefined) return;
    failure = { position: waiters.reached, reason: cause.message, cause };
    waiters.close();
    onFailure(failure);
  };
  const hand = (events: readonly Recorded<SeqlineEvent>[], reached: Position): void => {
    for (const listener of listeners) listener(events, reached);
    waiters.moveTo(reached);
  };

  const subscription = log.subscribeAll({
    after,
    ...(leftSealed !== undefined && { leftSealed }),
    onEvents: (events) => {
      const last = events.at(-1);
      if (failure !== undefined || last === undefined) return;
      // A throw goes back to the log, which ends the subscription and says so.
      hand(knownEvents(events), last.position);
    },
    onReached: (position) => {
      if (failure === undefined && position > waiters.reached) hand([], position);
    },
    onFailed: fail,
  });

  return {
    onEvents: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reached: () => waiters.reached,
    waitFor: (position, ms) => waiters.waitFor(position, ms),
    failure: () => failure,
    close: async () => {
      waiters.close();
      await subscription.close();
    },
  };
};
