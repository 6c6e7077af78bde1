import { afterEach, expect, test } from 'vitest';
import {
  closeDevice,
  openDevice,
  summaryOf,
  visibleOn,
  type Device,
} from '../support/faultDevices.ts';
import { persist } from '../support/faultCalls.ts';
import { DELETED, Recount, TAKEN_BACK, type History, type Line } from '../support/faultRecount.ts';
import { echoBeforeReply } from '../support/rawClient.ts';
import { GOB_FORM, JSON_FORM } from '../support/rawWire.ts';
import { chanceFrom, isSmallRun, seedOfRun, type Chance } from '../support/seeded.ts';
import { numberAt, recordAt } from '../support/json.ts';
import { singleChat } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { checked } from '../support/checked.ts';
import { untilTrue } from '../support/until.ts';
import { registered } from './kits.ts';
import { converged } from './rawUsers.ts';

const USERS = 6;
const IOS = 1;
const ANDROID = 2;
const WINDOWS = 3;
const WEB = 5;
const seconds = Number(process.env['SEQLINE_TEST_SECONDS'] ?? 0);
/** Of each user; all of them do about 60 a second. */
const OPERATIONS = Math.max(isSmallRun ? 150 : 400, seconds * 10);
/** Longer where more is to be done: that is what each operation may take, checks and all. */
const LASTS_AT_MOST = 200 * OPERATIONS * USERS + 120_000;
const KILLS = Math.max(isSmallRun ? 1 : 2, Math.floor(seconds / 20));
/** Of each user, the operation at which it clears a chat for certain: there are chats by then. */
const CLEARS_AT = Math.floor(OPERATIONS / 2);
/** Sends that wait on one device. */
const WAITING_MAX = 8;
const WITHIN = 120_000;
/** Devices of a user do not end each other's logins. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };
const ALREADY_REVOKED = 1404;
const KINDS = [
  'clear',
  'cut',
  'hide everywhere',
  'hide for both',
  'hide quietly',
  'kill',
  'read',
  'restore',
  'revoke',
  'send',
  'send again',
];

const seed = seedOfRun();

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type User = {
  readonly userID: string;
  readonly devices: readonly [Device, Device];
  readonly token: string;
  readonly chance: Chance;
  /** Ids of sends so far, to be sent again. */
  readonly sent: { to: string; clientMsgID: string; text: string }[];
  /** Ids that were sent more than once. */
  readonly again: string[];
  readonly revoked: Set<string>;
  /** What was deleted without a word to the other devices: they may show it or not. */
  readonly quietly: Set<string>;
  /** Chats that were cleared: up to where at least, as was acknowledged before, and at most. */
  readonly cleared: Map<string, Readonly<{ least: number; most: number }>>;
  done: number;
};

type World = Readonly<{
  server: Seqline;
  users: readonly User[];
  recount: Recount;
  /** Calls that are under way; a failure shows when they are waited for. */
  pending: Promise<void>[];
  /** How often each kind of operation has been done. */
  counts: Record<string, number>;
}>;

const counted = ({ counts }: World, what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};

const openWorld = async (): Promise<World> => {
  const server = await startSeqline(SETTINGS);
  endings.push(() => server.dispose());
  const users: User[] = [];
  for (let at = 0; at < USERS; at += 1) {
    const userID = await registered(server, 'user');
    const phone = await openDevice(server, userID, IOS, GOB_FORM);
    const web = await openDevice(server, userID, WEB, JSON_FORM);
    for (const device of [phone, web]) endings.push(() => closeDevice(device));
    const token = await server.tokenOf(userID, WINDOWS);
    const chance = chanceFrom(seed + at);
    const own = {
      ...{ sent: [], again: [], revoked: new Set<string>(), quietly: new Set<string>() },
      ...{ cleared: new Map<string, never>(), done: 0 },
    };
    users.push({ userID, devices: [phone, web], token, chance, ...own });
  }
  return { server, users, recount: new Recount(), pending: [], counts: {} };
};

const later = ({ pending }: World, work: Promise<void>): void => {
  work.catch(() => undefined);
  pending.push(work);
};

