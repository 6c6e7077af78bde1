import { createHmac } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Call, Endpoint } from '../../../core/webhook/ports.ts';
import { ANSWER_BYTES_MAX, openPost, type LookUp } from '../../../infra/webhooks/post.ts';
import { receiver, type Behaviour, type Receiver } from '../../support/receiver.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const started = async (behave?: Behaviour): Promise<Receiver> => {
  const app = await receiver(behave);
  closing.push(app.end);
  return app;
};

const KEYS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const NOW = 1_700_000_000_500;

const endpointAt = (url: string, rest: Partial<Endpoint> = {}): Endpoint => ({
  name: 'app',
  url,
  keys: [],
  allowPrivate: true,
  convention: 'v3',
  giveUpAfter: 1_000,
  before: new Map(),
  after: new Map(),
  ...rest,
});

const CALL: Call = {
  id: 'id-1',
  command: 'callbackTestCommand',
  body: '{"text":"Grüße"}',
  operationId: 'op 1 ü',
  timeout: 20_000,
};

const posting = (lookUp?: LookUp) => {
  const { post, close } = openPost({ now: () => NOW, socketsMax: 10, ...(lookUp && { lookUp }) });
  closing.push(close);
  return post;
};

/** A server that is no HTTP server, or a bad one. */
const rawServer = async (onSocket: (socket: Socket) => void): Promise<string> => {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return `http://127.0.0.1:${String(address.port)}/`;
};

describe('a call', () => {
  test('[HOK-10] comes as OpenIM makes it, signed with every key', async () => {
    const app = await started();
    const posted = await posting()(endpointAt(`${app.url}/`, { keys: KEYS }), {
      ...CALL,
      key: 'a+b=',
      attempt: 3,
      replay: 'r1',
    });
    expect(posted).toMatchObject({ kind: 'answered', status: 200 });
    const [call] = app.received;
    expect(call).toMatchObject({
      path: '/callback/callbackTestCommand',
      query: { key: 'a+b=' },
      text: CALL.body,
      headers: {
        'content-type': 'application/json',
        operationid: encodeURIComponent('op 1 ü'),
        'webhook-id': 'id-1',
        'webhook-timestamp': '1700000000',
        'webhook-attempt': '3',
        'webhook-replay': 'r1',
      },
    });
    const signed = KEYS.map(
      (key) =>
        `v1,${createHmac('sha256', key).update(`id-1.1700000000.${CALL.body}`).digest('base64')}`,
    );
    expect(call!.headers['webhook-signature']).toBe(signed.join(' '));
  });

  test('[HOK-9] of the old convention goes to the bare address', async () => {
    const app = await started();
    await posting()(endpointAt(app.url, { convention: 'v2' }), CALL);
    expect(app.received[0]).toMatchObject({
      path: '/callback',
      headers: { 'webhook-attempt': '1' },
    });
    expect(app.received[0]!.headers).not.toHaveProperty('webhook-signature');
  });

  test('is made whatever its trace id is', async () => {
    const app = await started();
    const posted = await posting()(endpointAt(app.url), {
      ...CALL,
      operationId: 'half \ud800 a\n',
    });
    expect(posted).toMatchObject({ kind: 'answered' });
    expect(app.received[0]!.headers).toMatchObject({ operationid: 'half%20%EF%BF%BD%20a%0A' });
  });

  test('is made again once where the other side had just closed the idle connection', async () => {
    const calls: string[] = [];
    const url = await rawServer((socket) => {
      socket.on('data', () => {
        calls.push('call');
        // The second call on this connection meets its end.
        if (socket.bytesRead > 400) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
      });
    });
    const post = posting();
    expect(await post(endpointAt(url), CALL)).toMatchObject({ kind: 'answered' });
    expect(await post(endpointAt(url), CALL)).toMatchObject({ kind: 'answered' });
    expect(calls).toHaveLength(3);
  });
});

