import { createHash } from 'node:crypto';

/** Of an ordered list of ids (REST reference 9.5): equal hashes spare the client the list. */
export const idHash = (ids: readonly string[]): bigint =>
  ids.length === 0 ? 0n : createHash('md5').update(JSON.stringify(ids)).digest().readBigUInt64BE(0);

/** The whole list; null for a client whose hash says that it has it. */
export const idsUnlessKnown = <Id extends string>(
  ids: readonly Id[],
  hash: bigint,
): Readonly<{ equal: boolean; ids: Id[] | null }> => {
  const equal = idHash(ids) === hash;
  return { equal, ids: equal ? null : [...ids] };
};
