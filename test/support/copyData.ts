import { cp } from 'node:fs/promises';

/** Copies a data folder, or a part of one, as it lies there. What it is locked by are sockets: these stay. */
export const copyData = (from: string, to: string): Promise<void> =>
  cp(from, to, { recursive: true, filter: (path) => !/lock\.\d+$/u.test(path) });
