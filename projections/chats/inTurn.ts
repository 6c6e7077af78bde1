import type { Shown } from '../../core/sequence/shown.ts';
import { isErased } from '../../core/kernel/fact.ts';
import { split, type End, type Run } from './runs.ts';

/**
 * What is read for one call, counted as text: more than the 900 kB that a socket's answer may have, and
 * little enough that a hundred such calls at once are no danger to the process.
 */
export const CALL_UNITS_MAX = 2 * 1024 * 1024;
/** What a message costs beside its text: ids, times, objects. No answer has one in less than this. */
const MESSAGE_UNITS = 300;
/** Numbers read at the same time: at 20 KiB each no more than the whole call may have. */
const AT_ONCE = 100;
/** Each further turn takes so many times more of each conversation. */
const GROWTH = 10;

const unitsOf = (shown: Shown): number => {
  if (shown.kind === 'void') return MESSAGE_UNITS;
  const { data } = shown.event;
  if (!('body' in data) || isErased(data.body)) return MESSAGE_UNITS;
  const { content, ex = '', attachedInfo = '' } = data.body;
  return MESSAGE_UNITS + content.length + ex.length + attachedInfo.length;
};

/**
 * Reads lists of numbers until all are read or a call has had its share: some of each list, then more of
 * each, so that none goes without because of the length of another. Each list is read from its `kept` end
 * and comes back ascending and without a hole.
 */
export const readInTurn = async <T extends Readonly<{ runs: readonly Run[] }>>(
  wanted: readonly T[],
  kept: End,
  read: (one: T, runs: readonly Run[]) => Promise<readonly Shown[]>,
): Promise<readonly (T & Readonly<{ shown: readonly Shown[] }>)[]> => {
  const lists = wanted.map((one) => ({ one, left: one.runs, pages: [] as (readonly Shown[])[] }));
  let units = CALL_UNITS_MAX;
  const take = async (list: (typeof lists)[number], size: number): Promise<void> => {
    const { taken, left } = split(list.left, size, kept);
    list.left = left;
    const shown = await read(list.one, taken);
    list.pages.push(shown);
    units -= shown.reduce((sum, one) => sum + unitsOf(one), 0);
  };

  let open = lists.filter(({ left }) => left.length > 0);
  let page = Math.max(1, Math.floor(AT_ONCE / open.length));
  while (open.length > 0 && units > 0) {
    const size = Math.min(page, AT_ONCE);
    const together = Math.floor(AT_ONCE / size);
    for (let start = 0; start < open.length && units > 0; start += together) {
      await Promise.all(open.slice(start, start + together).map((list) => take(list, size)));
    }
    open = open.filter(({ left }) => left.length > 0);
    page = size * GROWTH;
  }
  return lists.map(({ one, pages }) => ({
    ...one,
    shown: (kept === 'newest' ? pages.reverse() : pages).flat(),
  }));
};
