import type { AppendResult, ExpectedRevision, StoreEvent } from '../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../core/kernel/ids.ts';

/** Of a stream without events. */
export const NO_REVISION = -1;

/** What the decision needs to know of an event that is stored already. */
export type Placed = Readonly<{
  id: string;
  revision: Revision;
  position: Position;
  created: Millis;
}>;

/** The streams as they are when the append's turn comes. */
export type StreamsView = Readonly<{
  /** Of the last event; `NO_REVISION` for a stream without events. */
  revisionOf: (stream: string) => Revision;
  eventAt: (stream: string, revision: Revision) => Placed | undefined;
  /** Where a recent event went, by its id. Forgets: see `any` in the port. */
  recentPlace: (id: string) => Readonly<{ stream: string; revision: Revision }> | undefined;
}>;

export type AppendDecision = Readonly<{ kind: 'write' }> | AppendResult;

const WRITE: AppendDecision = { kind: 'write' };

/**
 * EventStoreDB's rules of expectation and idempotency, in its order. `appended` means: this append
 * has been stored before, and this is what it was answered. At least one event.
 */
export const decideAppend = (
  view: StreamsView,
  stream: string,
  expected: ExpectedRevision,
  events: readonly StoreEvent[],
): AppendDecision => {
  const current = view.revisionOf(stream);
  // A stream that has only metadata counts as existing.
  const missing = current === NO_REVISION && view.revisionOf(`$$${stream}`) === NO_REVISION;
  if (expected === 'stream_exists' && missing) return conflict(current);
  if (expected === 'any' || expected === 'stream_exists')
    return decideByMemory(view, stream, current, events);
  const after = expected === 'no_stream' ? NO_REVISION : expected;
  if (after > current) return conflict(current);
  // No look at the ids here: the same id can be stored twice by one who expects what is there.
  if (after === current) return WRITE;
  return decideByLog(view, stream, current, after + 1, events);
};

/**
 * Only the first id decides whether this may be a repetition; then all must be known, of this
 * stream.
 */
const decideByMemory = (
  view: StreamsView,
  stream: string,
  current: Revision,
  events: readonly StoreEvent[],
): AppendDecision => {
  let last: Revision = NO_REVISION;
  for (const [index, { id }] of events.entries()) {
    const place = view.recentPlace(id);
    const known = place?.stream === stream;
    if (index === 0 && !known) return WRITE;
    if (!known) return conflict(current);
    last = place.revision;
  }
  const stored = view.eventAt(stream, last);
  return stored === undefined ? conflict(current) : repeated(stored);
};

/** A repetition is the same ids, one by one, where this append would have put them. */
const decideByLog = (
  view: StreamsView,
  stream: string,
  current: Revision,
  first: Revision,
  events: readonly StoreEvent[],
): AppendDecision => {
  if (first + events.length - 1 > current) return conflict(current);
  let stored: Placed | undefined;
  for (const [index, { id }] of events.entries()) {
    stored = view.eventAt(stream, first + index);
    if (stored?.id !== id) return conflict(current);
  }
  return stored === undefined ? conflict(current) : repeated(stored);
};

const repeated = ({ revision, position, created }: Placed): AppendResult => ({
  kind: 'appended',
  revision,
  position,
  created,
});

const conflict = (current: Revision): AppendResult => ({
  kind: 'conflict',
  actual: current === NO_REVISION ? 'no_stream' : current,
});
