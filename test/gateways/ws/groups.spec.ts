import { describe, expect, test } from 'vitest';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { group as chatOf, notificationOf } from '../../../core/conversation/ids.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { EventId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import type { MembershipEvent } from '../../../gateways/ws/audience.ts';
import { UNHURRIED_PER_TICK } from '../../../gateways/ws/unhurried.ts';
import { g1 } from '../../support/fakeGroups.ts';
import { ann, bob, by, cat, eventId, mia } from '../../support/people.ts';
import { PbCoder, textMessage } from '../../support/rawWire.ts';
import { FakeWorld, settled, type FakeClient } from '../../support/wsFakes.ts';

const chat = chatOf(g1);
const notices = notificationOf(chat);

const data = (clientMsgId: string, from: UserId) => ({
  from,
  group: g1,
  clientMsgId,
  contentType: 101,
  createTime: 1,
  sendTime: 2,
  body: { content: '{"content":"hi"}' },
});

const said = (clientMsgId: string, from: UserId = ann): NumberedEvent => ({
  type: 'MessageSent',
  data: data(clientMsgId, from),
});

const line = (clientMsgId: string): NumberedEvent => ({
  type: 'NoticePosted',
  data: data(clientMsgId, ann),
});

/** In g1 are ann, bob and mia; cat is not. */
const world = async (more: ConstructorParameters<typeof FakeWorld>[0] = {}) => {
  const heard: string[] = [];
  const made = new FakeWorld({
    interest: {
      join: (topic) => heard.push(`+${topic}`),
      leave: (topic) => heard.push(`-${topic}`),
      settled: () => undefined,
    },
    ...more,
  });
  for (const user of [ann, bob, mia]) made.groups.set(user, [g1]);
  const [anns, bobs, cats] = [
    await made.connect('ann'),
    await made.connect('bob'),
    await made.connect('cat'),
  ];
  return { world: made, gateway: made.gateway, anns, bobs, cats, heard };
};

let facts = 1_000;
/** A fact of the group's own stream; its place is between the messages that are recorded around it. */
const moved = (
  world: FakeWorld,
  event: MembershipEvent,
  position = world.nextPosition(),
): Recorded<MembershipEvent> => {
  facts += 1;
  return {
    ...event,
    id: eventId(facts),
    meta: by(ann),
    stream: 'group-g1',
    revision: 0,
    position,
    created: 1,
  };
};

const kick = (...users: UserId[]): MembershipEvent => ({
  type: 'MembersKicked',
  data: { group: g1, version: 2, users, by: ann },
});
const add = (...users: UserId[]): MembershipEvent => ({
  type: 'MembersAdded',
  data: { group: g1, version: 2, users, by: ann, inviter: ann, source: 2, historyVisible: true },
});

/** A line or notice that follows from a fact. */
const caused = <E extends NumberedEvent>(
  event: Recorded<E>,
  causationId: EventId,
): Recorded<E> => ({ ...event, meta: { ...event.meta, causationId } });

const noticeOf = (causationId: EventId, also?: readonly UserId[]): Passing => ({
  conversation: notices,
  id: causationId,
  meta: { ...by(ann), causationId },
  data: {
    from: ann,
    group: g1,
    clientMsgId: 'notice',
    contentType: 1508,
    createTime: 1,
    sendTime: 2,
    system: true,
    body: { content: '{}' },
  },
  ...(also === undefined ? {} : { also }),
});

/** What was pushed, by clientMsgID. */
const got = (client: FakeClient): readonly string[] =>
  client.frames
    .filter(({ reqIdentifier }) => reqIdentifier === 2001)
    .map(({ data }) => PbCoder.PushMessages.decode(data))
    .flatMap(({ msgs, notificationMsgs }) => [
      ...Object.values(msgs).flatMap(({ Msgs }) => Msgs),
      ...Object.values(notificationMsgs).flatMap(({ Msgs }) => Msgs),
    ])
    .map(({ clientMsgID }) => clientMsgID);

