import { describe, expect, test } from 'vitest';
import {
  OutcomeUnknown,
  StoreUnavailable,
  type EventStore,
  type StoreEvent,
} from '../../../../core/kernel/eventStore.ts';
import { OrderedAppends, type Writable } from '../../../../infra/eventstore/copy/appendInOrder.ts';
import { checkLog } from '../../../../infra/eventstore/copy/check.ts';
import { compareLogs } from '../../../../infra/eventstore/copy/compare.ts';
import { copyEvents, standingOf } from '../../../../infra/eventstore/copy/copy.ts';
import type { Readable } from '../../../../infra/eventstore/copy/pages.ts';
import { HeldPositions } from '../../../../infra/eventstore/copy/positions.ts';
import {
  LOG_STREAM,
  copyBegun,
  copyEnded,
  logRestored,
  readHistory,
} from '../../../../infra/eventstore/history.ts';
import { memoryEventStore } from '../../../../infra/eventstore/memory.ts';
import { allOf, bytes, event, events, newId, plain } from '../../../support/eventStore/events.ts';
import { chanceFrom, seedOfRun } from '../../../support/seeded.ts';

const OWN = ['conversation-', 'user-', 'inbox-', 'checkpoint-', 'projector-'];

type Trouble = (
  append: EventStore['append'],
  ...args: Parameters<EventStore['append']>
) => ReturnType<EventStore['append']>;

const writable = (
  store: EventStore,
  trouble: Trouble = (append, ...args) => append(...args),
): Readable & Writable => ({
  readAll: (options) => store.readAll(options),
  readStream: (...args) => store.readStream(...args),
  head: () => store.head(),
  append: (...args) => trouble((...all) => store.append(...all), ...args),
  writability: () => ({ writable: true }),
  underWayMax: { appends: 8, bytes: 100_000 },
});

/** A log of some streams, written at other times than now, with others' events between. */
const history = async (count: number): Promise<EventStore> => {
  const chance = chanceFrom(seedOfRun());
  let now = 1_700_000_000_000;
  const store = memoryEventStore(() => now);
  for (let written = 0; written < count;) {
    const batch = events(1 + chance.integer(3), `e${written}`);
    now += chance.integer(1_000);
    await store.append(`conversation-${chance.integer(7)}`, 'any', batch);
    if (chance.integer(5) === 0) await store.append('foreign', 'any', events(1));
    written += batch.length;
  }
  return store;
};

const own = async (store: EventStore) =>
  (await allOf(store, { from: 'start', direction: 'forwards', max: 500, prefixes: OWN })).map(
    (one) => ({ ...plain(one), position: 0 }),
  );

