import { hash, randomUUID } from 'node:crypto';
import type { DeriveId, EventId } from '../core/kernel/ids.ts';
import { lengthPrefixed } from './lengthPrefixed.ts';

/**
 * The name space of all derived ids (RFC 9562, version 5). Never to be changed: with another one the
 * repetition of an old command would not be known for what it is.
 */
const NAMESPACE = Buffer.from('5e91ce6b04d84b6f9c5a7c1d3f2a8e40', 'hex');

/** Names up to this many characters are hashed from a buffer that is kept; at most 3 bytes each. */
const SCRATCH_NAME_MAX = 1024;
const scratch = Buffer.alloc(NAMESPACE.length + 3 * SCRATCH_NAME_MAX);
NAMESPACE.copy(scratch);

const digestOf = (name: string): string => {
  if (name.length > SCRATCH_NAME_MAX) {
    return hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'hex');
  }
  const written = scratch.write(name, NAMESPACE.length);
  return hash('sha1', scratch.subarray(0, NAMESPACE.length + written), 'hex');
};

/** The digit that holds the variant of RFC 9562: its upper two bits are 10, the lower two are kept. */
const variantOf = (digit: string): string => '89ab'.charAt(Number.parseInt(digit, 16) & 3);

/**
 * UUID version 5 of the length-prefixed parts. A lone surrogate, which no UTF-8 text holds, counts as
 * U+FFFD.
 */
export const deriveId: DeriveId = (...parts) => {
  const digest = digestOf(lengthPrefixed(...parts));
  const third = `5${digest.slice(13, 16)}`;
  const fourth = `${variantOf(digest.charAt(16))}${digest.slice(17, 20)}`;
  const [first, second, last] = [digest.slice(0, 8), digest.slice(8, 12), digest.slice(20, 32)];
  return `${first}-${second}-${third}-${fourth}-${last}` as EventId;
};

/** An id that nothing leads to twice: for commands that carry none of their own. */
export const randomId = (): EventId => randomUUID() as EventId;
