import { refuse, type Refused } from '../kernel/decider.ts';
import type { Millis } from '../kernel/ids.ts';
import { onceAt, sentInWindow, type NumberedWriters, type Once } from './appendOnce.ts';
import type { AppendNumbered, Numbered } from './decider.ts';
import { conversationOfStream } from './events.ts';
import type { Known } from './ports.ts';
import { WINDOW_MS } from './sentWindow.ts';

/** A client's clock may be this far off before a message counts as one that was made some time ago. */
export const FRESH_MS = 5 * 60 * 1000;
/** By so much may the clock of whoever made it be ahead of ours, and its repetition is still known. */
const CLOCK_AHEAD_MS = WINDOW_MS - FRESH_MS;

/**
 * Whether an event may be the repetition of one that was sent before, where the time it was made at does not tell: its
 * id has just been made, so it is none; or whoever gave the id did not say when, and it may be one of any time.
 */
export type Repeats = 'none' | 'any';

/** An event to be appended, and what is known of when it may have been wished for the first time. */
export type Wanted = Readonly<{
  wish: AppendNumbered;
  /** By the clock of whoever made it. */
  createTime: Millis;
  repeats?: Repeats;
}>;

/**
 * A message cannot have been sent before it was made: how far back the window must reach for its not being
 * there to mean that it was never sent. `-Infinity`: when it was made says nothing; `Infinity`: it was not.
 */
const sentAfter = ({ wish: { at, sendTime }, createTime, repeats }: Wanted): Millis => {
  if (repeats !== undefined) return repeats === 'none' ? Infinity : -Infinity;
  if (createTime > at + FRESH_MS) return -Infinity;
  if (createTime >= at - FRESH_MS) return at - WINDOW_MS;
  // An import may say that it was sent before it was made.
  return sendTime === undefined ? createTime - CLOCK_AHEAD_MS : -Infinity;
};

/** Whether what is not in the window has never been sent. */
export const isCertain = ({ window }: Numbered, wanted: Wanted): boolean =>
  window.reachesBackTo(sentAfter(wanted));

type Deps = Readonly<{ writers: Pick<NumberedWriters, 'state'>; known: Known }>;
type Before = Once | Refused<'service/unavailable'> | undefined;

/**
 * The second line of once-only sends, behind the writer's window: only for a message that may have been
 * sent before all that the window has. That is one that was made some time ago, or one for a very busy
 * conversation just after a restart, or beyond the memory that windows are given. No other send comes here,
 * so they flow while Postgres is away.
 */
export const sentLongAgo = async (
  { known }: Pick<Deps, 'known'>,
  wanted: Wanted,
  state: Numbered,
): Promise<Before> => {
  if (isCertain(state, wanted)) return undefined;
  const { wish } = wanted;
  const lately = await sentInWindow(known, wish, state);
  if (lately !== undefined) return lately;
  const conversation = conversationOfStream(wish.stream);
  const seq = await known.sentBefore(conversation, wish.id, state.window.from);
  if (seq === 'never') return undefined;
  if (seq === 'unanswerable') {
    return refuse(
      'service/unavailable',
      'whether this was sent before cannot be told now; try again',
    );
  }
  const first = await known.message(conversation, seq);
  if (first === undefined) throw new Error(`${conversation} has no event ${String(seq)}`);
  return onceAt(first);
};

/** Where it stands if it was sent before, lately or long ago. */
export const sentBefore = async (deps: Deps, wanted: Wanted): Promise<Before> => {
  const state = await deps.writers.state(wanted.wish.stream);
  return (
    (await sentInWindow(deps.known, wanted.wish, state)) ?? (await sentLongAgo(deps, wanted, state))
  );
};
