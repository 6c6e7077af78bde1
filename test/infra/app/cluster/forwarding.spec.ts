import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { appendOnce } from '../../../../core/conversation/appendOnce.ts';
import { numbered, type AppendNumbered } from '../../../../core/conversation/decider.ts';
import { conversationStream, type NumberedEvent } from '../../../../core/conversation/events.ts';
import { loadNumbered } from '../../../../core/conversation/load.ts';
import type { EventLog } from '../../../../core/kernel/eventLog.ts';
import { StoreUnavailable } from '../../../../core/kernel/eventStore.ts';
import { StreamWriters } from '../../../../core/kernel/writer.ts';
import { HOT_MS, openForwarding, ownerOf } from '../../../../infra/app/cluster/forwarding.ts';
import { EVERYBODY, read, type ToAll } from '../../../../infra/app/cluster/wire.ts';
import { memoryBus } from '../../../../infra/bus/memory.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, eventId } from '../../../support/people.ts';

const STREAM = conversationStream(annAndBob);
const IDS = ['one', 'two', 'three', 'four'];
/** The one that meets another writer. */
const OWNER = 'two';
const NOT_OWNERS = IDS.filter((id) => id !== OWNER);

const wishOf = (number: number): AppendNumbered => ({
  ...{ stream: STREAM, id: eventId(number), at: 1_000, meta: by(ann, `op ${String(number)}`) },
  wish: {
    type: 'MessageSent',
    data: {
      ...{ from: ann, to: bob, clientMsgId: `c${String(number)}`, contentType: 101, createTime: 1 },
      body: { content: `said ${String(number)}` },
    },
  },
});

type Faults = Readonly<{
  /** What becomes of a question on its way: it comes, nobody hears of it, or the bus says so. */
  question?: () => 'comes' | 'lost' | 'away';
  /** Whether the owner's store takes an append. */
  isAway?: () => boolean;
}>;

