/**
 * Joins strings so that no two lists give the same text: each part follows its length in UTF-8 bytes
 * (`3:ann5:a_bob`). Plain concatenation would make ('a', 'bc') and ('ab', 'c') one.
 */
export const lengthPrefixed = (...parts: readonly string[]): string => {
  let joined = '';
  for (const part of parts) joined += `${Buffer.byteLength(part)}:${part}`;
  return joined;
};
