import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checked } from '../support/checked.ts';
import type { RawClient } from '../support/rawClient.ts';
import { GOB_FORM, JSON_FORM } from '../support/rawWire.ts';
import { singleChat } from '../support/sdkClient.ts';
import { chanceFrom, isSmallRun, seedOfRun, type Chance } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { untilTrue } from '../support/until.ts';
import { converged, rawUser } from './rawUsers.ts';

const USERS = 50;
const PEERS = 3;
const SENDS_OF_EACH = 20;
const ROUNDS = isSmallRun ? 1 : 3;
/** Long enough for the greatest back-off and for one connection that comes too soon to sync. */
const ANSWERED_WITHIN = 90_000;

const seed = seedOfRun();
let server: Seqline;

beforeAll(async () => {
  server = await startSeqline();
});
afterAll(() => server.dispose());

type Sent = { from: string; to: string; clientMsgID: string; text: string };

/** Each user writes to a few others, so that chats are written from both sides. */
const sendAll = (clients: readonly RawClient[], round: number, chance: Chance) => {
  const sent: Sent[] = [];
  const peers = clients.map((_, at) =>
    Array.from({ length: PEERS }, () => (at + 1 + chance.integer(PEERS * 2)) % clients.length),
  );
  const sending = clients.map(async (client, at) => {
    for (let number = 1; number <= SENDS_OF_EACH; number += 1) {
      const to = clients[chance.pick(peers[at] ?? [])]?.userID ?? '';
      const clientMsgID = `${String(round)}-${client.userID}-${String(number)}`;
      const text = `${String(number)} of round ${String(round)}`;
      sent.push({ from: client.userID, to, clientMsgID, text });
      await client.send(to, clientMsgID, text);
    }
  });
  return { sent, done: Promise.all(sending) };
};

const acknowledgedBy = (clients: readonly RawClient[]): number =>
  clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);

/** How many messages each chat must hold. */
const countsOf = (sent: readonly Sent[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { from, to } of sent) {
    const chat = singleChat(from, to);
    counts.set(chat, (counts.get(chat) ?? 0) + 1);
  }
  return counts;
};

const numbersTo = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => at + 1);

/** Everything acknowledged is there once with what was answered, and both sides see the same. */
const check = async (clients: readonly RawClient[], sent: readonly Sent[]): Promise<void> => {
  const counts = countsOf(sent);
  const truth = new Map<string, unknown>();
  for (const client of clients) {
    const own = new Map(
      [...counts].filter(([chat]) =>
        sent.some(
          ({ from, to }) =>
            singleChat(from, to) === chat && (from === client.userID || to === client.userID),
        ),
      ),
    );
    const views = await converged(client, own);
    for (const [chat, held] of views) {
      expect(held.map(({ seq }) => seq)).toEqual(numbersTo(counts.get(chat) ?? 0));
      const times = held.map(({ sendTime }) => sendTime);
      expect(times).toEqual([...times].sort((one, other) => one - other));
      // The second side of a chat to come along must see what the first has seen.
      expect(held).toEqual(truth.get(chat) ?? held);
      truth.set(chat, held);
    }
    for (const { to, clientMsgID, serverMsgID, sendTime } of client.acknowledged) {
      const held = views.get(singleChat(client.userID, to)) ?? [];
      const found = held.filter((message) => message.clientMsgID === clientMsgID);
      expect(found).toMatchObject([{ serverMsgID, sendTime, sendID: client.userID }]);
    }
    expect(client.store.faults, client.userID).toEqual([]);
  }
};

describe(`kill -9 while ${String(USERS)} users send (seed ${String(seed)})`, () => {
  test('[MSG-1] loses nothing that was acknowledged, leaves no gap, and all see the same', async () => {
    const chance = chanceFrom(seed);
    const clients: RawClient[] = [];
    for (let at = 0; at < USERS; at += 1)
      clients.push(await rawUser(server, 'raw', at % 2 === 0 ? JSON_FORM : GOB_FORM));
    const sent: Sent[] = [];
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const before = acknowledgedBy(clients);
        const work = sendAll(clients, round, chance);
        // Somewhere in the first three quarters, so that sends are still under way.
        const crashAfter = before + 1 + chance.integer((USERS * SENDS_OF_EACH * 3) / 4);
        const acknowledged = async (what: string, count: number) => {
          const reached = untilTrue(what, () => acknowledgedBy(clients) >= count, {
            within: ANSWERED_WITHIN,
            seen: () => ({
              acknowledged: acknowledgedBy(clients),
              wanted: count,
              log: server.log(),
            }),
          });
          // A send that is refused for good ends the wait.
          await Promise.race([reached, work.done.then(() => reached)]);
        };
        await acknowledged('sends are under way', crashAfter);
        await server.kill();
        await server.start();
        await acknowledged('every send is answered in the end', before + USERS * SENDS_OF_EACH);
        await work.done;
        sent.push(...work.sent);
        await check(clients, sent);
      }
      expect(clients.every(({ connects }) => connects > ROUNDS)).toBe(true);
      await checked(server);
    } finally {
      for (const client of clients) client.close();
    }
  }, 600_000);
});
