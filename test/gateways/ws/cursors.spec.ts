import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { notificationOf, single } from '../../../core/conversation/ids.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { ConversationId, Seq, UserId } from '../../../core/kernel/ids.ts';
import { cutAt, MISSING_MAX, WAITING_MAX } from '../../../gateways/ws/cursors.ts';
import { ann, annAndBob, bob, cat } from '../../support/people.ts';
import { PbCoder, userOnly } from '../../support/rawWire.ts';
import { FakeWorld, settled, type FakeClient } from '../../support/wsFakes.ts';

type Numbered = Recorded<NumberedEvent>;

const CONVERSATIONS = [annAndBob, single(ann, cat), notificationOf(annAndBob)] as const;
const PARTIES: readonly (readonly [UserId, UserId])[] = [
  [ann, bob],
  [ann, cat],
  [bob, ann],
];
const USERS = [ann, bob, cat] as const;
/** Long enough for every repair to be done or given up, and for sockets to be closed. */
const LONG_MS = 30_000;

const said = (id: string, from: UserId = ann, to: UserId = bob): NumberedEvent => ({
  type: 'MessageSent',
  data: {
    from,
    to,
    clientMsgId: id,
    contentType: 101,
    createTime: 1,
    sendTime: 2,
    body: { content: '{"content":"hi"}' },
  },
});

/** What has been pushed of a conversation, in the order of the frames. */
const pushed = (client: FakeClient, conversation: ConversationId = annAndBob): readonly Seq[] =>
  client.frames.flatMap(({ reqIdentifier, data }) => {
    if (reqIdentifier !== 2001) return [];
    const { msgs, notificationMsgs } = PbCoder.PushMessages.decode(data);
    const pulled = msgs[conversation] ?? notificationMsgs[conversation];
    return pulled?.Msgs.map(({ seq }) => seq) ?? [];
  });

type Read = Readonly<{ answer: (how: 'whole' | 'short' | 'failed') => void }>;

/** A world whose log answers when it is told to, and a follower that is told how far to come. */
class Nodes {
  readonly log: Numbered[] = [];
  readonly reads: Read[] = [];
  readonly world: FakeWorld;
  #followed = 0;

  constructor() {
    const world: FakeWorld = new FakeWorld({
      numbers: (stream, from, to) =>
        new Promise((resolve, reject) => {
          const answer: Read['answer'] = (how) => {
            const found = world.numbers(stream, from, to);
            if (how === 'failed') reject(new Error('no log'));
            else resolve(how === 'whole' ? found : found.slice(1));
          };
          this.reads.push({ answer });
        }),
    });
    this.world = world;
  }

  append(conversation: ConversationId, event: NumberedEvent): Numbered {
    const recorded = this.world.record(conversation, event);
    this.log.push(recorded);
    return recorded;
  }

  say(count: number): readonly Numbered[] {
    return Array.from({ length: count }, () =>
      this.append(annAndBob, said(`c${String(this.log.length)}`)),
    );
  }

