import { describe, expect, test } from 'vitest';
import type { EventStore, StoreEvent } from '../../../core/kernel/eventStore.ts';
import { ERASED, type NewEvent, type Recorded } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore } from '../../../core/kernel/keyStore.ts';
import { eventLog } from '../../../infra/eventstore/eventLog.ts';
import { DamagedEvent, EventWithoutKey, UnknownEvent } from '../../../infra/eventstore/faults.ts';
import { memoryEventStore } from '../../../infra/eventstore/memory.ts';
import { deriveId } from '../../../infra/ids.ts';
import { memoryKeys } from '../../../infra/keys/memory.ts';
import { until } from '../../support/until.ts';

const ann = 'ann' as UserId;
const forwards = { from: 'start', direction: 'forwards', max: 100 } as const;

const changed = (user: string, nickname: string, operationId = nickname): NewEvent => ({
  type: 'UserChanged',
  id: deriveId(user, nickname),
  meta: { actor: user, operationId },
  data: { user, profile: { nickname } },
});

const foreign = (type: string, name: string): StoreEvent => ({
  id: deriveId('foreign', name),
  type,
  data: Buffer.from('{}'),
  metadata: Buffer.from('{}'),
});

const nicknames = (events: readonly Recorded[]) =>
  events.map(({ data }) => ('profile' in data ? data.profile : undefined));

/** Two processes with one store and one key store: what the second reads, it has to decode. */
const twoLogs = ({ seal = true, store = memoryEventStore(), keys = memoryKeys() } = {}) => ({
  store,
  keys,
  one: eventLog({ store, keys, seal }),
  other: eventLog({ store, keys, seal }),
});

/** A key store whose calls are counted. */
const counted = (keys: KeyStore) => {
  const calls: string[] = [];
  const counting: KeyStore = {
    sealing: (subjects) => {
      calls.push(`sealing ${subjects.join()}`);
      return keys.sealing(subjects);
    },
    opening: (subject, id) => {
      calls.push(`opening ${subject} ${String(id)}`);
      return keys.opening(subject, id);
    },
    destroy: (subject) => keys.destroy(subject),
    close: () => keys.close(),
  };
  return { calls, counting };
};

/** A log whose store hands over other bytes than were appended, as a reader of old cached facts would miss. */
const withStored = (store: EventStore, swap: (event: StoreEvent) => StoreEvent): EventStore => ({
  ...bound(store),
  append: (stream, expected, events) => store.append(stream, expected, events.map(swap)),
});

const bound = (store: EventStore): EventStore => ({
  append: (stream, expected, events) => store.append(stream, expected, events),
  readStream: (stream, options) => store.readStream(stream, options),
  readAll: (options) => store.readAll(options),
  subscribeAll: (options) => store.subscribeAll(options),
  head: () => store.head(),
  logId: () => store.logId(),
  close: () => store.close(),
});

