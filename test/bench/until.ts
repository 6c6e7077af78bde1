const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Looks every so many milliseconds, until what it looks for is there; fails after `within`. */
export const until = async (
  what: string,
  look: () => boolean | Promise<boolean>,
  { within, every }: Readonly<{ within: number; every: number }>,
): Promise<void> => {
  const deadline = performance.now() + within;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`not within ${String(within)} ms: ${what}`);
    await pause(every);
  }
};

/** Resolves with the value once it has changed by less than a hundredth for `steady` looks in a row. */
export const settled = async (
  read: () => number,
  { within, every, steady }: Readonly<{ within: number; every: number; steady: number }>,
): Promise<number> => {
  let last = read();
  let same = 0;
  const isSettled = (): boolean => {
    const now = read();
    same = Math.abs(now - last) < last / 100 ? same + 1 : 0;
    last = now;
    return same >= steady;
  };
  await until('a figure settles', isSettled, { within, every });
  return last;
};
