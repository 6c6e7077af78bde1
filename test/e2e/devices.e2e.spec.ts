import { afterEach, expect, test } from 'vitest';
import {
  closeDevice,
  openDevice,
  summaryOf,
  visibleOn,
  type Device,
} from '../support/faultDevices.ts';
import { persist } from '../support/faultCalls.ts';
import { Recount, TAKEN_BACK, type Line } from '../support/faultRecount.ts';
import { echoBeforeReply } from '../support/rawClient.ts';
import { GOB_FORM, JSON_FORM } from '../support/rawWire.ts';
import { chanceFrom, isSmallRun, seedOfRun, type Chance } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
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
const KILLS = Math.max(isSmallRun ? 1 : 2, Math.floor(seconds / 20));
/** Sends that wait on one device. */
const WAITING_MAX = 8;
const WITHIN = 120_000;
/** Devices of a user do not end each other's logins. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };
const ALREADY_REVOKED = 1404;

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
  done: number;
};

type World = Readonly<{
  server: Seqline;
  users: readonly User[];
  recount: Recount;
  /** Calls that are under way; a failure shows when they are waited for. */
  pending: Promise<void>[];
}>;

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
    const own = { sent: [], again: [], revoked: new Set<string>(), done: 0 };
    users.push({ userID, devices: [phone, web], token, chance, ...own });
  }
  return { server, users, recount: new Recount(), pending: [] };
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

const read = ({ recount, server, ...world }: World, { userID, chance, token }: User): void => {
  const chats = recount.chatsOf(userID);
  if (chats.length === 0) return;
  const conversationID = chance.pick(chats);
  const hasReadSeq = 1 + chance.integer(recount.count(conversationID));
  const path = chance.pick(['mark_conversation_as_read', 'set_conversation_has_read_seq']);
  const body = { conversationID, userID, hasReadSeq };
  later(
    { recount, server, ...world },
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

const live = async (world: World, user: User): Promise<void> => {
  for (; user.done < OPERATIONS; user.done += 1) {
    const roll = user.chance.integer(100);
    if (roll < 78) await send(world, user);
    else if (roll < 84) read(world, user);
    else if (roll < 88) revoke(world, user);
    else if (roll < 93) user.chance.pick(user.devices).link.cut();
    else user.chance.pick(user.devices).link.restore();
  }
};

/** Kills the server when so many operations have been done, and starts it. */
const killSometimes = async ({ server, users }: World, chance: Chance): Promise<void> => {
  const done = () => users.reduce((sum, user) => sum + user.done, 0);
  const span = Math.floor((OPERATIONS * USERS) / (KILLS + 1));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const at = span * (kill - 1) + chance.integer(span) + 1;
    await untilTrue(`${String(at)} operations are done`, () => done() >= at, { within: WITHIN });
    await server.kill();
    await server.start();
  }
};

/** The order of a chat is what the first device says; everything else is counted anew. */
const orderOf = ({ client }: Device, chat: string): readonly string[] =>
  client.store.view(chat).map(({ sendID, clientMsgID }) => `${sendID} ${clientMsgID}`);

/**
 * A message that both devices sent at once is echoed to the one because of the other, perhaps before the server
 * has heard of the one's own: only a message of one device must be answered before its echo.
 */
const faultsOf = ({ client }: Device, { again }: User): readonly string[] =>
  client.store.faults.filter(
    (what) => !again.some((clientMsgID) => what === echoBeforeReply(clientMsgID)),
  );

const checkUser = async (
  { recount, server }: World,
  user: User,
  truth: ReadonlyMap<string, readonly Line[]>,
): Promise<void> => {
  const fresh = await openDevice(server, user.userID, ANDROID, GOB_FORM);
  endings.push(() => closeDevice(fresh));
  const chats = recount.chatsOf(user.userID);
  for (const device of [...user.devices, fresh]) {
    const where = `${user.userID} on ${String(device.login.platformID)}`;
    await converged(device.client, new Map(chats.map((chat) => [chat, recount.count(chat)])));
    const summary = await summaryOf(device.login, chats);
    for (const chat of chats) {
      const history = truth.get(chat) ?? [];
      const seqs = device.client.store.view(chat).map(({ seq }) => seq);
      expect(seqs, where).toEqual(history.map((_, at) => at + 1));
      await untilTrue(
        `${where} sees ${chat} as it is`,
        () => JSON.stringify(visibleOn(device, chat)) === JSON.stringify(history),
        { seen: () => different(visibleOn(device, chat), history) },
      );
      const unread = recount.unread(user.userID, chat, history);
      expect(summary.get(chat), `${where} ${chat}`).toEqual({ unread, last: history.at(-1) });
    }
    expect(faultsOf(device, user), where).toEqual([]);
  }
};

const different = (seen: readonly Line[], wanted: readonly Line[]): unknown =>
  wanted.flatMap((line, at) =>
    JSON.stringify(line) === JSON.stringify(seen[at]) ? [] : [{ at, line, seen: seen[at] }],
  );

test(`all devices agree with what was acknowledged, whatever happened (seed ${String(seed)})`, async () => {
  const world = await openWorld();
  const { users, recount, pending } = world;
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

  const truth = new Map<string, readonly Line[]>();
  for (const { userID, devices } of users) {
    const [phone] = devices;
    const chats = recount.chatsOf(userID);
    await converged(phone.client, new Map(chats.map((chat) => [chat, recount.count(chat)])));
    for (const chat of chats)
      if (!truth.has(chat)) truth.set(chat, recount.history(chat, orderOf(phone, chat)));
  }
  for (const user of users) await checkUser(world, user, truth);
  for (const history of truth.values()) {
    const times = history.map(({ sendTime }) => sendTime);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  }
  expect(recount.faults).toEqual([]);
  // Chance has done some of everything.
  const all = [...truth.values()].flat();
  expect(all.length).toBeGreaterThan(OPERATIONS);
  expect(all.some(({ shows }) => shows === TAKEN_BACK)).toBe(true);
}, 600_000);