/** A new message, or one of before once more: from either device, and perhaps both at once. */
const send = async (world: World, user: User): Promise<void> => {
  const { chance, sent, userID, devices } = user;
  const device = chance.pick(devices);
  const isRoom = () => device.waiting() < WAITING_MAX;
  if (!isRoom()) device.link.restore();
  await untilTrue('there is room for one more send', isRoom, { within: WITHIN });
  const again = sent.length > 0 && chance.integer(10) === 0;
  const number = String(user.done);
  const peer = chance.pick(world.users.filter((other) => other !== user)).userID;
  const message = again
    ? chance.pick(sent)
    : { to: peer, clientMsgID: `${userID}-${number}`, text: `text ${number}` };
  counted(world, again ? 'send again' : 'send');
  if (again) user.again.push(message.clientMsgID);
  else sent.push(message);
  const { to, clientMsgID, text } = message;
  later(
    world,
    device.send(to, clientMsgID, text).then(({ serverMsgID, sendTime }) => {
      world.recount.sent(to, { from: userID, clientMsgID, text, serverMsgID, sendTime });
    }),
  );
};

const read = (world: World, { userID, chance, token }: User): void => {
  const { recount, server } = world;
  const chats = recount.chatsOf(userID);
  if (chats.length === 0) return;
  counted(world, 'read');
  const conversationID = chance.pick(chats);
  const hasReadSeq = 1 + chance.integer(recount.count(conversationID));
  const path = chance.pick(['mark_conversation_as_read', 'set_conversation_has_read_seq']);
  const body = { conversationID, userID, hasReadSeq };
  later(
    world,
    persist(server, token, `/msg/${path}`, body).then(({ errCode, errMsg }) => {
      expect(errCode, errMsg).toBe(0);
      recount.read(userID, conversationID, hasReadSeq);
    }),
  );
};

const revoke = (world: World, user: User): void => {
  const { userID, chance, devices, revoked, token } = user;
  const { store } = chance.pick(devices).client;
  const own = store.conversations
    .filter((chat) => chat.startsWith('si_'))
    .flatMap((chat) => store.view(chat).map(({ seq, sendID }) => ({ chat, seq, sendID })))
    .filter(({ chat, seq, sendID }) => sendID === userID && !revoked.has(`${chat} ${String(seq)}`));
  if (own.length === 0) return;
  counted(world, 'revoke');
  const { chat, seq } = chance.pick(own);
  revoked.add(`${chat} ${String(seq)}`);
  const body = { conversationID: chat, seq, userID };
  later(
    world,
    persist(world.server, token, '/msg/revoke_msg', body).then(
      ({ errCode, isRepeated, errMsg }) => {
        // An answer that a crash has swallowed: then it may have been done.
        const isDone = errCode === 0 || (isRepeated && errCode === ALREADY_REVOKED);
        expect(isDone, errMsg).toBe(true);
        world.recount.revoked(chat, seq);
      },
    ),
  );
};

/** Some messages: for oneself, with or without a word to one's other devices, or own ones for both. */
const hide = (world: World, user: User): void => {
  const { recount, server } = world;
  const { userID, chance, token, devices, quietly } = user;
  const chats = recount.chatsOf(userID);
  if (chats.length === 0) return;
  const conversationID = chance.pick(chats);
  const scope = chance.pick(['quietly', 'everywhere', 'for both'] as const);
  const held = chance.pick(devices).client.store.view(conversationID);
  const isOwn = ({ sendID }: Readonly<{ sendID: string }>) => sendID === userID;
  const choices = scope === 'for both' ? held.filter(isOwn) : held;
  if (choices.length === 0) return;
  counted(world, `hide ${scope}`);
  const seqs = Array.from({ length: 1 + chance.integer(3) }, () => chance.pick(choices).seq);
  if (scope === 'quietly') for (const seq of seqs) quietly.add(`${conversationID} ${String(seq)}`);
  const deleteSyncOpt = {
    IsSyncSelf: scope === 'everywhere',
    IsSyncOther: scope === 'for both',
  };
  const body = { conversationID, seqs, userID, deleteSyncOpt };
  later(
    world,
    persist(server, token, '/msg/delete_msgs', body).then(({ errCode, errMsg }) => {
      expect(errCode, errMsg).toBe(0);
      recount.deleted(conversationID, seqs, scope === 'for both' ? '' : userID);
    }),
  );
};

const issuedIn = ({ users }: World, chat: string): number =>
  users.reduce((sum, { userID, sent }) => {
    return sum + sent.filter(({ to }) => singleChat(userID, to) === chat).length;
  }, 0);

