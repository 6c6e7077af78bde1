import fc from 'fast-check';
import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  StoreEvent,
} from '../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { event } from './events.ts';

/**
 * One append of a random history; ids and streams are few, so that much is repeated and crosses.
 */
export type Step = Readonly<{
  stream: number;
  expected: ExpectedRevision;
  ids: readonly number[];
}>;

export const histories = fc.array(
  fc.record({
    stream: fc.nat(2),
    expected: fc.oneof(
      fc.constantFrom<ExpectedRevision>('no_stream', 'stream_exists', 'any'),
      fc.nat(6),
    ),
    ids: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 25 },
);

/** `run` keeps the ids of one history apart from those of another in the same store. */
export const eventsOf = (step: Step, run: number): readonly StoreEvent[] =>
  step.ids.map((id) => event(String(id), idOf(id, run)));

const idOf = (id: number, run: number): EventId =>
  `${String(run).padStart(8, '0')}-0000-4000-8000-00000000000${id}` as EventId;

/**
 * The rules once more, in the plainest way there is: arrays of ids, and the answer without
 * positions.
 */
export class Model {
  readonly streams: number[][] = [[], [], []];
  /** Per id the place it was last written to. */
  readonly #known = new Map<number, readonly [stream: number, revision: number]>();

  append({ stream, expected, ids }: Step): string {
    const held = this.streams[stream] ?? [];
    const conflict = `conflict ${held.length === 0 ? 'no_stream' : held.length - 1}`;
    if (expected === 'stream_exists' && held.length === 0) return conflict;
    if (expected === 'any' || expected === 'stream_exists')
      return this.#byMemory(stream, ids, conflict);
    const first = expected === 'no_stream' ? 0 : expected + 1;
    if (first === held.length) return this.#write(stream, ids);
    const there = held.slice(first, first + ids.length);
    return first < held.length && there.join() === ids.join()
      ? `appended ${first + ids.length - 1}`
      : conflict;
  }

  #byMemory(stream: number, ids: readonly number[], conflict: string): string {
    const places = ids.map((id) => this.#known.get(id));
    const known = places.map((at) => (at?.[0] === stream ? at[1] : -1));
    if (known[0] === -1) return this.#write(stream, ids);
    return known.includes(-1) ? conflict : `appended ${known.at(-1)}`;
  }

  /** What a restart does: `any` is known only by recent memory. */
  forget(): void {
    this.#known.clear();
  }

  #write(stream: number, ids: readonly number[]): string {
    const held = this.streams[stream] ?? [];
    for (const id of ids) {
      this.#known.set(id, [stream, held.length]);
      held.push(id);
    }
    return `appended ${held.length - 1}`;
  }
}

export const answerOf = (result: AppendResult): string =>
  result.kind === 'appended' ? `appended ${result.revision}` : `conflict ${result.actual}`;

/** What the store holds of each of the history's streams, as the model writes it. */
export const heldBy = async (
  store: EventStore,
  streamOf: (stream: number) => string,
): Promise<number[][]> => {
  const read = (stream: number) =>
    store.readStream(streamOf(stream), { from: 'start', direction: 'forwards', max: 1_000 });
  const all = await Promise.all([0, 1, 2].map(read));
  return all.map((held) => held.map(({ id }) => Number(id.at(-1))));
};