/** Processes of one log and one bus. */
const processes = ({ question = () => 'comes', isAway = () => false }: Faults = {}) => {
  const log = new MemoryEventLog();
  const bus = memoryBus();
  let now = 1_000_000;
  const readNow = () =>
    log.readStream<NumberedEvent>(STREAM, { from: 'start', direction: 'forwards', max: 1_000 });
  const open = (id: string) => {
    const joined = bus.join();
    const publish = joined.publish.bind(joined);
    joined.publish = (subject, payload) => {
      const way = Buffer.from(payload).includes('"wish"') ? question() : 'comes';
      return way === 'comes' ? publish(subject, payload) : way === 'lost';
    };
    let contended: (stream: string, by: string) => void = () => undefined;
    const forwarding = openForwarding({
      cluster: {
        ...{ bus: joined, id, members: { sendTakers: IDS } },
        onContended: (listener) => {
          contended = listener;
        },
      },
      now: () => now,
    });
    joined.subscribe(EVERYBODY, (payload) => {
      const message = read<ToAll>(payload);
      if (message.kind === 'contended') contended(message.stream, message.by);
    });
    let appends = 0;
    let away = false;
    const counted: EventLog = {
      readStream: (...asked) => log.readStream(...asked),
      append: (...asked) => {
        if (away || (id === OWNER && isAway())) return Promise.reject(new StoreUnavailable('away'));
        appends += 1;
        return log.append(...asked);
      },
    } as EventLog;
    const tries: number[] = [];
    const writers = new StreamWriters({
      log: counted,
      decider: numbered,
      streamOf: ({ stream }: AppendNumbered) => stream,
      metaOf: ({ meta }) => meta,
      load: loadNumbered(log, () => undefined),
      onStored: (count) => tries.push(count),
      onConflict: forwarding.contended,
      clock: () => 0,
      pause: () => Promise.resolve(),
    });
    const message = async (_: unknown, seq: number) => (await readNow())[seq - 1];
    return {
      ...{ id, bus: joined, tries, forwarding },
      append: (wish: AppendNumbered) =>
        forwarding.within(appendOnce({ writers, known: { message } }))(wish),
      appends: () => appends,
      goAway: () => {
        away = true;
      },
    };
  };
  const all = IDS.map(open);
  const named = (id = '') => {
    const found = all.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no process ${id}`);
    return found;
  };
  // Who appends for others has been told how, as each is at its start.
  for (const one of all) one.forwarding.within(one.append);
  return {
    ...{ log, all, named, read: readNow },
    pass: (ms: number) => {
      now += ms;
    },
  };
};

type Processes = ReturnType<typeof processes>;

/** The bus of memory tells in the next turn. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The owner and another write at once, and all have heard of it. */
const contend = async ({ named }: Processes): Promise<void> => {
  await named(OWNER).append(wishOf(901));
  await named(NOT_OWNERS[1]).append(wishOf(902));
  await named(OWNER).append(wishOf(903));
  await turns();
};

/** Time passes when a test says so; turns of the event loop are real. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('[NOD-30] a conversation', () => {
  test('that one process writes is written by that one', async () => {
    const { named, read } = processes();
    const one = named(NOT_OWNERS[0]);
    for (const number of [1, 2, 3]) await one.append(wishOf(number));
    expect(one.appends()).toBe(3);
    expect(one.forwarding.stats()).toEqual({ forwarded: 0, unanswered: 0 });
    expect(await read()).toHaveLength(3);
  });

  test('that several write at once is written by one of them, each message once, and all get its place', async () => {
    const world = processes();
    await contend(world);
    const before = (await world.read()).length;
    const ownerBefore = world.named(OWNER).appends();
    const triedBefore = world.named(OWNER).tries.length;
    const wishes = Array.from({ length: 60 }, (_, number) => number + 1);
    const places = await Promise.all(
      wishes.map((number) => world.named(IDS[number % IDS.length]).append(wishOf(number))),
    );
    const events = await world.read();
    expect(events).toHaveLength(before + 60);
    for (const [index, place] of places.entries()) {
      if (place.kind === 'refused') throw new Error('nothing is refused');
      expect(events[place.seq - 1]?.id).toBe(eventId(index + 1));
      expect(place.sendTime).toBe(events[place.seq - 1]?.data.sendTime);
    }
    expect(world.named(OWNER).appends()).toBeGreaterThan(ownerBefore);
    for (const id of NOT_OWNERS) {
      expect(world.named(id).forwarding.stats()).toEqual({ forwarded: 15, unanswered: 0 });
    }
    const tries = world.named(OWNER).tries.slice(triedBefore);
    expect(tries).toEqual(tries.map(() => 1));
  });

  test('is written by one of those that write it, and no other is asked', async () => {
    const world = processes();
    await contend(world);
    const chosen = ownerOf(STREAM, [OWNER, NOT_OWNERS[1] ?? '']) ?? '';
    // The other has met another writer as well.
    world.named(NOT_OWNERS[1]).forwarding.contended(STREAM);
    await turns();
    const before = IDS.map((id) => world.named(id).appends());
    await Promise.all(IDS.map((id, number) => world.named(id).append(wishOf(number + 1))));
    const appended = IDS.filter((id, at) => world.named(id).appends() > (before[at] ?? 0));
    expect(appended).toEqual([chosen]);
  });

  test('goes to another of those that write it when the one that was chosen has been idle', async () => {
    const world = processes();
    await contend(world);
    const one = world.named(NOT_OWNERS[0]);
    await one.append(wishOf(1));
    world.pass(HOT_MS - 1);
    world.named(NOT_OWNERS[2]).forwarding.contended(STREAM);
    await turns();
    world.pass(2);
    const before = world.named(NOT_OWNERS[2]).appends();
    await one.append(wishOf(2));
    expect(world.named(NOT_OWNERS[2]).appends()).toBeGreaterThan(before);
    expect(one.forwarding.stats()).toEqual({ forwarded: 2, unanswered: 0 });
  });

  test('keeps the order in which one process was told', async () => {
    const world = processes();
    await contend(world);
    const before = (await world.read()).length;
    const one = world.named(NOT_OWNERS[2]);
    const numbers = Array.from({ length: 40 }, (_, number) => number + 1);
    await Promise.all(numbers.map((number) => one.append(wishOf(number))));
    const said = (await world.read()).slice(before).map(({ id }) => id);
    expect(said).toEqual(numbers.map(eventId));
  });

  test('[SEQ-13] keeps it too where questions get lost or cannot be answered, and each message once', async () => {
    const step = fc.record({
      ...{ after: fc.nat(2), again: fc.boolean() },
      way: fc.constantFrom('comes' as const, 'comes' as const, 'lost' as const, 'away' as const),
      isAway: fc.constantFrom(false, false, true),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        let now: (typeof steps)[number] | undefined;
        const world = processes({
          question: () => now?.way ?? 'comes',
          isAway: () => now?.isAway ?? false,
        });
        await contend(world);
        const before = (await world.read()).length;
        const one = world.named(NOT_OWNERS[2]);
        const numbers = steps.map(({ again }, index) => (again ? Math.max(0, index - 1) : index));
        const places: ReturnType<typeof one.append>[] = [];
        for (const [index, each] of steps.entries()) {
          now = each;
          places.push(one.append(wishOf(numbers[index] ?? 0)));
          for (let turn = 0; turn < each.after; turn += 1) await turns();
        }
        let left = places.length;
        const all = Promise.all(places.map((place) => place.finally(() => (left -= 1))));
        while (left > 0) {
          await turns();
          vi.advanceTimersByTime(500);
        }
        const said = (await world.read()).slice(before).map(({ id }) => id);
        const seqs = (await all).map((place) => place.kind === 'accepted' && place.seq);
        expect(said).toEqual([...new Set(numbers)].map(eventId));
        expect(seqs).toEqual(numbers.map((number) => before + said.indexOf(eventId(number)) + 1));
      }),
      { numRuns: 60 },
    );
  });

  test('a repetition by way of another process is found to be the same', async () => {
    const world = processes();
    await contend(world);
    const [one, other] = await Promise.all([
      world.named(NOT_OWNERS[0]).append(wishOf(7)),
      world.named(NOT_OWNERS[1]).append(wishOf(7)),
    ]);
    expect(one).toMatchObject({ kind: 'accepted' });
    const events = (await world.read()).filter(({ id }) => id === eventId(7));
    expect(events).toHaveLength(1);
    expect({ ...one, position: 0 }).toEqual({ ...other, position: 0 });
  });

  test('what is refused there is refused here', async () => {
    const world = processes();
    await contend(world);
    const wish = wishOf(8);
    const others = { ...wish.wish.data, to: 'eve' } as AppendNumbered['wish']['data'];
    const refused = await world
      .named(NOT_OWNERS[0])
      .append({ ...wish, wish: { ...wish.wish, data: others } as AppendNumbered['wish'] });
    expect(refused).toMatchObject({ kind: 'refused', reason: 'conversation/not-party' });
  });

  test('that cannot be appended there is appended here', async () => {
    const world = processes();
    await contend(world);
    world.named(OWNER).goAway();
    const one = world.named(NOT_OWNERS[0]);
    expect(await one.append(wishOf(9))).toMatchObject({ kind: 'accepted' });
    expect(one.forwarding.stats()).toEqual({ forwarded: 0, unanswered: 1 });
  });

  test('whose process does not answer is written here, and that one is left alone for a while', async () => {
    const world = processes();
    await contend(world);
    await world.named(OWNER).forwarding.close();
    const one = world.named(NOT_OWNERS[0]);
    const sending = one.append(wishOf(10));
    await turns();
    vi.advanceTimersByTime(2_000);
    expect(await sending).toMatchObject({ kind: 'accepted' });
    expect(await one.append(wishOf(11))).toMatchObject({ kind: 'accepted' });
    expect(one.forwarding.stats()).toEqual({ forwarded: 0, unanswered: 1 });
  });

  test('is written by each process again once it has been calm', async () => {
    const world = processes();
    await contend(world);
    const one = world.named(NOT_OWNERS[0]);
    await one.append(wishOf(12));
    expect(one.forwarding.stats().forwarded).toBe(1);
    world.pass(HOT_MS + 1);
    const before = one.appends();
    await one.append(wishOf(13));
    expect(one.forwarding.stats().forwarded).toBe(1);
    expect(one.appends()).toBeGreaterThan(before);
  });
});

test('[NOD-30] all choose the same process, and many conversations different ones', () => {
  const chosen = new Set(
    Array.from({ length: 50 }, (_, number) => ownerOf(`conversation-${String(number)}`, IDS)),
  );
  expect(chosen).toEqual(new Set(IDS));
  expect(ownerOf(STREAM, IDS.toReversed())).toBe(ownerOf(STREAM, IDS));
  expect(ownerOf(STREAM, [])).toBeUndefined();
});
