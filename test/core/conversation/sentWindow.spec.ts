import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SentWindow,
  WINDOW_MESSAGES,
  WINDOW_MESSAGES_MAX,
  WINDOW_MS,
} from '../../../core/conversation/sentWindow.ts';
import { eventId } from '../../support/people.ts';

const filled = (count: number, everyMs: number): SentWindow => {
  let window = SentWindow.empty();
  for (let seq = 1; seq <= count; seq++) {
    window = window.with({ id: eventId(seq), seq, sendTime: seq * everyMs });
  }
  return window;
};

describe('the window of once-only sends', () => {
  test('[SEQ-6] knows at least the newest 256 messages, however slow', () => {
    const window = filled(1_000, WINDOW_MS);
    expect(window.size).toBe(WINDOW_MESSAGES);
    expect(window.find(eventId(1_000 - WINDOW_MESSAGES + 1))).toMatchObject({ seq: 745 });
    expect(window.find(eventId(1_000 - WINDOW_MESSAGES))).toBeUndefined();
  });

  test('[SEQ-6] knows every message of the last 15 minutes', () => {
    const window = filled(1_000, WINDOW_MS / 500);
    expect(window.size).toBe(501);
    expect(window.find(eventId(500))).toMatchObject({ seq: 500 });
    expect(window.find(eventId(499))).toBeUndefined();
  });

  test('[SEQ-6] knows 4,096 messages at most, and stays so as it is written to for long', () => {
    const window = filled(3 * WINDOW_MESSAGES_MAX, 1);
    expect(window.size).toBe(WINDOW_MESSAGES_MAX);
    expect(window.find(eventId(2 * WINDOW_MESSAGES_MAX + 1))).toBeDefined();
    expect(window.find(eventId(2 * WINDOW_MESSAGES_MAX))).toBeUndefined();
  });

  test('[SEQ-2] the windows of conversations that begin side by side do not know each other', () => {
    const empty = SentWindow.empty();
    const one = empty.with({ id: eventId('one'), seq: 1, sendTime: 1 });
    const other = empty.with({ id: eventId('other'), seq: 1, sendTime: 1 });
    expect(one.find(eventId('one'))).toMatchObject({ seq: 1 });
    expect(one.find(eventId('other'))).toBeUndefined();
    expect(other.find(eventId('one'))).toBeUndefined();
    expect(empty.find(eventId('one'))).toBeUndefined();
  });

  test('an older version is as it was, whatever became of the ones made from it', () => {
    const old = filled(3, 1);
    const given = old.with({ id: eventId('given up'), seq: 4, sendTime: 4 });
    const next = old.with({ id: eventId('kept'), seq: 4, sendTime: 4 });
    expect(given.size).toBe(4);
    expect(old.find(eventId('given up'))).toBeUndefined();
    expect(next.find(eventId('given up'))).toBeUndefined();
    expect(next.find(eventId('kept'))).toMatchObject({ seq: 4 });
    expect(old.find(eventId('kept'))).toBeUndefined();
  });

  test('finds what a plain list of the newest entries finds, over any branching history', () => {
    const steps = fc.array(
      fc.record({ back: fc.integer({ min: 0, max: 3 }), id: fc.integer({ min: 0, max: 9 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (history) => {
        let versions = [{ window: SentWindow.empty(), plain: [] as number[] }];
        for (const { back, id } of history) {
          // Go back to an earlier version, as after an append that was refused, and go on from there.
          versions = versions.slice(0, Math.max(1, versions.length - back));
          const { window, plain } = versions.at(-1) ?? { window: SentWindow.empty(), plain: [] };
          const seq = plain.length + 1;
          versions.push({
            window: window.with({ id: eventId(id), seq, sendTime: seq }),
            plain: [...plain, id],
          });
        }
        const { window, plain } = versions.at(-1) ?? { window: SentWindow.empty(), plain: [] };
        for (let id = 0; id < 10; id++) {
          const first = plain.indexOf(id);
          expect(window.find(eventId(id))?.seq).toBe(first < 0 ? undefined : first + 1);
        }
      }),
    );
  });
});
