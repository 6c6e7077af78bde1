import { setTimeout as pause } from 'node:timers/promises';
import { RequestRefused } from './rawRequests.ts';
import { SocketClosed } from './rawSocket.ts';
import { singleChat } from './sdkClient.ts';
import type { Fault } from './topologyFaults.ts';
import { moveSomebody, type Group, type User, type World } from './topologyWorld.ts';
import { until, untilTrue } from './until.ts';

const PEERS = 3;
/** One in so many messages is to a group, where its sender is in one. */
const GROUP_EVERY = 3;
/** Users wait so long between two messages at most: longer the more they are, for the machine's sake. */
const BETWEEN_SENDS_MS = 800;
const BETWEEN_SENDS_MS_PER_USER = 20;
/** So long at most between a coming and a going in one group, and if they hurry; longer if there are many. */
const BETWEEN_MOVES_MS = 6_000;
const HURRIED_MS = 400;
const HURRIED_MS_PER_GROUP = 150;
const ANSWERED_WITHIN = 120_000;
const CONVERGED_WITHIN = 90_000;
/** Of those who are late so many are shown. */
const SHOWN_LATE = 5;
/** Notices may come so long after all else. */
const NOTICES_WITHIN = 3_000;
const LOOK_EVERY_MS = 100;
/** What a group answers to who is not in it. */
const NOT_IN_GROUP = 1203;
const CUT_MS = 5_000;

export type RoundResult = Readonly<{
  messages: number;
  /** Sends that had no answer in 10 s, or were told to try again: how often that was done. */
  sentAgain: number;
  triedAgain: number;
  /** From the end of what was done until every client had heard of all there was. */
  convergedMs: number;
  /** Who had not after the time that was asked for, what it lacked, and what its connection had been through. */
  late: readonly string[];
  /** Who was connected all the while and was not told, by a notice, of whom that came into its groups or went. */
  untold: readonly string[];
}>;

type Round = Readonly<{
  number: number;
  stop: Promise<void>;
  isOver: () => boolean;
  isHurried: () => boolean;
}>;

/** Or less, if the round ends. */
const wait = (ms: number, { stop }: Round): Promise<void> => Promise.race([pause(ms), stop]);

/** A user writes until the round is over, and once more then. */
const write = async (world: World, user: User, at: number, round: Round): Promise<void> => {
  const { chance, users } = world;
  const between = Math.max(BETWEEN_SENDS_MS, users.length * BETWEEN_SENDS_MS_PER_USER);
  for (let number = 1; ; number += 1) {
    const isLast = round.isOver();
    await wait(chance.integer(between), round);
    await sendOne(world, user, at, `${String(round.number)}-${String(number)}`);
    if (isLast) return;
  }
};

const sendOne = async (world: World, { client }: User, at: number, id: string): Promise<void> => {
  const { chance, users, groups } = world;
  const { userID } = client;
  const clientMsgID = `${userID}-${id}`;
  const own = groups.filter(({ members }) => members.has(userID));
  if (own.length > 0 && chance.integer(GROUP_EVERY) === 0) {
    await sendToGroup(world, client, chance.pick(own), clientMsgID);
    return;
  }
  const peer = users[(at + 1 + chance.integer(PEERS)) % users.length]?.client;
  if (peer === undefined) throw new Error('there is a peer');
  expectIn(world, singleChat(userID, peer.userID)).add(clientMsgID);
  await client.send(peer.userID, clientMsgID, id);
};

const expectIn = ({ sent }: World, chat: string): Set<string> => {
  const ids = sent.get(chat) ?? new Set();
  sent.set(chat, ids);
  return ids;
};

/** Who has just gone is refused, and then the message is nowhere, unless an earlier attempt has come through. */
const sendToGroup = async (
  world: World,
  client: User['client'],
  { id, moved: movedIn }: Group,
  clientMsgID: string,
): Promise<void> => {
  const ids = expectIn(world, `sg_${id}`);
  ids.add(clientMsgID);
  try {
    await client.sendToGroup(id, clientMsgID, clientMsgID);
  } catch (error) {
    if (!(error instanceof RequestRefused) || error.errCode !== NOT_IN_GROUP) throw error;
    if (!movedIn.has(client.userID)) throw error;
    ids.delete(clientMsgID);
    if (error.repeated) world.unsure.add(clientMsgID);
  }
};

/** Members of a group come and go, one after the other. */
const move = async (world: World, group: Group, round: Round): Promise<void> => {
  const hurried = Math.max(HURRIED_MS, world.groups.length * HURRIED_MS_PER_GROUP);
  while (!round.isOver()) {
    const between = round.isHurried() ? hurried : BETWEEN_MOVES_MS;
    await wait(world.chance.integer(between), round);
    if (!round.isOver()) await moveSomebody(world, group);
  }
};

/** One that came back too soon to sync may be closed as it looks, and looks again. */
const open = (client: User['client'], chat: string): Promise<true> =>
  until('history is opened', async () => {
    try {
      await client.openHistory(chat);
      return true;
    } catch (error) {
      if (error instanceof SocketClosed) return undefined;
      throw error;
    }
  });

/** Of all users together. */
const countsOf = ({ users }: World) => {
  const sum = (of: (client: User['client']) => number): number =>
    users.reduce((total, { client }) => total + of(client), 0);
  return {
    messages: sum(({ acknowledged }) => acknowledged.length),
    sentAgain: sum(({ sentAgain }) => sentAgain),
    triedAgain: sum(({ triedAgain }) => triedAgain),
  };
};

