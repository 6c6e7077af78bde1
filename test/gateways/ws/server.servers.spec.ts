import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ann, annAndBob, bob } from '../../support/people.ts';
import {
  decodeReply,
  encodeRequest,
  JSON_FORM,
  PbCoder,
  textMessage,
  userOnly,
  type Form,
} from '../../support/rawWire.ts';
import { until, untilTrue } from '../../support/until.ts';
import { FakeWorld } from '../../support/wsFakes.ts';
import { EARLY_FRAMES_MAX } from '../../../gateways/ws/entrance.ts';
import { readQuery } from '../../../gateways/ws/handshake.ts';
import { startWsGateway, upgrade, type WsGateway } from '../../../gateways/ws/server.ts';

const GO_FORM: Form = { sdkType: 'go', gzip: false };
/** As the wasm SDK says it: its dial is over once it has been told. */
const WASM = { isMsgResp: 'true', sdkType: 'go' };
const SUCCESS = '{"errCode":0,"errMsg":"","errDlt":""}';
/** As many as there are ticks between two pings of one connection, and some. */
const CONNECTIONS_MAX = 27;

let world: FakeWorld;
let gateway: WsGateway;
let sockets: WebSocket[];

beforeEach(async () => {
  world = new FakeWorld({ now: Date.now });
  world.clock.at = Date.now();
  world.admit('ann');
  world.admit('bob');
  sockets = [];
  gateway = await startWsGateway({
    ...world.deps,
    config: {
      host: '127.0.0.1',
      port: 0,
      connectionsMax: CONNECTIONS_MAX,
      userConnectionsMax: CONNECTIONS_MAX,
    },
  });
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await gateway.close();
});

type Params = Readonly<Record<string, string>>;

const addressOf = (user: string, more: Params, path: string): string => {
  const query = new URLSearchParams({
    sendID: user,
    token: `token-${user}`,
    platformID: '5',
    operationID: 'op',
    sdkType: 'js',
    ...more,
  });
  return `ws://127.0.0.1:${String(gateway.port)}${path}?${query.toString()}`;
};

class Client {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly frames: Buffer[] = [];
  readonly pings: string[] = [];
  readonly order: string[] = [];
  body = '';
  status: number | undefined;
  contentType: string | undefined;
  closed = false;
  closeCode: number | undefined;
  readonly #user: string;
  readonly #form: Form;

