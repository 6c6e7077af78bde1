import { setTimeout as pause } from 'node:timers/promises';
import { RawClient } from './rawClient.ts';
import { GOB_FORM, JSON_FORM } from './rawWire.ts';
import type { Chance } from './seeded.ts';
import { TopologyCheck } from './topologyCheck.ts';
import { TopologyLog } from './topologyLog.ts';
import type { Topology } from './topology.ts';
import { until, untilTrue } from './until.ts';

const PLATFORM = 1;
/** Logins and groups that are asked for at once as a world begins. */
const AT_ONCE = 10;
const MEMBERS_MAX = 20;
/** Users for each group. */
const USERS_PER_GROUP = 15;
/** needVerification: who wants to is in at once. */
const OPEN_TO_ALL = 2;
const TRY_AGAIN_AFTER = 300;
const CHANGED_WITHIN = 120_000;

/** A group as its members were told of it. Its owner stays. `moved`: who has come or gone in this round. */
export type Group = Readonly<{
  id: string;
  owner: User;
  members: Set<string>;
  moved: Set<string>;
}>;

export type User = Readonly<{
  client: RawClient;
  token: string;
  gateway: 'gateway1' | 'gateway2';
}>;

export type World = Readonly<{
  topology: Topology;
  chance: Chance;
  users: readonly User[];
  groups: readonly Group[];
  /** Of all rounds: what each chat must hold. */
  sent: Map<string, Set<string>>;
  /** What was refused after an attempt of which nothing was told: it may be there. */
  unsure: Set<string>;
  log: TopologyLog;
  check: TopologyCheck;
  close: () => Promise<void>;
}>;

const inPortions = async <T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
  for (let at = 0; at < all.length; at += AT_ONCE)
    await Promise.all(all.slice(at, at + AT_ONCE).map(work));
};

/** Users on both gateways, connected and synced, some of them in groups. */
export const openWorld = async (
  topology: Topology,
  count: number,
  chance: Chance,
): Promise<World> => {
  const names = Array.from({ length: count }, (_, at) => `user${String(at)}`);
  await topology.asAdmin('/user/user_register', {
    users: names.map((userID) => ({ userID, nickname: userID })),
  });
  const users: User[] = [];
  await inPortions([...names.entries()], async ([at, userID]) => {
    // Made by one process and used at once at another.
    const token = await topology.tokenOf(userID, PLATFORM, at % 2 === 0 ? 'api1' : 'api2');
    const gateway = at % 4 < 2 ? 'gateway1' : 'gateway2';
    const { wsAddr } = topology.services[gateway];
    const form = at % 3 === 0 ? GOB_FORM : JSON_FORM;
    const client = new RawClient(
      { wsAddr, userID, token, platformID: PLATFORM, form },
      { waitsAs: form.sdkType, sendsAgain: true },
    );
    client.start();
    users[at] = { client, token, gateway };
  });
  const clients = users.map(({ client }) => client);
  await untilTrue('all are connected', () => clients.every(({ connected }) => connected));

  const groups = await makeGroups(topology, users, chance);
  const sent = new Map<string, Set<string>>();
  const log = new TopologyLog(topology.store.url);
  await untilTrue(
    'the groups have been told of',
    async () => (await log.readOn()) && log.moves.length > 0 && log.untold.size === 0,
  );
  const members = new Map(groups.map(({ id, members: known }) => [id, known]));
  const unsure = new Set<string>();
  const check = new TopologyCheck(log, { clients, sent, unsure, members });
  const close = (): Promise<void> => {
    for (const client of clients) client.close();
    return log.close();
  };
  return { topology, chance, users, groups, sent, unsure, log, check, close };
};

const makeGroups = async (
  topology: Topology,
  users: readonly User[],
  chance: Chance,
): Promise<readonly Group[]> => {
  const groups = Array.from(
    { length: Math.ceil(users.length / USERS_PER_GROUP) },
    (_, at): Group => {
      const owner = chance.pick(users);
      const members = new Set([owner.client.userID]);
      const wanted = Math.min(MEMBERS_MAX, Math.floor(users.length / 2));
      while (members.size < wanted) members.add(chance.pick(users).client.userID);
      return { id: `group${String(at)}`, owner, members, moved: new Set() };
    },
  );
  await inPortions(groups, async ({ id: groupID, owner, members }) => {
    const ownerUserID = owner.client.userID;
    await topology.asAdmin('/group/create_group', {
      groupInfo: { groupID, groupName: groupID, groupType: 2, needVerification: OPEN_TO_ALL },
      memberUserIDs: [...members].filter((user) => user !== ownerUserID),
      adminUserIDs: [],
      ownerUserID,
    });
  });
  return groups;
};

/** Whoever asks comes again until it is told that it is done, at whichever process answers. */
const persist = async (
  topology: Topology,
  path: string,
  body: unknown,
  token: string,
): Promise<void> => {
  let attempts = 0;
  await until(
    `${path} is done`,
    async () => {
      attempts += 1;
      const at = attempts % 2 === 0 ? 'api2' : 'api1';
      const reply = await topology.api(at, path, body, token).catch(() => undefined);
      if (reply?.errCode === 0) return true;
      if (reply !== undefined && reply.errCode !== 500 && reply.status !== 503) {
        // The attempt before this one may have done it; whether it has is seen in the log.
        if (attempts > 1) return true;
        throw new Error(`${path}: ${JSON.stringify(reply)}`);
      }
      await pause(TRY_AGAIN_AFTER);
      return undefined;
    },
    { within: CHANGED_WITHIN },
  );
};

/** Somebody comes into a group or goes from it, by itself or by its owner. */
export const moveSomebody = async (world: World, group: Group): Promise<void> => {
  const { topology, chance, users } = world;
  const { id: groupID, owner, members } = group;
  const user = chance.pick(users.filter((one) => one !== owner));
  const { userID } = user.client;
  group.moved.add(userID);
  const byItself = chance.integer(2) === 0;
  if (members.has(userID)) {
    await (byItself
      ? persist(topology, '/group/quit_group', { groupID, userID }, user.token)
      : persist(
          topology,
          '/group/kick_group',
          { groupID, kickedUserIDs: [userID], reason: '' },
          owner.token,
        ));
    members.delete(userID);
    return;
  }
  await (byItself
    ? persist(
        topology,
        '/group/join_group',
        { groupID, reqMessage: '', joinSource: 3, inviterUserID: userID, ex: '' },
        user.token,
      )
    : persist(
        topology,
        '/group/invite_user_to_group',
        { groupID, invitedUserIDs: [userID], reason: '' },
        owner.token,
      ));
  members.add(userID);
};