/** Up to where is the server's to say, for others write meanwhile; between which numbers is known. */
const clear = (world: World, user: User): void => {
  const { recount, server } = world;
  const { userID, chance, token, cleared } = user;
  const chats = recount.chatsOf(userID);
  if (chats.length === 0) return;
  counted(world, 'clear');
  const conversationID = chance.pick(chats);
  const atLeast = recount.count(conversationID);
  const deleteSyncOpt = { IsSyncSelf: chance.integer(2) === 0, IsSyncOther: false };
  const body = { conversationIDs: [conversationID], userID, deleteSyncOpt };
  later(
    world,
    persist(server, token, '/msg/clear_conversation_msg', body).then(({ errCode, errMsg }) => {
      expect(errCode, errMsg).toBe(0);
      const { least, most } = cleared.get(conversationID) ?? { least: 0, most: 0 };
      cleared.set(conversationID, {
        least: Math.max(least, atLeast),
        most: Math.max(most, issuedIn(world, conversationID)),
      });
    }),
  );
};

const live = async (world: World, user: User): Promise<void> => {
  const link = () => user.chance.pick(user.devices).link;
  for (; user.done < OPERATIONS; user.done += 1) {
    // So seldom is a chat cleared that chance might leave it out.
    if (user.done === CLEARS_AT) clear(world, user);
    const roll = user.chance.integer(200);
    if (roll < 148) await send(world, user);
    else if (roll < 160) read(world, user);
    else if (roll < 168) revoke(world, user);
    else if (roll < 176) hide(world, user);
    else if (roll < 177) clear(world, user);
    else if (roll < 186) {
      counted(world, 'cut');
      link().cut();
    } else {
      counted(world, 'restore');
      link().restore();
    }
  }
};

/** Kills the server when so many operations have been done, and starts it. */
const killSometimes = async (world: World, chance: Chance): Promise<void> => {
  const { server, users } = world;
  const done = () => users.reduce((sum, user) => sum + user.done, 0);
  const span = Math.floor((OPERATIONS * USERS) / (KILLS + 1));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const at = span * (kill - 1) + chance.integer(span) + 1;
    await untilTrue(`${String(at)} operations are done`, () => done() >= at, { within: WITHIN });
    counted(world, 'kill');
    await server.kill();
    await server.start();
  }
};

/**
 * Which message has which number is what devices say, and the same on all of them; everything else is
 * counted anew.
 */
const idsOf = (users: readonly User[], chat: string): ReadonlyMap<number, string> => {
  const ids = new Map<number, string>();
  for (const { client } of users.flatMap(({ devices }) => devices)) {
    for (const { seq, sendID, clientMsgID } of client.store.view(chat)) {
      const id = `${sendID} ${clientMsgID}`;
      expect(ids.get(seq) ?? id, `${chat} ${String(seq)}`).toBe(id);
      ids.set(seq, id);
    }
  }
  return ids;
};

/** What the server has cleared, held against when it was asked to. */
const learnCleared = async ({ recount, server }: World, user: User): Promise<void> => {
  const { userID: ownerUserID, token, cleared } = user;
  for (const conversationID of recount.chatsOf(ownerUserID)) {
    const path = '/conversation/get_conversation';
    const { data } = await server.api(path, { ownerUserID, conversationID }, { token });
    const upTo = Math.max(0, numberAt(recordAt(data, 'conversation'), 'minSeq') - 1);
    const { least, most } = cleared.get(conversationID) ?? { least: 0, most: 0 };
    const where = `${ownerUserID} has cleared ${conversationID}`;
    expect(upTo, where).toBeGreaterThanOrEqual(least);
    expect(upTo, where).toBeLessThanOrEqual(most);
    recount.cleared(ownerUserID, conversationID, upTo);
  }
};

/**
 * A message that both devices sent at once is echoed to the one because of the other, perhaps before the server
 * has heard of the one's own: only a message of one device must be answered before its echo.
 */
const faultsOf = ({ client }: Device, { again }: User): readonly string[] =>
  client.store.faults.filter(
    (what) => !again.some((clientMsgID) => what === echoBeforeReply(clientMsgID)),
  );

type Truth = ReadonlyMap<string, History>;

