import { describe, expect, test } from 'vitest';
import { ann, annAndBob, bob, cat } from '../../support/people.ts';
import { GOB_FORM, JSON_FORM, PbCoder, userOnly, type Form } from '../../support/rawWire.ts';
import { NotAnswerable } from '../../../gateways/ports.ts';
import { HELD_MAX_MS } from '../../../gateways/ws/hold.ts';
import { FakeWorld, settled, type FakeClient } from '../../support/wsFakes.ts';
import { notificationOf, single } from '../../../core/conversation/ids.ts';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import { getLastMessageResp } from '../../../gateways/openim/requests.ts';
import { WATCHED_MAX } from '../../../gateways/ws/presence.ts';

const notices = notificationOf(annAndBob);
const annAndCat = single(ann, cat);
const FRAME_BYTES_MAX = 1024 * 1024;

/** A world with one conversation of messages, each with so many bytes to read. */
const worldOf = (messages: number, bytes = 10): FakeWorld => {
  const world = new FakeWorld();
  world.newest = new Map([
    [annAndBob, messages],
    [notices, 2],
    [annAndCat, 0],
  ]);
  const content = 'x'.repeat(bytes);
  world.shown = (conversation, seq) => {
    if (seq < 1 || seq > (world.newest.get(conversation) ?? 0)) return undefined;
    const message = {
      from: ann,
      to: bob,
      clientMsgId: `c${String(seq)}`,
      contentType: 101,
      createTime: 1,
      body: { content },
    };
    const send = { conversation, message, stored: true, senderSync: true, privileged: false };
    const event = { ...world.append(send), revision: seq - 1 };
    return { kind: 'event', seq, event, isRead: false };
  };
  return world;
};

const seqsOf = (pulled: { Msgs: { seq: number }[] } | undefined) =>
  pulled?.Msgs.map(({ seq }) => seq);

const range = (conversationID: string, begin: number, end: number, num: number) => ({
  conversationID,
  begin,
  end,
  num,
});

const byRange = (...seqRanges: ReturnType<typeof range>[]): Uint8Array =>
  PbCoder.PullMessageBySeqsReq.encode({ userID: 'ann', seqRanges, order: 0 }).finish();

/** The official codec has no `order` in this request: the JS SDK leaves it out. */
const bySeqs = (
  conversations: { conversationID: string; seqs: number[] }[],
  order: number,
): Uint8Array =>
  Buffer.concat([
    PbCoder.GetSeqMessageReq.encode({ userID: 'ann', conversations }).finish(),
    Buffer.of(0x18, order),
  ]);

const lastOf = (...conversationIDs: string[]): Uint8Array =>
  Buffer.concat([
    userOnly('ann'),
    ...conversationIDs.map((id) => Buffer.concat([Buffer.of(0x12, id.length), Buffer.from(id)])),
  ]);

