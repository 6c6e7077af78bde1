import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  GENERATION_MS,
  SentWindow,
  WINDOW_MESSAGES,
  WINDOW_MS,
  type SentEntry,
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
    const window = filled(2_000, WINDOW_MS);
    expect(window.from).toBeLessThanOrEqual(2_000 - WINDOW_MESSAGES + 1);
    expect(window.from).toBeGreaterThan(2_000 - 3 * WINDOW_MESSAGES);
    for (let seq = window.from; seq <= 2_000; seq++) expect(window.find(eventId(seq))).toBe(seq);
    expect(window.find(eventId(window.from - 1))).toBeUndefined();
    expect(window.reachesBackTo((window.from - 1) * WINDOW_MS)).toBe(true);
    expect(window.reachesBackTo((window.from - 1) * WINDOW_MS - 1)).toBe(false);
  });

  test('[SEQ-6] knows every message of the last 15 minutes, and not for much longer', () => {
    const [every, count] = [10, 300_000];
    const window = filled(count, every);
    const now = count * every;
    expect(window.reachesBackTo(now - WINDOW_MS)).toBe(true);
    expect(window.reachesBackTo(now - WINDOW_MS - 2 * GENERATION_MS)).toBe(false);
    expect(window.find(eventId((now - WINDOW_MS) / every + 1))).toBe((now - WINDOW_MS) / every + 1);
    expect(window.find(eventId(window.from))).toBe(window.from);
    expect(window.find(eventId(window.from - 1))).toBeUndefined();
  });

  test('[SEQ-6] takes 12 bytes a message at most in a busy conversation', () => {
    const window = filled(300_000, 3);
    expect(window.from).toBe(1);
    expect(window.bytes / 300_000).toBeLessThan(12);
    expect(window.bytes / 300_000).toBeGreaterThan(9);
  });

  test('[SEQ-6] made shorter, it is the newer part that it keeps, and it says so', () => {
    const window = filled(100_000, 5);
    expect(window.from).toBe(1);
    const { bytes } = window;
    window.shorten();
    expect(window.from).toBeGreaterThan(1);
    expect(window.bytes).toBeLessThan(bytes);
    expect(window.reachesBackTo((window.from - 1) * 5)).toBe(true);
    expect(window.reachesBackTo((window.from - 1) * 5 - 1)).toBe(false);
    expect(window.find(eventId(window.from))).toBe(window.from);
    expect(window.find(eventId(window.from - 1))).toBeUndefined();
    for (let times = 0; times < 20; times++) window.shorten();
    expect(window.find(eventId(100_000))).toBe(100_000);
  });

  test('[SEQ-6] takes in what stands right before it, and nothing else', () => {
    const entries = (from: number, to: number): readonly SentEntry[] =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index).map((seq) => ({
        id: eventId(seq),
        seq,
        sendTime: seq,
      }));
    let window = SentWindow.startingAt(501, 501);
    for (const entry of entries(501, 600)) window = window.with(entry);
    expect(window.lengthen(entries(100, 400), 100)).toBe(false);
    expect(window.lengthen([], 100)).toBe(false);
    expect(window.find(eventId(300))).toBeUndefined();
    expect(window.lengthen(entries(201, 500), 201)).toBe(true);
    expect([window.from, window.reachesBackTo(201), window.reachesBackTo(200)]).toEqual([
      201,
      true,
      false,
    ]);
    for (let seq = 201; seq <= 600; seq++) expect(window.find(eventId(seq))).toBe(seq);
    expect(window.lengthen(entries(1, 200), -Infinity)).toBe(true);
    expect(window.reachesBackTo(-Infinity)).toBe(true);
  });

  test('[SEQ-2] the windows of conversations that begin side by side do not know each other', () => {
    const empty = SentWindow.empty();
    const one = empty.with({ id: eventId('one'), seq: 1, sendTime: 1 });
    const other = empty.with({ id: eventId('other'), seq: 1, sendTime: 1 });
    expect(one.find(eventId('one'))).toBe(1);
    expect(one.find(eventId('other'))).toBeUndefined();
    expect(other.find(eventId('one'))).toBeUndefined();
    expect(empty.find(eventId('one'))).toBeUndefined();
  });

  test('an older version is as it was, whatever became of the ones made from it', () => {
    const old = filled(3, 1);
    const given = old.with({ id: eventId('given up'), seq: 4, sendTime: 4 });
    const next = old.with({ id: eventId('kept'), seq: 4, sendTime: 4 });
    expect(old.find(eventId('given up'))).toBeUndefined();
    expect(next.find(eventId('given up'))).toBeUndefined();
    expect(next.find(eventId('kept'))).toBe(4);
    expect(old.find(eventId('kept'))).toBeUndefined();
    expect(given.find(eventId(3))).toBe(3);
  });

  test('what has been found and is another message can be left out of the next search', () => {
    let window = filled(3, 1);
    window = window.with({ id: eventId(2), seq: 4, sendTime: 4 });
    expect(window.find(eventId(2))).toBe(2);
    expect(window.find(eventId(2), 2)).toBe(4);
    expect(window.find(eventId(2), 4)).toBeUndefined();
  });
});

