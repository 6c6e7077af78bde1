import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../core/kernel/fact.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import { MemoryEventLog } from './memoryEventLog.ts';

const meta = { actor: 'test', operationId: 'test' };
const event = (id: string): NewEvent => ({ type: 'Happened', data: {}, id: id as EventId, meta });
const [a, b, c] = [event('a'), event('b'), event('c')] as const;

describe('the log of the tests', () => {
  test('appends at the expected revision only, and knows a repetition by its ids', async () => {
    const log = new MemoryEventLog();
    const first = await log.append('s', 'no_stream', [a, b]);
    expect(first).toMatchObject({ kind: 'appended', revision: 1 });
    expect(await log.append('s', 'no_stream', [a, b])).toEqual(first);
    expect(await log.append('s', 'no_stream', [a, c])).toEqual({ kind: 'conflict', actual: 1 });
    expect(await log.append('s', 0, [b])).toEqual(first);
    expect(await log.append('s', 7, [c])).toEqual({ kind: 'conflict', actual: 1 });
    expect(await log.append('s', 'any', [a])).toMatchObject({ kind: 'appended', revision: 0 });
    expect(await log.append('t', 'stream_exists', [a])).toEqual({
      kind: 'conflict',
      actual: 'no_stream',
    });
    expect(await log.append('s', 1, [c])).toMatchObject({ kind: 'appended', revision: 2 });
  });

  test('reads streams both ways and everything by prefix, page by page', async () => {
    const log = new MemoryEventLog();
    await log.append('s-1', 'no_stream', [a, b, c]);
    await log.append('t-1', 'no_stream', [a]);
    const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id).join('');
    const read = (from: number | 'start' | 'end', direction: 'forwards' | 'backwards', max = 9) =>
      log.readStream('s-1', { from, direction, max });
    expect(ids(await read('start', 'forwards', 2))).toBe('ab');
    expect(ids(await read(1, 'forwards'))).toBe('bc');
    expect(ids(await read('end', 'backwards', 2))).toBe('cb');
    expect(ids(await read(0, 'backwards'))).toBe('a');

    const one = await log.readAll({ after: 0, max: 2, prefixes: ['s-'] });
    expect([ids(one.events), one.end]).toEqual(['ab', false]);
    const rest = await log.readAll({ after: one.next, max: 2, prefixes: ['s-'] });
    expect([ids(rest.events), rest.end, rest.next]).toEqual(['c', true, await log.head()]);
  });

  test('a subscription gets what was and what comes; one from the end only the latter', async () => {
    const log = new MemoryEventLog();
    await log.append('s', 'no_stream', [a]);
    const follow = (after: number | 'end', wanted: string) =>
      new Promise<string>((resolve, reject) => {
        let seen = '';
        const { close } = log.subscribeAll({
          after,
          onEvents: async (events) => {
            seen += events.map(({ id }) => id).join('');
            if (seen === wanted) resolve(close().then(() => seen));
            await Promise.resolve();
          },
          onFailed: reject,
        });
      });
    const all = follow(0, 'abc');
    const later = follow('end', 'bc');
    await log.append('s', 0, [b]);
    await log.append('s', 1, [c]);
    expect(await later).toBe('bc');
    expect(await all).toBe('abc');
  });
});
