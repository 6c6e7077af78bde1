import type { ReadStream } from '../../core/kernel/eventStore.ts';
import type { Revision } from '../../core/kernel/ids.ts';

/** Revisions to read, both inclusive, in ascending order of their numbers. */
export type RevisionRange = Readonly<{ first: Revision; last: Revision }>;

/**
 * Which revisions a read of a stream means, given the stream's last one. Backwards from beyond the
 * end begins at the end; forwards from there there is nothing, and the range is undefined.
 */
export const revisionsOf = (
  { from, direction, max }: ReadStream,
  current: Revision,
): RevisionRange | undefined => {
  const start = from === 'start' ? 0 : from === 'end' ? current : from;
  const range =
    direction === 'forwards'
      ? { first: start, last: Math.min(current, start + max - 1) }
      : { first: Math.max(0, Math.min(start, current) - max + 1), last: Math.min(start, current) };
  return max > 0 && range.first >= 0 && range.first <= range.last ? range : undefined;
};
