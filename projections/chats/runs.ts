import type { Seq } from '../../core/kernel/ids.ts';

/** Numbers without a hole between them, both ends included. */
export type Run = Readonly<{ from: Seq; to: Seq }>;

/** From which end numbers are taken. */
export type End = 'newest' | 'oldest';

const lengthOf = ({ from, to }: Run): number => Math.max(0, to - from + 1);

/** The same numbers as ascending runs that neither meet nor overlap: each number once. */
export const merged = (runs: readonly Run[]): readonly Run[] => {
  const found: { from: Seq; to: Seq }[] = [];
  for (const { from, to } of runs.filter(lengthOf).sort((one, other) => one.from - other.from)) {
    const last = found.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
};

/** From the first number to the last; 0 to 0 where there is none. */
export const hullOf = (runs: readonly Run[]): Run => ({
  from: runs.reduce((least, { from }) => Math.min(least, from), runs[0]?.from ?? 0),
  to: runs.reduce((greatest, { to }) => Math.max(greatest, to), runs[0]?.to ?? 0),
});

export const within = (runs: readonly Run[], { from, to }: Run): readonly Run[] =>
  runs
    .map((run) => ({ from: Math.max(run.from, from), to: Math.min(run.to, to) }))
    .filter(lengthOf);

export const numbersOf = (runs: readonly Run[]): readonly Seq[] =>
  runs.flatMap(({ from, to }) =>
    Array.from({ length: lengthOf({ from, to }) }, (_, index) => from + index),
  );

/** At most `count` numbers from one end of ascending runs, and what is left of them. */
export const split = (
  runs: readonly Run[],
  count: number,
  end: End,
): Readonly<{ taken: readonly Run[]; left: readonly Run[] }> => {
  let room = count;
  const pieces = (end === 'newest' ? runs.toReversed() : runs).map((run) => {
    const { from, to } = run;
    const size = Math.min(room, lengthOf(run));
    room -= size;
    return end === 'newest'
      ? { taken: { from: to - size + 1, to }, left: { from, to: to - size } }
      : { taken: { from, to: from + size - 1 }, left: { from: from + size, to } };
  });
  const ascending = end === 'newest' ? pieces.toReversed() : pieces;
  return {
    taken: ascending.map(({ taken }) => taken).filter(lengthOf),
    left: ascending.map(({ left }) => left).filter(lengthOf),
  };
};