describe('the typed log', () => {
  test.each([true, false])(
    'gives back what was appended, in its place (sealed: %s)',
    async (seal) => {
      const { one, other } = twoLogs({ seal });
      const events = [changed('ann', 'Ann'), changed('ann', 'Anna')];
      const result = await one.append('user-ann', 'no_stream', events);
      if (result.kind !== 'appended') throw new Error('it was appended');
      const { created } = result;
      const wanted = events.map((event, revision) => ({
        ...event,
        ...{ stream: 'user-ann', revision, position: revision + 1, created },
      }));
      for (const log of [one, other]) {
        expect(await log.readStream('user-ann', forwards)).toEqual(wanted);
        expect((await log.readAll({ after: 0, max: 10 })).events).toEqual(wanted);
      }
    },
  );

  test('passes over what is not Seqline’s', async () => {
    const { store, one, other } = twoLogs();
    await store.append('orders-1', 'any', [foreign('OrderPlaced', 'a')]);
    await one.append('user-ann', 'any', [changed('ann', 'Ann')]);
    await store.append('user-ann', 'any', [foreign('$metadata', 'b')]);
    const page = await other.readAll({ after: 0, max: 10 });
    expect(page.events.map(({ position }) => position)).toEqual([2]);
    expect(page.end).toBe(true);
  });

  test('does not write to a stream that is not of the catalogue', async () => {
    const { one } = twoLogs();
    await expect(one.append('orders-1', 'any', [changed('ann', 'Ann')])).rejects.toThrow(
      'orders-1',
    );
  });

  test('[STO-12] stops a reader and a subscription at an unknown event', async () => {
    const { store, one } = twoLogs();
    await store.append('user-ann', 'any', [foreign('UserTeleported', 'a')]);
    await expect(one.readStream('user-ann', forwards)).rejects.toBeInstanceOf(UnknownEvent);
    await expect(one.readAll({ after: 0, max: 1 })).rejects.toBeInstanceOf(UnknownEvent);
    const failed = await new Promise<Error>((resolve) => {
      one.subscribeAll({ after: 0, onEvents: () => undefined, onFailed: resolve });
    });
    expect(failed).toMatchObject({ place: { position: 1, stream: 'user-ann', revision: 0 } });
  });

  test('hands over a subscription’s events in order, its own appends too', async () => {
    const { one, other } = twoLogs();
    const seen: number[] = [];
    const reached: number[] = [];
    const subscription = one.subscribeAll({
      after: 0,
      onEvents: (events) => {
        seen.push(...events.map(({ position }) => position));
      },
      onReached: (position) => {
        reached.push(position);
      },
      onFailed: (error) => {
        throw error;
      },
    });
    await one.append('user-ann', 'any', [changed('ann', 'a')]);
    await other.append('user-bob', 'any', [changed('bob', 'b')]);
    await until('both events', () => (reached.at(-1) === 2 ? seen : undefined), {
      seen: () => seen,
    });
    expect(seen).toEqual([1, 2]);
    await subscription.close();
  });

  test('leaves sealed to a subscription what it does not want, and no key is asked for it', async () => {
    const { calls, counting: keys } = counted(memoryKeys());
    const { one, other } = twoLogs({ keys });
    await one.append('user-ann', 'any', [changed('ann', 'a')]);
    calls.length = 0;
    const seen: Recorded[] = [];
    const subscription = other.subscribeAll({
      after: 0,
      leftSealed: new Set(['UserChanged']),
      onEvents: (events) => {
        seen.push(...events);
      },
      onFailed: (error) => {
        throw error;
      },
    });
    await until('the event', () => seen[0]);
    expect(seen).toMatchObject([{ data: { user: 'ann', profile: ERASED } }]);
    expect(calls).toEqual([]);
    expect(nicknames(await other.readStream('user-ann', forwards))).toEqual([{ nickname: 'a' }]);
    await subscription.close();
  });
});

describe('keys', () => {
  test('[SEA-4] nothing is appended before its keys are durable', async () => {
    const { store, keys } = twoLogs();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: KeyStore = {
      ...counted(keys).counting,
      sealing: async (subjects) => {
        await gate;
        return keys.sealing(subjects);
      },
    };
    const appending = eventLog({ store, keys: slow, seal: true }).append('user-ann', 'any', [
      changed('ann', 'Ann'),
    ]);
    await Promise.resolve();
    expect(await store.head()).toBe(0);
    release();
    await appending;
    expect(await store.head()).toBe(1);
  });

  test('are asked for once for all users of an append, and then remembered', async () => {
    const { calls, counting } = counted(memoryKeys());
    const { one, other } = twoLogs({ keys: counting });
    await one.append('user-ann', 'any', [changed('ann', 'a'), changed('bob', 'b')]);
    await one.append('user-ann', 'any', [changed('bob', 'c')]);
    expect(calls).toEqual(['sealing ann,bob']);
    await one.readAll({ after: 0, max: 10 });
    expect(calls).toHaveLength(1);
    await other.readAll({ after: 0, max: 10 });
    await other.readAll({ after: 0, max: 10 });
    expect(calls.slice(1)).toEqual(['opening ann 1', 'opening bob 1']);
  });
});