describe.each<Form>([JSON_FORM, GOB_FORM])('in the form %o', (form) => {
  test('[WIR-20] 1001 answers the newest numbers, without those that are 0', async () => {
    const client = await worldOf(5).connect('ann', { form });
    const reply = await client.ask(1001, userOnly('ann'));
    expect(reply).toMatchObject({ reqIdentifier: 1001, errCode: 0, errMsg: '', operationID: 'op' });
    expect(PbCoder.GetMaxSeqResp.decode(reply.data).maxSeqs).toEqual({
      [annAndBob]: 5,
      [notices]: 2,
    });
  });

  test('[WIR-20] 1002 has an entry for each range, notifications apart, ascending', async () => {
    const client = await worldOf(5).connect('ann', { form });
    const ranges = [range(annAndBob, 0, 5, 2), range(notices, 1, 2, 9), range(annAndCat, 0, 0, 1)];
    const { data } = await client.ask(1002, byRange(...ranges));
    const { msgs, notificationMsgs } = PbCoder.PullMessageBySeqsResp.decode(data);
    expect(seqsOf(msgs[annAndBob])).toEqual([4, 5]);
    expect(seqsOf(notificationMsgs[notices])).toEqual([1, 2]);
    expect(seqsOf(msgs[annAndCat])).toEqual([]);
  });

  test('[WIR-20] 1005 has an entry for each conversation', async () => {
    const world = worldOf(5);
    const client = await world.connect('ann', { form });
    const asked = bySeqs([{ conversationID: annAndBob, seqs: [2, 3] }], 1);
    const { msgs } = PbCoder.GetSeqMessageResp.decode((await client.ask(1005, asked)).data);
    expect(seqsOf(msgs[annAndBob])).toEqual([2, 3]);
    expect(world.asked.at(-1)).toEqual([
      'pullSeqs',
      ann,
      [{ conversation: annAndBob, seqs: [2, 3] }],
      'descending',
    ]);
  });

  test('[WIR-20] 1006 answers numbers, read marks, times, and pins where asked', async () => {
    const client = await worldOf(5).connect('ann', { form });
    const { data } = await client.ask(1006, userOnly('ann'));
    const { seqs } = PbCoder.GetConversationsHasReadAndMaxSeqResp.decode(data);
    expect(seqs[annAndBob]).toEqual({ maxSeq: 5, hasReadSeq: 1, maxSeqTime: 77 });
    expect(seqs[annAndCat]).toEqual({ maxSeq: 0, hasReadSeq: 1, maxSeqTime: 77 });
  });

  test('[WIR-20] 1007 answers the newest, without those that have none', async () => {
    const client = await worldOf(5).connect('ann', { form });
    const { data } = await client.ask(1007, lastOf(annAndBob, annAndCat));
    const { msgs } = getLastMessageResp.decode(data);
    expect([...msgs].map(([id, { seq }]) => [id, seq])).toEqual([[annAndBob, 5]]);
  });

  test('[WIR-21] 2003 answers and closes', async () => {
    const client = await new FakeWorld().connect('ann', { form });
    const reply = await client.ask(2003, userOnly('ann'));
    expect(reply).toMatchObject({ reqIdentifier: 2003, errCode: 0 });
    expect(client.connection.closed).toBe('logged-out');
  });

  test('2004 answers and remembers', async () => {
    const client = await new FakeWorld().connect('ann', { form });
    const asked = Buffer.concat([userOnly('ann'), Buffer.of(0x10, 1)]);
    expect(await client.ask(2004, asked)).toMatchObject({ errCode: 0 });
    expect(client.connection.background).toBe(true);
    await client.ask(2004, userOnly('ann'));
    expect(client.connection.background).toBe(false);
  });

  test('1004 is refused, and the connection stays', async () => {
    const client = await new FakeWorld().connect('ann', { form });
    expect(await client.ask(1004, new Uint8Array())).toMatchObject({ errCode: 1001 });
    expect(client.connection.closed).toBeUndefined();
  });

  test('[WIR-4] another number closes, and so does the name of another', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann', { form });
    client.tell(2001, new Uint8Array());
    expect(client.connection.closed).toBe('unknown-request');
    const other = await world.connect('ann', { form });
    other.tell(1001, userOnly('ann'), 'op', 'bob');
    expect(other.connection.closed).toBe('foreign-sender');
  });
});

describe('access', () => {
  const requests = [
    [1001, userOnly('bob')],
    [
      1002,
      PbCoder.PullMessageBySeqsReq.encode({ userID: 'bob', seqRanges: [], order: 0 }).finish(),
    ],
    [1005, PbCoder.GetSeqMessageReq.encode({ userID: 'bob', conversations: [] }).finish()],
    [1006, userOnly('bob')],
    [1007, userOnly('bob')],
    [2003, userOnly('bob')],
    [2004, userOnly('bob')],
  ] as const;

  test.each(requests)(
    '[WIR-22] %i for another user is 1002, but for an admin',
    async (number, data) => {
      const world = new FakeWorld();
      const client = await world.connect('ann');
      expect(await client.ask(number, data)).toMatchObject({
        errCode: 1002,
        data: new Uint8Array(),
      });
      expect(world.asked).toEqual([]);
      expect(client.connection.closed).toBeUndefined();
      const admin = await world.connect('zed', { admin: true });
      expect(await admin.ask(number, data)).toMatchObject({ errCode: 0 });
    },
  );

  test('[WIR-22] what is between others is 1002', async () => {
    const world = new FakeWorld();
    const refused = { kind: 'refused', reason: 'conversation/not-party', detail: '' } as const;
    const chats = { ...world.deps.chats, pullRanges: () => Promise.resolve(refused) };
    const client = await new FakeWorld({ chats }).connect('ann');
    const asked = byRange(range('si_bob_cat', 1, 1, 1));
    expect(await client.ask(1002, asked)).toMatchObject({ errCode: 1002 });
  });

  test.each([1001, 1002, 1005, 1006, 1007, 2003, 2004, 2005])(
    'bytes that are not the request %i are 1001',
    async (number) => {
      const client = await new FakeWorld().connect('ann');
      expect(await client.ask(number, Uint8Array.of(255, 255))).toMatchObject({ errCode: 1001 });
    },
  );
});

