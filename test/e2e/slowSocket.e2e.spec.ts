import { afterEach, expect, test } from 'vitest';
import { openRelay, residentMiB, watchMemory } from '../support/faultRelay.ts';
import { RawClient } from '../support/rawClient.ts';
import type { Held } from '../support/rawStore.ts';
import { dial, type RawSocket } from '../support/rawSocket.ts';
import { GOB_FORM, JSON_FORM, PbCoder, textMessage, type Form } from '../support/rawWire.ts';
import { singleChat } from '../support/sdkClient.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';
import { registered } from './kits.ts';
import { converged } from './rawUsers.ts';

const SENDERS = 10;
const MESSAGES = Number(process.env['SEQLINE_TEST_MESSAGES'] ?? 20_000);
const OF_EACH = MESSAGES / SENDERS;
/** Messages before memory is looked at, so that what a busy server needs anyway is not counted. */
const WARM_UP_OF_EACH = 300;
/** Sends of one connection that wait for their answers; they keep their order. */
const IN_FLIGHT = 50;
const WITHIN = 120_000;
const TEXT = 'x'.repeat(200);
/**
 * A reader that does not read costs its socket's 1 MiB; the rest is chance. What so many messages cost
 * anyway (the tail of the log that a process keeps) is measured with one that does.
 */
const MORE_MIB_MAX = 60;
const ANDROID = 2;
const WEB = 5;
/** The reader's devices stay logged in beside each other. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const device = async (
  server: Seqline,
  wsAddr: string,
  userID: string,
  platformID: number,
  form: Form,
): Promise<RawClient> => {
  const token = await server.tokenOf(userID, platformID);
  const client = new RawClient({ wsAddr, userID, token, platformID, form });
  endings.push(() => {
    client.close();
  });
  client.start();
  await untilTrue(`${userID} is connected`, () => client.connected);
  return client;
};

type Sender = Readonly<{ userID: string; socket: RawSocket; faults: readonly string[] }>;

/** Somebody who writes as fast as it is allowed to, and looks at nothing but the answers. */
const openSender = async (server: Seqline): Promise<Sender> => {
  const userID = await registered(server, 'sender');
  const token = await server.tokenOf(userID, ANDROID);
  const login = { wsAddr: server.wsAddr, userID, token, platformID: ANDROID, form: JSON_FORM };
  const faults: string[] = [];
  const socket = await dial(login, { fault: (what) => faults.push(what) });
  endings.push(() => {
    socket.terminate();
  });
  return { userID, socket, faults };
};

const sendAll = async (
  senders: readonly Sender[],
  to: string,
  name: string,
  ofEach: number,
): Promise<void> => {
  const send = async ({ userID: from, socket }: Sender, number: number): Promise<void> => {
    const clientMsgID = `${name}-${from}-${String(number)}`;
    const message = textMessage({ from, to, clientMsgID, text: TEXT, platformID: ANDROID });
    const { errCode } = await socket.request(1003, PbCoder.MsgData.encode(message).finish());
    expect(errCode).toBe(0);
  };
  await Promise.all(
    senders.map(async (sender) => {
      for (let first = 1; first <= ofEach; first += IN_FLIGHT) {
        const count = Math.min(IN_FLIGHT, ofEach - first + 1);
        await Promise.all(Array.from({ length: count }, (_, at) => send(sender, first + at)));
      }
    }),
  );
};

/** Each message of a chat once, with the numbers 1 to n, in the order its sender sent them in. */
const checkChat = (sender: string, held: readonly Held[]): void => {
  const wanted = [
    ...Array.from({ length: WARM_UP_OF_EACH }, (_, at) => `warm-${sender}-${String(at + 1)}`),
    ...Array.from({ length: OF_EACH }, (_, at) => `many-${sender}-${String(at + 1)}`),
  ];
  expect(held.map(({ clientMsgID }) => clientMsgID)).toEqual(wanted);
  expect(held.map(({ seq }) => seq)).toEqual(wanted.map((_, at) => at + 1));
};

/** Goes through all of it with a reader that reads or does not; gives the MiB the server grew by meanwhile. */
const goThrough = async (isPaused: boolean): Promise<number> => {
  const server = await startSeqline(SETTINGS);
  endings.push(() => server.dispose());
  const relay = await openRelay(server.wsPort);
  endings.push(relay.close);
  const reader = await registered(server, 'reader');
  const slow = await device(server, relay.wsAddr, reader, ANDROID, GOB_FORM);
  const fast = await device(server, server.wsAddr, reader, WEB, JSON_FORM);
  const senders: Sender[] = [];
  for (let at = 0; at < SENDERS; at += 1) senders.push(await openSender(server));
  const chats = new Map(senders.map(({ userID }) => [singleChat(userID, reader), userID]));
  const has = (client: RawClient, ofEach: number) => () =>
    [...chats.keys()].every((chat) => client.store.synced(chat) === ofEach);

  await sendAll(senders, reader, 'warm', WARM_UP_OF_EACH);
  for (const client of [slow, fast])
    await untilTrue('the first messages are heard', has(client, WARM_UP_OF_EACH));
  const before = await residentMiB(server.pid());

  if (isPaused) relay.pause();
  const memory = watchMemory(server.pid());
  await sendAll(senders, reader, 'many', OF_EACH);
  const all = WARM_UP_OF_EACH + OF_EACH;
  await untilTrue('the fast reader has heard all', has(fast, all), { within: WITHIN });
  expect(fast.connects).toBe(1);
  const growth = (await memory.stop()) - before;
  if (isPaused) expect(has(slow, all)()).toBe(false);

  relay.resume();
  const counts = new Map([...chats.keys()].map((chat) => [chat, all]));
  for (const client of [slow, fast]) {
    const views = await converged(client, counts);
    for (const [chat, sender] of chats) checkChat(sender, views.get(chat) ?? []);
    expect(client.store.faults).toEqual([]);
  }
  // It was closed, for what it had not read was more than a socket may leave.
  if (isPaused) expect(slow.connects).toBeGreaterThan(1);
  for (const { faults, userID } of senders) expect(faults, userID).toEqual([]);
  return growth;
};

test('a reader that does not read is left, comes back and has everything; others do not notice', async () => {
  const usual = await goThrough(false);
  const growth = await goThrough(true);
  expect(growth).toBeLessThan(usual + MORE_MIB_MAX);
}, 300_000);

test('a reader that pauses for a moment loses nothing and is not closed', async () => {
  const server = await startSeqline(SETTINGS);
  endings.push(() => server.dispose());
  const relay = await openRelay(server.wsPort);
  endings.push(relay.close);
  const reader = await registered(server, 'reader');
  const slow = await device(server, relay.wsAddr, reader, ANDROID, JSON_FORM);
  const sender = await openSender(server);
  relay.pause();
  await sendAll([sender], reader, 'many', WARM_UP_OF_EACH);
  expect(slow.store.synced(singleChat(sender.userID, reader))).toBeUndefined();
  relay.resume();
  const views = await converged(
    slow,
    new Map([[singleChat(sender.userID, reader), WARM_UP_OF_EACH]]),
  );
  const [held = []] = views.values();
  expect(held.map(({ seq }) => seq)).toEqual(held.map((_, at) => at + 1));
  expect(slow.store.faults).toEqual([]);
  expect(slow.connects).toBe(1);
});
