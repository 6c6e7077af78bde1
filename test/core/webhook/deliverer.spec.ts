import { describe, expect, test } from 'vitest';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import {
  ATTEMPTS_MAX,
  CALLS_MAX,
  Deliverer,
  PENDING_MAX,
  type DelivererDeps,
} from '../../../core/webhook/deliverer.ts';
import type { Made } from '../../../core/webhook/events.ts';
import type { Call, Endpoint, Posted } from '../../../core/webhook/ports.ts';
import { deriveId } from '../../../infra/ids.ts';
import { ann, eventId } from '../../support/people.ts';

const ENDPOINT: Endpoint = {
  name: 'crm',
  url: 'http://app.example.com/',
  keys: [],
  allowPrivate: false,
  convention: 'v3',
  giveUpAfter: 3_600_000,
  before: new Map(),
  after: new Map(),
};
const TAKEN: Posted = { kind: 'answered', status: 200, body: '' };
const ILL: Posted = { kind: 'answered', status: 500, body: '' };
const NOBODY: Posted = { kind: 'failed', failure: 'unreachable', detail: 'ECONNREFUSED' };

const TOLD = {
  callback: 'afterTest',
  command: 'callbackAfterTestCommand',
  order: 'a',
  timeout: 1_000,
} as const;

/** At position n, of order `order`. */
const fact = (position: number, order: string): Recorded<SeqlineEvent> => ({
  type: 'UserChanged',
  data: { user: ann },
  id: eventId(position),
  meta: { actor: 'ann', operationId: 'op' },
  stream: order,
  revision: position,
  position,
  created: position,
});

