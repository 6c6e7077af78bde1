import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSeqlineEvent } from '../../../projections/kernel/follower.ts';
import { foldTail } from '../../../projections/kernel/foldTail.ts';
import { Tail, TAIL_KEPT_MS } from '../../../projections/kernel/tail.ts';
import { usersTable } from '../../../projections/users/project.ts';
import type { UserRow } from '../../../projections/users/schema.ts';
import { recorded, registered, renamed } from '../../support/userEvents.ts';

const tailOf = (bounds: { eventsMax?: number; bytesMax?: number } = {}) => {
  let now = 0;
  const overflows: number[] = [];
  const tail = new Tail({
    floor: 0,
    indexOf: (event) => ('user' in event.data ? [`u:${event.data.user}`] : []),
    now: () => now,
    onOverflow: (floor) => overflows.push(floor),
    ...bounds,
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { tail, overflows, pass };
};

const ten = recorded(
  Array.from({ length: 10 }, (_, index) =>
    index < 2
      ? registered(index === 0 ? 'ann' : 'bob')
      : renamed(index % 2 ? 'bob' : 'ann', `${index}`),
  ),
);
const positions = (events: readonly { position: number }[] | undefined) =>
  events?.map(({ position }) => position);

describe('the tail', () => {
  test('gives the events of a name, in order, after a position', () => {
    const { tail } = tailOf();
    tail.take(ten, 12);
    expect(positions(tail.touching('u:ann'))).toEqual([1, 3, 5, 7, 9]);
    expect(positions(tail.touching('u:ann', 5))).toEqual([7, 9]);
    expect(tail.touching('u:nobody')).toEqual([]);
    expect(tail.head).toBe(12);
  });

  test('gives what comes after a position, at most so many', () => {
    const { tail } = tailOf();
    tail.take(ten, 10);
    expect(positions(tail.after(4, 3))).toEqual([5, 6, 7]);
    expect(positions(tail.after(10, 3))).toEqual([]);
  });

  test('[PRJ-8] keeps events ten seconds longer than the checkpoint demands', () => {
    const { tail, pass } = tailOf();
    tail.take(ten, 10);
    tail.trim(6);
    expect(tail.covers(0)).toBe(true);
    pass(TAIL_KEPT_MS - 1);
    tail.trim(10);
    expect(tail.covers(0)).toBe(true);
    pass(1);
    tail.trim(10);
    expect(tail.floor).toBe(6);
    expect(positions(tail.touching('u:bob'))).toEqual([8, 10]);
    pass(TAIL_KEPT_MS);
    tail.trim(10);
    expect(tail.size).toEqual({ events: 0, bytes: 0 });
    expect(tail.covers(10)).toBe(true);
  });

  test('[PRJ-8] keeps what a checkpoint that stepped back needs again', () => {
    const { tail, pass } = tailOf();
    tail.take(ten, 10);
    tail.trim(9);
    pass(TAIL_KEPT_MS);
    tail.trim(4);
    expect(tail.floor).toBe(4);
    expect(tail.covers(4)).toBe(true);
  });

  test('[PRJ-9] gives up its oldest events at its bounds, says so once, and does not claim them', () => {
    const { tail, overflows } = tailOf({ eventsMax: 4 });
    tail.take(ten, 10);
    expect(tail.size.events).toBe(4);
    expect(tail.floor).toBe(6);
    expect(overflows).toEqual([1]);
    expect(tail.covers(5)).toBe(false);
    expect(tail.after(5, 10)).toBeUndefined();
    expect(positions(tail.touching('u:ann'))).toEqual([7, 9]);
  });

  test('[PRJ-9] is bounded in bytes too', () => {
    const { tail } = tailOf({ bytesMax: 5_000 });
    tail.take(recorded(Array.from({ length: 100 }, () => registered('ann', 'x'.repeat(500)))), 100);
    expect(tail.size.bytes).toBeLessThanOrEqual(5_000);
    expect(tail.size.events).toBeGreaterThan(0);
  });
});

describe('what the tail takes an event to cost', () => {
  test('[PRJ-9] is more for a text that needs two bytes a letter', () => {
    const bytesOf = (nickname: string): number => {
      const { tail } = tailOf();
      tail.take(recorded([registered('ann', nickname)]), 1);
      return tail.size.bytes;
    };
    expect(bytesOf('ü'.repeat(500)) - bytesOf('')).toBe(500);
    expect(bytesOf('语'.repeat(500)) - bytesOf('')).toBe(1_000);
  });
});

describe('folding the tail', () => {
  const names = ['ann', 'bob', 'eve'] as const;
  const changes = fc.array(fc.tuple(fc.constantFrom(...names), fc.string()), { maxLength: 30 });

  test('[PRJ-7] onto rows of any checkpoint gives the rows of the head', () => {
    fc.assert(
      fc.property(changes, fc.nat(33), (list, cut) => {
        const events = recorded([
          ...names.map((name) => registered(name)),
          ...list.map(([user, nickname]) => renamed(user, nickname)),
        ]).filter(isSeqlineEvent);
        const { tail } = tailOf();
        tail.take(events, events.length);
        const rowsAt = (position: number): Map<string, UserRow> => {
          const rows = new Map<string, UserRow>();
          for (const event of events.filter((one) => one.position <= position)) {
            for (const key of usersTable.keysOf(event)) {
              const row = usersTable.fold(rows.get(key), event, key, []);
              if (row !== undefined) rows.set(key, row);
            }
          }
          return rows;
        };
        const checkpoint = Math.min(cut, events.length);
        const folded = foldTail({
          table: usersTable,
          rows: rowsAt(checkpoint),
          checkpoint,
          tail,
          names: [...names.map((name) => `u:${name}`), 'u:ann'],
        });
        expect(folded).toEqual(rowsAt(events.length));
      }),
    );
  });

  test('[PRJ-7] says so where the tail does not reach back, and leaves alone what was not read', () => {
    const { tail } = tailOf({ eventsMax: 8 });
    tail.take(ten, 10);
    const fold = { table: usersTable, rows: new Map<string, UserRow>(), tail, names: ['u:ann'] };
    expect(foldTail({ ...fold, checkpoint: 1 })).toBe('uncovered');
    const folded = foldTail({ ...fold, checkpoint: 2, wanted: (key) => key === 'bob' });
    expect(folded).toEqual(new Map());
  });
});