describe('a message to a group', () => {
  test('[WIR-61] goes to all members that are connected, the sender too, and to nobody else', async () => {
    const { world: of, gateway, anns, bobs, cats } = await world();
    gateway.deliver([of.record(chat, said('c1')), of.record(chat, said('c2', bob))]);
    for (const client of [anns, bobs]) expect(got(client)).toEqual(['c1', 'c2']);
    const [frame] = anns.frames;
    const push = frame && PbCoder.PushMessages.decode(frame.data);
    expect(push?.msgs[chat]?.Msgs).toMatchObject([
      { seq: 1, sessionType: 3, groupID: 'g1', recvID: '', sendID: 'ann' },
    ]);
    expect(got(cats)).toEqual([]);
    expect(gateway.stats().pushes).toBe(4);
  });

  test('[WIR-61] what is not stored as well, and without its sender where that is asked for', async () => {
    const { gateway, anns, bobs, cats } = await world();
    gateway.pass(noticeOf(eventId('x')), true);
    gateway.pass(noticeOf(eventId('y')), false);
    expect(got(anns)).toHaveLength(1);
    expect(got(bobs)).toHaveLength(2);
    expect(got(cats)).toEqual([]);
  });

  test('[WIR-10] is answered before it is pushed to who has sent it', async () => {
    const { world: of, gateway, anns } = await world();
    of.onSend = (send) => {
      const event = of.append(send);
      gateway.deliver([event]);
      return Promise.resolve(of.answerFor(event));
    };
    const text = { from: 'ann', to: '', clientMsgID: 'c1', text: 'hi', platformID: 5 };
    const message = { ...textMessage(text), sessionType: 3, groupID: 'g1' };
    await anns.ask(1003, PbCoder.MsgData.encode(message).finish());
    expect(anns.numbers()).toEqual([1003, 2001]);
    expect(of.sends).toMatchObject([{ conversation: chat, message: { from: ann, group: g1 } }]);
  });

  test('[NOD-13] comes from the log, however others tell of it before', async () => {
    const { world: of, gateway, bobs } = await world();
    const [one, two, three] = ['c1', 'c2', 'c3'].map((name) => of.record(chat, said(name)));
    gateway.deliver([one!]);
    gateway.announce([three!, two!]);
    await settled();
    expect(got(bobs)).toEqual(['c1']);
    gateway.deliver([one!, two!, three!]);
    expect(got(bobs)).toEqual(['c1', 'c2', 'c3']);
  });
});

describe('who comes and goes', () => {
  test('[WIR-62] who comes in gets what is said from then on', async () => {
    const { world: of, gateway, cats } = await world();
    gateway.deliver([of.record(chat, said('c1'))]);
    gateway.memberMoved(moved(of, add(cat)));
    gateway.deliver([of.record(chat, said('c2'))]);
    expect(got(cats)).toEqual(['c2']);
  });

  test('[WIR-62] gets all of it where others tell of it before it is seen who has come in', async () => {
    const { world: of, gateway, bobs, cats } = await world();
    const before = of.record(chat, said('c1'));
    const joined = moved(of, add(cat));
    const [one, two] = [of.record(chat, said('c2')), of.record(chat, said('c3'))];
    gateway.announce([before, one, two]);
    gateway.deliver([before]);
    gateway.memberMoved(joined);
    gateway.deliver([one, two]);
    await settled();
    expect(got(bobs)).toEqual(['c1', 'c2', 'c3']);
    expect(got(cats)).toEqual(['c2', 'c3']);
  });

  test('[WIR-63] gets nothing of what others tell of before it is seen who has gone', async () => {
    const { world: of, gateway, anns, bobs } = await world();
    const kicked = moved(of, kick(bob));
    const after = of.record(chat, said('c1'));
    gateway.announce([after]);
    await settled();
    gateway.memberMoved(kicked);
    gateway.deliver([after]);
    expect(got(anns)).toEqual(['c1']);
    expect(got(bobs)).toEqual([]);
  });

  test('[WIR-63] who is kicked gets the line and the notice of it, and nothing that is said', async () => {
    const { world: of, gateway, anns, bobs } = await world();
    gateway.deliver([of.record(chat, said('c1'))]);
    const fact = moved(of, kick(bob));
    gateway.memberMoved(fact);
    gateway.deliver([
      of.record(chat, said('c2')),
      caused(of.record(chat, line('line')), fact.id),
      of.record(chat, said('c3')),
    ]);
    gateway.pass(noticeOf(fact.id, [bob]), true);
    gateway.pass(noticeOf(eventId('later')), true);
    expect(got(bobs)).toEqual(['c1', 'line', 'notice']);
    expect(got(anns)).toEqual(['c1', 'c2', 'line', 'c3', 'notice', 'notice']);
    expect(bobs.connection.closed).toBeUndefined();
  });

  test('[WIR-63] gets the line also if it comes long after the notice, and each of several', async () => {
    const { world: of, gateway, bobs } = await world();
    const fact = moved(of, kick(bob));
    gateway.memberMoved(fact);
    gateway.pass(noticeOf(fact.id, [bob]), true);
    of.clock.at += 3_600_000;
    gateway.memberMoved(moved(of, kick(ann)));
    gateway.deliver([
      of.record(chat, said('c1')),
      caused(of.record(chat, line('line')), fact.id),
      caused(of.record(chat, line('another')), fact.id),
      of.record(chat, said('c2')),
    ]);
    expect(got(bobs)).toEqual(['notice', 'line', 'another']);
  });

  test('[WIR-62] who comes in after all others here have gone gets nothing of what was said meanwhile', async () => {
    const { world: of, gateway, cats, bobs } = await world();
    const fact = moved(of, kick(ann, bob, mia));
    gateway.memberMoved(fact);
    gateway.deliver([
      caused(of.record(chat, line('line')), fact.id),
      of.record(chat, said('c1')),
      of.record(chat, said('c2')),
    ]);
    gateway.memberMoved(moved(of, add(cat)));
    gateway.deliver([of.record(chat, said('c3'))]);
    await settled();
    expect(got(cats)).toEqual(['c3']);
    expect(got(bobs)).toEqual(['line']);
  });

  test('[WIR-63] who leaves and comes back is a member like any other', async () => {
    const { world: of, gateway, bobs } = await world();
    gateway.memberMoved(
      moved(of, { type: 'MemberLeft', data: { group: g1, version: 2, user: bob } }),
    );
    gateway.deliver([of.record(chat, said('c1'))]);
    gateway.memberMoved(moved(of, add(bob)));
    gateway.deliver([of.record(chat, said('c2'))]);
    expect(got(bobs)).toEqual(['c2']);
  });

  test('[WIR-62] a new group is heard of by all its members, one that has ended by nobody', async () => {
    const { world: of, gateway, cats, heard } = await world();
    const other = 'other' as GroupId;
    const inOther = (name: string): NumberedEvent => ({
      type: 'MessageSent',
      data: { ...data(name, cat), group: other },
    });
    const made = {
      type: 'GroupCreated',
      data: {
        group: other,
        version: 1,
        owner: cat,
        admins: [],
        members: [ann],
        creator: cat,
        rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
        profile: { name: '', introduction: '', faceUrl: '', ex: '' },
        by: cat,
      },
    } as const;
    gateway.memberMoved(moved(of, made));
    gateway.deliver([of.record(chatOf(other), inOther('c1'))]);
    expect(got(cats)).toEqual(['c1']);
    gateway.memberMoved(moved(of, { type: 'GroupDisbanded', data: { group: other } }));
    const notice = noticeOf(eventId('ended'));
    gateway.pass({ ...notice, data: { ...notice.data, group: other } }, true);
    expect(got(cats)).toEqual(['c1', 'notice']);
    of.clock.at += 60_000;
    gateway.tick();
    gateway.deliver([of.record(chatOf(other), inOther('c2'))]);
    expect(got(cats)).toEqual(['c1', 'notice']);
    expect(heard.slice(-2)).toEqual(['+@other', '-@other']);
  });
});

