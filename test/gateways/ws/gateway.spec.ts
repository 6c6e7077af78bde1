import { describe, expect, test } from 'vitest';
import { ann, annAndBob, bob, by, eventId } from '../../support/people.ts';
import {
  GOB_FORM,
  JSON_FORM,
  PbCoder,
  encodeRequest,
  textMessage,
  userOnly,
  type Form,
} from '../../support/rawWire.ts';
import { FakeWorld, settled, type FakeClient } from '../../support/wsFakes.ts';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { notificationOf, single } from '../../../core/conversation/ids.ts';
import type { ConversationId, TokenId, UserId } from '../../../core/kernel/ids.ts';
import type { LoginEvent } from '../../../core/login/events.ts';
import { REQUESTS_IN_FLIGHT_MAX } from '../../../gateways/ws/connection.ts';
import { PING_EVERY_TICKS } from '../../../gateways/ws/keeper.ts';

const notices = notificationOf(annAndBob);

const said = (clientMsgId = 'c1', from = ann, to = bob): NumberedEvent => ({
  type: 'MessageSent',
  data: {
    from,
    to,
    clientMsgId,
    contentType: 101,
    createTime: 1,
    sendTime: 2,
    body: { content: '{"content":"hi"}' },
  },
});

const read: NumberedEvent = {
  type: 'MessagesRead',
  data: { from: bob, to: ann, conversation: annAndBob, after: 0, upTo: 1, seqs: [], sendTime: 3 },
};

const deleted = (scope: 'all' | 'self'): NumberedEvent => ({
  type: 'MessagesDeleted',
  data: { from: ann, to: bob, conversation: annAndBob, seqs: [1], scope, sendTime: 3 },
});

const pushes = (client: FakeClient) =>
  client.frames
    .filter(({ reqIdentifier }) => reqIdentifier === 2001)
    .map(({ data }) => PbCoder.PushMessages.decode(data));

