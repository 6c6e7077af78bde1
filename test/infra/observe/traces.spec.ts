import { describe, expect, test } from 'vitest';
import type { ConversationId, EventId } from '../../../core/kernel/ids.ts';
import {
  GONE_MAX,
  SOCKETS_NAMED,
  Traces,
  type TraceQuestion,
} from '../../../infra/observe/traces.ts';
import { deriveId } from '../../../infra/ids.ts';

const chat = 'si_ann_bob' as ConversationId;
const idOf = (name: string): EventId => deriveId('traces', name);
const about: TraceQuestion = { events: [idOf('m1')], conversation: chat, seq: 5, position: 40 };

const sockets = (...numbers: readonly number[]) =>
  numbers.map((number) => ({ number, takesPushes: true }));
const nobody = () => new Map();

const world = (bytes = 100_000, keptMs = 60_000) => {
  const clock = { at: 1_700_000_000_000 };
  const traces = new Traces({ bytes, keptMs, now: () => clock.at });
  const pass = (ms: number) => {
    clock.at += ms;
    traces.tick();
  };
  return { clock, traces, pass };
};

describe('[EXP-3] what a process remembers', () => {
  test('is to which sockets a message was pushed, and whose they are', () => {
    const { clock, traces, pass } = world();
    traces.pushed(idOf('m0'), 1, sockets(1));
    pass(10);
    traces.pushed(idOf('m1'), 2, [...sockets(1, 2), { number: 3, takesPushes: false }]);
    const pushedAt = clock.at;
    traces.gone(2, 'bob', 1);
    const open = (numbers: ReadonlySet<number>) =>
      new Map([...numbers].flatMap((number) => (number === 1 ? [[1, owner] as const] : [])));
    const owner = { user: 'ann', platform: 5, token: 'not to be shown' };
    expect(traces.about(about, open).pushes).toEqual([
      {
        ...{ event: idOf('m1'), at: pushedAt, count: 2, online: 3 },
        sockets: [
          { socket: 1, user: 'ann', platform: 5 },
          { socket: 2, user: 'bob', platform: 1 },
        ],
      },
    ]);
  });

  test('[EXP-2] is who was asked about a message before it was stored, and how that ended', () => {
    const { clock, traces, pass } = world();
    const asked = { callback: 'beforeMsgModify', endpoint: 'crm', how: 'passed', ms: 3 } as const;
    traces.asked(idOf('m0'), { ...asked, ms: 99 });
    pass(5);
    const late = { ...asked, how: 'unanswered-passed', why: 'too-slow', ms: 5_000 } as const;
    traces.asked(idOf('m1'), late);
    const first = clock.at;
    pass(7);
    traces.asked(idOf('m1'), asked);
    expect(traces.about(about, nobody).asked).toEqual([
      { event: idOf('m1'), at: first, ...late },
      { event: idOf('m1'), at: clock.at, ...asked },
    ]);
    pass(60_000);
    expect(traces.about(about, nobody).asked).toEqual([]);
  });

  test('of a large group is how many sockets they were, and which the first', () => {
    const { traces } = world();
    const all = sockets(...Array.from({ length: 5_000 }, (_, index) => index + 1));
    traces.pushed(idOf('m1'), 5_000, all);
    const [push] = traces.about(about, nobody).pushes;
    expect(push).toMatchObject({ count: 5_000, online: 5_000 });
    expect(push?.sockets).toEqual(
      all.slice(0, SOCKETS_NAMED).map(({ number }) => ({ socket: number })),
    );
    // So much however large the group is.
    expect(traces.size.bytes).toBeLessThan(100);
  });

  test('is who has fetched it, by any range that has it', () => {
    const { traces } = world();
    const other = 'si_bob_cat' as ConversationId;
    traces.pulled(chat, 1, 4, 1);
    traces.pulled(chat, 1, 5, 2);
    traces.pulled(chat, 5, 9, 3);
    traces.pulled(chat, 6, 9, 4);
    traces.pulled(other, 1, 9, 5);
    const { pulls, pulled } = traces.about(about, nobody);
    expect(pulls.map(({ socket }) => socket)).toEqual([2, 3]);
    expect(pulled).toBe(2);
  });

  test('is when the bus had it, or that it had not', () => {
    const { clock, traces } = world();
    traces.published(idOf('m1'), false);
    traces.published(idOf('m2'), true);
    expect(traces.about(about, nobody).published).toEqual([
      { event: idOf('m1'), at: clock.at, taken: false },
    ]);
  });

  test('is when read models had it, where they were seen before and after', () => {
    const { clock, traces, pass } = world();
    const large = 3 * 2 ** 32;
    // Of one that has just been taken over it is not known when it came so far.
    traces.projected('users_v1', large + 40);
    traces.projected('chats_v2', large + 39);
    pass(5);
    traces.projected('chats_v2', large + 41);
    const at = clock.at;
    pass(5);
    traces.projected('chats_v2', large + 50);
    traces.projected('users_v1', large + 50);
    const { projected } = traces.about({ ...about, position: large + 40 }, nobody);
    expect(projected).toEqual([{ model: 'chats_v2', at }]);
  });

  test('goes after its time, also of sockets that are gone', () => {
    const { clock, traces, pass } = world();
    traces.pushed(idOf('m1'), 1, sockets(1));
    traces.gone(1, 'ann', 5);
    pass(59_999);
    const before = traces.about(about, nobody);
    expect(before.pushes).toHaveLength(1);
    pass(1);
    expect(traces.about(about, nobody).pushes).toEqual([]);
    expect(traces.size.bytes).toBe(0);
    // [EXP-4] And it says so.
    expect(traces.about(about, nobody).completeAfter).toBe(clock.at - 60_000);
  });

  test('is bounded, and says since when all is there', () => {
    const { clock, traces, pass } = world(2_000);
    for (let number = 0; number < 1_000; number += 1) {
      traces.pushed(idOf(`m${String(number)}`), 2, sockets(1, 2));
      pass(1);
    }
    expect(traces.size.bytes).toBeLessThanOrEqual(2_000);
    const { completeAfter, pushes } = traces.about(about, nobody);
    expect(pushes).toEqual([]);
    expect(completeAfter).toBeGreaterThan(clock.at - 100);
    const events = Array.from({ length: 60 }, (_, index) => idOf(`m${String(940 + index)}`));
    const late = traces.about({ ...about, events }, nobody).pushes;
    expect(late.map(({ event }) => event)).toEqual(events);
  });

  test('of sockets that are gone is bounded, the first forgotten first', () => {
    const { traces } = world();
    for (let socket = 1; socket <= GONE_MAX + 1; socket += 1) traces.gone(socket, 'ann', 5);
    traces.pushed(idOf('m1'), 2, sockets(1, GONE_MAX + 1));
    const [push] = traces.about(about, nobody).pushes;
    expect(push?.sockets).toEqual([
      { socket: 1 },
      { socket: GONE_MAX + 1, user: 'ann', platform: 5 },
    ]);
  });
});