/** Users write while something is done to the cluster; then all of it is looked at. */
export const playRound = async (
  world: World,
  fault: Fault,
  asked: Readonly<{ round: number; cutMs?: number; limitMs?: number }>,
): Promise<RoundResult> => {
  const { users, groups, chance } = world;
  const { round: number, cutMs = CUT_MS, limitMs = Infinity } = asked;
  let over = false;
  let hurried = false;
  let end: () => void = () => undefined;
  const stop = new Promise<void>((resolve) => {
    end = () => {
      over = true;
      resolve();
    };
  });
  const round: Round = { number, stop, isOver: () => over, isHurried: () => hurried };

  for (const { moved } of groups) moved.clear();
  for (const { client } of users) client.store.told.clear();
  const stays = users.map(({ client }) => ({ client, connects: client.connects }));
  const untold = untoldOf(world, stays);
  const before = countsOf(world);
  const work = Promise.all([
    ...users.map((user, at) => write(world, user, at, round)),
    ...groups.map((group) => move(world, group, round)),
  ]);
  let isSaid = false;
  // What goes wrong with a send or a move ends the round.
  const failed = new Promise<never>((_, reject) => {
    work.then(() => {
      isSaid = true;
    }, reject);
  });
  const begun = before.messages + 1 + chance.integer(users.length);
  const spoil = async () => {
    await untilTrue('the round has begun', () => countsOf(world).messages >= begun, {
      within: ANSWERED_WITHIN,
    });
    const hurry = () => {
      hurried = true;
    };
    await fault.run({ world, cutMs, hurry });
  };
  await Promise.race([spoil(), failed]);
  const ended = performance.now();
  end();
  const late: string[] = [];
  const converging = converge(world, () => {
    if (late.length === 0 && performance.now() - ended > limitMs) late.push(...lateOnes(world));
    return isSaid;
  });
  await Promise.race([converging, failed]);
  const convergedMs = performance.now() - ended;
  for (const { client } of users) {
    for (const chat of world.check.chatsOf(client.userID)) await open(client, chat);
  }
  world.check.run(false);
  const deadline = performance.now() + NOTICES_WITHIN;
  while (untold().length > 0 && performance.now() < deadline) await pause(LOOK_EVERY_MS);
  const after = countsOf(world);
  return {
    messages: after.messages - before.messages,
    sentAgain: after.sentAgain - before.sentAgain,
    triedAgain: after.triedAgain - before.triedAgain,
    ...{ convergedMs, late, untold: untold() },
  };
};

/**
 * Who has been connected since, and was not told of who came into its groups and who went: clients act on
 * these notices, which are not stored.
 */
const untoldOf = (
  { log }: World,
  stays: readonly Readonly<{ client: User['client']; connects: number }>[],
): (() => readonly string[]) => {
  const from = log.moves.length;
  return () => {
    const here = new Map(
      stays.flatMap(({ client, connects }) =>
        client.connected && client.connects === connects ? [[client.userID, client] as const] : [],
      ),
    );
    const moves = log.moves.slice(from);
    return moves.flatMap(({ move, group, users }, index) => {
      // Who has gone itself before it was told has no list of members any more, or has fetched it anew.
      const since = moves.slice(index + 1).filter((other) => other.group === group);
      const movedOn = new Set(since.map(({ user }) => user));
      return users
        .filter((user) => here.get(user)?.store.told.has(move) === false && !movedOn.has(user))
        .map((user) => `${user} was not told: ${move}`);
    });
  };
};

type Behind = readonly [user: User, chat: string, knows: number, newest: number];

const behind = ({ users, check }: World): readonly Behind[] =>
  users.flatMap((user) => {
    const { userID, store } = user.client;
    return check.chatsOf(userID).flatMap((chat): Behind[] => {
      const newest = check.newestFor(chat, userID);
      const knows = store.synced(chat) ?? 0;
      return knows === newest ? [] : [[user, chat, knows, newest]];
    });
  });

const lateOnes = (world: World): readonly string[] => {
  const all = behind(world).map(
    ([{ client, gateway }, chat, knows, newest]) =>
      `${client.userID} (${gateway}) knows ${String(knows)} of ${String(newest)} in ${chat}; ` +
      `now ${performance.now().toFixed(0)}; ${client.lately.slice(-8).join(', ')}; ` +
      `${JSON.stringify(world.log.windows.get(chat.slice('sg_'.length))?.get(client.userID))}; ` +
      client.store.faults.slice(0, 3).join(', '),
  );
  const untold = world.log.untold.size;
  return [
    `${String(all.length)} are behind, ${String(untold)} changes have no line`,
    ...all.slice(0, SHOWN_LATE),
  ];
};

/** All has been said and told of, and all have heard of it by themselves. */
const converge = async (world: World, isSaid: () => boolean): Promise<void> => {
  await until(
    'all have heard of everything',
    async () => {
      // All that was said and done by then stands in what is read afterwards.
      const isAll = isSaid();
      const isRead = await world.log.readOn();
      if (isRead && isAll && world.log.untold.size === 0 && behind(world).length === 0) return true;
      await pause(LOOK_EVERY_MS);
      return undefined;
    },
    {
      within: CONVERGED_WITHIN,
      seen: () => lateOnes(world),
    },
  );
};