describe('stored events', () => {
  test('[WIR-30] go to all connections of both sides, the sending one too, one message a frame', async () => {
    const world = new FakeWorld();
    const forms: readonly Form[] = [
      JSON_FORM,
      GOB_FORM,
      { sdkType: 'js', gzip: true },
      { sdkType: 'go', gzip: false },
    ];
    const clients = await Promise.all(
      forms.flatMap((form) => [
        world.connect('ann', { form, token: `ann-${form.sdkType}-${String(form.gzip)}` }),
        world.connect('bob', { form, token: `bob-${form.sdkType}-${String(form.gzip)}` }),
      ]),
    );
    const other = await world.connect('cat');
    world.gateway.deliver([
      world.record(annAndBob, said('c1'), 'op-1'),
      world.record(annAndBob, said('c2', bob, ann), 'op-2'),
    ]);
    for (const client of clients) {
      expect(client.frames).toMatchObject([
        { reqIdentifier: 2001, msgIncr: '', errCode: 0, operationID: 'op-1' },
        { reqIdentifier: 2001, msgIncr: '', errCode: 0, operationID: 'op-2' },
      ]);
      const messages = pushes(client).map(({ msgs }) => msgs[annAndBob]?.Msgs);
      expect(messages).toMatchObject([
        [{ clientMsgID: 'c1', seq: 1, status: 2, sendTime: 2 }],
        [{ clientMsgID: 'c2', seq: 2, status: 2, sendTime: 2 }],
      ]);
      expect(client.socket.corks).toEqual([2]);
    }
    expect(other.frames).toEqual([]);
    expect(world.gateway.stats().pushes).toBe(16);
  });

  test('[WIR-30] each go out once, however often they are delivered', async () => {
    const world = new FakeWorld();
    const client = await world.connect('bob');
    const events = [world.record(annAndBob, said('c1')), world.record(annAndBob, said('c2'))];
    world.gateway.deliver(events.slice(0, 1));
    world.gateway.deliver(events);
    world.gateway.deliver(events);
    expect(pushes(client)).toHaveLength(2);
  });

  test('[WIR-30] of a notification conversation stand apart', async () => {
    const world = new FakeWorld();
    const clients = [await world.connect('ann'), await world.connect('bob')];
    world.gateway.deliver([world.record(notices, read)]);
    for (const client of clients) {
      const [push] = pushes(client);
      expect(push?.msgs).toEqual({});
      expect(push?.notificationMsgs[notices]?.Msgs).toMatchObject([
        { contentType: 2200, seq: 1, sendID: 'bob', recvID: 'ann' },
      ]);
    }
  });

  test('what somebody deletes for itself is told to nobody else; a number without a message to nobody', async () => {
    const world = new FakeWorld();
    const [actor, other] = [await world.connect('ann'), await world.connect('bob')];
    world.gateway.deliver([
      world.record(notices, deleted('self')),
      world.record(notices, deleted('all')),
      world.record(notices, {
        type: 'SeqVoided',
        data: { from: ann, to: bob, reason: 'imported', sendTime: 1 },
      }),
    ]);
    expect(pushes(actor)).toHaveLength(2);
    expect(pushes(other)).toHaveLength(1);
  });

  test('a message to oneself comes once', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann');
    world.gateway.deliver([world.record(single(ann, ann), said('c1', ann, ann))]);
    expect(pushes(client)).toHaveLength(1);
  });

  test('[WIR-31] do not go to an iPhone in the background, nor to others only because they are', async () => {
    const world = new FakeWorld();
    const phone = await world.connect('bob', { platform: 1, background: true });
    const web = await world.connect('bob', { platform: 5, background: true, token: 'web' });
    world.gateway.deliver([world.record(annAndBob, said('c1'))]);
    await phone.ask(2004, userOnly('bob'));
    world.gateway.deliver([world.record(annAndBob, said('c2'))]);
    expect(pushes(phone).map(({ msgs }) => msgs[annAndBob]?.Msgs[0]?.seq)).toEqual([2]);
    expect(pushes(web)).toHaveLength(2);
  });

  test('[HOK-47] where they do not go is said when it changes, and that alone', async () => {
    const asleep: (readonly number[])[] = [];
    const world = new FakeWorld({ presenceChanged: (_user, _platforms, at) => asleep.push(at) });
    const phone = await world.connect('bob', { platform: 1 });
    const background = Buffer.concat([userOnly('bob'), Buffer.of(0x10, 1)]);
    await phone.ask(2004, background);
    await phone.ask(2004, background);
    expect(asleep).toEqual([[], [1]]);
    expect(world.gateway.awakeHere(bob)).toEqual([]);
    // A second phone in the hand: it is reached, until that one goes.
    const other = await world.connect('bob', { platform: 1, token: 'other' });
    expect(world.gateway.awakeHere(bob)).toEqual([1]);
    world.gateway.gone(other.connection, 'client');
    await phone.ask(2004, userOnly('bob'));
    expect(asleep).toEqual([[], [1], [], [1], []]);
  });
});

describe('what is not stored', () => {
  const passing = (conversation: ConversationId, from: UserId, to: UserId) => ({
    conversation,
    id: eventId('p'),
    meta: by(from, 'op-http'),
    data: {
      from,
      to,
      clientMsgId: 'c1',
      contentType: 113,
      createTime: 1,
      sendTime: 2,
      body: { content: '{}' },
    },
  });

  test('[WIR-32] goes to the receiver, and to the sender where that is wanted', async () => {
    const world = new FakeWorld();
    const [sender, receiver] = [await world.connect('ann'), await world.connect('bob')];
    world.gateway.pass(passing(annAndBob, ann, bob), false);
    world.gateway.pass(passing(annAndBob, ann, bob), true);
    expect(pushes(sender)).toHaveLength(1);
    expect(pushes(receiver).map(({ msgs }) => msgs[annAndBob]?.Msgs)).toMatchObject([
      [{ seq: 0, contentType: 113 }],
      [{ seq: 0, contentType: 113 }],
    ]);
    expect(receiver.frames[0]).toMatchObject({ operationID: 'op-http' });
  });

  test('[FRD-33] does not go to a login that is not to be told, but to the others of its user', async () => {
    const world = new FakeWorld();
    const acting = await world.connect('ann', { token: 'acting' });
    const other = await world.connect('ann', { token: 'other', platform: 2 });
    const own = notificationOf(single(ann, ann));
    world.gateway.pass({ ...passing(own, ann, ann), notTo: 'acting' as TokenId }, true);
    expect(pushes(acting)).toEqual([]);
    expect(pushes(other)).toHaveLength(1);
  });

  test('[WIR-32] reaches somebody who is told of something by itself', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann');
    const own = notificationOf(single(ann, ann));
    world.gateway.pass(passing(own, ann, ann), true);
    expect(Object.keys(pushes(client)[0]?.notificationMsgs ?? {})).toEqual([own]);
  });
});

