import path from 'node:path';

/** What lies where in a data directory. */
export const logDirectory = (data: string): string => path.join(data, 'log');
export const keysDirectory = (data: string): string => path.join(data, 'keys');
export const tokensDirectory = (data: string): string => path.join(data, 'tokens');
export const chainDirectory = (data: string): string => path.join(data, 'chain');
