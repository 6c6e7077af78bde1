import { describe, expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import {
  REQUEST_BYTES_IN_FLIGHT_MAX,
  REQUESTS_IN_FLIGHT_MAX,
} from '../../../gateways/ws/connection.ts';
import { ann, bob } from '../../support/people.ts';
import { PbCoder, userOnly } from '../../support/rawWire.ts';
import { until } from '../../support/until.ts';
import { FakeWorld, settled } from '../../support/wsFakes.ts';

const presenceTold = (data: Uint8Array) => PbCoder.SubUserOnlineStatusTips.decode(data).subscribers;

describe('a gateway that is not alone', () => {
  test('[NOD-18] reads nothing of a connection before all is heard that is for its user', async () => {
    const joined: string[] = [];
    let settle = (): void => undefined;
    const world = new FakeWorld({
      interest: {
        join: (user) => joined.push(`join ${user}`),
        leave: (user) => joined.push(`leave ${user}`),
        settled: () => new Promise((resolve) => (settle = resolve)),
      },
    });
    const client = await world.connect(ann);
    expect(joined).toEqual(['join ann']);
    const asked = client.tell(1001, userOnly(ann));
    await settled();
    expect(world.asked).toEqual([]);
    settle();
    await client.ask(1001, userOnly(ann));
    expect(client.frames.map(({ msgIncr }) => msgIncr)).toContain(asked);
    // One subscription for all of a user's connections, until the last has gone.
    const second = await world.connect(ann, { platform: 1 });
    expect(joined).toEqual(['join ann']);
    client.socket.closed();
    expect(joined).toEqual(['join ann']);
    second.socket.closed();
    expect(joined).toEqual(['join ann', 'leave ann']);
  });

  test('[WIR-71] takes no more of a connection that is not read yet than may be in flight', async () => {
    let settle = (): void => undefined;
    const world = new FakeWorld({
      interest: {
        join: () => undefined,
        leave: () => undefined,
        settled: () => new Promise((resolve) => (settle = resolve)),
      },
    });
    const [many, large, few] = [
      await world.connect(ann),
      await world.connect(ann),
      await world.connect(bob),
    ];
    for (let count = 0; count < REQUESTS_IN_FLIGHT_MAX; count++) many.tell(1001, userOnly(ann));
    expect(many.connection.closed).toBeUndefined();
    many.tell(1001, userOnly(ann));
    expect(many.connection.closed).toBe('too-many-requests');
    const half = Buffer.alloc(REQUEST_BYTES_IN_FLIGHT_MAX / 2);
    large.receive(half);
    large.receive(half);
    expect(large.connection.closed).toBeUndefined();
    large.receive(Buffer.from('x'));
    expect(large.connection.closed).toBe('too-many-requests');
    // The last to connect is the one that waits for this.
    for (let count = 0; count < REQUESTS_IN_FLIGHT_MAX; count++) few.tell(1001, userOnly(bob));
    settle();
    await until('all of it is answered', async () => {
      await settled();
      return few.frames.length === REQUESTS_IN_FLIGHT_MAX;
    });
    await few.ask(1001, userOnly(bob));
    expect(few.frames).toHaveLength(REQUESTS_IN_FLIGHT_MAX + 1);
    // Of those that were closed meanwhile nothing is done.
    expect(world.asked).not.toContainEqual(['newestSeqs', ann]);
  });

  test('[NOD-8] shows users with their platforms at all gateways, and tells of what changes elsewhere', async () => {
    const elsewhere = new Map<UserId, readonly number[]>([[bob, [1]]]);
    const world = new FakeWorld({ elsewhere: (user) => elsewhere.get(user) ?? [] });
    const client = await world.connect(ann);
    await world.connect(bob, { platform: 5 });
    expect(world.gateway.presenceOf(bob)).toEqual([1, 5]);
    // Others are told of what is here only.
    expect(world.presence).toContainEqual([bob, [5]]);
    const watch = PbCoder.SubUserOnlineStatus.encode({
      subscribeUserID: [bob],
      unsubscribeUserID: [],
    }).finish();
    const reply = await client.ask(2005, watch);
    expect(presenceTold(reply.data)).toMatchObject([{ userID: bob, onlinePlatformIDs: [1, 5] }]);
    elsewhere.set(bob, []);
    world.gateway.presenceMoved(bob);
    const last = client.frames.at(-1);
    expect(last?.reqIdentifier).toBe(2005);
    expect(presenceTold(last?.data ?? new Uint8Array())).toMatchObject([
      { userID: bob, onlinePlatformIDs: [5] },
    ]);
  });
});