  /** The process's own follower comes on by so many events, and what is read with it. */
  follow(count: number): void {
    const events = this.log.slice(this.#followed, this.#followed + count);
    this.#followed += events.length;
    const newest = new Map(this.world.newest);
    for (const { stream, revision } of events) {
      newest.set(stream.slice('conversation-'.length) as ConversationId, revision + 1);
    }
    this.world.newest = newest;
    this.world.gateway.deliver(events);
  }

  /** All that can still come right does. */
  async end(): Promise<void> {
    this.follow(this.log.length);
    for (let second = 0; second < LONG_MS; second += 1000) {
      for (const { answer } of this.reads.splice(0)) answer('whole');
      await this.world.clock.advance(1000);
      this.world.gateway.tick();
    }
  }
}

const shownSeqs = (nodes: Nodes, conversation: ConversationId): readonly Seq[] =>
  (nodes.world.events.get(conversation) ?? [])
    .filter(({ type }) => type !== 'SeqVoided')
    .map(({ revision }) => revision + 1);

/** What the client's first sync said of a conversation; undefined: it has not been answered. */
const syncedTo = (client: FakeClient, conversation: ConversationId): Seq | undefined => {
  const reply = client.frames.find(({ reqIdentifier }) => reqIdentifier === 1001);
  if (reply === undefined) return undefined;
  return PbCoder.GetMaxSeqResp.decode(reply.data).maxSeqs[conversation] ?? 0;
};

/** In order, without a gap or a double; and nothing lacks, unless the socket was closed. */
const check = (nodes: Nodes, client: FakeClient, user: UserId): void => {
  for (const [index, conversation] of CONVERSATIONS.entries()) {
    if (PARTIES[index]?.includes(user) !== true) continue;
    const all = shownSeqs(nodes, conversation);
    const got = pushed(client, conversation);
    const first = all.indexOf(got[0] ?? 0);
    expect(got).toEqual(first < 0 ? [] : all.slice(first, first + got.length));
    if (client.connection.closed !== undefined) continue;
    const synced = syncedTo(client, conversation) ?? -1;
    expect(synced).toBeGreaterThanOrEqual(0);
    const known = new Set([...all.filter((seq) => seq <= synced), ...got]);
    expect([...known]).toEqual(all);
  }
};

type Step =
  | Readonly<{ kind: 'append'; conversation: number; count: number; voided: boolean }>
  | Readonly<{ kind: 'announce'; newest: readonly number[] }>
  | Readonly<{ kind: 'follow'; count: number }>
  | Readonly<{ kind: 'connect' | 'leave'; user: number }>
  | Readonly<{ kind: 'answer'; how: 'whole' | 'short' | 'failed'; last: boolean }>
  | Readonly<{ kind: 'pass'; ms: number }>;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      conversation: fc.nat(CONVERSATIONS.length - 1),
      count: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
        { weight: 1, arbitrary: fc.constant(MISSING_MAX + 5) },
      ),
      voided: fc.boolean(),
    }),
  },
  {
    // Which of the newest events, in which order: some twice, some never.
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('announce' as const),
      newest: fc.array(fc.nat(7), { minLength: 1, maxLength: 5 }),
    }),
  },
  fc.record({ kind: fc.constant('follow' as const), count: fc.integer({ min: 1, max: 5 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('connect' as const, 'connect' as const, 'leave' as const),
      user: fc.nat(USERS.length - 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      how: fc.constantFrom('whole', 'whole', 'short', 'failed'),
      last: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(1500) }),
);

/** Sockets of users, in the order in which they opened. */
type Sockets = (readonly [UserId, FakeClient])[];

const append = (
  nodes: Nodes,
  { conversation, count, voided }: Extract<Step, { kind: 'append' }>,
) => {
  const [from = ann, to = bob] = PARTIES[conversation] ?? [];
  const nothing: NumberedEvent = {
    type: 'SeqVoided',
    data: { from, to, reason: 'imported', sendTime: 1 },
  };
  for (let left = count; left > 0; left -= 1) {
    const event = voided && left === 1 ? nothing : said(`c${String(left)}`, from, to);
    nodes.append(CONVERSATIONS[conversation] ?? annAndBob, event);
  }
};

const connect = async ({ world }: Nodes, sockets: Sockets, user: UserId): Promise<void> => {
  const client = await world.connect(user);
  sockets.push([user, client]);
  client.tell(1001, userOnly(user));
};

const leave = ({ world }: Nodes, sockets: Sockets, user: UserId): void => {
  const found = sockets.find(
    ([whose, { connection }]) => whose === user && connection.closed === undefined,
  );
  if (found !== undefined) world.gateway.gone(found[1].connection, 'client');
};

const perform = async (nodes: Nodes, sockets: Sockets, it: Step): Promise<void> => {
  const { gateway, clock } = nodes.world;
  switch (it.kind) {
    case 'append':
      append(nodes, it);
      break;
    case 'announce':
      gateway.announce(it.newest.flatMap((back) => nodes.log.at(-1 - back) ?? []));
      break;
    case 'follow':
      nodes.follow(it.count);
      break;
    case 'connect':
      await connect(nodes, sockets, USERS[it.user] ?? ann);
      break;
    case 'leave':
      leave(nodes, sockets, USERS[it.user] ?? ann);
      break;
    case 'answer':
      (it.last ? nodes.reads.pop() : nodes.reads.shift())?.answer(it.how);
      break;
    case 'pass':
      await clock.advance(it.ms);
      gateway.tick();
  }
  await settled();
};

/** One message that is missed, then more than may be. */
const MISSED: Step[] = [
  { kind: 'connect', user: 0 },
  { kind: 'append', conversation: 0, count: 3, voided: false },
  { kind: 'follow', count: 1 },
  { kind: 'announce', newest: [0] },
  { kind: 'answer', how: 'whole', last: false },
  { kind: 'append', conversation: 0, count: MISSING_MAX + 5, voided: false },
  { kind: 'announce', newest: [0] },
];

describe('whoever tells of events', () => {
  test('[WIR-38] out of order, twice or not at all: each socket has all in order, or is closed', async () => {
    const seen = { repairs: 0, cut: 0, kept: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const nodes = new Nodes();
        const sockets: Sockets = [];
        for (const one of steps) await perform(nodes, sockets, one);
        await nodes.end();
        for (const [user, client] of sockets) check(nodes, client, user);
        const { closes, cursors } = nodes.world.gateway.stats();
        seen.repairs += cursors.repairs;
        seen.cut += closes.get('behind') ?? 0;
        seen.kept += sockets.filter(([, { connection }]) => connection.closed === undefined).length;
        for (const [, { connection }] of sockets) nodes.world.gateway.gone(connection, 'client');
        expect(nodes.world.gateway.stats().cursors.count).toBe(0);
      }),
      { numRuns: 500, examples: [[MISSED]] },
    );
    // It has been about something.
    expect(seen.repairs).toBeGreaterThan(0);
    expect(seen.cut).toBeGreaterThan(0);
    expect(seen.kept).toBeGreaterThan(100);
  });

  test('[WIR-38] what was missed is read and pushed first, and nothing overtakes it', async () => {
    const nodes = new Nodes();
    const client = await nodes.world.connect('bob');
    const [, , third, fourth, fifth] = nodes.say(5);
    nodes.follow(2);
    nodes.world.gateway.announce([fourth!]);
    await settled();
    nodes.world.gateway.announce([fifth!]);
    nodes.follow(1);
    nodes.world.gateway.announce([third!, fourth!]);
    expect(pushed(client)).toEqual([1, 2]);
    nodes.reads.shift()?.answer('whole');
    await settled();
    expect(pushed(client)).toEqual([1, 2, 3, 4, 5]);
    nodes.follow(5);
    expect(pushed(client)).toEqual([1, 2, 3, 4, 5]);
    expect(nodes.world.gateway.stats().cursors).toEqual({ count: 1, repairs: 1, repaired: 1 });
  });

  test('[WIR-38] where a socket begins is looked up when what tells of it first may not be the first', async () => {
    const nodes = new Nodes();
    nodes.say(3);
    nodes.follow(3);
    const client = await nodes.world.connect('bob');
    const [, fifth] = nodes.say(2);
    nodes.world.gateway.announce([fifth!]);
    nodes.reads.shift()?.answer('whole');
    await settled();
    expect(pushed(client)).toEqual([4, 5]);
  });

  test('[WIR-38] a log that lacks an event for a moment is asked again', async () => {
    const nodes = new Nodes();
    const client = await nodes.world.connect('bob');
    const [, , third] = nodes.say(3);
    nodes.follow(1);
    nodes.world.gateway.announce([third!]);
    for (const how of ['short', 'failed', 'whole'] as const) {
      expect(pushed(client)).toEqual([1]);
      nodes.reads.shift()?.answer(how);
      await nodes.world.clock.advance(200);
    }
    expect(pushed(client)).toEqual([1, 2, 3]);
  });

  test('[SYN-1] a socket that opens after a push is told of what that push had', async () => {
    const nodes = new Nodes();
    const [first] = nodes.say(1);
    const early = await nodes.world.connect('ann');
    nodes.world.gateway.announce([first!]);
    expect(pushed(early)).toEqual([1]);
    const late = await nodes.world.connect('bob');
    late.tell(1001, userOnly('bob'));
    await nodes.world.clock.advance(100);
    expect(syncedTo(late, annAndBob)).toBeUndefined();
    nodes.follow(1);
    await nodes.world.clock.advance(100);
    expect(syncedTo(late, annAndBob)).toBe(1);
    expect(pushed(late)).toEqual([]);
  });

  test('what is older than the gateway is not pushed', async () => {
    const world = new FakeWorld({ after: 2 });
    const client = await world.connect('bob');
    const events = ['c1', 'c2', 'c3'].map((id) => world.record(annAndBob, said(id)));
    world.gateway.announce(events.slice(0, 2));
    world.gateway.deliver(events);
    expect(pushed(client)).toEqual([3]);
  });
});