describe('the end of a login', () => {
  const activated = (kicks: string[]): LoginEvent => ({
    type: 'LoginActivated',
    data: {
      user: ann,
      token: 'new' as TokenId,
      platform: 5,
      kicks: kicks as TokenId[],
      tokens: [],
    },
  });

  test.each<LoginEvent>([
    activated(['old']),
    {
      type: 'LogoutForced',
      data: { user: ann, platform: 5, kicks: ['old' as TokenId], tokens: [] },
    },
  ])('[WIR-33] kicks the connections of its tokens and no others: $type', async (event) => {
    const world = new FakeWorld();
    const old = await world.connect('ann', { token: 'old' });
    const tab = await world.connect('ann', { token: 'old', form: GOB_FORM });
    const fresh = await world.connect('ann', { token: 'new' });
    world.gateway.loginChanged(event);
    for (const client of [old, tab]) {
      expect(client.frames).toMatchObject([{ reqIdentifier: 2002, msgIncr: '', errCode: 0 }]);
      expect(client.socket.endedWith).toBe(1000);
    }
    expect(fresh.connection.closed).toBeUndefined();
    expect(world.gateway.stats().closes).toEqual(new Map([['kicked', 2]]));
  });

  test('[WIR-33] reaches a connection that opens only after it', async () => {
    const world = new FakeWorld();
    world.gateway.loginChanged(activated(['old']));
    const late = await world.connect('ann', { token: 'old' });
    expect(late.numbers()).toEqual([2002]);
    expect(late.connection.closed).toBe('kicked');
    expect(world.gateway.presenceOf(ann)).toEqual([]);
  });

  test('an open connection activates its login; one that may not is kicked', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann');
    expect(world.activated).toEqual([client.connection.caller]);
    const refused = { kind: 'refused', reason: 'token/kicked', detail: '' } as const;
    const other = new FakeWorld({
      logins: { ...world.deps.logins, activate: () => Promise.resolve(refused) },
    });
    world.callers.forEach((caller, token) => other.callers.set(token, caller));
    const kicked = await other.connect('ann');
    await settled();
    expect(kicked.connection.closed).toBe('kicked');
  });

  test('[TOK-6] a login that the log did not take is told to it again, until it has it', async () => {
    const world = new FakeWorld();
    await world.connect('ann');
    let away = true;
    const told: string[] = [];
    const other = new FakeWorld({
      logins: {
        ...world.deps.logins,
        activate: ({ token }) => {
          told.push(token);
          if (away) return Promise.reject(new Error('the log is away'));
          return Promise.resolve({ kind: 'done' as const });
        },
      },
    });
    world.callers.forEach((caller, token) => other.callers.set(token, caller));
    const client = await other.connect('ann');
    await settled();
    other.gateway.tick();
    await settled();
    away = false;
    for (let tick = 0; tick < 3; tick++) {
      other.gateway.tick();
      await settled();
    }
    expect(told).toHaveLength(3);
    expect(client.connection.closed).toBeUndefined();
  });

  test('[TOK-6] what has gone meanwhile is not', async () => {
    const world = new FakeWorld();
    await world.connect('ann');
    const told: string[] = [];
    const other = new FakeWorld({
      logins: {
        ...world.deps.logins,
        activate: ({ token }) => {
          told.push(token);
          return Promise.reject(new Error('the log is away'));
        },
      },
    });
    world.callers.forEach((caller, token) => other.callers.set(token, caller));
    const client = await other.connect('ann');
    await settled();
    other.gateway.gone(client.connection, 'client');
    other.gateway.tick();
    await settled();
    expect(told).toHaveLength(1);
  });

  test('[WIR-34] by its expiry closes the connection', async () => {
    const world = new FakeWorld();
    const client = await world.connect('ann', { lifetime: 2000 });
    await world.clock.advance(1999);
    world.gateway.tick();
    expect(client.connection.closed).toBeUndefined();
    await world.clock.advance(1);
    world.gateway.tick();
    expect(client.connection.closed).toBe('token-expired');
    expect(client.frames).toEqual([]);
  });
});