  constructor(user: string, more: Params = {}, path = '/msg_gateway') {
    this.#user = user;
    this.#form = more['sdkType'] === 'go' ? GO_FORM : JSON_FORM;
    this.socket = new WebSocket(addressOf(user, more, path), { perMessageDeflate: true });
    sockets.push(this.socket);
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.order.push(isBinary ? 'binary' : 'text');
      if (isBinary) this.frames.push(data);
      else this.texts.push(data.toString());
    });
    this.socket.on('ping', (data) => this.pings.push(data.toString()));
    this.socket.on('unexpected-response', (_, response) => {
      this.status = response.statusCode;
      this.contentType = response.headers['content-type'];
      response.on('data', (chunk: Buffer) => (this.body += chunk.toString()));
      response.on('end', () => (this.closed = true));
    });
    this.socket.on('close', (code) => {
      this.closed = true;
      this.closeCode = code;
    });
    this.socket.on('error', () => undefined);
  }

  opened(): Promise<unknown> {
    return untilTrue('the socket is open', () => this.socket.readyState === WebSocket.OPEN);
  }

  ended(): Promise<unknown> {
    return untilTrue('the socket is closed', () => this.closed);
  }

  tell(reqIdentifier: number, data: Uint8Array, msgIncr = 'm1'): void {
    const frame = { reqIdentifier, sendID: this.#user, operationID: 'op', msgIncr, data };
    this.socket.send(encodeRequest(this.#form, frame));
  }

  replies() {
    return this.frames.map((frame) => decodeReply(this.#form, frame));
  }
}

const open = async (user: string, more: Params = {}, path?: string): Promise<Client> => {
  const client = new Client(user, more, path);
  await client.opened();
  return client;
};

describe('the answer to a handshake', () => {
  test.each(['/', '/msg_gateway', '/any/path'])(
    '[WIR-2] native, in order, at %s: an upgrade and no first frame',
    async (path) => {
      const client = await open('ann', { isMsgResp: 'false' }, path);
      client.tell(1001, userOnly('ann'));
      await untilTrue('the answer', () => client.frames.length === 1);
      expect(client.order).toEqual(['binary']);
      expect(client.socket.protocol).toBe('');
      expect(client.socket.extensions).toBe('');
    },
  );

  test.each([WASM, { isMsgResp: 'true' }])(
    '[WIR-2] browser, in order: one text frame, before any other',
    async (how) => {
      const client = await open('ann', how);
      client.tell(1001, userOnly('ann'));
      await untilTrue('the answer', () => client.frames.length === 1);
      expect(client.order).toEqual(['text', 'binary']);
      expect(client.texts).toEqual([SUCCESS]);
    },
  );

  test('[WIR-2] the first frame is plain text whatever the form is', async () => {
    const client = await open('ann', { isMsgResp: 'true', sdkType: 'go', compression: 'gzip' });
    await untilTrue('the first frame', () => client.texts.length === 1);
    expect(client.texts).toEqual([SUCCESS]);
  });

  const refusals = [
    ['without a token', { token: '' }, 1602],
    ['of an unknown sdkType', { sdkType: 'c' }, 1602],
    ['of another user', { sendID: 'cat' }, 1502],
    ['of another platform', { platformID: '1' }, 1502],
    ['with an expired token', { token: 'expired' }, 1501],
    ['with a kicked token', { token: 'kicked' }, 1506],
    ['where the check fails', { token: 'nobody knows it' }, 500],
  ] as const;

  const refuse = (): void => {
    world.callers.set('expired', { kind: 'refused', reason: 'token/expired', detail: '' });
    world.callers.set('kicked', { kind: 'refused', reason: 'token/kicked', detail: '' });
  };

  test.each(refusals)('[WIR-2] native, %s: HTTP 200 with an ApiResp', async (_, more, code) => {
    refuse();
    const client = new Client('ann', more);
    await client.ended();
    expect(client.status).toBe(200);
    expect(client.contentType).toBe('application/json; charset=utf-8');
    expect(JSON.parse(client.body)).toMatchObject({ errCode: code });
    expect(gateway.stats().sockets).toBe(0);
    expect(gateway.stats().refused).toEqual(new Map([[code, 1]]));
  });

  const forBoth = (['go', 'js'] as const).flatMap((sdkType) =>
    refusals.map(([what, more, code]) => [what, { sdkType, ...more }, code] as const),
  );

  test.each(forBoth)('[WIR-2] browser, %s %o: a text frame, then closed', async (_, more, code) => {
    refuse();
    const client = new Client('ann', { ...more, isMsgResp: 'true' });
    await client.ended();
    expect(client.status).toBeUndefined();
    expect(client.texts.map((text): unknown => JSON.parse(text))).toMatchObject([
      { errCode: code },
    ]);
    expect(client.frames).toEqual([]);
    expect(gateway.stats()).toMatchObject({ sockets: 0, opened: 0 });
  });

  test('[WIR-1] one more than there may be is 1601', async () => {
    for (let count = 0; count < CONNECTIONS_MAX; count++) await open('ann');
    const client = new Client('ann');
    await client.ended();
    expect(JSON.parse(client.body)).toMatchObject({ errCode: 1601 });
  });

  test('the header compression asks for gzip', async () => {
    const address = addressOf('ann', { sdkType: 'js' }, '/');
    const socket = new WebSocket(address, { headers: { compression: 'gzip' } });
    sockets.push(socket);
    await once(socket, 'open');
    const form = { ...JSON_FORM, gzip: true };
    const answered = once(socket, 'message');
    const frame = {
      reqIdentifier: 1001,
      sendID: 'ann',
      operationID: 'op',
      msgIncr: 'm',
      data: userOnly('ann'),
    };
    socket.send(encodeRequest(form, frame));
    const [data] = (await answered) as [Buffer];
    expect(decodeReply(form, data).msgIncr).toBe('m');
  });

  test('what is no handshake at all is told so', async () => {
    const asking = request({ port: gateway.port, path: '/' });
    asking.end();
    const [response] = (await once(asking, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(426);
  });

  /** A gateway that checks no token before it is told to. */
  const undecided = async () => {
    let answer: () => void = () => undefined;
    let asked: () => void = () => undefined;
    const checked = new Promise<void>((resolve) => (answer = resolve));
    const begun = new Promise<void>((resolve) => (asked = resolve));
    await gateway.close();
    gateway = await startWsGateway({
      ...world.deps,
      logins: {
        ...world.deps.logins,
        check: async (token) => {
          asked();
          await checked;
          return world.deps.logins.check(token);
        },
      },
      config: {
        host: '127.0.0.1',
        port: 0,
        connectionsMax: CONNECTIONS_MAX,
        userConnectionsMax: CONNECTIONS_MAX,
      },
    });
    return { begun, answer };
  };

  test.each([{}, { isMsgResp: 'true' }, WASM])(
    'a client that goes away during the check leaves nothing behind: %o',
    async (how) => {
      const { begun, answer } = await undecided();
      const leaving = new Client('ann', how);
      await begun;
      leaving.socket.terminate();
      await leaving.ended();
      answer();
      await open('bob');
      expect(gateway.stats()).toMatchObject({ sockets: 1, opened: 1, closes: new Map() });
    },
  );

  test('[WIR-69] the JS SDK has its socket open once it is let in, and is told with it', async () => {
    const { begun, answer } = await undecided();
    const client = new Client('ann', { isMsgResp: 'true' });
    await begun;
    // Another one that came later is open by then, so this one would be.
    await open('bob', WASM);
    expect(client.socket.readyState).toBe(WebSocket.CONNECTING);
    answer();
    await client.opened();
    await untilTrue('it is told', () => client.texts.length === 1);
    expect(client.texts).toEqual([SUCCESS]);
  });

  test('[WIR-66] wasm: what it sends before it is let in is answered after it was told', async () => {
    const { answer } = await undecided();
    const client = await open('ann', WASM);
    const ponged = once(client.socket, 'pong');
    client.tell(1001, userOnly('ann'), 'one');
    client.tell(1001, userOnly('ann'), 'two');
    client.socket.ping('still there');
    await ponged;
    expect(client.order).toEqual([]);
    answer();
    await untilTrue('the answers', () => client.frames.length === 2);
    expect(client.order).toEqual(['text', 'binary', 'binary']);
    expect(client.replies().map(({ msgIncr }) => msgIncr)).toEqual(['one', 'two']);
  });

  test('[WIR-66] wasm: one that sends much before it is let in is closed', async () => {
    const { answer } = await undecided();
    const client = await open('ann', WASM);
    for (let count = 0; count <= EARLY_FRAMES_MAX; count++) client.tell(1001, userOnly('ann'));
    await client.ended();
    answer();
    await open('bob');
    expect(client.order).toEqual([]);
    expect(gateway.stats()).toMatchObject({ sockets: 1, opened: 1 });
    expect([...gateway.stats().closes]).toEqual([['too-many-requests', 1]]);
  });

  test('[WIR-67] closing tells whoever waits to be let in, in its own way', async () => {
    const { begun } = await undecided();
    const natively = new Client('ann');
    await begun;
    const clients = [new Client('ann', { isMsgResp: 'true' }), await open('ann', WASM)];
    // Asked after them: by then they are being let in.
    await open('bob', WASM);
    await gateway.close();
    for (const client of [natively, ...clients]) await client.ended();
    expect(JSON.parse(natively.body)).toMatchObject({ errCode: 500 });
    for (const { texts } of clients) {
      expect(texts.map((text): unknown => JSON.parse(text))).toMatchObject([{ errCode: 500 }]);
    }
  });
});

describe('[WIR-39] a handshake that has to be waited for', () => {
  /** What is done to the response, and whether it was corked at the time. */
  const shaken = async (greet: Parameters<typeof upgrade>[0]['greet'], query = '') => {
    const done: (readonly [what: string, corked: boolean])[] = [];
    let corked = false;
    const note = (what: string) => () => done.push([what, corked]);
    await upgrade(
      { greet },
      {
        request: { getQuery: () => query, getHeader: () => '' },
        response: {
          onAborted: () => undefined,
          cork: (write) => {
            corked = true;
            write();
            corked = false;
          },
          upgrade: note('upgrade'),
          writeStatus: note('status'),
          writeHeader: note('header'),
          end: note('end'),
        },
      },
      {},
    );
    return done;
  };
  const refused = {
    kind: 'refused',
    error: { errCode: 1501, errMsg: 'TokenExpiredError' },
    detail: '',
  } as const;

  test('upgrades outside of a cork, in which the library may end what has become of the socket', async () => {
    const query = new URL(addressOf('ann', {}, '/')).search;
    const accepted = await world.gateway.greet(readQuery(query, ''));
    expect(accepted.kind).toBe('accepted');
    expect(await shaken(() => Promise.resolve(accepted))).toEqual([['upgrade', false]]);
  });

  test('[WIR-68] is not waited for where its client waits for a frame', async () => {
    const greet = () => Promise.reject(new Error('nobody is to be asked yet'));
    expect(await shaken(greet, 'isMsgResp=true')).toEqual([['upgrade', false]]);
  });

  test('upgrades the JS SDK too when it is refused, outside of a cork', async () => {
    expect(await shaken(() => Promise.resolve(refused), 'isMsgResp=true&sdkType=js')).toEqual([
      ['upgrade', false],
    ]);
  });

  test('is refused in one write', async () => {
    expect(await shaken(() => Promise.resolve(refused))).toEqual([
      ['status', true],
      ['header', true],
      ['end', true],
    ]);
  });
});

describe('an open socket', () => {
  test('[WIR-3] pings of the protocol and of the text are answered', async () => {
    const client = await open('ann');
    const ponged = once(client.socket, 'pong');
    client.socket.ping('operation');
    const [payload] = (await ponged) as [Buffer];
    expect(payload.toString()).toBe('operation');
    client.socket.send('{"type":"ping","body":"op\\u0041"}');
    client.socket.send('{"type":"pong"}');
    client.socket.send('{"type":"ping"}');
    await untilTrue('two pongs', () => client.texts.length === 2);
    expect(client.texts).toEqual(['{"type":"pong","body":"opA"}', '{"type":"pong","body":null}']);
  });

  test('[WIR-3] pings are sent to every connection, a part of them at a time', async () => {
    const clients = await Promise.all(Array.from({ length: 25 }, () => open('ann')));
    await untilTrue('a ping', () => clients.some(({ pings }) => pings.length > 0));
    expect(clients.flatMap(({ texts }) => texts)).toEqual([]);
  });

  test.each([
    ['an unknown request', encodeRequest(JSON_FORM, requestOf(3001)), 'unknown-request'],
    ['another sender', encodeRequest(JSON_FORM, requestOf(1001, 'bob')), 'foreign-sender'],
    ['bytes that are nothing', Buffer.from([1, 2, 3]), 'malformed-frame'],
    ['a frame beyond the limit', Buffer.alloc(256 * 1024 + 1), 'oversize-frame'],
  ])('[WIR-4] is closed for %s', async (_, frame, reason) => {
    const client = await open('ann');
    client.socket.send(frame);
    await client.ended();
    await untilTrue('it is counted', () => gateway.stats().closes.size === 1);
    expect([...gateway.stats().closes]).toEqual([[reason, 1]]);
    expect(gateway.presenceOf(ann)).toEqual([]);
  });

  test('[WIR-4] 10,000 pieces of garbage leave the others alone', async () => {
    const healthy = await open('bob');
    const forms: readonly Params[] = [
      { sdkType: 'js' },
      { sdkType: 'js', compression: 'gzip' },
      { sdkType: 'go' },
      { sdkType: 'go', compression: 'gzip' },
    ];
    let seed = 42;
    const byte = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % 256;
    // A socket is closed at the first piece, so it gets many at once and the next socket goes on.
    for (let round = 0; round < 100; round++) {
      const client = await open('ann', forms[round % forms.length]);
      for (let piece = 0; piece < 100; piece++) {
        client.socket.send(Buffer.from(Array.from({ length: byte() }, byte)));
      }
      await client.ended();
    }
    healthy.tell(1001, userOnly('bob'));
    await untilTrue('an answer', () => healthy.frames.length === 1);
    expect(gateway.stats().sockets).toBe(1);
    expect(world.log.errors).toEqual([]);
  });

  test('[WIR-5] a reader that stops is closed; another gets all, in order', async () => {
    const slow = await open('bob');
    const fast = await open('ann');
    slow.socket.pause();
    const send = {
      conversation: annAndBob,
      stored: true,
      senderSync: true,
      privileged: false,
    };
    const content = JSON.stringify({ content: 'x'.repeat(15_000) });
    let total = 0;
    await until('the slow reader is closed', async () => {
      for (let count = 0; count < 20; count++) {
        total += 1;
        const message = {
          from: ann,
          to: bob,
          clientMsgId: `c${String(total)}`,
          contentType: 101,
          createTime: 1,
          body: { content },
        };
        gateway.deliver([world.append({ ...send, message })]);
      }
      await untilTrue('the fast reader keeps up', () => fast.frames.length === total);
      return gateway.stats().closes.get('too-slow');
    });
    const seqs = fast.replies().map(({ data }) => {
      const { msgs } = PbCoder.PushMessages.decode(data);
      return msgs[annAndBob]?.Msgs[0]?.seq;
    });
    expect(seqs).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    expect(gateway.presenceOf(bob)).toEqual([]);
  });

  test('[WIR-6] closing answers what was asked, then says that it is going', async () => {
    let answer: () => void = () => undefined;
    world.onSend = async (sending) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return world.store(sending);
    };
    const client = await open('ann');
    client.tell(1003, encodeText());
    await untilTrue('the send is under way', () => world.sends.length === 1);
    const closing = gateway.close();
    const late = new Client('bob');
    await late.ended();
    answer();
    await closing;
    await client.ended();
    expect(client.closeCode).toBe(1001);
    expect(client.replies()).toMatchObject([{ reqIdentifier: 1003, errCode: 0 }]);
    expect(gateway.stats()).toMatchObject({ sockets: 0, closes: new Map([['shutdown', 1]]) });
  });
});

test('[OPS-22] the implementation is the native one here', () => {
  expect(gateway.implementation).toBe('native');
});

test('a port that is taken is a fault', async () => {
  const config = {
    host: '127.0.0.1',
    port: gateway.port,
    connectionsMax: 1,
    userConnectionsMax: 1,
  };
  await expect(startWsGateway({ ...world.deps, config })).rejects.toThrow('cannot listen');
});

function requestOf(reqIdentifier: number, sendID = 'ann') {
  return { reqIdentifier, sendID, operationID: 'op', msgIncr: 'm', data: new Uint8Array() };
}

const encodeText = (): Uint8Array =>
  PbCoder.MsgData.encode(
    textMessage({ from: 'ann', to: 'bob', clientMsgID: 'c1', text: 'hi', platformID: 5 }),
  ).finish();
