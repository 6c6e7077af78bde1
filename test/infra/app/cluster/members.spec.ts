import { describe, expect, test, vi } from 'vitest';
import type { Millis, UserId } from '../../../../core/kernel/ids.ts';
import { userStream } from '../../../../core/user/events.ts';
import { StoreUnavailable } from '../../../../core/kernel/eventStore.ts';
import { knownToAll } from '../../../../infra/app/cluster/cluster.ts';
import { LEASE_MS, LISTEN_MS, Members, SILENT_MS } from '../../../../infra/app/cluster/members.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import type { Bus, BusListener } from '../../../../infra/bus/bus.ts';
import type { Catalogue } from '../../../../infra/eventstore/codec.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { ann, bob, by, eventId } from '../../../support/people.ts';
import { renamed } from '../../../support/userEvents.ts';

/** A bus that a test can cut: nothing goes out of it or comes in. */
const cuttable = (bus: Bus) => {
  let isCut = false;
  const listeners = new Set<BusListener>();
  const cut: Bus = {
    publish: (...message) => !isCut && bus.publish(...message),
    subscribe: (subject, listener) =>
      bus.subscribe(subject, (payload) => {
        if (!isCut) listener(payload);
      }),
    flush: (ms) => (isCut ? Promise.resolve(false) : bus.flush(ms)),
    isShared: () => bus.isShared(),
    isConnected: () => !isCut && bus.isConnected(),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => bus.close(),
  };
  return {
    bus: cut,
    cut: () => {
      isCut = true;
      for (const listener of listeners) listener.cut();
    },
    restore: () => {
      isCut = false;
      for (const listener of listeners) listener.whole();
    },
  };
};

const heard = async (): Promise<void> => {
  // Each message is handed on in a turn of its own, and may lead to others.
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const world = () => {
  const hub = memoryBus();
  const clock = { at: 1_000_000 as Millis };
  const join = (id: string, events?: Catalogue) => {
    const line = cuttable(hub.join());
    const moved: UserId[] = [];
    const members = new Members({
      bus: line.bus,
      id,
      now: () => clock.at,
      presenceMoved: (user) => moved.push(user),
      heard: () => undefined,
      takesSends: true,
      ...(events !== undefined && { events }),
    });
    return { ...line, members, moved };
  };
  const beat = async (...all: readonly Readonly<{ members: Members }>[]): Promise<void> => {
    for (const { members } of all) members.beat();
    await heard();
  };
  return { clock, join, beat };
};

describe('presence', () => {
  test('[NOD-8] is what each gateway has said, all together', async () => {
    const { join, beat } = world();
    const [one, two, api] = [join('one'), join('two'), join('api')];
    await beat(one, two, api);
    one.members.presenceChanged(ann, [1, 5]);
    two.members.presenceChanged(ann, [2]);
    two.members.presenceChanged(bob, [5]);
    await heard();
    expect([...api.members.elsewhere(ann)].sort()).toEqual([1, 2, 5]);
    expect(one.members.elsewhere(ann)).toEqual([2]);
    two.members.presenceChanged(ann, []);
    await heard();
    expect([...api.members.elsewhere(ann)].sort()).toEqual([1, 5]);
    expect(api.moved).toEqual([ann, ann, bob, ann]);
  });

  test('[HOK-47] says where nothing is pushed, which is no news to who watches', async () => {
    const { join, beat } = world();
    const [one, two] = [join('one'), join('two')];
    await beat(one, two);
    one.members.presenceChanged(ann, [1, 5]);
    await heard();
    expect(two.members.awakeElsewhere(ann)).toEqual([1, 5]);
    one.members.presenceChanged(ann, [1, 5], [1]);
    await heard();
    expect(two.members.awakeElsewhere(ann)).toEqual([5]);
    expect(two.members.elsewhere(ann)).toEqual([1, 5]);
    expect(two.moved).toEqual([ann]);
    // Who comes late hears of it, too.
    const late = join('late');
    await beat(one);
    await heard();
    expect(late.members.awakeElsewhere(ann)).toEqual([5]);
  });

  test('[NOD-10] is asked for whole by who comes late, in as many parts as it takes', async () => {
    const { join, beat } = world();
    const one = join('one');
    const users = Array.from({ length: 9_000 }, (_, at) => `user${String(at)}` as UserId);
    for (const user of users) one.members.presenceChanged(user, [5]);
    const late = join('late');
    await beat(one);
    await heard();
    expect(users.filter((user) => late.members.elsewhere(user).length === 1)).toHaveLength(9_000);
    one.members.presenceChanged(ann, [1]);
    await heard();
    expect(late.members.elsewhere(ann)).toEqual([1]);
  });

  test('[NOD-10] is asked for again by who was cut off, and nobody is taken for gone meanwhile', async () => {
    const { clock, join, beat } = world();
    const [one, two] = [join('one'), join('two')];
    one.members.presenceChanged(ann, [5]);
    await beat(one, two);
    two.cut();
    one.members.presenceChanged(ann, []);
    one.members.presenceChanged(bob, [5]);
    clock.at += LEASE_MS * 3;
    await beat(one, two);
    expect(two.members.elsewhere(ann)).toEqual([5]);
    two.restore();
    await beat(two, one);
    await heard();
    expect(two.members.elsewhere(ann)).toEqual([]);
    expect(two.members.elsewhere(bob)).toEqual([5]);
    expect(two.moved.slice(-2).sort()).toEqual([ann, bob]);
  });

  test('[NOD-9] goes with a gateway that has said goodbye, or nothing for ten seconds', async () => {
    const { clock, join, beat } = world();
    const [one, two, three] = [join('one'), join('two'), join('three')];
    one.members.presenceChanged(ann, [5]);
    two.members.presenceChanged(bob, [5]);
    await beat(one, two, three);
    one.members.close();
    await heard();
    expect(three.members.elsewhere(ann)).toEqual([]);
    clock.at += LEASE_MS;
    await beat(three);
    expect(three.members.elsewhere(bob)).toEqual([5]);
    clock.at += 1;
    await beat(three);
    expect(three.members.elsewhere(bob)).toEqual([]);
  });
});

describe('what only one does', () => {
  test('[NOD-11] is free once nobody has said for three seconds to be doing it', async () => {
    const { clock, join, beat } = world();
    const [one, two] = [join('one'), join('two')];
    // Who has just come listens first.
    expect(one.members.isFree('notices')).toBe(false);
    clock.at += SILENT_MS;
    expect(one.members.isFree('notices')).toBe(true);
    one.members.leads('notices', true);
    await heard();
    expect(two.members.isFree('notices')).toBe(false);
    expect(two.members.isFree('others')).toBe(true);
    clock.at += SILENT_MS - 1;
    await beat(two);
    expect(two.members.isFree('notices')).toBe(false);
    clock.at += 1;
    expect(two.members.isFree('notices')).toBe(true);
    await beat(one);
    expect(two.members.isFree('notices')).toBe(false);
    one.members.close();
    await heard();
    expect(two.members.isFree('notices')).toBe(true);
  });

  test('[NOD-11] is not begun by who is cut off, or has just come back', async () => {
    const { clock, join, beat } = world();
    const [one, two] = [join('one'), join('two')];
    clock.at += SILENT_MS;
    one.members.leads('notices', true);
    await beat(one, two);
    two.cut();
    clock.at += SILENT_MS * 10;
    expect(two.members.isFree('notices')).toBe(false);
    two.restore();
    expect(two.members.isFree('notices')).toBe(false);
    await beat(one);
    clock.at += SILENT_MS - 1;
    await beat(one);
    expect(two.members.isFree('notices')).toBe(false);
  });

  test('[NOD-11] is free though the clock of the machine is set back meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      const hub = memoryBus();
      const [one, two] = ['one', 'two'].map(
        (id) =>
          new Members({
            ...{ bus: hub.join(), id, presenceMoved: () => undefined, heard: () => undefined },
          }),
      );
      vi.advanceTimersByTime(SILENT_MS);
      one?.leads('notices', true);
      await heard();
      expect(two?.isFree('notices')).toBe(false);
      vi.setSystemTime(Date.now() - 60 * 60_000);
      vi.advanceTimersByTime(SILENT_MS);
      expect(two?.isFree('notices')).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is free to who is alone', () => {
    const { join } = world();
    expect(join('one').members.isFree('notices')).toBe(true);
  });
});