describe('[SEA-9] a key that has been lost', () => {
  const lost = async () => {
    const { store, one } = twoLogs();
    await one.append('user-bob', 'any', [changed('bob', 'Bob')]);
    await one.append('user-ann', 'any', [changed('ann', 'Ann')]);
    const keys = memoryKeys();
    await keys.sealing([ann]);
    await keys.destroy(ann);
    return { keys, log: eventLog({ store, keys, seal: true }) };
  };

  test('stops a reader and a subscription with its name, the event and what to do', async () => {
    const { log } = await lost();
    const reading = log.readAll({ after: 0, max: 10 });
    await expect(reading).rejects.toBeInstanceOf(EventWithoutKey);
    await expect(reading).rejects.toThrow(
      /^UserChanged at position 1 \(user-bob.*no key 1 of bob.*restore the key store/,
    );
    await expect(reading).rejects.toMatchObject({ cause: expect.any(KeyMissing) as KeyMissing });
    const failed = await new Promise<Error>((resolve) => {
      log.subscribeAll({ after: 0, onEvents: () => undefined, onFailed: resolve });
    });
    expect(failed).toBeInstanceOf(EventWithoutKey);
  });
  test('is no hindrance to what others have sealed, nor taken for one that is destroyed', async () => {
    const { log } = await lost();
    expect(nicknames(await log.readStream('user-ann', forwards))).toEqual([ERASED]);
  });
});

describe('[SEA-2] a forgotten user', () => {
  test('is erased for this process at once, and others are not', async () => {
    const { one } = twoLogs();
    await one.append('user-ann', 'any', [changed('ann', 'Ann'), changed('bob', 'Bob')]);
    await one.forget(ann);
    const events = await one.readStream('user-ann', forwards);
    expect(nicknames(events)).toEqual([ERASED, { nickname: 'Bob' }]);
  });

  test('[SEA-7] who comes back is read, and what was before stays erased', async () => {
    const { one, other } = twoLogs();
    await one.append('user-ann', 'any', [changed('ann', 'before')]);
    await one.forget(ann);
    await one.append('user-ann', 'any', [changed('ann', 'after')]);
    for (const log of [one, other]) {
      const events = await log.readStream('user-ann', forwards);
      expect(nicknames(events)).toEqual([ERASED, { nickname: 'after' }]);
    }
  });

  test('is erased in reads that were under way', async () => {
    const { one, other } = twoLogs();
    await other.append('user-ann', 'any', [changed('ann', 'Ann')]);
    const reading = one.readStream('user-ann', forwards);
    await one.forget(ann);
    expect(nicknames(await reading)).toEqual([ERASED]);
    expect(nicknames(await one.readStream('user-ann', forwards))).toEqual([ERASED]);
  });

  test('is not remembered by an append that was under way', async () => {
    const { store, keys, one } = twoLogs();
    const appending = one.append('user-ann', 'any', [changed('ann', 'Ann')]);
    await Promise.all([one.forget(ann), appending]);
    const here = nicknames(await one.readStream('user-ann', forwards));
    expect(here).toHaveLength(1);
    await keys.destroy(ann);
    const elsewhere = eventLog({ store, keys, seal: true });
    expect(nicknames(await elsewhere.readStream('user-ann', forwards))).toEqual([ERASED]);
  });
});

describe('what is remembered of appends', () => {
  test('never stands in for other bytes than are stored', async () => {
    const { one, other } = twoLogs();
    const first = changed('ann', 'first');
    const second = { ...changed('ann', 'second'), id: first.id };
    await other.append('user-ann', 'no_stream', [first]);
    const repeated = await one.append('user-ann', 'no_stream', [second]);
    expect(repeated.kind).toBe('appended');
    expect(nicknames(await one.readStream('user-ann', forwards))).toEqual([{ nickname: 'first' }]);
  });

  test('does not hide damage', async () => {
    const store = memoryEventStore();
    const torn = withStored(store, (event) => ({ ...event, data: event.data.subarray(1) }));
    const log = eventLog({ store: torn, keys: memoryKeys(), seal: true });
    await log.append('user-ann', 'any', [changed('ann', 'Ann')]);
    await expect(log.readStream('user-ann', forwards)).rejects.toBeInstanceOf(DamagedEvent);
  });
});
