import { randomUUID } from 'node:crypto';
import type {
  AppendResult,
  EventStore,
  ReadAll,
  StoredEvent,
  StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import type { EventId, Position } from '../../../core/kernel/ids.ts';
import { untilTrue } from '../until.ts';

/** Of `crypto.randomUUID`, which makes just what an id is. */
export const newId = (): EventId => randomUUID() as EventId;

/**
 * A stream that no other test writes; dashes in the wrong place make poor categories, hence none.
 */
export const newStream = (category = 'test'): string =>
  `${category}-${randomUUID().replaceAll('-', '')}`;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** An event that says its name in its data. */
export const event = (name = 'x', id = newId()): StoreEvent => ({
  id,
  type: 'Noted',
  data: bytes(JSON.stringify({ name })),
  metadata: bytes('{"actor":"test"}'),
});

export const events = (count: number, name = 'x'): readonly StoreEvent[] =>
  Array.from({ length: count }, (_, index) => event(`${name}${index}`));

/** What a reader sees of an event, in a form that can be compared whatever kind of bytes it has. */
export const plain = ({ data, metadata, ...place }: StoredEvent) => ({
  ...place,
  data: text(data),
  metadata: text(metadata),
});

export const appended = (result: AppendResult): Extract<AppendResult, { kind: 'appended' }> => {
  if (result.kind === 'appended') return result;
  throw new Error(`not appended: the stream is at ${result.actual}`);
};

/** Every event of a read of `$all`, page by page; pages may be empty before the end. */
export const allOf = async (
  store: EventStore,
  options: ReadAll,
): Promise<readonly StoredEvent[]> => {
  const found: StoredEvent[] = [];
  for (let from = options.from; ;) {
    const page = await store.readAll({ ...options, from });
    found.push(...page.events);
    if (page.end) return found;
    from = page.next;
  }
};

/** A subscription whose events can be waited for. */
export const follow = (
  store: EventStore,
  options: Readonly<{
    after: Position | 'start' | 'end';
    prefixes?: readonly string[];
    onEvents?: (events: readonly StoredEvent[]) => void | Promise<void>;
  }>,
) => {
  const seen: StoredEvent[] = [];
  const batches: number[] = [];
  const failures: Error[] = [];
  const reached: Position[] = [];
  const subscription = store.subscribeAll({
    after: options.after,
    ...(options.prefixes === undefined ? {} : { prefixes: options.prefixes }),
    onEvents: async (batch) => {
      seen.push(...batch);
      batches.push(batch.length);
      await options.onEvents?.(batch);
    },
    onReached: (position) => reached.push(position),
    onFailed: (error) => failures.push(error),
  });
  return {
    seen,
    batches,
    failures,
    reached,
    close: () => subscription.close(),
    until: (count: number) =>
      untilTrue(`${count} events`, () => seen.length >= count, { seen: () => seen.length }),
    untilReached: (position: Position) =>
      untilTrue(`position ${position}`, () => (reached.at(-1) ?? 0) >= position, {
        seen: () => reached.at(-1),
      }),
  };
};