describe('a socket that lacks too much', () => {
  const missing = async (count: number) => {
    const nodes = new Nodes();
    const client = await nodes.world.connect('bob');
    const events = nodes.say(count + 2);
    nodes.follow(1);
    nodes.world.gateway.announce(events.slice(-1));
    for (const { answer } of nodes.reads.splice(0)) answer('whole');
    await settled();
    return { nodes, client };
  };

  test('[WIR-38] is closed once it is 6 s old, and gets no push before', async () => {
    const { client } = await missing(MISSING_MAX);
    expect(pushed(client)).toHaveLength(MISSING_MAX + 2);
    const { nodes, client: cut } = await missing(MISSING_MAX + 1);
    const [next] = nodes.say(1);
    nodes.world.gateway.announce([next!]);
    const { clock, gateway } = nodes.world;
    for (const [ms, closed] of [
      [5999, undefined],
      [1, 'behind'],
    ] as const) {
      await clock.advance(ms);
      gateway.tick();
      expect(cut.connection.closed).toBe(closed);
    }
    expect(pushed(cut)).toEqual([1]);
    // Who comes now has synced, and goes on from there.
    nodes.follow(nodes.log.length);
    const again = await nodes.world.connect('bob');
    nodes.say(1);
    nodes.follow(1);
    expect(pushed(again)).toEqual([nodes.log.length]);
  });

  test('[WIR-38] though nothing was pushed before, is closed too', async () => {
    const nodes = new Nodes();
    const events = nodes.say(MISSING_MAX + 3);
    nodes.follow(1);
    const client = await nodes.world.connect('bob');
    nodes.world.gateway.announce(events.slice(-1));
    nodes.reads.shift()?.answer('whole');
    await settled();
    expect(client.connection.cutAt).toBeDefined();
    expect(pushed(client)).toEqual([]);
  });

  test('[WIR-38] with others is not closed at the same moment', async () => {
    const nodes = new Nodes();
    const clients: FakeClient[] = [];
    for (const number of Array.from({ length: 250 }, (_, index) => index)) {
      clients.push(await nodes.world.connect('bob', { token: `bob-${String(number)}` }));
    }
    await nodes.world.clock.advance(6000);
    const events = nodes.say(MISSING_MAX + 3);
    nodes.follow(1);
    nodes.world.gateway.announce(events.slice(-1));
    const left: number[] = [];
    for (let second = 0; second < 3; second += 1) {
      nodes.world.gateway.tick();
      left.push(clients.filter(({ connection }) => connection.closed === undefined).length);
      await nodes.world.clock.advance(1000);
    }
    expect(left).toEqual([167, 83, 0]);
  });

  test.each([
    ['the log does not have it', () => 'short' as const],
    ['the log cannot be read', () => 'failed' as const],
    ['the log does not answer', () => undefined],
  ])('[WIR-38] because %s is closed', async (_, how) => {
    const nodes = new Nodes();
    const client = await nodes.world.connect('bob');
    const [, , third] = nodes.say(3);
    nodes.follow(1);
    nodes.world.gateway.announce([third!]);
    for (let second = 0; second < 17; second += 1) {
      const answer = how();
      if (answer !== undefined) for (const read of nodes.reads.splice(0)) read.answer(answer);
      await nodes.world.clock.advance(1000);
      nodes.world.gateway.tick();
    }
    expect(client.connection.closed).toBe('behind');
    expect(pushed(client)).toEqual([1]);
  });

  test('[WIR-38] because more wait than may is closed', async () => {
    const nodes = new Nodes();
    const client = await nodes.world.connect('bob');
    const events = nodes.say(WAITING_MAX + 3);
    nodes.follow(1);
    nodes.world.gateway.announce(events.slice(2, -1));
    expect(client.connection.cutAt).toBeUndefined();
    nodes.world.gateway.announce(events.slice(-1));
    expect(client.connection.cutAt).toBeDefined();
  });
});

