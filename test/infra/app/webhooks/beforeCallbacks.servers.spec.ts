import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hookServer, type HookServer } from '../../../support/hookServer.ts';
import { receiver, consent, type Behaviour, type Receiver } from '../../../support/receiver.ts';

/** Whoever is silent is waited for so long, and a busy machine answers before. */
const TIMEOUT = '3s';

let server: HookServer;
let app: Receiver;

beforeAll(async () => {
  server = await hookServer();
  app = await receiver();
  const endpoint = {
    name: 'moderation',
    url: app.url,
    allowPrivate: true,
    before: {
      beforeSendSingleMsg: { timeout: TIMEOUT, attentionIds: ['bob'] },
      beforeMsgModify: { timeout: TIMEOUT, failedContinue: true },
    },
  };
  await server.begin([endpoint]);
  await server.register('ann', 'bob', 'cat');
});
afterEach(() => {
  app.behave(consent);
  app.received.length = 0;
});
afterAll(async () => {
  await server.drop();
  await app.end();
});

const command = (name: string) => `callback${name}Command`;
const on =
  (name: string, answer: Behaviour): Behaviour =>
  (call, reply) =>
    call.body['callbackCommand'] === command(name) ? answer(call, reply) : consent(call, reply);

const masking = on('BeforeMsgModify', ({ body }) => {
  const { content } = JSON.parse(String(body['content'])) as { content: string };
  return { content: JSON.stringify({ content: content.replaceAll(/bad/g, '***') }) };
});

