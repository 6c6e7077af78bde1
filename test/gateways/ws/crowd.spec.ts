import { describe, expect, test } from 'vitest';
import { PLATFORM_MAX, TOKENS_PER_PLATFORM_MAX } from '../../../core/login/policy.ts';
import { SETTINGS } from '../../../infra/config/settings.ts';
import { GIVES_WAY_AGE_MS } from '../../../gateways/ws/crowd.ts';
import { readQuery } from '../../../gateways/ws/handshake.ts';
import { ann } from '../../support/people.ts';
import { FakeClient, FakeSocket, FakeWorld } from '../../support/wsFakes.ts';
import { JSON_FORM } from '../../support/rawWire.ts';

const asked = (token: string) =>
  readQuery(`sendID=ann&token=${token}&platformID=5&operationID=op&sdkType=js`, '');

const closedOf = (clients: readonly FakeClient[]) =>
  clients.map(({ connection }) => connection.closed);

const FOUR = { userConnectionsMax: 4 };

describe('a user with as many connections as there may be', () => {
  test('[WIR-70] is let in again: the oldest of the login that has the most gives way', async () => {
    const world = new FakeWorld(FOUR);
    const phone = await world.connect('ann', { token: 'phone', platform: 1 });
    const tabs = [];
    for (let tab = 0; tab < 3; tab++) tabs.push(await world.connect('ann', { token: 'web' }));
    await world.clock.advance(GIVES_WAY_AGE_MS);
    const fifth = await world.connect('ann', { token: 'web' });
    expect(closedOf([phone, ...tabs, fifth])).toEqual([
      undefined,
      'too-many-connections',
      undefined,
      undefined,
      undefined,
    ]);
    // A login of its own, also: it takes from the one that has most.
    const pad = await world.connect('ann', { token: 'pad', platform: 8 });
    expect(closedOf([phone, ...tabs.slice(1), fifth, pad])).toEqual([
      undefined,
      'too-many-connections',
      undefined,
      undefined,
      undefined,
    ]);
    const { sockets, closes } = world.gateway.stats();
    expect(sockets).toBe(4);
    expect(closes).toEqual(new Map([['too-many-connections', 2]]));
  });

  test('[WIR-70] is refused, to come again, while that one is young, and others are let in', async () => {
    const world = new FakeWorld(FOUR);
    const mine = [];
    for (let count = 0; count < 4; count++) mine.push(await world.connect('ann'));
    await world.clock.advance(GIVES_WAY_AGE_MS - 1);
    expect(await world.gateway.greet(asked('token-ann'))).toMatchObject({
      kind: 'refused',
      error: { errCode: 1601 },
      detail: 'too many connections of this user',
    });
    expect((await world.connect('bob')).connection.closed).toBeUndefined();
    await world.clock.advance(1);
    const next = await world.connect('ann');
    expect(closedOf([...mine, next]).filter((reason) => reason !== undefined)).toHaveLength(1);
  });

  test('[WIR-70] loses no login its only connection to another one', async () => {
    const world = new FakeWorld(FOUR);
    const devices = [];
    for (const token of ['one', 'two', 'three', 'four']) {
      devices.push(await world.connect('ann', { token }));
    }
    await world.clock.advance(60_000);
    world.admit('ann', { token: 'five' });
    expect(await world.gateway.greet(asked('five'))).toMatchObject({ error: { errCode: 1601 } });
    // One that comes back before its old socket is known to be dead takes the place of that.
    const again = await world.connect('ann', { token: 'two' });
    expect(closedOf([...devices, again])).toEqual([
      undefined,
      'too-many-connections',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('[WIR-70] has no more than that though all of them ask at the same moment', async () => {
    const world = new FakeWorld(FOUR);
    world.admit('ann');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.gateway.greet(asked('token-ann'))),
    );
    const clients = answers.map((answer) => {
      if (answer.kind === 'refused') throw new Error('nobody was connected yet');
      return new FakeClient(world.gateway, ann, JSON_FORM, answer);
    });
    expect(closedOf(clients)).toEqual([
      ...Array.from({ length: 4 }, () => undefined),
      ...Array.from({ length: 6 }, () => 'too-many-connections'),
    ]);
    expect(world.gateway.stats().sockets).toBe(4);
  });

  test('[WIR-70] is never one all of whose logins have one connection each, as it is set by default', () => {
    const logins = PLATFORM_MAX * TOKENS_PER_PLATFORM_MAX;
    expect(Number(SETTINGS.SEQLINE_USER_CONNECTIONS.fallback)).toBeGreaterThan(logins);
  });
});

test('[WIR-70] a socket that is one too many gets nothing and is not a login', async () => {
  const world = new FakeWorld({ userConnectionsMax: 1 });
  world.admit('ann');
  const answers = [await world.gateway.greet(asked('token-ann'))];
  answers.push(await world.gateway.greet(asked('token-ann')));
  const sockets = answers.map((answer) => {
    if (answer.kind === 'refused') throw new Error('nobody was connected yet');
    const socket = new FakeSocket();
    world.gateway.open(socket, answer);
    return socket;
  });
  expect(sockets.map(({ endedWith }) => endedWith)).toEqual([undefined, 1000]);
  expect(world.activated).toHaveLength(1);
});