test('[WIR-38] what was read for those who have gone is not for those who come', async () => {
  const nodes = new Nodes();
  const { gateway } = nodes.world;
  const gone = await nodes.world.connect('bob');
  const [, , third] = nodes.say(3);
  nodes.follow(1);
  gateway.announce([third!]);
  gateway.gone(gone.connection, 'client');
  nodes.follow(2);
  const client = await nodes.world.connect('bob');
  nodes.reads.shift()?.answer('whole');
  await settled();
  expect(pushed(client)).toEqual([]);
  nodes.say(1);
  nodes.follow(1);
  expect(pushed(client)).toEqual([4]);
});

test('[WIR-38] a cursor goes with the last connection that it was for', async () => {
  const world = new FakeWorld();
  const clients = [await world.connect('ann'), await world.connect('bob')];
  world.gateway.deliver([world.record(annAndBob, said('c1'))]);
  for (const [index, { connection }] of clients.entries()) {
    expect(world.gateway.stats().cursors.count).toBe(1);
    world.gateway.gone(connection, 'client');
    expect(world.gateway.stats().cursors.count).toBe(1 - index);
  }
});

test('[WIR-38] those that are to come back do so within a time that goes by how many there are', () => {
  const now = 100_000;
  const lastOf = (count: number, openedAt = 0): number =>
    Math.max(
      ...Array.from({ length: 100 }, (_, number) => cutAt({ number, openedAt }, now, count) - now),
    );
  expect([0, 1, 100, 101, 1_000, 100_000].map((count) => lastOf(count))).toEqual([
    ...[0, 0, 0, 1_000, 9_000, 9_000],
  ]);
  // Not before a Go client would sync again.
  expect(lastOf(1, now - 1_000)).toBe(5_000);
});
