import { afterEach, describe, expect, test, vi } from 'vitest';
import type { UserId } from '../../../../core/kernel/ids.ts';
import { NotAnswerable } from '../../../../gateways/ports.ts';
import { openWatching } from '../../../../infra/app/sockets/watching.ts';
import { subjectOfTopic } from '../../../../infra/app/cluster/subjects.ts';
import { read, type ToUser } from '../../../../infra/app/cluster/wire.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import { ann, bob, cat } from '../../../support/people.ts';

const MAX = 2;

/** The connections of one user at one gateway, of which no more than two others may be watched. */
const connections = () => {
  const watched = new Set<UserId>();
  return {
    watched,
    mayWatch: (_: UserId, users: readonly UserId[]) => new Set([...watched, ...users]).size <= MAX,
    watch: (_: UserId, users: readonly UserId[]) => {
      for (const user of users) watched.add(user);
      return Promise.resolve(true);
    },
    unwatch: (_: UserId, users: readonly UserId[]) => {
      for (const user of users) watched.delete(user);
      return Promise.resolve();
    },
    watchedBy: () => Promise.resolve([...watched]),
  };
};

/** Two gateways that ann is connected to, and a process without connections. */
const world = () => {
  const hub = memoryBus();
  const known = { gateways: 2 };
  const join = (
    id: string,
    here: ReturnType<typeof connections> | undefined,
    others: () => number,
  ) => {
    const bus = hub.join();
    const watching = openWatching({ bus, id, gatewaysOf: others, here });
    bus.subscribe(subjectOfTopic(ann), (payload) => {
      const told = read<ToUser>(payload);
      if (told.kind === 'watch') watching.wished(ann, told);
    });
    return { ...watching.subscriptions, here: here?.watched ?? new Set<UserId>() };
  };
  return {
    known,
    one: join('one', connections(), () => 1),
    two: join('two', connections(), () => 1),
    api: join('api', undefined, () => known.gateways),
  };
};

/** Each message is handed on in a turn of its own. */
const heard = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

afterEach(() => {
  vi.useRealTimers();
});

describe('[NOD-24] subscriptions to presence', () => {
  test('hold at every gateway, whichever process is asked', async () => {
    const { api, one, two } = world();
    expect(await api.watch(ann, [bob])).toBe(true);
    expect([[...one.here], [...two.here]]).toEqual([[bob], [bob]]);
    expect(await one.watch(ann, [cat])).toBe(true);
    expect([[...one.here], [...two.here]]).toEqual([
      [bob, cat],
      [bob, cat],
    ]);
    await two.unwatch(ann, [bob]);
    for (const process of [api, one, two]) expect(await process.watchedBy(ann)).toEqual([cat]);
  });

  test('change nowhere where one gateway has no room for more', async () => {
    const { api, one, two } = world();
    two.here.add(bob).add(cat);
    const dan = 'dan' as UserId;
    for (const process of [api, one, two]) expect(await process.watch(ann, [dan])).toBe(false);
    expect([[...one.here], [...two.here]]).toEqual([[], [bob, cat]]);
    expect(await api.watchedBy(ann)).toEqual([bob, cat]);
  });

  test('of a user that is nowhere are none, and a gateway that does not answer is waited for in vain', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { known, api } = world();
    known.gateways = 3;
    const waited = expect(api.watch(ann, [bob])).rejects.toBeInstanceOf(NotAnswerable);
    await heard();
    await vi.advanceTimersByTimeAsync(3_000);
    await waited;
    // It has gone meanwhile, and that is known by now.
    const listed = api.watchedBy(ann);
    await heard();
    known.gateways = 2;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await listed).toEqual([]);
    known.gateways = 0;
    expect(await api.watch(ann, [bob])).toBe(true);
    expect(await api.watchedBy(ann)).toEqual([]);
  });
});