describe('the two forms of sn_', () => {
  const stored = 'sn_ann_zed' as ConversationId;

  test.each([stored, 'sn_zed_ann'])('[WIR-23] %s is answered under its own name', async (name) => {
    const world = worldOf(0);
    world.newest = new Map([[stored, 3]]);
    const client = await world.connect('ann');
    const pulled = await client.ask(1002, byRange(range(name, 1, 3, 1)));
    const { msgs } = PbCoder.PullMessageBySeqsResp.decode(pulled.data);
    expect(Object.entries(msgs).map(([id, entry]) => [id, seqsOf(entry)])).toEqual([[name, [3]]]);
    const asked = { userID: 'ann', conversationIDs: [name] };
    const read = await client.ask(
      1006,
      PbCoder.GetConversationsHasReadAndMaxSeqReq.encode(asked).finish(),
    );
    const { seqs } = PbCoder.GetConversationsHasReadAndMaxSeqResp.decode(read.data);
    expect(seqs).toEqual({ [name]: { maxSeq: 3, hasReadSeq: 1, maxSeqTime: 77 } });
    const last = await client.ask(1007, lastOf(name));
    expect([...getLastMessageResp.decode(last.data).msgs.keys()]).toEqual([name]);
  });
});

describe('the size of an answer', () => {
  const LONG = 20 * 1024;

  test.each<Form>([JSON_FORM, { sdkType: 'go', gzip: false }])(
    '[WIR-24] 1002 leaves out the oldest of each conversation, in %o',
    async (form) => {
      const world = worldOf(60, LONG);
      world.newest = new Map([
        [annAndBob, 60],
        [annAndCat, 60],
        [notices, 60],
      ]);
      const client = await world.connect('ann', { form });
      const asked = [annAndBob, annAndCat, notices].map((id) => range(id, 1, 60, 100));
      const { data } = await client.ask(1002, byRange(...asked));
      expect(client.socket.frames[0]?.length).toBeLessThan(FRAME_BYTES_MAX);
      const { msgs, notificationMsgs } = PbCoder.PullMessageBySeqsResp.decode(data);
      const lists = [msgs[annAndBob], msgs[annAndCat], notificationMsgs[notices]].map(seqsOf);
      for (const seqs of lists) {
        const count = seqs?.length ?? 0;
        expect(count).toBeGreaterThanOrEqual(10);
        expect(seqs).toEqual(Array.from({ length: count }, (_, index) => 60 - count + 1 + index));
      }
    },
  );

  test.each([
    ['newest', 1, 60],
    ['oldest', 0, 1],
  ] as const)('[WIR-24] 1005 keeps the %s: the rest is asked for again', async (_, order, kept) => {
    const client = await worldOf(60, LONG).connect('ann');
    const seqs = Array.from({ length: 60 }, (__, index) => index + 1);
    const asked = bySeqs([{ conversationID: annAndBob, seqs }], order);
    const { msgs } = PbCoder.GetSeqMessageResp.decode((await client.ask(1005, asked)).data);
    const found = seqsOf(msgs[annAndBob]) ?? [];
    expect(client.socket.frames[0]?.length).toBeLessThan(FRAME_BYTES_MAX);
    expect(found.length).toBeLessThan(60);
    expect(order === 1 ? found.at(-1) : found[0]).toBe(kept);
  });

  test('[WIR-24] 1007 leaves conversations out', async () => {
    const world = worldOf(0, LONG);
    const ids = Array.from({ length: 60 }, (_, index) => `si_ann_b${String(index)}`);
    world.newest = new Map(ids.map((id) => [id as ConversationId, 1]));
    const client = await world.connect('ann');
    const { data } = await client.ask(1007, lastOf(...ids));
    expect(client.socket.frames[0]?.length).toBeLessThan(FRAME_BYTES_MAX);
    expect(getLastMessageResp.decode(data).msgs.size).toBeGreaterThan(30);
    expect(getLastMessageResp.decode(data).msgs.size).toBeLessThan(60);
  });

  const many = Array.from(
    { length: 12_000 },
    (_, index) => `si_ann_${String(index).padStart(64, 'b')}` as ConversationId,
  );
  test.each<Form>([JSON_FORM, { sdkType: 'go', gzip: false }])(
    '[WIR-24] 1001 and 1006 of all leave out those that were silent for longest, in %o',
    async (form) => {
      const world = new FakeWorld();
      world.newest = new Map(many.map((id) => [id, 5]));
      const client = await world.connect('ann', { form });
      const pinned = Buffer.concat([userOnly('ann'), Buffer.of(0x18, 1)]);
      const newest = await client.ask(1001, userOnly('ann'));
      const states = await client.ask(1006, pinned);
      for (const frame of client.socket.frames) expect(frame.length).toBeLessThan(FRAME_BYTES_MAX);
      const found = [
        PbCoder.GetMaxSeqResp.decode(newest.data).maxSeqs,
        PbCoder.GetConversationsHasReadAndMaxSeqResp.decode(states.data).seqs,
      ].map(Object.keys);
      for (const ids of found) {
        expect(ids.length).toBeGreaterThan(2_000);
        expect(ids).toEqual(many.slice(0, ids.length));
      }
    },
  );

  test('[WIR-24] 2005 takes no ids that are longer than they may be', async () => {
    const client = await new FakeWorld().connect('ann');
    const subscribeUserID = ['b'.repeat(65)];
    const asked = { subscribeUserID, unsubscribeUserID: [] };
    const data = PbCoder.SubUserOnlineStatus.encode(asked).finish();
    expect(await client.ask(2005, data)).toMatchObject({ errCode: 1001 });
  });

  test.each([
    ['too many ranges', byRange(...Array.from({ length: 2001 }, () => range('n_a', 1, 1, 1)))],
    ['too long a name', byRange(range('x'.repeat(201), 1, 1, 1))],
    ['a name that no table can be asked for', byRange(range('n_\0', 1, 1, 1))],
  ])('[WIR-24] %s are 1001', async (_, asked) => {
    const client = await new FakeWorld().connect('ann');
    expect(await client.ask(1002, asked)).toMatchObject({ errCode: 1001 });
  });
});