describe('a rolling upgrade', () => {
  const OLD: Catalogue = { UserRegistered: { version: 1 }, MessageSent: { version: 1 } };

  test('[NOD-12] an event that a process that is there cannot read is not appended for now', async () => {
    const { clock, join, beat } = world();
    const old = join('old', OLD);
    const now = join('new', { ...OLD, UserChanged: { version: 1 } });
    now.members.assertKnown('UserChanged');
    await beat(old);
    expect(() => now.members.assertKnown('UserChanged')).toThrow(StoreUnavailable);
    expect(() => now.members.assertKnown('UserChanged')).toThrow(/UserChanged@1.*end the upgrade/);
    now.members.assertKnown('MessageSent');
    clock.at += LEASE_MS + 1;
    await beat(now);
    now.members.assertKnown('UserChanged');
  });

  test('[NOD-32] of an event with a new shape the old processes go on with theirs, which the new ones read', async () => {
    const { join, beat } = world();
    const old = join('old', OLD);
    const now = join('new', { ...OLD, MessageSent: { version: 2 } });
    await beat(old, now);
    old.members.assertKnown('MessageSent');
    expect(() => now.members.assertKnown('MessageSent')).toThrow(/MessageSent@2/);
    old.members.close();
    await heard();
    now.members.assertKnown('MessageSent');
  });

  test('[NOD-33] what one of another version would store otherwise is not left to it', async () => {
    const { join, beat } = world();
    const [old, other] = [join('old', OLD), join('other', OLD)];
    const shaped = join('shaped', { ...OLD, MessageSent: { version: 2 } });
    const sealing = join('sealing', {
      ...OLD,
      MessageSent: { version: 1, personal: { body: () => ann } },
    });
    await beat(old, other, shaped, sealing);
    expect(old.members.sendTakers.toSorted()).toEqual(['old', 'other']);
    expect(shaped.members.sendTakers).toEqual(['shaped']);
    expect(sealing.members.sendTakers).toEqual(['sealing']);
  });

  test('[NOD-31] who has just come listens before it appends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'performance'] });
    try {
      const { join, beat } = world();
      const old = join('old', OLD);
      const now = join('new', { ...OLD, UserChanged: { version: 1 } });
      now.members.start();
      const log = new MemoryEventLog();
      const append = knownToAll(now.members, log);
      const change = { ...renamed(ann, 'Ann'), id: eventId(1), meta: by(ann, 'op') };
      const appended = append(userStream(ann), 'no_stream', [change]);
      await vi.advanceTimersByTimeAsync(LISTEN_MS - 1);
      await beat(old);
      const refused = expect(appended).rejects.toThrow(/UserChanged@1/);
      await vi.advanceTimersByTimeAsync(1);
      await refused;
      expect(await log.head()).toBe(0);
      old.members.close();
      await heard();
      await append(userStream(ann), 'no_stream', [change]);
      expect(await log.head()).toBeGreaterThan(0);
      now.members.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
