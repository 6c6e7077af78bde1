import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const FLAGS = /^flags:\s*0?([0-7]+)$/m;
const O_DSYNC = 0o10000;

/**
 * Makes LMDB's next write of a root fail as on a disk that has gone bad: in the place of the file handle that it
 * writes roots with, there is one that cannot be written. Linux only.
 */
export const breakRootOf = (dataFile: string): void => {
  for (const name of readdirSync('/proc/self/fd')) {
    const handle = Number(name);
    if (pathOf(handle) !== dataFile || !isForRoots(handle)) continue;
    closeSync(handle);
    // The lowest number that is free is given: those below are held until it is this one, which closing the log closes.
    const below: number[] = [];
    let given = openSync(dataFile, 'r');
    for (; given < handle; given = openSync(dataFile, 'r')) below.push(given);
    for (const one of below) closeSync(one);
    if (given !== handle) throw new Error('another handle has taken the place');
    return;
  }
  throw new Error(`${dataFile} is not open`);
};

const pathOf = (handle: number): string | undefined => {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`);
  } catch {
    // The handle that the list itself was read with.
    return undefined;
  }
};

/** Roots are written past the page cache, and nothing else is. */
const isForRoots = (handle: number): boolean => {
  const [, flags = ''] = FLAGS.exec(readFileSync(`/proc/self/fdinfo/${handle}`, 'utf8')) ?? [];
  return (Number.parseInt(flags, 8) & O_DSYNC) !== 0;
};
