/** Chance that can be repeated: the same seed gives the same choices in the same order. */
export type Chance = Readonly<{
  seed: number;
  /** 0 up to and not including `below`. */
  integer: (below: number) => number;
  pick: <T>(choices: readonly T[]) => T;
  bytes: (length: number) => Uint8Array;
}>;

/** The seed of this run: `SEQLINE_SEED`, or a fresh one that a failing test prints. */
export const seedOfRun = (): number => {
  const given = Number(process.env['SEQLINE_SEED']);
  return Number.isInteger(given) && given > 0 ? given : 1 + (Date.now() % 1_000_000_007);
};

/** What another run of the same suite shows at full size is shown once more at a small one. */
export const isSmallRun = process.env['SEQLINE_TEST_SMALL'] === '1';

export const chanceFrom = (seed: number): Chance => {
  let state = seed >>> 0;
  // A counter stepped by an odd constant, its bits mixed: short, and even enough for choosing tests.
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const integer = (below: number): number => next() % below;
  return {
    seed,
    integer,
    pick: (choices) => {
      const choice = choices[integer(choices.length)];
      if (choice === undefined) throw new Error('nothing to choose from');
      return choice;
    },
    bytes: (length) => Uint8Array.from({ length }, () => integer(256)),
  };
};
