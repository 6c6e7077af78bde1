import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { EventId } from '../../../../core/kernel/ids.ts';
import { AHEAD_EVENTS_MAX } from '../../../../infra/eventstore/esdb/limits.ts';
import { Reading } from '../../../../infra/eventstore/esdb/reading.ts';
import { eventResponse } from '../../../../infra/eventstore/server/responses.ts';

type Call = Awaited<ConstructorParameters<typeof Reading>[0]>;

const WAIT_MS = 10_000;

const messageAt = (position: number): Buffer =>
  eventResponse(
    {
      event: {
        id: '11111111-2222-4333-8444-555555555555' as EventId,
        ...{ type: 'MessageSent', stream: 'conversation-si_ann_bob' },
        ...{ data: Buffer.from('{}'), metadata: Buffer.from('{}') },
        ...{ revision: position - 1, position, created: 1_750_000_000_123 },
      },
      link: undefined,
    },
    'text',
  );

/**
 * A call as the library has it: objects, of which its own buffer takes 16, and each is given after it was asked for and
 * never within that; they come when the test says so.
 */
const callOf = () => {
  let given = 0;
  let come = 0;
  let asked = false;
  const give = (): void => {
    if (!asked || given === come) return;
    asked = false;
    given += 1;
    call.push(messageAt(given));
  };
  const call = new Readable({
    objectMode: true,
    read: () => {
      asked = true;
      process.nextTick(give);
    },
  });
  return {
    call: Object.assign(call, { cancel: () => call.destroy() }) as unknown as Call,
    given: () => given,
    come: (count: number) => {
      come += count;
      give();
    },
  };
};

test('[STO-30] all that has come in one turn is one page, however little the library keeps', async () => {
  const { call, come } = callOf();
  const reading = new Reading(Promise.resolve(call));
  come(200);
  const page = await reading.next(1_000, WAIT_MS);
  if (page === undefined || page === 'idle') throw new Error('there is a page');
  expect(page.events.map(({ position }) => position)).toEqual(
    Array.from({ length: 200 }, (_, at) => at + 1),
  );
  expect(page).toMatchObject({ seen: 200, reached: 200 });
  reading.cancel();
});

test('a page is no longer than it was wanted, and the rest is the next one', async () => {
  const { call, come } = callOf();
  const reading = new Reading(Promise.resolve(call));
  come(30);
  const positions: number[] = [];
  for (const max of [7, 20, 20]) {
    const page = await reading.next(max, WAIT_MS);
    if (page === undefined || page === 'idle') throw new Error('there is a page');
    expect(page.seen).toBeLessThanOrEqual(max);
    positions.push(...page.events.map(({ position }) => position));
  }
  expect(positions).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  reading.cancel();
});

test('who does not take what has come slows whoever gives it, and then has all of it', async () => {
  const { call, come, given } = callOf();
  const reading = new Reading(Promise.resolve(call));
  const all = AHEAD_EVENTS_MAX * 3;
  come(all);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  // Beyond what is kept here there is only the library's own buffer.
  expect(given()).toBeLessThan(AHEAD_EVENTS_MAX + 100);
  let seen = 0;
  while (seen < all) {
    const page = await reading.next(AHEAD_EVENTS_MAX, WAIT_MS);
    if (page === undefined || page === 'idle') throw new Error('there is a page');
    for (const { position } of page.events) expect(position).toBe((seen += 1));
  }
  reading.cancel();
});
