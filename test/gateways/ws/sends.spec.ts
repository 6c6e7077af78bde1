import { describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import { annAndBob } from '../../support/people.ts';
import {
  GOB_FORM,
  JSON_FORM,
  PbCoder,
  textMessage,
  type MsgData,
  type RawReply,
} from '../../support/rawWire.ts';
import { FakeWorld, settled } from '../../support/wsFakes.ts';
import type { Refused } from '../../../gateways/ports.ts';

const hi = textMessage({ from: 'ann', to: 'bob', clientMsgID: 'c1', text: 'hi', platformID: 5 });

const encoded = (changes: Partial<MsgData> = {}): Uint8Array =>
  PbCoder.MsgData.encode({ ...hi, ...changes }).finish();

const answerIn = ({ data }: RawReply) => PbCoder.UserSendMsgResp.decode(data);
const pushedIn = ({ data }: RawReply): MsgData | undefined =>
  Object.values(PbCoder.PushMessages.decode(data).msgs)[0]?.Msgs[0];

/** A send that answers when it is told to. */
const held = (world: FakeWorld) => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  world.onSend = async (send) => {
    const event = world.append(send);
    await released;
    return world.answerFor(event);
  };
  return release;
};

describe.each([
  JSON_FORM,
  GOB_FORM,
  { sdkType: 'js', gzip: true },
  { sdkType: 'go', gzip: false },
] as const)('a send in the form %o', (form) => {
  test('[WIR-10] that returns first: the answer, and the echo when it comes', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann', { form });
    const reply = await ann.ask(1003, encoded(), 'op-1');
    expect(reply).toMatchObject({ reqIdentifier: 1003, errCode: 0, operationID: 'op-1' });
    const [event] = world.events.get(annAndBob) ?? [];
    expect(answerIn(reply)).toMatchObject({
      clientMsgID: 'c1',
      serverMsgID: event?.id.replaceAll('-', ''),
      sendTime: world.clock.at,
    });
    if (event !== undefined) world.gateway.deliver([event]);
    expect(ann.numbers()).toEqual([1003, 2001]);
    expect(ann.frames[1]).toMatchObject({ msgIncr: '', errCode: 0 });
    expect(pushedIn(ann.frames[1] ?? reply)).toMatchObject({ seq: 1, status: 2, sendID: 'ann' });
  });

  test('[WIR-10] whose echo is here first: answer and echo together, and nothing later', async () => {
    const world = new FakeWorld();
    const release = held(world);
    const ann = await world.connect('ann', { form });
    const msgIncr = ann.tell(1003, encoded(), 'op-1');
    const [event] = world.events.get(annAndBob) ?? [];
    if (event !== undefined) world.gateway.deliver([event]);
    expect(ann.numbers()).toEqual([1003, 2001]);
    expect(ann.socket.corks).toEqual([2]);
    expect(ann.frames[0]).toMatchObject({ msgIncr, operationID: 'op-1', errCode: 0 });
    const answer = ann.frames[0];
    expect(answer && answerIn(answer)).toMatchObject({
      clientMsgID: 'c1',
      serverMsgID: event?.id.replaceAll('-', ''),
      sendTime: event?.data.sendTime,
    });
    release();
    await settled();
    expect(ann.numbers()).toEqual([1003, 2001]);
  });
});