describe('before a message is sent', () => {
  test('[HOK-2] what the app server has masked is what everybody gets', async () => {
    app.behave(masking);
    const ann = await server.connect('ann');
    const bob = await server.connect('bob');
    expect(await ann.send('bob', 'm1', 'a bad word')).toMatchObject({ errCode: 0 });
    const masked = JSON.stringify({ content: 'a *** word' });
    expect(await bob.pushOf('m1')).toMatchObject({ text: masked, from: 'ann' });
    expect(await ann.pushOf('m1')).toMatchObject({ text: masked });
    expect(app.received.map(({ path, body }) => [path, body])).toMatchObject([
      [
        '/callback/callbackBeforeSendSingleMsgCommand',
        {
          callbackCommand: 'callbackBeforeSendSingleMsgCommand',
          operationID: expect.stringMatching(/^op-/) as string,
          sendID: 'ann',
          recvID: 'bob',
          clientMsgID: 'm1',
          serverMsgID: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          senderPlatformID: 5,
          sessionType: 1,
          msgFrom: 100,
          contentType: 101,
          status: 1,
          seq: 0,
          atUserList: [],
          content: '{"content":"a bad word"}',
        },
      ],
      ['/callback/callbackBeforeMsgModifyCommand', { sendID: 'ann', recvID: 'bob' }],
    ]);
    await ann.socket.request(2003, new Uint8Array());
  });

  test('[HOK-2] a send over HTTP tells what has been changed', async () => {
    app.behave(masking);
    const send = {
      sendID: 'ann',
      recvID: 'cat',
      content: { content: 'bad' },
      contentType: 101,
      sessionType: 1,
      clientMsgID: 'h1',
    };
    const first = await server.post('/msg/send_msg', send);
    expect(first.data).toMatchObject({ modify: { content: '{"content":"***"}' } });
    // [HOK-1] The same again is answered as the first time, and nobody is asked.
    app.received.length = 0;
    const again = await server.post('/msg/send_msg', { ...send, content: { content: 'else' } });
    expect(again).toMatchObject({ errCode: 0, data: { clientMsgID: 'h1' } });
    expect(app.received).toEqual([]);
  });

  test('[HOK-3] a refusal reaches its sender in the app server’s own words, at both doors', async () => {
    app.behave(
      on('BeforeSendSingleMsg', () => ({
        actionCode: 0,
        errCode: 5001,
        errMsg: 'no strangers',
        errDlt: 'contact first',
        nextCode: 1,
      })),
    );
    const ann = await server.connect('ann', 1);
    const bob = await server.connect('bob', 1);
    expect(await ann.send('bob', 'r1', 'hi')).toEqual({
      errCode: 5001,
      errMsg: 'no strangers contact first',
    });
    expect(
      await server.post('/msg/send_msg', {
        sendID: 'ann',
        recvID: 'bob',
        content: { content: 'hi' },
        contentType: 101,
        sessionType: 1,
      }),
    ).toMatchObject({ errCode: 5001, errMsg: 'no strangers', errDlt: 'contact first' });
    expect(await ann.send('cat', 'r2', 'not asked about')).toMatchObject({ errCode: 0 });
    app.behave(consent);
    expect(await ann.send('bob', 'r3', 'hi')).toMatchObject({ errCode: 0 });
    await bob.pushOf('r3');
    expect(bob.pushed.map(({ clientMsgID }) => clientMsgID)).not.toContain('r1');
  });

  test.each<[string, string, Behaviour, number]>([
    ['500', 'BeforeSendSingleMsg', (_, reply) => reply.code(500).send({ error: 'oh' }), 90007],
    ['garbage', 'BeforeSendSingleMsg', (_, reply) => reply.send('<html>'), 90007],
    ['nothing at all', 'BeforeSendSingleMsg', (_, reply) => reply.send(''), 90007],
    ['a redirect', 'BeforeSendSingleMsg', (_, reply) => reply.redirect('/elsewhere'), 90007],
    ['silence', 'BeforeSendSingleMsg', () => new Promise(() => undefined), 90004],
    ['500', 'BeforeMsgModify', (_, reply) => reply.code(500).send({ error: 'oh' }), 0],
    ['silence', 'BeforeMsgModify', () => new Promise(() => undefined), 0],
    ['another receiver', 'BeforeMsgModify', () => ({ recvID: 'cat' }), 0],
    ['a text that is no JSON', 'BeforeMsgModify', () => ({ content: 'plain' }), 0],
  ])(
    '[HOK-4] after %s to %s it is sent or not, as configured',
    async (what, name, answer, code) => {
      app.behave(on(name, answer));
      const ann = await server.connect('ann', 2);
      const id = `f ${name} ${what}`;
      expect(await ann.send('bob', id, 'hi')).toMatchObject({ errCode: code });
      if (code === 0) await ann.pushOf(id);
    },
  );

  test('[HOK-5] while it thinks about one conversation, another goes on, and each keeps its order', async () => {
    let answer: () => void = () => undefined;
    const thinking = new Promise<void>((resolve) => (answer = resolve));
    app.behave(
      on('BeforeMsgModify', async (call, reply) => {
        if (call.body['clientMsgID'] === 's1') await thinking;
        return consent(call, reply);
      }),
    );
    const ann = await server.connect('ann', 4);
    const bob = await server.connect('bob', 4);
    const held = [ann.send('bob', 's1', 'slow'), ann.send('bob', 's2', 'behind it')];
    expect(await ann.send('cat', 's3', 'elsewhere')).toMatchObject({ errCode: 0 });
    expect(bob.pushed).toEqual([]);
    answer();
    expect(await Promise.all(held)).toMatchObject([{ errCode: 0 }, { errCode: 0 }]);
    await bob.pushOf('s2');
    expect(bob.pushed.map(({ clientMsgID }) => clientMsgID)).toEqual(['s1', 's2']);
  });

  test('[HOK-48] how each ended is counted', async () => {
    const text = await server.metrics();
    const of = 'callback="beforeSendSingleMsg",endpoint="moderation"';
    expect(text).toContain(`seqline_callbacks_asked_total{${of},how="refused"}`);
    expect(text).toContain(`seqline_callbacks_asked_total{${of},how="unanswered-refused"}`);
    expect(text).toContain(`seqline_callbacks_unanswered_total{${of},why="redirect"} 1`);
    expect(text).toContain(`seqline_callbacks_unanswered_total{${of},why="too-slow"} 1`);
    expect(text).toMatch(/asked_total\{callback="beforeMsgModify".*how="unanswered-passed"\}/);
  });

  test('[HOK-4] when the receiver is dead', async () => {
    await app.end();
    const ann = await server.connect('ann', 3);
    // The one that may not fail is not asked about messages to cat.
    expect(await ann.send('cat', 'd1', 'hi')).toMatchObject({ errCode: 0 });
    expect(await ann.send('bob', 'd2', 'hi')).toMatchObject({ errCode: 90004 });
    await app.begin();
    expect(await ann.send('bob', 'd2', 'hi')).toMatchObject({ errCode: 0 });
    expect(server.lines.join('')).toMatch(/"callback":"beforeMsgModify".*"failedContinue":true/);
  });
});
