import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  numbered,
  type AppendNumbered,
  type Numbered,
  type NumberedRefusal,
} from '../../../core/conversation/decider.ts';
import { loadNumbered } from '../../../core/conversation/load.ts';
import type { MessageSent, NumberedEvent } from '../../../core/conversation/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import {
  AppendTooLarge,
  OutcomeUnknown,
  StoreUnavailable,
} from '../../../core/kernel/eventStore.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import {
  CONTENTION_MS_MAX,
  StreamWriters,
  type WriterOptions,
} from '../../../core/kernel/writer.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, by, eventId, sent } from '../../support/people.ts';

const STREAM = 'conversation-si_ann_bob';

type Options = WriterOptions<AppendNumbered, NumberedEvent, Numbered, NumberedRefusal>;

const send = (name: string | number): AppendNumbered => {
  const { sendTime: _, ...data } = sent(name).data;
  return {
    stream: STREAM,
    id: eventId(name),
    at: 1_000,
    meta: by(ann),
    wish: { type: 'MessageSent', data },
  };
};

const optionsOn = (log: EventLog, clock: () => number = () => 0): Options => ({
  log,
  decider: numbered,
  streamOf: ({ stream }) => stream,
  metaOf: ({ meta }) => meta,
  load: loadNumbered(log, () => undefined),
  clock,
  pause: () => Promise.resolve(),
});

const writersOn = (log: EventLog, clock?: () => number) => new StreamWriters(optionsOn(log, clock));

const stored = (log: EventLog): Promise<readonly Recorded<NumberedEvent>[]> =>
  log.readStream<NumberedEvent>(STREAM, { from: 'start', direction: 'forwards', max: 10_000 });

type Call<Name extends 'append' | 'readStream'> = (
  real: EventLog[Name],
  ...args: Parameters<EventLog[Name]>
) => ReturnType<EventLog[Name]>;

