import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreUnavailable, type EventStore } from '../../core/kernel/eventStore.ts';
import { appendingContract } from './eventStore/appending.ts';
import { event, newStream } from './eventStore/events.ts';
import { answerOf, eventsOf, heldBy, histories, Model } from './eventStore/model.ts';
import { readingContract } from './eventStore/reading.ts';
import { subscribingContract } from './eventStore/subscribing.ts';

/**
 * What every event store does (EventStoreDB's semantics, as far as the port shows them). The store
 * may hold other events, and positions may have gaps; each test has streams of its own.
 */
export const eventStoreContract = (name: string, makeStore: () => Promise<EventStore>): void => {
  describe(`${name} is an event store`, () => {
    let made: EventStore | undefined;
    const store = (): EventStore => {
      if (made === undefined) throw new Error('the store has not been made yet');
      return made;
    };
    beforeAll(async () => {
      made = await makeStore();
    });
    afterAll(() => made?.close());

    appendingContract(store);
    readingContract(store);
    subscribingContract(store);

    test('[STO-3] [STO-4] [STO-5] any history of appends is answered as the rules say', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const base = `${newStream('history')}_${run++}`;
          const model = new Model();
          const streamOf = (stream: number) => `${base}_${stream}`;
          for (const step of history) {
            const result = await store().append(
              streamOf(step.stream),
              step.expected,
              eventsOf(step, run),
            );
            expect(answerOf(result)).toBe(model.append(step));
          }
          expect(await heldBy(store(), streamOf)).toEqual(model.streams);
        }),
        { numRuns: 60 },
      );
    });
  });

  test(`[STO-23] ${name}, once closed, takes no appends`, async () => {
    const store = await makeStore();
    await store.append(newStream(), 'any', [event()]);
    await store.close();
    await expect(store.append(newStream(), 'any', [event()])).rejects.toThrow(StoreUnavailable);
  });
};