describe('who connects', () => {
  test.each([
    ['came in', [] as GroupId[], add(cat), ['c1']],
    ['was kicked', [g1], kick(cat), []],
  ])(
    '[WIR-60] hears of its groups as they are when it opens: it %s meanwhile',
    async (_, before, event, wanted) => {
      const { world: of, gateway, cats } = await world();
      cats.socket.end(1000);
      let load: (groups: GroupId[]) => void = () => undefined;
      of.groupsOf = () => new Promise((resolve) => (load = resolve));
      const connecting = of.connect('cat');
      await settled();
      gateway.memberMoved(moved(of, event));
      load(before);
      const client = await connecting;
      gateway.deliver([of.record(chat, said('c1'))]);
      expect(got(client)).toEqual(wanted);
    },
  );

  test('[WIR-64] a gateway hears of users and groups for as long as somebody is there', async () => {
    const { world: of, gateway, anns, bobs, heard } = await world();
    expect(heard).toEqual(['+ann', '+@g1', '+bob', '+cat']);
    const second = await of.connect('ann', { token: 'second' });
    anns.socket.end(1000);
    second.socket.end(1000);
    expect(heard.slice(4)).toEqual(['-ann']);
    gateway.memberMoved(moved(of, kick(bob)));
    expect(heard.slice(5)).toEqual(['-@g1']);
    bobs.socket.end(1000);
    expect(heard.slice(6)).toEqual(['-bob']);
    gateway.deliver([of.record(chat, said('c1'))]);
    expect(gateway.stats().cursors.count).toBe(0);
  });
});

test('[WIR-65] what makes each client ask the server goes to some at a time, and of one chat once', async () => {
  const of = new FakeWorld({ connectionsMax: 2_000 });
  const clients: FakeClient[] = [];
  for (let index = 0; index < UNHURRIED_PER_TICK + 20; index++) {
    const user = `u${String(index)}`;
    of.groups.set(user as UserId, [g1]);
    clients.push(await of.connect(user));
  }
  const told = (): number => clients.filter((client) => got(client).length > 0).length;
  const passing: Passing = { ...noticeOf(eventId('all')), unhurried: true };
  of.gateway.pass(passing, true);
  expect(told()).toBe(UNHURRIED_PER_TICK);
  of.gateway.tick();
  expect(told()).toBe(clients.length);
  // Who has yet to be told of one learns both at once.
  of.gateway.pass(passing, true);
  of.gateway.pass(passing, true);
  of.gateway.tick();
  of.gateway.tick();
  const counts = clients.map((client) => got(client).length);
  expect(Math.max(...counts)).toBe(3);
  expect(counts.filter((count) => count === 2).length).toBeGreaterThan(0);
});
