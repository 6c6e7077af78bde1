import { describe, expect, test } from 'vitest';
import { ann } from '../../support/people.ts';
import { decodeReply, encodeRequest, userOnly, type Form } from '../../support/rawWire.ts';
import { FakeSocket, FakeWorld, settled } from '../../support/wsFakes.ts';
import type { TokenId } from '../../../core/kernel/ids.ts';
import { EARLY_BYTES_MAX, EARLY_FRAMES_MAX, Entrance } from '../../../gateways/ws/entrance.ts';
import type { GatewayDeps } from '../../../gateways/ws/gateway.ts';
import { readQuery, type Asked } from '../../../gateways/ws/handshake.ts';
import { ANSWERED_WITHIN_MS } from '../../../gateways/ws/pendingHandshakes.ts';

/** As the wasm SDK has it, but for the gzip. */
const FORM: Form = { sdkType: 'go', gzip: false };
const SUCCESS = '{"errCode":0,"errMsg":"","errDlt":""}';

const askedBy = (user: string, token = `token-${user}`): Asked =>
  readQuery(
    new URLSearchParams({
      sendID: user,
      token,
      platformID: '5',
      operationID: 'connecting',
      sdkType: FORM.sdkType,
      isMsgResp: 'true',
    }).toString(),
    '',
  );

/** A world in which whoever connects waits for its groups until `letIn` is called. */
const waitingWorld = (more: Partial<GatewayDeps> = {}) => {
  const world = new FakeWorld(more);
  let letIn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letIn = resolve));
  world.groupsOf = () => held.then(() => []);
  world.admit('ann');
  return {
    world,
    letIn: async () => {
      letIn();
      await settled();
    },
  };
};

/** A client that has an open socket and waits for the first frame. */
const arriving = (world: FakeWorld, asked = askedBy('ann')) => {
  const socket = new FakeSocket();
  const entrance = new Entrance(world.gateway, socket);
  socket.closed = () => entrance.gone('client');
  const told = entrance.ask(asked);
  const request = (msgIncr: string): void => {
    const frame = { reqIdentifier: 1001, sendID: 'ann', operationID: 'op', msgIncr };
    entrance.receive(encodeRequest(FORM, { ...frame, data: userOnly('ann') }), false);
  };
  return { socket, entrance, told, request };
};

const errorsIn = ({ texts }: FakeSocket): readonly unknown[] =>
  texts.map((text): unknown => JSON.parse(text));

describe('what comes before its client is let in', () => {
  test('[WIR-66] is kept in its order, and read once the client has been told', async () => {
    const { world, letIn } = waitingWorld();
    const { socket, entrance, request } = arriving(world);
    request('first');
    entrance.receive(Buffer.from('{"type":"ping","body":"early"}'), true);
    request('second');
    await settled();
    expect(socket.order).toEqual([]);
    expect(world.asked).toEqual([]);
    await letIn();
    request('third');
    await settled();
    expect(socket.texts).toEqual([SUCCESS, '{"type":"pong","body":"early"}']);
    expect(socket.order[0]).toBe('text');
    const answered = socket.frames.map((frame) => decodeReply(FORM, frame).msgIncr);
    expect(answered).toEqual(['first', 'second', 'third']);
    expect(world.gateway.stats()).toMatchObject({ sockets: 1, opened: 1, requests: 3 });
  });

  test('[WIR-66] is not read where the client is refused', async () => {
    const { world } = waitingWorld();
    world.callers.set('old', { kind: 'refused', reason: 'token/expired', detail: 'so' });
    const { socket, told, request } = arriving(world, askedBy('ann', 'old'));
    request('early');
    await told;
    request('late');
    await settled();
    expect(errorsIn(socket)).toEqual([
      { errCode: 1501, errMsg: 'TokenExpiredError', errDlt: 'so' },
    ]);
    expect(socket.endedWith).toBe(1000);
    expect(world.asked).toEqual([]);
    const { sockets, opened, refused, closes } = world.gateway.stats();
    expect({ sockets, opened, refused, closes }).toEqual({
      sockets: 0,
      opened: 0,
      refused: new Map([[1501, 1]]),
      closes: new Map(),
    });
  });

  test.each([
    ['frames', EARLY_FRAMES_MAX, 1],
    ['bytes', 4, EARLY_BYTES_MAX / 4],
  ])('[WIR-66] is bounded in %s: one more closes the socket', async (_, count, bytes) => {
    const { world, letIn } = waitingWorld();
    const { socket, entrance, told } = arriving(world);
    for (let sent = 0; sent < count; sent++) entrance.receive(new Uint8Array(bytes), false);
    expect(socket.endedWith).toBeUndefined();
    entrance.receive(new Uint8Array(1), false);
    expect(socket.endedWith).toBe(1000);
    await letIn();
    await told;
    expect(socket.order).toEqual([]);
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, opened: 0 });
    expect(world.gateway.stats().closes).toEqual(new Map([['too-many-requests', 1]]));
  });

  test('[WIR-66] that cannot be believed closes the connection as it opens, which leaves nothing behind', async () => {
    const { world, letIn } = waitingWorld();
    const { socket, entrance } = arriving(world);
    entrance.receive(Buffer.from([1, 2, 3]), false);
    await letIn();
    expect(socket.texts).toEqual([SUCCESS]);
    expect(socket.endedWith).toBe(1000);
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, users: 0 });
    expect(world.gateway.stats().closes).toEqual(new Map([['malformed-frame', 1]]));
  });
});