describe('a log that is copied', () => {
  test('[STO-60] has the same events in the same order, with their times, and the same digest', async () => {
    const from = await history(800);
    const to = memoryEventStore();
    const copied = await copyEvents(from, writable(to));
    const wanted = await own(from);
    expect(copied).toBe(wanted.length);
    expect(await own(to)).toEqual(wanted);
    const compared = await compareLogs(from, to);
    expect(compared).toMatchObject({ events: copied, onlyInFrom: undefined, onlyInTo: undefined });
    const { digest } = await compareLogs(to, from);
    expect(digest).toBe(compared.digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect((await compareLogs(from, memoryEventStore())).digest).not.toBe(digest);
  });

  test('[STO-61] goes on where the copy stands, and with nothing to do does nothing', async () => {
    const from = await history(500);
    const to = memoryEventStore();
    await copyEvents(from, writable(to));
    expect(await copyEvents(from, writable(to))).toBe(0);
    await from.append('conversation-1', 'any', events(5));
    await from.append('user-new', 'any', events(2));
    expect(await copyEvents(from, writable(to))).toBe(7);
    expect(await own(to)).toEqual(await own(from));
  });

  test('[STO-61] whatever appends come to, nothing is lost, doubled or out of order', async () => {
    const from = await history(1_000);
    const to = memoryEventStore();
    // A fault that comes before anything is stored, and one after.
    const faults = [20, 100, 200];
    let calls = 0;
    // What was sent behind it fails as well, as on a connection that has ended.
    let broken = false;
    const trouble: Trouble = async (append, ...args) => {
      if (broken) throw new StoreUnavailable('still broken');
      broken = faults.includes(++calls);
      if (!broken) return append(...args);
      if (calls > 50) await append(...args);
      throw new OutcomeUnknown('of the test');
    };
    const shaky = writable(to, trouble);
    const copied = await copyEvents(from, {
      ...shaky,
      readAll: (options) => {
        // It looks where it stands: the line is there again.
        broken = false;
        return shaky.readAll(options);
      },
    });
    expect(await own(to)).toEqual(await own(from));
    expect(copied).toBeGreaterThan(0);
    expect(calls).toBeGreaterThan(200);
  });

  test('[STO-62] a copy that has something else is refused by stream and revision, and left alone', async () => {
    const from = await history(300);
    const to = memoryEventStore();
    await copyEvents(from, writable(to));
    const before = await to.head();
    await to.append('conversation-3', 'any', [event('of the copy')]);
    await from.append('conversation-3', 'any', [event('of the log')]);
    await expect(copyEvents(from, writable(to))).rejects.toThrow(
      /where FROM has revision \d+ of conversation-3 .*TO has revision \d+ of conversation-3/,
    );
    await expect(compareLogs(from, to)).rejects.toThrow(/conversation-3.*the id is/);
    expect(await to.head()).toBe(before + 1);
  });

  test('[STO-62] a copy that ends with what the log lacks is refused', async () => {
    const from = await history(20);
    const to = memoryEventStore();
    await copyEvents(from, writable(to));
    await to.append('user-extra', 'any', events(1));
    await expect(standingOf(from, to)).rejects.toThrow(
      'it ends with revision 0 of user-extra (Noted',
    );
    expect(await compareLogs(from, to)).toMatchObject({ onlyInTo: { stream: 'user-extra' } });
  });

  test('[STO-62] an order that has gone wrong before the last event is found', async () => {
    const [a, b, c] = [event('a'), event('b'), event('c')];
    const write = async (...steps: readonly (readonly [string, StoreEvent])[]) => {
      const store = memoryEventStore(() => 1);
      for (const [stream, one] of steps) await store.append(stream, 'any', [one]);
      return store;
    };
    const from = await write(['user-a', a], ['user-b', b], ['user-c', c]);
    const to = await write(['user-b', b], ['user-a', a], ['user-c', c]);
    await expect(standingOf(from, to)).rejects.toThrow('revision 0 of user-b');
  });

  test.each(['type', 'data', 'metadata', 'created'] as const)(
    '[STO-60] a difference in %s is found',
    async (field) => {
      const one: StoreEvent = { ...event('x', newId()), created: 5 };
      const others = { type: 'Other', data: bytes('{}'), metadata: bytes('{"b":1}'), created: 6 };
      const [from, to] = [memoryEventStore(), memoryEventStore()];
      await from.append('user-a', 'no_stream', [one]);
      await to.append('user-a', 'no_stream', [{ ...one, [field]: others[field] }]);
      await expect(compareLogs(from, to)).rejects.toThrow('revision 0 of user-a');
    },
  );

  test('[STO-62] a stream whose beginning is gone cannot be copied, and is named', async () => {
    const from = await history(10);
    const cut: Readable = {
      ...writable(from),
      readAll: async (options) => {
        const page = await from.readAll(options);
        return { ...page, events: page.events.filter(({ revision }) => revision > 0) };
      },
    };
    await expect(copyEvents(cut, writable(memoryEventStore()))).rejects.toThrow(
      /revision 1 of conversation-\d .*cut off/,
    );
  });

  test('[STO-61] no append is sent while the store takes none', async () => {
    const to = memoryEventStore();
    let asked = 0;
    const appends = new OrderedAppends(
      {
        ...writable(to),
        writability: () =>
          ++asked < 3 ? { writable: false, reason: 'of the test' } : { writable: true },
      },
      10_000,
    );
    const from = await history(1);
    const { events: some } = await from.readAll({ from: 'start', direction: 'forwards', max: 1 });
    await appends.add(some);
    await appends.finish();
    expect(asked).toBe(3);
    expect(appends.done).toBe(1);
    const never = new OrderedAppends(
      { ...writable(to), writability: () => ({ writable: false, reason: 'the disk is full' }) },
      0,
    );
    await expect(never.add(some)).rejects.toThrow('the disk is full');
  });
});

describe('positions in events that have been copied', () => {
  const moved = (position: number): StoreEvent => ({
    ...{ id: newId(), type: 'CheckpointMoved', metadata: bytes('{}') },
    data: bytes(JSON.stringify({ position })),
  });

  test('[STO-63] mean the same events as before', async () => {
    const from = memoryEventStore();
    await from.append('user-a', 'any', events(3));
    await from.append('foreign', 'any', events(2));
    await from.append('checkpoint-old', 'any', [moved(1)]);
    await from.append('checkpoint-old', 'any', [moved(2)]);
    await from.append('checkpoint-head', 'any', [moved(7)]);
    await from.append('user-b', 'any', events(1));
    await from.append('checkpoint-between', 'any', [moved(5)]);
    await from.append('checkpoint-none', 'any', [moved(0)]);
    const to = memoryEventStore();
    await to.append(LOG_STREAM, 'any', events(10));
    await copyEvents(from, writable(to));
    const held = new HeldPositions(undefined);
    for (const one of (await from.readAll({ from: 'start', direction: 'forwards', max: 99 }))
      .events)
      held.take(one);
    expect(await held.inCopy(from, to)).toEqual([
      ['checkpoint-old', 1, 12],
      ['checkpoint-head', 0, 15],
      // Up to the foreign events, which have not been copied, it is the last of those before them.
      ['checkpoint-between', 0, 13],
      ['checkpoint-none', 0, 0],
    ]);
  });

  test('[STO-63] are found again in what the log says of itself', async () => {
    const store = memoryEventStore();
    expect(await readHistory(store)).toMatchObject({ formerIds: [], copying: false });
    await store.append(LOG_STREAM, 'any', [copyBegun(['a', 'b'])]);
    expect(await readHistory(store)).toMatchObject({ formerIds: ['a', 'b'], copying: true });
    const positions = [['checkpoint-x', 3, 77]] as const;
    await store.append(LOG_STREAM, 'any', [copyEnded({ events: 1, digest: 'd', positions })]);
    const history = await readHistory(store);
    expect(history).toMatchObject({ copying: false, revision: 1, moved: { before: 2 } });
    expect(history.moved?.of({ stream: 'checkpoint-x', revision: 3 })).toBe(77);
    expect(history.moved?.of({ stream: 'checkpoint-x', revision: 4 })).toBeUndefined();
    await store.append(LOG_STREAM, 'any', [logRestored('c', ['a', 'b', 'd'])]);
    expect(await readHistory(store)).toMatchObject({ formerIds: ['a', 'b', 'd'], revision: 2 });
    await store.append(LOG_STREAM, 'any', [{ ...copyBegun([]), data: bytes('{"of":7}') }]);
    await expect(readHistory(store)).rejects.toThrow('event 3 of seqline-log');
  });
});

describe('a log that is checked', () => {
  test('[STO-65] a name that is not known is said with its place', async () => {
    const store = memoryEventStore();
    await store.append('user-a', 'any', [event()]);
    await expect(checkLog(store, undefined)).rejects.toThrow(
      'Noted at position 1 (user-a, revision 0): this version of Seqline knows no event of that name',
    );
  });

  test('[STO-65] a gap in a stream and a position that falls are said', async () => {
    const store = memoryEventStore();
    const checkpoint = { ...event(), type: 'CheckpointMoved' };
    await store.append('checkpoint-x', 'any', [checkpoint, { ...checkpoint, id: newId() }]);
    const through = (pick: (one: { revision: number; position: number }) => object) => ({
      readAll: async (options: Parameters<EventStore['readAll']>[0]) => {
        const page = await store.readAll(options);
        return { ...page, events: page.events.map((one) => ({ ...one, ...pick(one) })) };
      },
    });
    expect(await checkLog(store, undefined)).toMatchObject({ events: 2, streams: 1 });
    await expect(
      checkLog(
        through(({ revision }) => ({ revision: revision * 2 })),
        undefined,
      ),
    ).rejects.toThrow('at position 2 is revision 2 of checkpoint-x, where 1 follows');
    await expect(
      checkLog(
        through(() => ({ position: 4 })),
        undefined,
      ),
    ).rejects.toThrow('position 4 comes after position 4');
  });
});