/**
 * A device that has been there from the start may hold what was cleared since, and may not have been told
 * what another one has deleted; what it has lets nothing be missing.
 */
const comparable = (
  seen: ReadonlyMap<number, Line>,
  wanted: ReadonlyMap<number, Line>,
  isQuiet: (seq: number) => boolean,
): readonly unknown[] =>
  [...wanted.keys()].map((seq) => {
    const line = seen.get(seq);
    const shows = isQuiet(seq) ? wanted.get(seq)?.shows : line?.shows;
    return line === undefined ? `${String(seq)} is missing` : { seq, ...line, shows };
  });

const checkUser = async ({ recount, server }: World, user: User, truth: Truth): Promise<void> => {
  const { userID, quietly } = user;
  const fresh = await openDevice(server, userID, ANDROID, GOB_FORM);
  endings.push(() => closeDevice(fresh));
  const chats = recount.chatsOf(userID);
  for (const device of [...user.devices, fresh]) {
    const where = `${userID} on ${String(device.login.platformID)}`;
    await converged(device.client, new Map(chats.map((chat) => [chat, recount.count(chat)])));
    const summary = await summaryOf(device.login, chats);
    for (const chat of chats) {
      const history = truth.get(chat) ?? [];
      const view = recount.view(userID, chat, history);
      if (device === fresh)
        expect([...visibleOn(device, chat).keys()], where).toEqual([...view.keys()]);
      const isQuiet = (seq: number) => device !== fresh && quietly.has(`${chat} ${String(seq)}`);
      const wanted = comparable(view, view, isQuiet);
      const seen = () => comparable(visibleOn(device, chat), view, isQuiet);
      await untilTrue(
        `${where} sees ${chat} as it is`,
        () => JSON.stringify(seen()) === JSON.stringify(wanted),
        { seen: () => different(seen(), wanted) },
      );
      const last = [...view.values()].findLast(({ shows }) => shows !== DELETED);
      const unread = recount.unread(userID, chat, history);
      expect(summary.get(chat), `${where} ${chat}`).toEqual({ unread, last });
    }
    expect(faultsOf(device, user), where).toEqual([]);
  }
};

const different = (seen: readonly unknown[], wanted: readonly unknown[]): unknown =>
  wanted.flatMap((line, at) =>
    JSON.stringify(line) === JSON.stringify(seen[at]) ? [] : [{ line, seen: seen[at] }],
  );

/** The truth of every chat, once devices have everything. */
const truthOf = async (world: World): Promise<Truth> => {
  const { users, recount } = world;
  for (const user of users) {
    const counts = recount.chatsOf(user.userID).map((chat) => [chat, recount.count(chat)] as const);
    for (const { client } of user.devices) await converged(client, new Map(counts));
    await learnCleared(world, user);
  }
  const chats = new Set(users.flatMap(({ userID }) => recount.chatsOf(userID)));
  return new Map([...chats].map((chat) => [chat, recount.history(chat, idsOf(users, chat))]));
};

test(
  `[SEQ-1] [SYN-7] [OPS-60] all devices agree with what was acknowledged, whatever happened (seed ${String(seed)})`,
  async ({ annotate }) => {
    const world = await openWorld();
    const { users, recount, pending, counts } = world;
    await Promise.all([
      killSometimes(world, chanceFrom(seed + USERS)),
      ...users.map((user) => live(world, user)),
    ]);
    for (const { devices } of users) for (const { link } of devices) link.restore();
    await untilTrue(
      'every send is answered',
      () => users.every(({ devices }) => devices.every(({ waiting }) => waiting() === 0)),
      { within: WITHIN, seen: world.server.log },
    );
    await Promise.all(pending);
    await annotate(`done: ${JSON.stringify(counts)}`);

    const truth = await truthOf(world);
    for (const user of users) await checkUser(world, user, truth);
    for (const history of truth.values()) {
      const times = history.flatMap((line) => (line === undefined ? [] : [line.sendTime]));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    }
    expect(recount.faults).toEqual([]);
    // Chance has done some of everything.
    const all = [...truth.values()].flat();
    expect(all.length).toBeGreaterThan(OPERATIONS);
    expect(all.some((line) => line?.shows === TAKEN_BACK)).toBe(true);
    expect(Object.keys(counts).toSorted()).toEqual(KINDS);
    await checked(world.server);
  },
  LASTS_AT_MOST,
);