describe('what cannot be answered for now', () => {
  const ask = (client: FakeClient): void => {
    client.tell(1001, userOnly('ann'));
  };

  test('[WIR-25] is held and answered once it can be', async () => {
    const world = worldOf(5);
    world.notAnswerable = 3;
    const client = await world.connect('ann');
    ask(client);
    await world.clock.advance(1000);
    expect(client.numbers()).toEqual([1001]);
  });

  test.each([1001, 1002, 1005, 1006, 1007])(
    '[WIR-25] closes the connection after 8 s, without an answer to %i',
    async (number) => {
      const world = worldOf(5);
      world.notAnswerable = Number.POSITIVE_INFINITY;
      const client = await world.connect('ann');
      client.tell(number, userOnly('ann'));
      await world.clock.advance(6000);
      expect(client.connection.closed).toBeUndefined();
      await world.clock.advance(2000);
      await settled();
      expect(client.connection.closed).toBe('not-answerable');
      expect(client.numbers()).toEqual([]);
    },
  );
});

describe('[WIR-25] a question that is not answered at all', () => {
  test('is held for 8 s in all, however often it was asked before', async () => {
    let asked = 0;
    const world: FakeWorld = new FakeWorld({
      chats: {
        ...worldOf(5).deps.chats,
        newestSeqs: async () => {
          asked += 1;
          // The last one begins just before the end and takes for ever.
          await world.clock.wait(asked < 5 ? 1500 : Number.POSITIVE_INFINITY);
          throw new NotAnswerable('Postgres has not answered');
        },
      },
    });
    const client = await world.connect('ann');
    client.tell(1001, userOnly('ann'));
    await world.clock.advance(HELD_MAX_MS - 1);
    expect(client.connection.closed).toBeUndefined();
    await world.clock.advance(1);
    expect(client.connection.closed).toBe('not-answerable');
    expect(client.numbers()).toEqual([]);
    expect(asked).toBe(5);
  });

  test('leaves nothing behind once it is', async () => {
    const world = worldOf(5);
    const client = await world.connect('ann');
    await client.ask(1001, userOnly('ann'));
    await world.clock.advance(HELD_MAX_MS);
    expect(client.connection.closed).toBeUndefined();
    expect(world.clock.waiting).toBe(0);
  });
});