describe('a client that waits to be let in', () => {
  test('leaves nothing behind when it goes', async () => {
    const { world, letIn } = waitingWorld();
    const { socket, entrance, told, request } = arriving(world);
    request('early');
    entrance.gone('client');
    await letIn();
    await told;
    expect(socket.order).toEqual([]);
    expect(world.asked).toEqual([]);
    expect(world.activated).toEqual([]);
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, opened: 0, closes: new Map() });
  });

  test('[WIR-33] is told that its token was kicked meanwhile, after it was told that it is in', async () => {
    const { world, letIn } = waitingWorld();
    const { socket } = arriving(world);
    const kicks = ['token-ann' as TokenId];
    world.gateway.loginChanged({
      type: 'LoginActivated',
      data: { user: ann, token: 'new' as TokenId, platform: 5, kicks, tokens: [] },
    });
    await letIn();
    expect(socket.order).toEqual(['text', 'binary']);
    expect(socket.endedWith).toBe(1000);
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, closes: new Map([['kicked', 1]]) });
  });

  test('[WIR-67] is refused when it takes too long, to come again, and is not let in later', async () => {
    const late: object[] = [];
    const log = { info: () => undefined, error: () => undefined };
    const { world, letIn } = waitingWorld({ log: { ...log, warn: (what) => late.push(what) } });
    const { socket, told } = arriving(world);
    const natively = world.gateway.greet(askedBy('ann'));
    await world.clock.advance(ANSWERED_WITHIN_MS - 1);
    expect(socket.order).toEqual([]);
    await world.clock.advance(1);
    await told;
    expect(errorsIn(socket)).toMatchObject([{ errCode: 500 }]);
    expect(socket.endedWith).toBe(1000);
    expect(await natively).toMatchObject({ kind: 'refused', error: { errCode: 500 } });
    expect(late).toEqual([{ operationId: 'connecting' }, { operationId: 'connecting' }]);
    await letIn();
    expect(socket.texts).toHaveLength(1);
    const { sockets, opened, refused } = world.gateway.stats();
    expect({ sockets, opened, refused }).toEqual({
      sockets: 0,
      opened: 0,
      refused: new Map([[500, 2]]),
    });
  });

  test('[WIR-67] leaves no alarm behind once it has been answered', async () => {
    const { world, letIn } = waitingWorld();
    const { told } = arriving(world);
    await settled();
    expect(world.clock.waiting).toBe(1);
    await letIn();
    await told;
    expect(world.clock.waiting).toBe(0);
  });

  test('[WIR-67] counts as a connection for as long as it waits', async () => {
    const { world } = waitingWorld({ connectionsMax: 2 });
    const waiting = [arriving(world), arriving(world)];
    const tooMany = arriving(world);
    await tooMany.told;
    expect(errorsIn(tooMany.socket)).toMatchObject([{ errCode: 1601 }]);
    await world.clock.advance(ANSWERED_WITHIN_MS);
    await Promise.all(waiting.map(({ told }) => told));
    const next = arriving(world);
    await settled();
    expect(next.socket.order).toEqual([]);
  });

  test('[WIR-67] is told at once when the gateway closes, and nobody is let in afterwards', async () => {
    const { world, letIn } = waitingWorld();
    const { socket, told, request } = arriving(world);
    request('early');
    const natively = world.gateway.greet(askedBy('ann'));
    await settled();
    await world.gateway.drain();
    await told;
    expect(errorsIn(socket)).toMatchObject([{ errCode: 500, errDlt: 'the server is going away' }]);
    expect(socket.endedWith).toBe(1000);
    expect(await natively).toMatchObject({ kind: 'refused', error: { errCode: 500 } });
    await letIn();
    expect(world.gateway.stats()).toMatchObject({ sockets: 0, opened: 0 });
  });
});