describe('the answer to a send', () => {
  test('[WIR-10] goes to the connection that asked; others of the user get the echo alone', async () => {
    const world = new FakeWorld();
    held(world);
    const [asking, other, bob] = await Promise.all([
      world.connect('ann'),
      world.connect('ann', { token: 'second' }),
      world.connect('bob'),
    ]);
    asking.tell(1003, encoded());
    world.gateway.deliver(world.events.get(annAndBob) ?? []);
    expect(asking.numbers()).toEqual([1003, 2001]);
    expect(other.numbers()).toEqual([2001]);
    expect(bob.numbers()).toEqual([2001]);
  });

  test('[WIR-10] is given once for each of two requests with the same message', async () => {
    const world = new FakeWorld();
    const release = held(world);
    const ann = await world.connect('ann');
    const asked = [ann.tell(1003, encoded()), ann.tell(1003, encoded())];
    const [event] = world.events.get(annAndBob) ?? [];
    if (event !== undefined) world.gateway.deliver([event]);
    release();
    await settled();
    expect(ann.frames.map(({ msgIncr }) => msgIncr)).toEqual([...asked, '']);
  });

  test('[WIR-10] another clientMsgID in the same conversation is another message', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    world.onSend = () => new Promise(() => undefined);
    ann.tell(1003, encoded({ clientMsgID: 'c2' }));
    const [send] = world.sends;
    if (send !== undefined) {
      const message = { ...send.message, clientMsgId: 'c1' };
      world.gateway.deliver([world.append({ ...send, message })]);
    }
    expect(ann.numbers()).toEqual([2001]);
  });

  test('[WIR-11] to a repetition is the first one, followed by the first echo for this connection alone', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    const other = await world.connect('ann', { token: 'second' });
    await ann.ask(1003, encoded());
    const [event] = world.events.get(annAndBob) ?? [];
    if (event === undefined) throw new Error('nothing stored');
    world.onSend = () => {
      const { sent } = world.answerFor(event);
      return Promise.resolve({ kind: 'done', sent });
    };
    world.shown = (_, seq) => ({ kind: 'event', seq, event, isRead: true });
    await ann.ask(1003, encoded(), 'op-again');
    await settled();
    await settled();
    expect(ann.numbers()).toEqual([1003, 1003, 2001]);
    const [first, second, echo] = ann.frames;
    expect(second && answerIn(second)).toEqual(first && answerIn(first));
    expect(echo).toMatchObject({ operationID: 'op-again' });
    expect(echo && pushedIn(echo)).toMatchObject({ seq: 1, clientMsgID: 'c1', isRead: true });
    expect(other.numbers()).toEqual([]);
  });

  test('a message that is not stored and passes by: the answer first', async () => {
    const world = new FakeWorld();
    world.onSend = (send) => {
      const event = world.append(send);
      const { conversation, message } = send;
      const data = { ...message, sendTime: world.clock.at };
      world.gateway.pass({ conversation, id: event.id, meta: event.meta, data }, send.senderSync);
      const { sent } = world.answerFor(event);
      return Promise.resolve({ kind: 'done', sent: { ...sent, seq: 0 } });
    };
    const ann = await world.connect('ann');
    const bob = await world.connect('bob');
    ann.tell(1003, encoded({ options: { history: false } }));
    ann.tell(1003, encoded({ clientMsgID: 'c2', contentType: 113 }));
    await settled();
    expect(world.sends.map(({ stored, senderSync }) => [stored, senderSync])).toEqual([
      [false, true],
      [false, false],
    ]);
    expect(ann.numbers()).toEqual([1003, 2001, 1003]);
    expect(bob.numbers()).toEqual([2001, 2001]);
  });

  test('sends of one connection are handed on in their order', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    const names = Array.from({ length: 100 }, (_, index) => `c${String(index)}`);
    for (const clientMsgID of names) ann.tell(1003, encoded({ clientMsgID }));
    expect(world.sends.map(({ message }) => message.clientMsgId)).toEqual(names);
    await settled();
    expect(ann.frames.map((frame) => answerIn(frame).clientMsgID)).toEqual(names);
  });
});

describe.each([
  ['longer than any id', 'b'.repeat(60_000)],
  ['of a sign that no id has', 'b+ob'],
  ['of other letters', 'büb'],
])('a send to a name %s', (_, recvID) => {
  test('[WIR-12] [USR-6] is one to nobody, and nothing is looked up for it', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    const reply = await ann.ask(1003, encoded({ recvID }));
    expect(reply).toMatchObject({ reqIdentifier: 1003, errCode: 1004 });
    expect(reply.errMsg.length).toBeLessThan(200);
    expect(world.sends).toEqual([]);
  });
});