describe('2005', () => {
  const watch = (subscribeUserID: string[], unsubscribeUserID: string[] = []): Uint8Array =>
    PbCoder.SubUserOnlineStatus.encode({ subscribeUserID, unsubscribeUserID }).finish();
  const told = (client: FakeClient) =>
    client.frames.map(({ data, msgIncr }) => [
      msgIncr === '' ? 'change' : 'answer',
      ...PbCoder.SubUserOnlineStatusTips.decode(data).subscribers.map(
        ({ userID, onlinePlatformIDs }) => [userID, ...onlinePlatformIDs],
      ),
    ]);

  test('[WIR-26] answers every user, and tells of every change until it is enough', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann');
    await client.ask(2005, watch(['bob', 'cat', 'bob']));
    const first = await world.connect('bob', { platform: 1 });
    const second = await world.connect('bob', { platform: 5, token: 'web' });
    const third = await world.connect('bob', { platform: 5, token: 'web' });
    third.socket.closed();
    first.socket.closed();
    second.socket.closed();
    await client.ask(2005, watch([], ['bob']));
    await world.connect('bob');
    expect(told(client)).toEqual([
      ['answer', ['bob'], ['cat']],
      ['change', ['bob', 1]],
      ['change', ['bob', 1, 5]],
      ['change', ['bob', 5]],
      ['change', ['bob']],
      ['answer'],
    ]);
    expect(world.presence.filter(([user]) => user === 'bob')).toHaveLength(5);
  });

  test('[WIR-26] first ceases, then begins; the answer has the platforms of now', async () => {
    const world = new FakeWorld();
    await world.connect('bob', { platform: 9 });
    const client = await world.connect('ann');
    await client.ask(2005, watch(['bob'], ['bob']));
    expect(told(client)).toEqual([['answer', ['bob', 9]]]);
  });

  test('[WIR-26] ends with the connection, and is bounded', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann');
    const many = Array.from({ length: WATCHED_MAX + 1 }, (_, index) => `u${String(index)}`);
    expect(await client.ask(2005, watch(many))).toMatchObject({ errCode: 1001 });
    const long = 'u'.repeat(65);
    expect(await client.ask(2005, watch([long]))).toMatchObject({ errCode: 1001 });
    expect(world.gateway.stats().closes.size).toBe(0);
    await client.ask(2005, watch(['bob']));
    client.socket.end(1000);
    await world.connect('bob');
    expect(client.frames).toHaveLength(3);
  });

  test('[USR-43] what is subscribed to elsewhere is told to each connection, and ends with it', async () => {
    const world = new FakeWorld();
    const { presenceSubscriptions: subscriptions } = world.gateway;
    expect(await subscriptions.watch(ann, [bob])).toBe(true);
    expect(await subscriptions.watchedBy(ann)).toEqual([]);
    const phone = await world.connect('ann', { platform: 1 });
    const web = await world.connect('ann', { platform: 5, token: 'web' });
    const later = [bob, cat];
    expect(await subscriptions.watch(ann, later)).toBe(true);
    expect(await subscriptions.watchedBy(ann)).toEqual(later);
    await world.connect('bob', { platform: 9 });
    for (const client of [phone, web]) expect(told(client)).toEqual([['change', ['bob', 9]]]);
    await subscriptions.unwatch(ann, [cat]);
    await world.connect('cat');
    expect(told(phone)).toHaveLength(1);
    const many = Array.from({ length: WATCHED_MAX }, (_, index) => `u${String(index)}` as UserId);
    expect(await subscriptions.watch(ann, many)).toBe(false);
    for (const client of [phone, web]) client.socket.closed();
    expect(await subscriptions.watchedBy(ann)).toEqual([]);
  });
});
