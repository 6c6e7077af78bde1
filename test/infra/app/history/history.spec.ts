import { describe, expect, test } from 'vitest';
import { openHistory } from '../../../../infra/app/history/history.ts';
import type { Replayable } from '../../../../infra/replay/walk.ts';
import type { EventsRequest } from '../../../../gateways/history.ts';
import { isRecord, parseJson } from '../../../support/json.ts';
import { until } from '../../../support/until.ts';
import { worldOf } from '../../replay/world.ts';

const ALL: EventsRequest = {
  ...{ streams: [], categories: [], types: [], actors: [], conversations: [], follow: false },
};

const marks = (count: number) =>
  worldOf(
    Array.from({ length: count }, (_, index) => ({
      ...{ stream: 'inbox-ann', type: 'ReadMarked', actor: 'ann', created: 1_000 + index },
      data: { user: 'ann', conversation: 'si_ann_bob', upTo: index + 1 },
    })),
    4,
  );

const opened = (log: Replayable, more: Partial<Parameters<typeof openHistory>[0]> = {}) =>
  openHistory({
    log: { ...log, readStream: () => Promise.resolve([]) },
    reached: async (position) => (await log.head()) >= position,
    now: () => Date.now(),
    ...more,
  });

const linesOf = async (history: ReturnType<typeof opened>, request: Partial<EventsRequest>) => {
  const found = await history.events({ ...ALL, ...request });
  if (found.kind === 'refused') throw new Error(found.detail);
  return found.lines;
};

/** Positions, and of a line that says where to go on, the whole of it. */
const seen = (text: string): readonly unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => parseJson(line))
    .map((row) => (isRecord(row) && 'position' in row ? row['position'] : row));

const all = async (lines: AsyncIterable<string>): Promise<readonly unknown[]> => {
  const found: unknown[] = [];
  for await (const some of lines) found.push(...seen(some));
  return found;
};

describe('[REP-7] /admin/events', () => {
  test('gives all events, and last where it ended', async () => {
    const { log } = await marks(10);
    const found = await all(await linesOf(opened(log), {}));
    expect(found).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, { cursor: 10, end: true }]);
  });

  test('goes on from where it ended, with every limit', async () => {
    const { log } = await marks(10);
    for (let limit = 1; limit <= 11; limit += 1) {
      const got: unknown[] = [];
      let after = 0;
      for (let end = false; !end;) {
        const found = await all(await linesOf(opened(log), { limit, after }));
        const last = found.at(-1);
        got.push(...found.slice(0, -1));
        if (!isRecord(last)) throw new Error('no cursor');
        after = Number(last['cursor']);
        end = last['end'] === true || after === 10;
      }
      expect(got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  test('ends after a time, in the middle', async () => {
    const { log } = await marks(10);
    let clock = 0;
    const history = opened(log, { streamMs: 1, now: () => clock++ });
    expect(await all(await linesOf(history, {}))).toEqual([
      ...[1, 2, 3, 4],
      { cursor: 4, end: false },
    ]);
  });

  test('reads no further than it is read', async () => {
    const { log } = await marks(40);
    let pages = 0;
    const counting: Replayable = {
      ...log,
      readAll: (options) => {
        pages += 1;
        return log.readAll(options);
      },
    };
    const lines = (await linesOf(opened(counting), {}))[Symbol.asyncIterator]();
    await lines.next();
    expect(pages).toBe(1);
    await lines.return?.();
    expect(pages).toBe(1);
  });

  test('waits for what is to come, where it is asked to, until the process ends', async () => {
    const { log } = await marks(3);
    let head = 1;
    const history = opened({ ...log, head: () => Promise.resolve(head) });
    const lines = (await linesOf(history, { follow: true }))[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = (await lines.next()) as { value: string };
      return seen(value);
    };
    expect(await next()).toEqual([1]);
    expect(await next()).toEqual([{ cursor: 1, end: true }]);
    const waited = next();
    head = 3;
    expect(await waited).toEqual([2, 3]);
    expect(await next()).toEqual([{ cursor: 3, end: true }]);
    await history.close();
    expect(await next()).toEqual([{ cursor: 3, end: false }]);
  });

  test('is given to so many at a time', async () => {
    const { log } = await marks(1);
    const history = opened(log);
    const held = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const lines = (await linesOf(history, {}))[Symbol.asyncIterator]();
        await lines.next();
        return lines;
      }),
    );
    const refused = await history.events(ALL);
    expect(refused).toMatchObject({ kind: 'refused', reason: 'service/unavailable' });
    await held[0]?.return?.();
    await until('there is room', () => history.events(ALL).then(({ kind }) => kind === 'done'));
  });

  test.each([
    [{ from: 'soon' }, 'from: "soon" is not'],
    [{ after: 4 }, 'after: position 4 is beyond the end of the log, which is at 3'],
    [{ follow: true, to: '2' }, 'follow: it goes on without end'],
    [{ types: ['Nothing'] }, 'there is no event "Nothing"'],
  ])('refuses %j', async (request, detail) => {
    const { log } = await marks(3);
    const refused = await opened(log).events({ ...ALL, ...request });
    expect(refused).toMatchObject({ kind: 'refused', reason: 'args/invalid' });
    expect(refused).toHaveProperty('detail', expect.stringContaining(detail));
  });
});
