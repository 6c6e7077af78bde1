import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue, type EventType } from '../../../core/kernel/catalogue.ts';
import { ANALYTICS } from '../../../projections/analytics/project.ts';
import { eventOf } from './arbitraries.ts';
import { recorded } from './world.ts';

/** A message to one person: its hour, who sends, what waits for either, and a time that ends. */
const ROWS_MAX = 6;

const type = fc.oneof(
  fc.constant<EventType>('MessageSent'),
  fc.constantFrom(...(Object.keys(catalogue) as EventType[])),
);

describe('[ANA-3] an event', () => {
  test('of whatever type touches a few rows, however many users it names', () => {
    let most = 0;
    fc.assert(
      fc.property(type.chain(eventOf), fc.boolean(), (event, isOwn) => {
        const from = 'from' in event.data ? event.data.from : 'ann';
        const actor = isOwn ? from : 'imAdmin';
        const [one] = recorded([{ at: 0, actor, stream: 'conversation-si_ann_bob', event }]);
        if (one === undefined) throw new Error('one event is one event');
        const rows = ANALYTICS.flatMap(({ tables }) => tables).flatMap((table) =>
          table.keysOf(one),
        );
        most = Math.max(most, rows.length);
        expect(rows.length).toBeLessThanOrEqual(ROWS_MAX);
      }),
      { numRuns: 2_000 },
    );
    expect(most).toBe(ROWS_MAX);
  });
});
