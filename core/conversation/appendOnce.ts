import { assert } from '../kernel/assert.ts';
import type { Refused } from '../kernel/decider.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { EventId, Millis, Position, Seq } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { AppendNumbered, Numbered, NumberedRefusal } from './decider.ts';
import { conversationOfStream, type NumberedEvent } from './events.ts';
import type { Known } from './ports.ts';

export type NumberedWriters = StreamWriters<
  AppendNumbered,
  NumberedEvent,
  Numbered,
  NumberedRefusal
>;

/** Where an event stands: it has been appended just now, or had been before. */
export type Once = Readonly<{
  kind: 'accepted';
  seq: Seq;
  sendTime: Millis;
  /** Of the append that this command was part of; absent when its event had been there before. */
  position?: Position;
}>;

type Messages = Pick<Known, 'message'>;

/** Appends it, or finds it appended before: there is one and the same answer. */
export type AppendOnce = (wish: AppendNumbered) => Promise<Once | Refused<NumberedRefusal>>;

export const appendOnce =
  ({ writers, known }: Readonly<{ writers: NumberedWriters; known: Messages }>): AppendOnce =>
  async (wish) => {
    for (let ruledOut: Seq = 0; ;) {
      const handled = await writers.handle(ruledOut === 0 ? wish : { ...wish, ruledOut });
      if (handled.kind === 'refused') return handled;
      const { events, position, first = Infinity } = handled;
      const [appended] = events;
      if (appended !== undefined) return onceAt(appended, position);
      const looked = await lookFor(known, wish, handled.state, ruledOut);
      if (looked.event !== undefined) {
        // The append may be one of others alone, long after the first.
        return onceAt(looked.event, looked.event.revision >= first ? position : undefined);
      }
      assert(looked.ruledOut > ruledOut, `what stands in the way of ${wish.id} was looked at`);
      ruledOut = looked.ruledOut;
    }
  };

/** Where the event of this id stands, if it is in the window. */
export const sentInWindow = async (
  known: Messages,
  wish: Pick<AppendNumbered, 'stream' | 'id'>,
  state: Pick<Numbered, 'window'>,
): Promise<Once | undefined> => {
  const { event } = await lookFor(known, wish, state, 0);
  return event === undefined ? undefined : onceAt(event);
};

export const onceAt = (
  { revision, data }: Pick<Recorded<NumberedEvent>, 'revision' | 'data'>,
  position?: Position,
): Once => {
  const { sendTime } = data;
  const seq = revision + 1;
  return position === undefined
    ? { kind: 'accepted', seq, sendTime }
    : { kind: 'accepted', seq, sendTime, position };
};

type Looked = Readonly<{ event: Recorded<NumberedEvent> | undefined; ruledOut: Seq }>;

/** What the window only takes for it is ruled out by what the log says. */
const lookFor = async (
  known: Messages,
  { stream, id }: Readonly<{ stream: string; id: EventId }>,
  { window }: Pick<Numbered, 'window'>,
  after: Seq,
): Promise<Looked> => {
  for (let ruledOut = after; ;) {
    const seq = window.find(id, ruledOut);
    if (seq === undefined) return { event: undefined, ruledOut };
    const event = await known.message(conversationOfStream(stream), seq);
    if (event === undefined) throw new Error(`${stream} has no event ${String(seq)}`);
    if (event.id === id) return { event, ruledOut };
    ruledOut = seq;
  }
};