/** A list of all that was ever sent, for each version: what a window must be equal to, within its reach. */
type Naive = Readonly<{ window: SentWindow; sent: readonly SentEntry[] }>;

const ageOfWindow = fc.constantFrom(0, 1, 1_000, WINDOW_MS / 100, WINDOW_MS / 9, 2 * WINDOW_MS);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('send' as const), id: fc.nat(60), ageOfWindow }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('burst' as const),
      count: fc.integer({ min: 1, max: 300 }),
      ageOfWindow,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('give up' as const),
      versions: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shorten' as const) }) },
);

const sendInto = ({ window, sent }: Naive, names: readonly string[], later: number): Naive => {
  const after = sent.at(-1)?.sendTime ?? 0;
  const entries = names.map((name, index) => ({
    id: eventId(name),
    seq: sent.length + index + 1,
    sendTime: after + later * (index + 1),
  }));
  return {
    window: entries.reduce((before, entry) => before.with(entry), window),
    sent: [...sent, ...entries],
  };
};

const expectEqual = ({ window, sent }: Naive, shortened: boolean): void => {
  const firstOf = new Map<string, number>();
  for (const { id, seq } of sent) {
    if (seq >= window.from && !firstOf.has(id)) firstOf.set(id, seq);
  }
  for (const { id } of sent) expect(window.find(id)).toBe(firstOf.get(id));
  expect(window.find(eventId('never'))).toBeUndefined();
  // What it says of its reach is true, and it reaches as far as it must.
  const now = sent.at(-1)?.sendTime ?? 0;
  const missing = sent.filter(({ seq }) => seq < window.from);
  for (const { sendTime } of missing) expect(window.reachesBackTo(sendTime - 1)).toBe(false);
  if (shortened) return;
  expect(window.reachesBackTo(now - WINDOW_MS)).toBe(true);
  expect(missing.length).toBeLessThanOrEqual(Math.max(0, sent.length - WINDOW_MESSAGES));
};

describe('the window, over any branching history', () => {
  test('[SEQ-6] finds what a list of everything finds: expired, given up, made shorter, sent twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (history) => {
        let versions: readonly Naive[] = [{ window: SentWindow.empty(), sent: [] }];
        const newest = (): Naive => versions.at(-1) ?? { window: SentWindow.empty(), sent: [] };
        let shortened = false;
        let fresh = 0;
        for (const next of history) {
          switch (next.kind) {
            case 'send':
              versions = [...versions, sendInto(newest(), [String(next.id)], next.ageOfWindow)];
              break;
            case 'burst': {
              const names = Array.from(
                { length: next.count },
                () => `burst ${String((fresh += 1))}`,
              );
              versions = [...versions, sendInto(newest(), names, next.ageOfWindow)];
              break;
            }
            case 'give up':
              // As after an append that was refused: one goes on from an earlier version.
              versions = versions.slice(0, Math.max(1, versions.length - next.versions));
              shortened = true;
              break;
            case 'shorten':
              newest().window.shorten();
              shortened = true;
          }
        }
        expectEqual(newest(), shortened);
      }),
      { numRuns: 150 },
    );
  });
});