describe('what is sent', () => {
  test('is handed on with all its fields, and with what the server knows better', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    await ann.ask(
      1003,
      encoded({
        sendTime: 5,
        createTime: 9,
        ex: 'ex',
        attachedInfo: '{}',
        senderFaceURL: 'face',
        atUserIDList: ['bob'],
        msgFrom: 200,
        options: { notPrivate: false, isNotNotification: false, isSendMsg: true },
        offlinePushInfo: {
          title: 'title',
          desc: '',
          ex: '',
          iOSPushSound: 'ding',
          iOSBadgeCount: true,
          signalInfo: '',
        },
      }),
    );
    expect(world.sends).toEqual([
      {
        conversation: annAndBob,
        stored: true,
        senderSync: true,
        privileged: false,
        message: {
          from: 'ann',
          to: 'bob',
          clientMsgId: 'c1',
          contentType: 101,
          platform: 5,
          createTime: 9,
          options: { notPrivate: false },
          atUsers: ['bob'],
          body: {
            content: '{"content":"hi"}',
            nickname: 'ann of the tests',
            faceUrl: 'face',
            attachedInfo: '{}',
            ex: 'ex',
            push: { title: 'title', iosSound: 'ding', iosBadge: true },
          },
        },
      },
    ]);
  });

  test.each<readonly [string, Partial<MsgData>, number]>([
    ['in the name of another', { sendID: 'bob' }, 1002],
    ['as a notification', { contentType: 2101 }, 1002],
    ['as the first of the notifications', { contentType: 1000 }, 1002],
    ['as the last of the notifications', { contentType: 5000 }, 1002],
    ['of no content type', { contentType: 0 }, 1001],
    ['as a notification account', { sessionType: 4 }, 1002],
    ['to a group of no possible id', { sessionType: 3, groupID: 'a_b', recvID: '' }, 1004],
    ['to no group', { sessionType: 3, groupID: '', recvID: 'bob' }, 1004],
    ['to a group of old', { sessionType: 2 }, 1001],
    ['of an unknown session type', { sessionType: 0 }, 1001],
    ['to nobody', { recvID: '' }, 1001],
    ['without a clientMsgID', { clientMsgID: '' }, 1001],
    ['with too long a clientMsgID', { clientMsgID: 'x'.repeat(65) }, 1001],
    ['too long', { content: new Uint8Array(20 * 1024 + 1).fill(0x61) }, 1001],
    ['with too much beside it', { ex: 'x'.repeat(64 * 1024) }, 1001],
  ])('[WIR-12] %s is refused', async (_, changes, code) => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    expect(await ann.ask(1003, encoded(changes))).toMatchObject({ errCode: code });
    expect(world.sends).toEqual([]);
    expect(ann.connection.closed).toBeUndefined();
  });

  test('[GRP-24] what is for a group goes into its chat', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    const message = { sessionType: 3, groupID: 'g1', recvID: '', contentType: 106 };
    await ann.ask(1003, encoded({ ...message, atUserIDList: ['bob'] }));
    const [send] = world.sends;
    expect(send).toMatchObject({
      conversation: 'sg_g1',
      message: { from: 'ann', group: 'g1', atUsers: ['bob'] },
    });
    expect(send?.message).not.toHaveProperty('to');
  });

  test('[WIR-12] an app admin may send notifications, as an account, and say when', async () => {
    const world = new FakeWorld();
    const admin = await world.connect('zed', { admin: true });
    const message = { sendID: 'zed', sessionType: 4, contentType: 1400, sendTime: 5, msgFrom: 200 };
    expect(await admin.ask(1003, encoded(message))).toMatchObject({ errCode: 0 });
    expect(world.sends).toMatchObject([
      {
        conversation: 'sn_bob_zed',
        privileged: true,
        sendTime: 5,
        message: { contentType: 1400, system: true },
      },
    ]);
  });

  test('bytes that are no message are 1001', async () => {
    const ann = await new FakeWorld().connect('ann');
    expect(await ann.ask(1003, Uint8Array.of(255, 255))).toMatchObject({ errCode: 1001 });
  });

  test('[WIR-44] a fault that passes says that the same is to be sent again, and is no error', async () => {
    const world = new FakeWorld();
    const ann = await world.connect('ann');
    world.onSend = () => Promise.reject(new StoreUnavailable('db.internal is gone'));
    const { errCode, errMsg } = await ann.ask(1003, encoded());
    expect(errCode).toBe(500);
    expect(errMsg).toContain('try the same call again');
    expect(errMsg).not.toContain('db.internal');
    expect(world.log.errors).toEqual([]);
  });

  test('a refusal and a fault have their codes, and the fault is logged', async () => {
    const world = new FakeWorld();
    const refused: Refused = { kind: 'refused', reason: 'user/unknown', detail: 'recvID' };
    const ann = await world.connect('ann');
    world.onSend = () => Promise.resolve(refused);
    expect(await ann.ask(1003, encoded())).toMatchObject({ errCode: 1004 });
    world.onSend = () => Promise.reject(new Error('the log is away'));
    expect(await ann.ask(1003, encoded())).toMatchObject({ errCode: 500 });
    expect(world.log.errors).toHaveLength(1);
  });
});
