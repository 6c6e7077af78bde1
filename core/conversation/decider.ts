import { accept, refuse, type Decider, type Outcome, type Decided } from '../kernel/decider.ts';
import type { EventId, Millis, Seq } from '../kernel/ids.ts';
import type { Meta } from '../kernel/fact.ts';
import type { NumberedEvent, Parties } from './events.ts';
import { SentWindow } from './sentWindow.ts';

/** Bytes of UTF-8 a message's content may have: 50 of them fit a frame of 1 MiB (history pages). */
export const CONTENT_BYTES_MAX = 20 * 1024;

/** A numbered event as it is wished for: it gets its time, and with its place its number, when decided. */
export type Wished<E extends NumberedEvent = NumberedEvent> = E extends NumberedEvent
  ? Readonly<{ type: E['type']; data: Untimed<E['data']> }>
  : never;
type Untimed<D> = D extends unknown ? Omit<D, 'sendTime'> : never;

/** One event for a numbered stream. Its id says whether it has been appended before. */
export type AppendNumbered = Readonly<{
  stream: string;
  id: EventId;
  at: Millis;
  meta: Meta;
  wish: Wished;
  /** Numbers up to this one have been looked at in the log: none of them has this id. */
  ruledOut?: Seq;
  /**
   * A time of the past, for imports: the newest message's if it is before that, and the server's if it is
   * after that.
   */
  sendTime?: Millis;
}>;

export type NumberedRefusal = 'conversation/not-party';

export type Numbered = Readonly<{
  /** Who takes part, as the first event says; nobody else ever may. */
  parties: Parties | undefined;
  lastSendTime: Millis;
  window: SentWindow;
}>;

/** Whether both name the same two users (in either direction) or the same group. */
export const sameParties = (one: Parties, other: Parties): boolean => {
  if ('group' in one || 'group' in other) {
    return 'group' in one && 'group' in other && one.group === other.group;
  }
  return (
    (one.from === other.from && one.to === other.to) ||
    (one.from === other.to && one.to === other.from)
  );
};

/** How far the times of a conversation may run ahead of the clock so that no two are equal. */
export const AHEAD_MS_MAX = 1_000;

/**
 * Later than the message before, by a millisecond at least: Go core keeps its history by time, and shows those
 * of one time in any order. In a conversation that has more than a thousand a second for long, equal times
 * are the lesser evil. Never of the future beyond that: all that follow would have to have that time too.
 */
const timeAfter = (last: Millis, wished: Millis, at: Millis): Millis => {
  const time = Math.min(wished, at);
  if (time > last) return time;
  return last - at < AHEAD_MS_MAX ? last + 1 : last;
};

/** These alone: no message's body is to be held for as long as its conversation is. */
export const partiesIn = (parties: Parties): Parties =>
  'group' in parties
    ? { from: parties.from, group: parties.group }
    : { from: parties.from, to: parties.to };

/** Any numbered stream: who takes part, the newest time, and what has been appended lately. */
export const numbered: Decider<AppendNumbered, NumberedEvent, Numbered, NumberedRefusal> = {
  initialState: { parties: undefined, lastSendTime: 0, window: SentWindow.empty() },

  evolve: ({ parties, lastSendTime, window }, { id, revision, data }) => ({
    parties: parties ?? partiesIn(data),
    lastSendTime: Math.max(lastSendTime, data.sendTime),
    window: window.with({ id, seq: revision + 1, sendTime: data.sendTime }),
  }),

  decide: (
    { id, at, wish, ruledOut, sendTime },
    state,
  ): Outcome<Decided<NumberedEvent>, NumberedRefusal> => {
    if (state.parties !== undefined && !sameParties(state.parties, wish.data)) {
      return refuse('conversation/not-party', 'this conversation is between others');
    }
    // The id may stand there already: whoever gave the command has to look (appendOnce.ts).
    if (state.window.find(id, ruledOut) !== undefined) return accept();
    // Copied with `...`, each event would be of a shape of its own: 450 bytes more, for as long as it lives.
    const time = { sendTime: timeAfter(state.lastSendTime, sendTime ?? at, at) };
    const data = Object.assign(time, wish.data);
    // The wish has the data of its type but for the time, which has just been added.
    return accept({ id, type: wish.type, data } as Decided<NumberedEvent>);
  },
};
