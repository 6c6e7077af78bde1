import type { Refused } from '../kernel/decider.ts';
import type { AppendOnce, NumberedWriters, Once } from './appendOnce.ts';
import type { NumberedRefusal } from './decider.ts';
import type { Known } from './ports.ts';
import { isCertain, sentLongAgo, type Wanted } from './sentBefore.ts';

type Deps = Readonly<{
  writers: Pick<NumberedWriters, 'kept' | 'state'>;
  append: AppendOnce;
  known: Known;
}>;

/** It is on its way into its conversation, behind all that was before: where it comes to stand. */
export type OnItsWay = Readonly<{
  placed: Promise<Once | Refused<NumberedRefusal | 'service/unavailable'>>;
}>;

/**
 * Into its place, once: appended now, or found where it was appended before. What goes on its way first stands
 * first; so who must not be passed is let go its way before the next one is.
 */
export const placing = ({ writers, append, known }: Deps) => ({
  /** Undefined: something has to be looked at first. */
  atOnce: (wanted: Wanted): OnItsWay | undefined => {
    const state = writers.kept(wanted.wish.stream);
    return state !== undefined && isCertain(state, wanted)
      ? { placed: append(wanted.wish) }
      : undefined;
  },

  /** Resolves once it is on its way. */
  afterLooking: async (wanted: Wanted): Promise<OnItsWay> => {
    const { wish } = wanted;
    const state = writers.kept(wish.stream) ?? (await writers.state(wish.stream));
    const before = isCertain(state, wanted)
      ? undefined
      : await sentLongAgo({ known }, wanted, state);
    return { placed: before === undefined ? append(wish) : Promise.resolve(before) };
  },
});
