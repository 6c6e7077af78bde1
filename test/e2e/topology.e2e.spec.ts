import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { textAt } from '../support/json.ts';
import { RawClient } from '../support/rawClient.ts';
import { JSON_FORM } from '../support/rawWire.ts';
import { conversationWhere, singleChat } from '../support/sdkClient.ts';
import { chanceFrom, seedOfRun } from '../support/seeded.ts';
import { openTopology, type Topology } from '../support/topology.ts';
import { FAULTS, type Fault } from '../support/topologyFaults.ts';
import { playRound } from '../support/topologyRounds.ts';
import { openWorld, type World } from '../support/topologyWorld.ts';
import { untilTrue } from '../support/until.ts';
import { devicesOn } from './kits.ts';

const USERS = 24;
/** Long enough for everything to be found out, and short enough for a test. */
const CUT_MS = 2_500;
/** The others are for `npm run chaos`, each for longer. */
const SHORT = [
  'members come and go while gateways hear of it after what is said next',
  'kill -9 a gateway between commit and publish',
  'cut NATS',
];

const seed = seedOfRun();
let topology: Topology;
let world: World;
let chromium: Chromium;

beforeAll(async () => {
  topology = await openTopology({ SEQLINE_LOG_LEVEL: 'warn', SEQLINE_GROUP_HISTORY: 'off' });
  [chromium] = await Promise.all([launchChromium(), topology.start()]);
  world = await openWorld(topology, USERS, chanceFrom(seed));
});
afterAll(async () => {
  await world.close();
  await chromium.close();
  await topology.dispose();
});

describe(`two API nodes, two gateways, a projector and a standby (seed ${String(seed)})`, () => {
  test('[NOD-8] wasm SDKs at two gateways chat, in a group too, see each other, and a second login cuts the first', async () => {
    const { services, tokenOf } = topology;
    await topology.asAdmin('/user/user_register', {
      users: ['una', 'vic'].map((userID) => ({ userID, nickname: userID })),
    });
    const at = (api: 'api1' | 'api2', gateway: 'gateway1' | 'gateway2') =>
      devicesOn(
        {
          httpPort: services[api].httpPort,
          wsPort: services[gateway].wsPort,
          tokenOf: (user, platform) => tokenOf(user, platform, api),
        },
        chromium,
      );
    const [here, there] = [at('api1', 'gateway1'), at('api2', 'gateway2')];
    try {
      const { client: una } = await here.ready('wasm', 'una');
      const { client: vic } = await there.ready('wasm', 'vic');

      const found = await una.call('subscribeUsersStatus', ['vic']);
      expect(JSON.stringify(found)).toMatch(/"userID":"vic","status":1/);

      await una.sendText('vic', 'hello');
      const chat = singleChat('una', 'vic');
      await conversationWhere(vic, chat, ({ latest }) => latest?.text === 'hello');
      await vic.sendText('una', 'hello yourself');
      await conversationWhere(una, chat, ({ latest }) => latest?.text === 'hello yourself');

      // [EXP-5] Whoever is asked, all tell what they did: vic's gateway may be about to do it, and a process that is
      // busy is not waited for.
      const asked = { conversationID: 'si_una_vic', seq: 2 };
      const toldOf = [
        /"pushed":\[.* gateway".*"user":"una".*\],"pulled"/,
        /"pushed":\[.* gateway".*"user":"vic".*\],"pulled"/,
        /"published":\[\{"node":"[^"]* gateway","at":\d+,"taken":true\}\]/,
        /"silent":\[\]/,
      ];
      let told = '';
      await untilTrue(
        'all tell what they did',
        async () => {
          told = JSON.stringify(await topology.asAdmin('/admin/explain', asked, 'api2'));
          return toldOf.every((what) => what.test(told));
        },
        { seen: () => told },
      );

      const made = await una.call('createGroup', {
        groupInfo: { groupName: 'two gateways', groupType: 2 },
        memberUserIDs: ['vic'],
        adminUserIDs: [],
        ownerUserID: 'una',
      });
      const groupID = textAt(made, 'groupID');
      await vic.events.heard('OnJoinedGroupAdded');
      const text = await una.call('createTextMessage', 'to all');
      await una.call('sendMessage', { recvID: '', groupID, message: text });
      await untilTrue('vic has it', () =>
        vic.events.messages().some((message) => message.text === 'to all'),
      );

      const { client: again } = await here.ready('wasm', 'vic');
      await vic.events.heard('OnKickedOffline');
      await again.sendText('una', 'from elsewhere');
      await conversationWhere(una, chat, ({ latest }) => latest?.text === 'from elsewhere');
      await again.close();
      await una.events.heard('OnUserStatusChanged');
    } finally {
      await here.closeAll();
      await there.closeAll();
    }
  }, 180_000);

  test('[NOD-7] whatever of it fails, nothing acknowledged is lost or doubled, and all see the same', async () => {
    const faults = FAULTS.filter(({ name }) => SHORT.includes(name));
    expect(faults).toHaveLength(SHORT.length);
    for (const [at, fault] of faults.entries()) {
      const { messages } = await playRound(world, fault, { round: at + 1, cutMs: CUT_MS });
      expect(messages).toBeGreaterThan(USERS);
    }
    expect(world.log.moves.length).toBeGreaterThan(world.groups.length);
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

  test('[NOD-9] [NOD-7] a gateway that dies takes its own users offline, and no others', async () => {
    const status = async (user: string): Promise<boolean> =>
      /"status":1/.test(
        JSON.stringify(
          await topology.asAdmin('/user/get_users_online_status', { userIDs: [user] }, 'api2'),
        ),
      );
    const at = (name: string) => world.users.find(({ gateway }) => gateway === name)?.client;
    const [here, there] = [at('gateway1'), at('gateway2')];
    if (here === undefined || there === undefined) throw new Error('there are two');
    await untilTrue(
      'both are there',
      async () => (await status(here.userID)) && (await status(there.userID)),
    );
    const killed: Fault = {
      name: 'kill -9 gateway1, until all know',
      run: async () => {
        await topology.services.gateway1.end('SIGKILL');
        await untilTrue('the one has gone', async () => !(await status(here.userID)));
        expect(await status(there.userID)).toBe(true);
        await topology.services.gateway1.start();
      },
    };
    await playRound(world, killed, { round: SHORT.length + 1 });
    await untilTrue('and is back', () => status(here.userID));
  });
});
