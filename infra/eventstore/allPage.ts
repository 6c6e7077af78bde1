import type { AllPage, ReadAll, StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { streamFilter } from './prefixes.ts';

/** The exclusive position a read of `$all` begins at; `head` is that of the last event. */
export const startOf = ({ from, direction }: ReadAll, head: Position): Position => {
  if (direction === 'forwards') return from === 'start' ? 0 : from === 'end' ? head : from;
  return from === 'start' ? 1 : from === 'end' ? head + 1 : Math.min(from, head + 1);
};

/** Makes a page of the events that follow `start` in the direction of reading. */
export const pageOf = (
  { direction, max, prefixes }: ReadAll,
  start: Position,
  head: Position,
  following: Iterable<StoredEvent>,
): AllPage => {
  const concerns = streamFilter(prefixes);
  const events: StoredEvent[] = [];
  let next = start;
  if (max > 0) {
    for (const event of following) {
      next = event.position;
      if (concerns(event.stream)) events.push(event);
      if (events.length === max) break;
    }
  }
  return { events, next, end: direction === 'forwards' ? next >= head : next <= 1 };
};
