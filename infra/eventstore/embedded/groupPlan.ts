import type {
  AppendResult,
  ExpectedRevision,
  StoreEvent,
  StoredEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Millis, Position, Revision } from '../../../core/kernel/ids.ts';
import { decideAppend, type StreamsView } from '../expectedRevision.ts';

/** An append that waits for its turn. */
export type PendingAppend = Readonly<{
  stream: string;
  expected: ExpectedRevision;
  events: readonly StoreEvent[];
  /** Counted as the limits count them. */
  bytes: number;
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}>;

/** What the appends of one group come to, once their events are durable. */
export type GroupPlan = Readonly<{
  events: readonly StoredEvent[];
  results: readonly Readonly<{ append: PendingAppend; result: AppendResult }>[];
}>;

/** The log before the group. */
export type GroupBase = StreamsView & Readonly<{ head: Position; created: Millis }>;

/**
 * Decides waiting appends in order, each upon what those before it will have written. One that
 * fails leaves its neighbours alone; one whose check itself fails is rejected here and then.
 */
export const planGroup = (base: GroupBase, appends: readonly PendingAppend[]): GroupPlan => {
  const written = new Map<string, { first: Revision; events: StoredEvent[] }>();
  const places = new Map<string, StoredEvent>();
  const events: StoredEvent[] = [];
  const results: { append: PendingAppend; result: AppendResult }[] = [];
  const view: StreamsView = {
    revisionOf: (stream) => {
      const ours = written.get(stream);
      return ours === undefined ? base.revisionOf(stream) : ours.first + ours.events.length - 1;
    },
    eventAt: (stream, revision) => {
      const ours = written.get(stream);
      return ours !== undefined && revision >= ours.first
        ? ours.events[revision - ours.first]
        : base.eventAt(stream, revision);
    },
    recentPlace: (id) => places.get(id) ?? base.recentPlace(id),
  };
  const write = (append: PendingAppend): AppendResult => {
    let revision = view.revisionOf(append.stream);
    const ours = written.get(append.stream) ?? { first: revision + 1, events: [] };
    written.set(append.stream, ours);
    for (const { id, type, data, metadata, created: before } of append.events) {
      revision++;
      const position = base.head + events.length + 1;
      const { stream } = append;
      const created = before === undefined ? base.created : Math.min(before, base.created);
      const event = { id, type, data, metadata, stream, revision, position, created };
      ours.events.push(event);
      events.push(event);
      places.set(id, event);
    }
    const position = base.head + events.length;
    return { kind: 'appended', revision, position, created: base.created };
  };
  for (const append of appends) {
    try {
      const decision = decideAppend(view, append.stream, append.expected, append.events);
      results.push({ append, result: decision.kind === 'write' ? write(append) : decision });
    } catch (error) {
      append.reject(error);
    }
  }
  return { events, results };
};