/** All that can be done by itself has been done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A deliverer whose pauses end when a test says so, and whose endpoint answers by `answer`. */
const telling = (
  answer: (call: Call) => Posted | Promise<Posted>,
  deps: Partial<DelivererDeps> = {},
) => {
  let now = 0;
  const calls: Call[] = [];
  const made: Made[] = [];
  const given: string[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const deliverer = new Deliverer(
    {
      endpoint: ENDPOINT,
      toldOf: ({ stream, position }) => [
        {
          callback: 'afterTest',
          command: 'callbackAfterTestCommand',
          order: stream,
          body: `{"at":${String(position)}}`,
          timeout: 1_000,
        },
      ],
      idOf: ({ id }, callback, part) => deriveId(id, callback, String(part)),
      post: async (_, call) => {
        calls.push(call);
        return answer(call);
      },
      giveUp: async ({ event }, attempts, why) => {
        given.push(`${String(event.position)} after ${String(attempts)}: ${why}`);
      },
      made: (line) => made.push(line),
      moved: () => undefined,
      now: () => now,
      pause: (ms) =>
        new Promise((resolve) => {
          pauses.push({
            ms,
            end: () => {
              now += ms;
              resolve();
            },
          });
        }),
      ...deps,
    },
    0,
  );
  const at = ({ body }: Call) => (JSON.parse(body) as { at: number }).at;
  return {
    deliverer,
    calls,
    made,
    given,
    pauses,
    places: () => calls.map(at),
    /** Lets the pauses pass, one after the other, until nobody pauses. */
    passAll: async (most = 1_000) => {
      for (let turn = 0; turn < most && pauses.length > 0; turn++) {
        pauses.shift()?.end();
        await settled();
      }
    },
  };
};

describe('a deliverer', () => {
  test('[HOK-20] tells of one order one after the other, of others meanwhile', async () => {
    const waiting: ((posted: Posted) => void)[] = [];
    const { deliverer, places } = telling(() => new Promise((resolve) => waiting.push(resolve)));
    await deliverer.take([fact(1, 'a'), fact(2, 'a'), fact(3, 'b')], 3);
    await settled();
    expect(places()).toEqual([1, 3]);
    // Nothing is passed before it is done, though what is behind it is.
    waiting[1]!(TAKEN);
    await settled();
    expect(deliverer.reached).toBe(0);
    waiting[0]!(TAKEN);
    await settled();
    expect(places()).toEqual([1, 3, 2]);
    expect(deliverer.reached).toBe(1);
    waiting[2]!(TAKEN);
    await settled();
    expect(deliverer.reached).toBe(3);
  });

  test('[HOK-22] tries again under the same id, after ever longer pauses', async () => {
    const answers = [ILL, ILL, ILL, TAKEN];
    const { deliverer, calls, pauses, made } = telling(() => answers.shift() ?? TAKEN);
    await deliverer.take([fact(1, 'a')], 1);
    await settled();
    const lengths: number[] = [];
    for (let pause = pauses.shift(); pause !== undefined; pause = pauses.shift()) {
      lengths.push(pause.ms);
      pause.end();
      await settled();
    }
    expect(lengths).toEqual([1_000, 2_000, 4_000]);
    expect(new Set(calls.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(made).toMatchObject([{ attempts: 4, status: 200, revision: 1 }]);
  });

  test('[HOK-21] asks an endpoint that is away with one call at a time, and loses nothing', async () => {
    let isAway = true;
    const { deliverer, calls, passAll, pauses, given } = telling(() => (isAway ? NOBODY : TAKEN));
    const facts = Array.from({ length: 40 }, (_, index) => fact(index + 1, `o${String(index)}`));
    await deliverer.take(facts, 40);
    await settled();
    const first = calls.length;
    expect(first).toBeLessThanOrEqual(CALLS_MAX);
    await passAll(30);
    expect(calls.length).toBe(first + 30);
    expect(Math.max(...pauses.map(({ ms }) => ms))).toBe(30_000);
    expect(deliverer.awaySince).toBe(0);
    // [HOK-23] While it takes nothing, nothing speaks against any one delivery.
    expect(given).toEqual([]);
    isAway = false;
    await passAll();
    expect(deliverer.reached).toBe(40);
    expect(deliverer.awaySince).toBeUndefined();
  });

  test('[HOK-21] has all of an hour for an endpoint that was away so long, in order', async () => {
    const MINUTE = 60_000;
    let clock = 0;
    const { deliverer, calls, places, pauses, given, made } = telling(
      () => (clock < 60 * MINUTE ? NOBODY : TAKEN),
      { now: () => clock, endpoint: { ...ENDPOINT, giveUpAfter: 3 * 24 * 60 * MINUTE } },
    );
    const orderOf = (at: number) => `o${String(at % 3)}`;
    // One fact each ten seconds. Who brings it never waits for the endpoint.
    let at = 0;
    const due: { at: number; end: () => void }[] = [];
    for (; clock < 61 * MINUTE; clock += 1_000) {
      if (clock % 10_000 === 0) await deliverer.take([fact((at += 1), orderOf(at))], at);
      await settled();
      due.push(...pauses.splice(0).map(({ ms, end }) => ({ at: clock + ms, end })));
      for (const pause of due.filter((each) => each.at <= clock)) {
        due.splice(due.indexOf(pause), 1);
        pause.end();
        await settled();
      }
    }
    expect(given).toEqual([]);
    expect(deliverer.reached).toBe(at);
    expect([deliverer.awaySince, deliverer.oldest]).toEqual([undefined, undefined]);
    // A try each 30 s, by one call at a time, and those that had begun when it went away.
    const inVain = calls.length - made.length;
    expect(inVain).toBeGreaterThan(110);
    expect(inVain).toBeLessThan(150);
    const taken = places().slice(inVain);
    for (const order of ['o0', 'o1', 'o2']) {
      const ofOrder = taken.filter((place) => orderOf(place) === order);
      expect(ofOrder).toEqual([...new Set(ofOrder)].sort((one, other) => one - other));
    }
    expect([...taken].sort((one, other) => one - other)).toEqual(
      Array.from({ length: at }, (_, index) => index + 1),
    );
  });

  test.each<[string, Posted]>([
    ['HTTP 500', ILL],
    ['HTTP 404', { kind: 'answered', status: 404, body: '{}' }],
    ['redirect', { kind: 'failed', failure: 'redirect', detail: 'HTTP 302' }],
    ['too-long', { kind: 'failed', failure: 'too-long', detail: '10 MB' }],
    ['compressed', { kind: 'failed', failure: 'compressed', detail: 'gzip' }],
    ['forbidden', { kind: 'failed', failure: 'forbidden', detail: '10.0.0.1' }],
    ['HTTP 503', { kind: 'answered', status: 503, body: '' }],
    ['too-slow', { kind: 'failed', failure: 'too-slow', detail: '5 s' }],
  ])(
    '[HOK-23] takes %s for no receipt, and says in the end why it gave up',
    async (why, posted) => {
      const { deliverer, calls, passAll, given } = telling(() => posted, {
        endpoint: { ...ENDPOINT, giveUpAfter: 10_000 },
      });
      await deliverer.take([fact(1, 'a')], 1);
      await settled();
      await passAll();
      expect(calls.length).toBeGreaterThan(2);
      expect(given).toEqual([expect.stringContaining(`: ${why}`) as string]);
    },
  );

  test('[HOK-46] waits for what a fact speaks of, and tells of it in its place', async () => {
    let found: () => void = () => undefined;
    const told = (at: number) => ({
      callback: 'afterTest',
      command: 'callbackAfterTestCommand',
      order: 'a',
      body: `{"at":${String(at)}}`,
      timeout: 1_000,
      of: { stream: 'conversation-x', revision: 40 + at },
    });
    const { deliverer, places, made } = telling(() => TAKEN, {
      toldOf: ({ position }) =>
        position === 1
          ? new Promise((resolve) => (found = () => resolve([told(1)])))
          : [told(position)],
    });
    const taking = deliverer.take([fact(1, 'a'), fact(2, 'a')], 2);
    await settled();
    expect([places(), deliverer.reached]).toEqual([[], 0]);
    found();
    await taking;
    await settled();
    expect(places()).toEqual([1, 2]);
    // The delivery log names what it was about.
    expect(made).toMatchObject([{ stream: 'conversation-x', revision: 41 }, { revision: 42 }]);
  });

  test('[HOK-46] has what it cannot be told of for now brought again', async () => {
    let isThere = false;
    const { deliverer, places } = telling(() => TAKEN, {
      toldOf: async ({ position }) => {
        if (position === 2 && !isThere) throw new Error('the log does not answer');
        return [{ ...TOLD, body: `{"at":${String(position)}}` }];
      },
    });
    const facts = [fact(1, 'a'), fact(2, 'a')];
    await expect(deliverer.take(facts, 2)).rejects.toThrow('the log does not answer');
    isThere = true;
    await deliverer.take(facts, 2);
    await settled();
    expect(places()).toEqual([1, 2]);
    expect(deliverer.reached).toBe(2);
  });

  test('[HOK-23] gives up what alone is not taken, also if it looks as if nobody were there', async () => {
    const { deliverer, passAll, given, made } = telling((call) =>
      call.body === '{"at":1}' ? NOBODY : TAKEN,
    );
    const others = Array.from({ length: 40 }, (_, index) => fact(index + 3, `o${String(index)}`));
    await deliverer.take([fact(1, 'poison'), fact(2, 'poison')], 2);
    await settled();
    for (const other of others) {
      await deliverer.take([other], other.position);
      await passAll(1);
    }
    await passAll();
    expect(given).toEqual([
      expect.stringMatching(/^1 after \d+: unreachable: ECONNREFUSED$/) as string,
    ]);
    expect(made.filter(({ failed }) => failed)).toMatchObject([{ revision: 1, status: 0 }]);
    // What comes after it in its order has been told.
    expect(made.map(({ revision }) => revision)).toContain(2);
    expect(deliverer.reached).toBe(42);
  });

  test('[HOK-23] gives up after so many tries while others are taken', async () => {
    const { deliverer, passAll, given } = telling((call) =>
      call.body === '{"at":1}' ? ILL : TAKEN,
    );
    await deliverer.take([fact(1, 'a')], 1);
    for (let at = 2; at < 40; at++) {
      await deliverer.take([fact(at, 'b')], at);
      await settled();
      await passAll(1);
    }
    // The first try was before anything had been taken, and speaks against nothing.
    expect(given).toEqual([`1 after ${String(ATTEMPTS_MAX + 1)}: HTTP 500`]);
  });

  test('[HOK-23] gives up in the end what is never taken, and not if that cannot be recorded', async () => {
    let fails = 3;
    const given: number[] = [];
    const { deliverer, passAll, made } = telling(() => ILL, {
      endpoint: { ...ENDPOINT, giveUpAfter: 10_000 },
      giveUp: async ({ event }) => {
        if (fails-- > 0) throw new Error('the log takes nothing');
        given.push(event.position);
      },
    });
    await deliverer.take([fact(1, 'a')], 1);
    await settled();
    await passAll();
    expect(given).toEqual([1]);
    // 1 + 2 + 4 + 8 seconds, and three times more.
    expect(made).toMatchObject([{ failed: true, attempts: 8 }]);
  });

  test('[HOK-21] reads no more of the log than it can hold', async () => {
    let answer: (posted: Posted) => void = () => undefined;
    const { deliverer } = telling(() => new Promise((resolve) => (answer = resolve)));
    const facts = Array.from({ length: PENDING_MAX + 10 }, (_, index) => fact(index + 1, 'a'));
    let isTaken = false;
    const taking = deliverer.take(facts, facts.length).then(() => (isTaken = true));
    await settled();
    expect([deliverer.pending, isTaken]).toEqual([PENDING_MAX, false]);
    for (let turn = 0; turn <= 20; turn++) {
      answer(TAKEN);
      await settled();
    }
    await taking;
    expect(deliverer.pending).toBeLessThan(PENDING_MAX);
    deliverer.stop();
  });

  test('stops at once, and what was under way is not done', async () => {
    const { deliverer, made, pauses } = telling(() => NOBODY);
    await deliverer.take([fact(1, 'a'), fact(2, 'b')], 2);
    await settled();
    deliverer.stop();
    for (const { end } of pauses) end();
    await settled();
    expect(made).toEqual([]);
    expect(deliverer.reached).toBe(0);
  });
});