/** A log that does something else than asked, before or after the real call. */
const withCall = <Name extends 'append' | 'readStream'>(
  log: EventLog,
  name: Name,
  call: Call<Name>,
): EventLog => {
  const real = log[name].bind(log) as EventLog[Name];
  return new Proxy(log, {
    get: (target, key) => {
      if (key === name) return (...args: Parameters<EventLog[Name]>) => call(real, ...args);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
};
const withAppend = (log: EventLog, call: Call<'append'>) => withCall(log, 'append', call);
const withRead = (log: EventLog, call: Call<'readStream'>) => withCall(log, 'readStream', call);

describe('the writer of a stream', () => {
  test('[SEQ-1] decides what waits together, into one append', async () => {
    const log = new MemoryEventLog();
    let appends = 0;
    const writers = writersOn(
      withAppend(log, (real, ...args) => {
        appends++;
        return real(...args);
      }),
    );
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => writers.handle(send(index))),
    );
    expect(all.every(({ kind }) => kind === 'accepted')).toBe(true);
    expect((await stored(log)).map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, index) => eventId(index)),
    );
    expect(appends).toBeLessThanOrEqual(2);
  });

  test('[SEQ-1] parts an append that is too large: no command fails for the size of another', async () => {
    const log = new MemoryEventLog();
    const huge = eventId(7);
    const sizes: number[] = [];
    const writers = writersOn(
      withAppend(log, (real, stream, expected, events) => {
        if (events.length > 4 || events.some(({ id }) => id === huge)) {
          return Promise.reject(new AppendTooLarge('more than fits'));
        }
        sizes.push(events.length);
        return real(stream, expected, events);
      }),
    );
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => writers.handle(send(index))),
    );
    expect(all.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([7]);
    expect(all[7]).toMatchObject({ reason: { name: 'AppendTooLarge' } });
    const expected = Array.from({ length: 20 }, (_, index) => index).filter((one) => one !== 7);
    expect((await stored(log)).map(({ id }) => id)).toEqual(expected.map(eventId));
    expect(sizes.length).toBeLessThan(19);
    const answers = all.map((one, index) =>
      one.status === 'fulfilled' && one.value.kind === 'accepted'
        ? one.value.state.window.find(eventId(index))
        : undefined,
    );
    expect(answers.filter((seq) => seq !== undefined)).toEqual(expected.map((_, at) => at + 1));
  });

  test('[SEQ-2] the same message a hundred times at once is one event with one answer', async () => {
    const log = new MemoryEventLog();
    const writers = writersOn(log);
    const all = await Promise.all(Array.from({ length: 100 }, () => writers.handle(send('once'))));
    const answers = all.map(
      (one) => one.kind === 'accepted' && one.state.window.find(eventId('once')),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await stored(log)).toHaveLength(1);
  });

  test('[SEQ-2] streams that begin at the same time each keep their own', async () => {
    const log = new MemoryEventLog();
    const writers = writersOn(log);
    const streams = Array.from({ length: 30 }, (_, index) => `conversation-si_${String(index)}`);
    const all = streams.flatMap((stream) =>
      ['a', 'b', 'a', 'c', 'b'].map((name) => ({ ...send(`${stream} ${name}`), stream })),
    );
    const handled = await Promise.all(all.map((command) => writers.handle(command)));
    for (const [index, one] of handled.entries()) {
      const wanted = [1, 2, 1, 3, 2][index % 5];
      const id = all[index]?.id ?? eventId('');
      expect(one.kind === 'accepted' && one.state.window.find(id)).toBe(wanted);
    }
    for (const stream of streams) {
      const events = await log.readStream(stream, { from: 'start', direction: 'forwards', max: 9 });
      expect(events).toHaveLength(3);
    }
  });

  test('[SEQ-5] a conflict is read, and what another writer stored is adopted', async () => {
    const log = new MemoryEventLog();
    const stores: string[] = [];
    const onStored = (tries: number, commands: number): void => {
      stores.push(`${String(commands)} by ${String(tries)}`);
    };
    const [one, other] = [new StreamWriters({ ...optionsOn(log), onStored }), writersOn(log)];
    await one.handle(send(1));
    await other.handle(send(2));
    const [same, next] = await Promise.all([one.handle(send(2)), one.handle(send(3))]);
    expect(same.kind === 'accepted' && same.events).toEqual([]);
    expect(next.kind === 'accepted' && next.events.map(({ revision }) => revision)).toEqual([2]);
    expect((await stored(log)).map(({ id }) => id)).toEqual([1, 2, 3].map(eventId));
    expect(stores).toEqual(['1 by 1', '2 by 2']);
  });

  test('[SEQ-5] who has given others three turns that they did not take goes on without', async () => {
    const log = new MemoryEventLog();
    let time = 0;
    const slow = withAppend(log, (real, ...args) => {
      time += 10;
      return real(...args);
    });
    let pauses = 0;
    const pause = (): Promise<void> => {
      pauses += 1;
      return Promise.resolve();
    };
    const one = new StreamWriters({ ...optionsOn(slow, () => time), pause });
    await one.handle(send(1));
    await writersOn(log).handle(send(2));
    for (const number of [3, 4, 5, 6, 7]) await one.handle(send(number));
    await new Promise((resolve) => setImmediate(resolve));
    // After the append that lost once, and after the next one.
    expect(pauses).toBe(2);
  });

  test('[SEQ-5] who has met another writer gives it a turn after each append, and for a while only', async () => {
    const log = new MemoryEventLog();
    let time = 0;
    const pauses: number[] = [];
    const slow = withAppend(log, (real, ...args) => {
      time += 10;
      return real(...args);
    });
    const pause = (ms: number): Promise<void> => {
      pauses.push(ms);
      return Promise.resolve();
    };
    /** It goes on for a moment after its answers. */
    const over = () => new Promise((resolve) => setImmediate(resolve));
    const one = new StreamWriters({ ...optionsOn(slow, () => time), pause });
    const other = writersOn(log);
    await one.handle(send(1));
    await one.handle(send(2));
    expect(pauses).toEqual([]);
    await other.handle(send(3));
    await one.handle(send(4));
    await one.handle(send(5));
    await over();
    expect(pauses).toEqual([40, 40]);
    // What it has been told of meanwhile is read before it tries again: no conflict.
    await other.handle(send(6));
    for (const event of (await stored(log)).slice(-1)) one.observe(event);
    time += 60_000;
    await one.handle(send(7));
    await over();
    expect(pauses).toHaveLength(2);
    expect((await stored(log)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7].map(eventId));
  });

  test('[SEQ-7] after an unknown outcome the same append is repeated, and stored once', async () => {
    const log = new MemoryEventLog();
    let left = 3;
    const writers = writersOn(
      withAppend(log, async (real, ...args) => {
        const result = await real(...args);
        if (left-- > 0) throw new OutcomeUnknown('no answer');
        return result;
      }),
    );
    await writers.handle(send(1));
    await writers.handle(send(2));
    expect((await stored(log)).map(({ id }) => id)).toEqual([1, 2].map(eventId));
  });

  test('[SEQ-7] an unknown outcome that lasts is a fault, and the next command reads what became of it', async () => {
    const log = new MemoryEventLog();
    let time = 0;
    let away = true;
    const writers = writersOn(
      withAppend(log, async (real, ...args) => {
        const result = await real(...args);
        time += CONTENTION_MS_MAX;
        if (away) throw new OutcomeUnknown('no answer');
        return result;
      }),
      () => time,
    );
    await expect(writers.handle(send(1))).rejects.toThrow(OutcomeUnknown);
    away = false;
    const again = await writers.handle(send(1));
    expect(again.kind === 'accepted' && again.events).toEqual([]);
    expect(await stored(log)).toHaveLength(1);
  });

  test('[SEQ-7] an outcome stays unknown though the store is away when the append is repeated', async () => {
    const log = new MemoryEventLog();
    let time = 0;
    let calls = 0;
    const writers = writersOn(
      withAppend(log, async (real, ...args) => {
        time += CONTENTION_MS_MAX / 8;
        calls += 1;
        if (calls === 1) {
          await real(...args);
          throw new OutcomeUnknown('no answer');
        }
        if (calls < 10) throw new StoreUnavailable('away');
        return real(...args);
      }),
      () => time,
    );
    await expect(writers.handle(send(1))).rejects.toThrow(OutcomeUnknown);
    expect(calls).toBeGreaterThan(2);
    calls = 10;
    const again = await writers.handle(send(1));
    expect(again.kind === 'accepted' && again.events).toEqual([]);
    expect(await stored(log)).toHaveLength(1);
  });

  test('[SEQ-7] a store that comes back in time says how the append ended', async () => {
    const log = new MemoryEventLog();
    let calls = 0;
    const writers = writersOn(
      withAppend(log, async (real, ...args) => {
        const result = await real(...args);
        calls += 1;
        if (calls === 1) throw new OutcomeUnknown('no answer');
        if (calls === 2) throw new StoreUnavailable('away');
        return result;
      }),
    );
    const handled = await writers.handle(send(1));
    expect(handled.kind === 'accepted' && handled.events).toHaveLength(1);
    expect(await stored(log)).toHaveLength(1);
  });

  test('[SEQ-6] keeps what it knows over faults of the store, and reads only what came after', async () => {
    const log = new MemoryEventLog();
    let away = false;
    let loads = 0;
    const load = loadNumbered(log, () => undefined);
    const writers = new StreamWriters({
      ...optionsOn(
        withAppend(log, (real, ...args) =>
          away ? Promise.reject(new StoreUnavailable('disk full')) : real(...args),
        ),
      ),
      load: (stream) => {
        loads += 1;
        return load(stream);
      },
    });
    await writers.handle(send(1));
    away = true;
    await expect(writers.handle(send(2))).rejects.toThrow('disk full');
    away = false;
    await writersOn(log).handle(send(2));
    const again = await writers.handle(send(2));
    expect(again.kind === 'accepted' && again.events).toEqual([]);
    const missed = await writersOn(log).handle(send(3));
    await writersOn(log).handle(send(4));
    expect(missed.kind).toBe('accepted');
    const newest = (await stored(log)).at(-1);
    if (newest !== undefined) writers.observe(newest);
    const next = await writers.handle(send(3));
    expect(next.kind === 'accepted' && next.events).toEqual([]);
    expect((await stored(log)).map(({ id }) => id)).toEqual([1, 2, 3, 4].map(eventId));
    expect(loads).toBe(1);
  });

  test('[GRP-30] what is seen of others while an append is under way is not forgotten', async () => {
    const log = new MemoryEventLog();
    const other = writersOn(log);
    let seen: readonly Recorded<NumberedEvent>[] = [];
    const writers: ReturnType<typeof writersOn> = writersOn(
      withAppend(log, async (real, ...args) => {
        const result = await real(...args);
        // Another process is next, and the follower is quicker than the answer to this append.
        await other.handle(send(2));
        seen = await stored(log);
        for (const event of seen) writers.observe(event);
        return result;
      }),
    );
    await writers.handle(send(1));
    expect(seen).toHaveLength(2);
    expect(writers.kept(STREAM)).toBeUndefined();
    expect((await writers.state(STREAM)).window.find(eventId(2))).toBe(2);
  });

  test('[GRP-30] nor what is seen while the stream is read for the first time, however long that takes', async () => {
    const log = new MemoryEventLog();
    const other = writersOn(log);
    await other.handle(send(1));
    const load = loadNumbered(log, () => undefined);
    let time = 0;
    const asked: Promise<Numbered>[] = [];
    const writers: ReturnType<typeof writersOn> = new StreamWriters({
      ...optionsOn(log, () => time),
      load: async (stream) => {
        const loaded = await load(stream);
        await other.handle(send(2));
        for (const event of await stored(log)) writers.observe(event);
        // Whoever asks now wants the second one, too.
        asked.push(writers.state(STREAM));
        time += 2 * CONTENTION_MS_MAX;
        return loaded;
      },
    });
    expect((await writers.state(STREAM)).window.find(eventId(1))).toBe(1);
    expect((await asked[0])?.window.find(eventId(2))).toBe(2);
    expect(writers.kept(STREAM)?.window.find(eventId(2))).toBe(2);
  });

  test('[GRP-30] a stream that others write faster than it is read has a state all the same', async () => {
    const log = new MemoryEventLog();
    const other = writersOn(log);
    let number = 1;
    await other.handle(send(number));
    const busy = withRead(log, async (real, ...args) => {
      const read = await real(...args);
      number += 1;
      await other.handle(send(number));
      for (const event of (await stored(log)).slice(-1)) writers.observe(event);
      return read;
    });
    const writers: ReturnType<typeof writersOn> = writersOn(busy);
    const { window } = await writers.state(STREAM);
    expect(window.find(eventId(1))).toBe(1);
    // It was not read again for what came meanwhile.
    expect(number).toBe(2);
  });

  test('[GRP-30] nor what cannot be read yet, for a time', async () => {
    const log = new MemoryEventLog();
    await writersOn(log).handle(send(1));
    let time = 0;
    const writers = new StreamWriters({
      ...optionsOn(log, () => time),
      pause: (ms) => {
        time += ms;
        return Promise.resolve();
      },
    });
    await writers.state(STREAM);
    const [event] = await stored(log);
    writers.observe({ ...event!, id: eventId(3), revision: 2 });
    await expect(writers.state(STREAM)).rejects.toThrow(/try again/);
    expect(time).toBeGreaterThan(CONTENTION_MS_MAX);
    await writersOn(log).handle(send(2));
    await writersOn(log).handle(send(3));
    expect((await writers.state(STREAM)).window.find(eventId(3))).toBe(3);
  });

  test('[SEQ-6] beyond its memory lets go of idle streams, and then shortens those in use', async () => {
    const log = new MemoryEventLog();
    const memory = 10_000;
    let shortened = 0;
    const writers = new StreamWriters({
      ...optionsOn(log),
      weightOf: ({ window }) => window.bytes,
      weightMax: memory,
      lighten: ({ window }) => {
        const { bytes } = window;
        window.shorten();
        if (window.bytes < bytes) shortened += 1;
      },
    });
    const idle = { ...send('idle'), stream: 'conversation-si_ann_cat' };
    await writers.handle(idle);
    for (let index = 0; index < 3_000; index++) {
      await writers.handle({ ...send(index), at: 1_000 * index });
    }
    expect(shortened).toBeGreaterThan(0);
    expect(writers.kept(idle.stream)).toBeUndefined();
    const { window } = writers.kept(STREAM) ?? numbered.initialState;
    expect(window.bytes).toBeLessThanOrEqual(memory);
    expect(window.find(eventId(2_999))).toBe(3_000);
    expect(window.reachesBackTo((window.from - 1) * 1_000)).toBe(true);
    expect(window.reachesBackTo((window.from - 3) * 1_000)).toBe(false);
  });

  test('a store that is away is a fault for those who waited, and no more than that', async () => {
    const log = new MemoryEventLog();
    let away = true;
    const writers = writersOn(
      withAppend(log, (real, ...args) =>
        away ? Promise.reject(new StoreUnavailable('disk full')) : real(...args),
      ),
    );
    await expect(Promise.all([writers.handle(send(1)), writers.handle(send(2))])).rejects.toThrow(
      'disk full',
    );
    away = false;
    await writers.handle(send(2));
    expect((await stored(log)).map(({ id }) => id)).toEqual([eventId(2)]);
  });

  test('[SEQ-6] what a restarted writer knows at once are the newest', async () => {
    const log = new MemoryEventLog();
    for (let batch = 0; batch < 4; batch++) {
      await Promise.all(
        Array.from({ length: 16 }, (_, index) => writersOn(log).handle(send(batch * 16 + index))),
      );
    }
    const before = await stored(log);
    const fresh = writersOn(log);
    for (const { id, revision } of before) {
      const name = id.slice('id-'.length);
      const again = await fresh.handle(send(name));
      expect(again.kind === 'accepted' && again.state.window.find(id)).toBe(revision + 1);
    }
    expect(await stored(log)).toHaveLength(before.length);
  });

  test('[SEQ-1] [SEQ-2] several writers with lost answers number 1..n, and each message once', async () => {
    const step = fc.record({
      writer: fc.integer({ min: 0, max: 2 }),
      message: fc.integer({ min: 0, max: 12 }),
      lost: fc.boolean(),
      observed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const log = new MemoryEventLog();
        let lose = false;
        const flaky = withAppend(log, async (real, ...args) => {
          const result = await real(...args);
          if (lose) {
            lose = false;
            throw new OutcomeUnknown('no answer');
          }
          return result;
        });
        const writers = [writersOn(flaky), writersOn(flaky), writersOn(flaky)];
        const waiting: Promise<unknown>[] = [];
        for (const { writer, message, lost, observed } of steps) {
          lose ||= lost;
          waiting.push(writers[writer]?.handle(send(message)) ?? Promise.resolve());
          if (!observed) continue;
          await Promise.all(waiting);
          for (const event of await stored(log)) for (const one of writers) one.observe(event);
        }
        await Promise.all(waiting);
        const ids = (await stored(log)).map(({ id }) => id);
        expect(ids.toSorted()).toEqual(
          [...new Set(steps.map(({ message }) => eventId(message)))].toSorted(),
        );
        for (const [index, { type, revision }] of (await stored(log)).entries()) {
          expect([type, revision]).toEqual(['MessageSent' satisfies MessageSent['type'], index]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
