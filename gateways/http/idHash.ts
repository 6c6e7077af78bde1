import { createHash } from 'node:crypto';

/** Of an ordered list of ids (REST reference 9.5): equal hashes spare the client the list. */
export const idHash = (ids: readonly string[]): bigint =>
  ids.length === 0 ? 0n : createHash('md5').update(JSON.stringify(ids)).digest().readBigUInt64BE(0);