describe('once a second', () => {
  test('[WIR-3] a part of the connections is pinged, each every 25 s', async () => {
    const world = new FakeWorld();
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => world.connect('ann', { platform: 3 })),
    );
    for (let tick = 0; tick < 2 * PING_EVERY_TICKS; tick++) world.gateway.tick();
    expect(clients.map(({ socket }) => socket.pings)).toEqual(clients.map(() => 2));
  });

  test('[WIR-35] a Go client that has not synced is closed, at most once a minute', async () => {
    const world = new FakeWorld();
    const cut = async (form: Form, ask?: number): Promise<boolean> => {
      const client = await world.connect('ann', { form });
      if (ask !== undefined) await client.ask(ask, userOnly('ann'));
      await world.clock.advance(7000);
      world.gateway.tick();
      expect(client.connection.closed).toBeUndefined();
      await world.clock.advance(1000);
      world.gateway.tick();
      return client.connection.closed === 'never-synced';
    };
    expect(await cut(JSON_FORM)).toBe(false);
    expect(await cut(GOB_FORM, 1006)).toBe(false);
    expect(await cut(GOB_FORM, 1001)).toBe(false);
    expect(await cut(GOB_FORM)).toBe(true);
    expect(await cut(GOB_FORM)).toBe(false);
    await world.clock.advance(60_000);
    world.gateway.tick();
    expect(world.gateway.stats().closes.get('never-synced')).toBe(2);
  });
});

describe('limits', () => {
  test('[WIR-36] more requests in flight than there may be close the connection', async () => {
    const world = new FakeWorld();
    world.onSend = () => new Promise(() => undefined);
    const client = await world.connect('ann');
    const send = (name: string): void => {
      const text = { from: 'ann', to: 'bob', clientMsgID: name, text: 'hi', platformID: 5 };
      client.tell(1003, PbCoder.MsgData.encode(textMessage(text)).finish());
    };
    for (let count = 0; count < REQUESTS_IN_FLIGHT_MAX; count++) send(String(count));
    expect(client.connection.closed).toBeUndefined();
    send('one more');
    expect(client.connection.closed).toBe('too-many-requests');
    expect(world.sends).toHaveLength(REQUESTS_IN_FLIGHT_MAX);
  });

  test('[WIR-3] an envelope as text is taken from the JS SDK and from nobody else', async () => {
    const world = new FakeWorld();
    const frame = encodeRequest(JSON_FORM, {
      reqIdentifier: 1001,
      sendID: 'ann',
      operationID: 'op',
      msgIncr: 'm',
      data: userOnly('ann'),
    });
    const js = await world.connect('ann');
    js.receive(frame, true);
    await settled();
    expect(js.numbers()).toEqual([1001]);
    const go = await world.connect('ann', { form: GOB_FORM });
    go.receive(Buffer.from('{"type":"ping","body":"o"}'), true);
    expect(go.socket.texts).toEqual(['{"type":"pong","body":"o"}']);
    go.receive(frame, true);
    expect(go.connection.closed).toBe('malformed-frame');
  });
});

describe('draining', () => {
  test('[WIR-6] also closes whoever was being let in as it began', async () => {
    const world = new FakeWorld();
    let letIn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letIn = resolve));
    const greet = world.gateway.greet.bind(world.gateway);
    world.gateway.greet = async (asked) => {
      const answer = await greet(asked);
      await held;
      return answer;
    };
    const connecting = world.connect('ann');
    await settled();
    await world.gateway.drain();
    letIn();
    const client = await connecting;
    expect(client.socket.endedWith).toBe(1001);
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, users: 0 });
  });

  test('[WIR-6] waits for answers, but not for ever, and takes nothing new', async () => {
    const world = new FakeWorld();
    world.onSend = () => new Promise(() => undefined);
    const clients = await Promise.all(
      Array.from({ length: 30 }, (_, index) => world.connect(`u${String(index)}`)),
    );
    const [first] = clients;
    const text = { from: 'u0', to: 'bob', clientMsgID: 'c', text: 'hi', platformID: 5 };
    const bytes = PbCoder.MsgData.encode(textMessage(text)).finish();
    first?.tell(1003, bytes);
    const drained = world.gateway.drain();
    first?.tell(1003, bytes);
    expect(world.sends).toHaveLength(1);
    await world.clock.advance(4999);
    expect(world.gateway.stats().sockets).toBe(30);
    await world.clock.advance(1);
    expect(world.gateway.stats().sockets).toBe(28);
    await world.clock.advance(1000);
    await drained;
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, users: 0 });
    expect(clients.map(({ socket }) => socket.endedWith)).toEqual(clients.map(() => 1001));
  });
});