describe('[HOK-7] an answer', () => {
  test('with HTTP 500 is one, and whoever asked judges it', async () => {
    const app = await started((_, reply) => reply.code(500).send('broken'));
    expect(await posting()(endpointAt(app.url), CALL)).toEqual({
      kind: 'answered',
      status: 500,
      body: 'broken',
    });
  });

  test('of 10 MB is not read to its end', async () => {
    const app = await started((_, reply) => reply.send('x'.repeat(10 * ANSWER_BYTES_MAX)));
    expect(await posting()(endpointAt(app.url), CALL)).toMatchObject({
      kind: 'failed',
      failure: 'too-long',
    });
  });

  test('that leads elsewhere is not followed', async () => {
    const other = await started();
    const app = await started((_, reply) => reply.redirect(other.url, 307));
    expect(await posting()(endpointAt(app.url), CALL)).toMatchObject({
      kind: 'failed',
      failure: 'redirect',
    });
    expect(other.received).toEqual([]);
  });

  test('that is compressed is not unpacked', async () => {
    const app = await started((_, reply) => reply.header('content-encoding', 'gzip').send('x'));
    expect(await posting()(endpointAt(app.url), CALL)).toMatchObject({ failure: 'compressed' });
  });

  test.each([
    ['never comes', () => undefined],
    [
      'trickles',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{'),
    ],
    ['is about to come', (socket: Socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n')],
  ])('that %s is given up in time', async (_what, onSocket) => {
    const url = await rawServer(onSocket);
    expect(await posting()(endpointAt(url), { ...CALL, timeout: 150 })).toMatchObject({
      kind: 'failed',
      failure: 'too-slow',
    });
  });

  test.each([
    ['is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{'],
    ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['is nothing', ''],
    ['is another protocol', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('that %s is none', async (_what, bytes) => {
    const url = await rawServer((socket) => {
      socket.on('data', () => socket.end(bytes));
    });
    expect(await posting()(endpointAt(url), CALL)).toMatchObject({ failure: 'unreachable' });
  });

  test('of nobody is none', async () => {
    const app = await started();
    await app.end();
    expect(await posting()(endpointAt(app.url), CALL)).toMatchObject({ failure: 'unreachable' });
  });
});

describe('[HOK-7] a private address', () => {
  test('is called only where that is allowed', async () => {
    const app = await started();
    const endpoint = endpointAt(app.url, { allowPrivate: false });
    expect(await posting()(endpoint, CALL)).toMatchObject({ failure: 'forbidden' });
    expect(app.received).toEqual([]);
  });

  test('is not called by a name either, whatever the name says the next time', async () => {
    const app = await started();
    const { port } = new URL(app.url);
    let looks = 0;
    const rebinding: LookUp = (_, callback) => {
      looks += 1;
      // Public at the first look, and ours from then on.
      const address = looks === 1 ? '203.0.113.1' : '127.0.0.1';
      void pause(0).then(() => {
        callback(null, [{ address, family: 4 }]);
      });
    };
    const endpoint = endpointAt(`http://app.example.com:${port}/`, { allowPrivate: false });
    const post = posting(rebinding);
    for (let turn = 0; turn < 3; turn++) {
      expect(await post(endpoint, CALL)).toMatchObject({ failure: 'forbidden' });
    }
    expect(app.received).toEqual([]);
    // Allowed, the same name leads there: each call goes to the address that was looked at for it.
    const allowed = endpointAt(`http://app.example.com:${port}/`);
    expect(await post(allowed, CALL)).toMatchObject({ kind: 'answered' });
    expect(looks).toBe(4);
  });

  test('among the addresses of a name is passed over', async () => {
    const app = await started();
    const { port } = new URL(app.url);
    const both: LookUp = (_, callback) => {
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    };
    const endpoint = endpointAt(`http://app.example.com:${port}/`, { allowPrivate: false });
    expect(await posting(both)(endpoint, CALL)).toMatchObject({
      failure: 'forbidden',
      detail: 'app.example.com is at 127.0.0.1, 10.0.0.1',
    });
  });
});
