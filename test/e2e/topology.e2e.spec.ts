import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient } from '../support/rawClient.ts';
import { JSON_FORM } from '../support/rawWire.ts';
import { chanceFrom, seedOfRun } from '../support/seeded.ts';
import { openTopology, type Topology } from '../support/topology.ts';
import { FAULTS, openWorld, playRound, type World } from '../support/topologyRounds.ts';
import { untilTrue } from '../support/until.ts';

const USERS = 24;
const EACH = 8;
/** The others are for `npm run chaos`: each takes seconds for its cut alone. */
const SHORT = ['kill -9 gateway1', 'kill -9 projector', 'cut NATS', 'wipe the read models'];

const seed = seedOfRun();
let topology: Topology;
let world: World;

beforeAll(async () => {
  topology = await openTopology({ SEQLINE_LOG_LEVEL: 'warn' });
  await topology.start();
  world = await openWorld(topology, USERS, chanceFrom(seed));
});
afterAll(async () => {
  world.close();
  await topology.dispose();
});

describe(`two API nodes, two gateways, a projector and a standby (seed ${String(seed)})`, () => {
  test('[NOD-7] whatever of it fails, nothing acknowledged is lost or doubled, and all see the same', async () => {
    const faults = FAULTS.filter(({ name }) => SHORT.includes(name));
    expect(faults).toHaveLength(SHORT.length);
    for (const [at, fault] of faults.entries()) {
      const { messages } = await playRound(world, fault, { round: at + 1, each: EACH });
      expect(messages).toBe(USERS * EACH);
    }
  }, 300_000);

  test('[NOD-8] a second login at the other gateway cuts the first, and who is there is known at both', async () => {
    const { services } = topology;
    await topology.asAdmin('/user/user_register', {
      users: [{ userID: 'zoe', nickname: 'zoe' }],
    });
    const login = async (gateway: 'gateway1' | 'gateway2', api: 'api1' | 'api2') =>
      new RawClient({
        wsAddr: services[gateway].wsAddr,
        userID: 'zoe',
        token: await topology.tokenOf('zoe', 1, api),
        platformID: 1,
        form: JSON_FORM,
      });
    const online = async (api: 'api1' | 'api2'): Promise<string> =>
      JSON.stringify(
        await topology.asAdmin('/user/get_users_online_status', { userIDs: ['zoe'] }, api),
      );
    const first = await login('gateway1', 'api1');
    first.start();
    await untilTrue('the first is connected', () => first.connected);
    for (const api of ['api1', 'api2'] as const) {
      await untilTrue('she is known to be there', async () => /"status":1/.test(await online(api)));
    }
    const second = await login('gateway2', 'api2');
    second.start();
    await untilTrue('the first is cut', () => first.endedBy !== undefined);
    expect(first.endedBy).toBe(1506);
    expect(second.endedBy).toBeUndefined();
    second.close();
    for (const api of ['api1', 'api2'] as const) {
      await untilTrue('she is known to have gone', async () =>
        /"status":0/.test(await online(api)),
      );
    }
  });

  test('[NOD-9] a gateway that dies takes its own users offline, and no others', async () => {
    const status = async (user: string): Promise<boolean> =>
      /"status":1/.test(
        JSON.stringify(
          await topology.asAdmin('/user/get_users_online_status', { userIDs: [user] }, 'api2'),
        ),
      );
    const [here] = world.clients;
    const there = world.clients[2];
    if (here === undefined || there === undefined) throw new Error('there are two');
    await untilTrue(
      'both are there',
      async () => (await status(here.userID)) && (await status(there.userID)),
    );
    await topology.services.gateway1.end('SIGKILL');
    await untilTrue('the one has gone', async () => !(await status(here.userID)));
    expect(await status(there.userID)).toBe(true);
    await topology.services.gateway1.start();
    await untilTrue('and is back', () => status(here.userID));
  });
});
