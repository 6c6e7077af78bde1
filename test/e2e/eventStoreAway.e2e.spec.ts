import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openEventStoreProcess, type EventStoreProcess } from '../support/eventStoreProcess.ts';
import { steadyLoad, Truth } from '../support/faultLoad.ts';
import { sendByHttp, sendBySocket, type Attempt, type Sending } from '../support/faultSends.ts';
import { openStoreRelay, type StoreRelay } from '../support/faultStoreRelay.ts';
import { parseJson, textAt } from '../support/json.ts';
import { watchLateness, type Lateness } from '../support/lateness.ts';
import { RawClient } from '../support/rawClient.ts';
import { dial } from '../support/rawSocket.ts';
import type { Held } from '../support/rawStore.ts';
import { GOB_FORM, JSON_FORM, userOnly } from '../support/rawWire.ts';
import { chanceFrom, seedOfRun, type Chance } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until, untilTrue } from '../support/until.ts';
import { converged, rawUser } from './rawUsers.ts';

const USERS = 8;
const ANDROID = 2;
const WEB = 5;
/** Messages before, between and after the faults. */
const MESSAGES = 100;
const FROZEN_MS = 15_000;
/** What a sender is told within 2 s, and what processes that have the machine for themselves may add to that. */
const FAILS_WITHIN_MS = 2_000 + 500;
/** A failure goes through this process, the server and this process again. */
const TURNS = 3;
/** What asks the tables, and no store, has its answer within this. */
const READ_WITHIN_MS = 3_000;
/** Longer than an append is waited for: its answer finds nobody. */
const TOO_LATE_MS = 1_700;
const WITHIN = 60_000;
const TEST_MS = 400_000;
/** Every login stays, however many a user has. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };
const TRY_AGAIN = 500;

const seed = seedOfRun();
/** The faults of one round take about a minute. */
const rounds = Math.max(1, Math.floor(Number(process.env['SEQLINE_TEST_SECONDS'] ?? 0) / 60));

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type World = Readonly<{
  store: EventStoreProcess;
  server: Seqline;
  clients: readonly RawClient[];
  truth: Truth;
  chance: Chance;
  sendings: readonly Sending[];
  lateness: Lateness;
  stop: () => Promise<void>;
}>;

const pairOf = (clients: readonly RawClient[], at: number) => {
  const [from, to] = [clients[at]?.userID, clients[at + 1]?.userID];
  if (from === undefined || to === undefined) throw new Error('there are too few users');
  return { from, to };
};

/** Users who write to each other, one who is impatient on a socket, and an app server that writes too. */
const openWorld = async (store: EventStoreProcess, url: string, name: string): Promise<World> => {
  const server = await startSeqline({ ...SETTINGS, SEQLINE_EVENTSTORE: url });
  endings.push(() => server.dispose());
  const clients: RawClient[] = [];
  for (let at = 0; at < USERS; at += 1)
    clients.push(await rawUser(server, name, at % 2 === 0 ? JSON_FORM : GOB_FORM));
  endings.push(() => {
    for (const client of clients) client.close();
  });
  const [truth, chance] = [new Truth(), chanceFrom(seed)];
  const lateness = watchLateness();
  endings.push(lateness.stop);
  const { from, to } = pairOf(clients, 0);
  const token = await server.tokenOf(from, WEB);
  const login = { wsAddr: server.wsAddr, userID: from, token, platformID: WEB, form: JSON_FORM };
  const impatient = await sendBySocket(login, { from, to, name: 'impatient' }, truth);
  endings.push(impatient.close);
  const other = pairOf(clients, 4);
  const admin = await server.tokenOfAdmin();
  const http = sendByHttp(server, admin, { ...other, name: 'http' }, truth);
  const load = steadyLoad(clients, truth, chance, name);
  const stop = async () => {
    await Promise.all([load.stop(), impatient.stop(), http.stop()]);
  };
  return { store, server, clients, truth, chance, lateness, sendings: [impatient, http], stop };
};

const started = async (): Promise<EventStoreProcess> => {
  const store = await openEventStoreProcess();
  endings.push(() => store.dispose());
  await store.start();
  return store;
};

const acknowledgedMore = ({ truth, server, store }: World, what: string): Promise<void> => {
  const wanted = truth.total + MESSAGES;
  return untilTrue(`messages are acknowledged ${what}`, () => truth.total >= wanted, {
    within: WITHIN,
    seen: () => ({ acknowledged: truth.total, wanted, log: server.log(), store: store.log() }),
  });
};

const reasonNotReady = async ({ server }: World): Promise<string | undefined> => {
  const answer = await fetch(`${server.apiAddr}/readyz`);
  const body = parseJson(await answer.text());
  return answer.status === 503 ? textAt(body, 'reason') : undefined;
};

const readyAgain = ({ server, store }: World): Promise<void> =>
  untilTrue('it is ready by itself', () => server.ready(), {
    within: WITHIN,
    seen: () => ({ log: server.log(), store: store.log() }),
  });

/** Lists over HTTP, and numbers over a socket, of a device that comes just now. */
const readTables = async ({ server, clients, lateness }: World, token: string): Promise<void> => {
  const userID = clients[2]?.userID ?? '';
  const askedAt = performance.now();
  const paths = {
    '/conversation/get_all_conversations': { ownerUserID: userID },
    '/user/get_users_info': { userIDs: [userID] },
  };
  for (const [path, body] of Object.entries(paths)) {
    const { errCode, errDlt } = await server.api(path, body, { token });
    expect(errCode, `${path}: ${errDlt}`).toBe(0);
  }
  const login = { wsAddr: server.wsAddr, userID, token, platformID: WEB, form: JSON_FORM };
  const socket = await dial(login);
  for (const number of [1006, 1001]) {
    const { errCode, errMsg } = await socket.request(number, userOnly(userID));
    expect(errCode, `${String(number)}: ${errMsg}`).toBe(0);
  }
  socket.terminate();
  const took = performance.now() - askedAt;
  expect(took).toBeLessThan(READ_WITHIN_MS + TURNS * lateness.most());
};

const failuresOf = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter(({ errCode }) => errCode !== 0);

/** Whoever was told no was told soon, that it is for now, and by HTTP with the status for that. */
const checkFailures = ({ sendings, lateness }: World, atLeast: number): void => {
  const within = FAILS_WITHIN_MS + TURNS * lateness.most();
  for (const [at, { attempts }] of sendings.entries()) {
    const failures = failuresOf(attempts);
    expect(failures.length).toBeGreaterThanOrEqual(atLeast);
    for (const failure of failures) {
      expect(failure).toMatchObject({ status: at === 0 ? 0 : 503, errCode: TRY_AGAIN });
      expect(failure.said).toMatch(/try the same call again/);
      expect(failure.ms).toBeLessThan(within);
    }
  }
};

/** Numbers 1 to n, each message once, and those of each sender of each run in the order it sent them. */
const checkChat = (chat: string, held: readonly Held[], count: number): void => {
  expect(
    held.map(({ seq }) => seq),
    chat,
  ).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  const last = new Map<string, number>();
  for (const { clientMsgID } of held) {
    const [run, number] = [clientMsgID.replace(/\d+$/, ''), Number(/\d+$/.exec(clientMsgID)?.[0])];
    expect(number, `${chat} ${clientMsgID}`).toBeGreaterThan(last.get(run) ?? 0);
    last.set(run, number);
  }
};

/** What one device holds, also against what others were seen to hold. */
const checkDevice = async (
  { truth }: World,
  device: RawClient,
  seen: Map<string, readonly Held[]>,
): Promise<void> => {
  const counts = truth.countsOf(device.userID);
  for (const [chat, held] of await converged(device, counts)) {
    checkChat(chat, held, counts.get(chat) ?? 0);
    expect(held.filter(({ clientMsgID }) => !truth.isIssued(chat, clientMsgID))).toEqual([]);
    expect(held).toEqual(seen.get(chat) ?? held);
    seen.set(chat, held);
  }
  expect(device.store.faults, device.userID).toEqual([]);
};

/** All devices, and a fresh one of each user, see all that was acknowledged, and the same. */
const checkAll = async (world: World): Promise<void> => {
  const { server, clients } = world;
  const seen = new Map<string, readonly Held[]>();
  for (const client of clients) {
    const { userID } = client;
    const token = await server.tokenOf(userID, ANDROID);
    const login = { wsAddr: server.wsAddr, userID, token, platformID: ANDROID, form: GOB_FORM };
    const fresh = new RawClient(login);
    endings.push(() => {
      fresh.close();
    });
    fresh.start();
    for (const device of [client, fresh]) await checkDevice(world, device, seen);
  }
  expect(server.said()).not.toMatch(/unhandled|uncaught/i);
};

/** The store is away from `begin` to `end`, for at least so long, while everybody sends. */
const goThrough = async (
  world: World,
  away: Readonly<{ begin: () => unknown; end: () => unknown; lasts: number }>,
): Promise<void> => {
  await acknowledgedMore(world, 'before');
  const token = await world.server.tokenOf(world.clients[2]?.userID ?? '', WEB);
  // This device has been here, and what there is to know of its login is at hand.
  await readTables(world, token);
  // Not always at the same moment of a commit.
  await pause(world.chance.integer(200));
  const before = failuresOf(world.sendings[0]?.attempts ?? []).length;
  const beganAt = performance.now();
  await away.begin();
  expect(await until('it says why it is not ready', () => reasonNotReady(world))).toMatch(
    /^the log takes no events: /,
  );
  await readTables(world, token);
  await untilTrue(
    'senders are told to try again, and it lasts',
    () =>
      performance.now() - beganAt >= away.lasts &&
      failuresOf(world.sendings[0]?.attempts ?? []).length > before,
    { within: WITHIN },
  );
  await away.end();
  await readyAgain(world);
  await acknowledgedMore(world, 'afterwards');
};

describe(`nothing is lost, doubled or reordered (seed ${String(seed)})`, () => {
  test.for(Array.from({ length: rounds }, (_, at) => at + 1))(
    '[STO-57] [STO-50] while the event store is killed, and while it hangs for 15 s (%i)',
    { timeout: TEST_MS },
    async () => {
      const store = await started();
      const world = await openWorld(store, store.url, 'away');
      await goThrough(world, { begin: store.kill, end: store.start, lasts: 3_000 });
      await goThrough(world, { begin: store.freeze, end: store.thaw, lasts: FROZEN_MS });
      // And so soon again that nobody may have noticed.
      await store.kill();
      await store.start();
      await readyAgain(world);
      await acknowledgedMore(world, 'after all');
      await world.stop();
      checkFailures(world, 2);
      await checkAll(world);
    },
  );

  type Trouble = (relay: StoreRelay, world: World) => Promise<void>;
  const TROUBLES: readonly Trouble[] = [
    /** Answers come after they have been given up. */
    async (relay, world) => {
      relay.delayAnswers(TOO_LATE_MS);
      await untilTrue('it is noticed', async () => !(await world.server.ready()), {
        within: WITHIN,
      });
      relay.delayAnswers(0);
    },
    /** The batch stream ends with all that waits to go out on it. */
    async (relay, world) => {
      relay.choke();
      const { total } = world.truth;
      await pause(300 + world.chance.integer(500));
      // Only what was on its way before the choke.
      expect(world.truth.total - total).toBeLessThan(MESSAGES);
      relay.cutBatches();
    },
    /** What was stored, and whose answer was lost, is called a conflict when it is repeated. */
    async (relay, world) => {
      const before = relay.conflicts();
      relay.answerConflictToRepeats(true);
      await untilTrue('the answers of some appends are lost', () => relay.lost() > 0, {
        within: WITHIN,
      });
      relay.answerConflictToRepeats(false);
      await untilTrue('repetitions are called conflicts', () => relay.conflicts() > before, {
        within: WITHIN,
        seen: () => world.server.log(),
      });
    },
  ];

  test.for(Array.from({ length: rounds }, (_, at) => at + 1))(
    '[STO-50] [STO-52] while the event store answers late, hangs up, or calls a repetition a conflict (%i)',
    { timeout: TEST_MS },
    async () => {
      const store = await started();
      const relay = await openStoreRelay(store.port);
      endings.push(relay.close);
      const world = await openWorld(store, relay.url, 'relayed');
      const order = TROUBLES.map((trouble) => ({
        trouble,
        at: world.chance.integer(1_000),
      })).toSorted((one, other) => one.at - other.at);
      for (const { trouble } of order) {
        await acknowledgedMore(world, 'before');
        await trouble(relay, world);
        await readyAgain(world);
      }
      await acknowledgedMore(world, 'afterwards');
      await world.stop();
      checkFailures(world, 0);
      await checkAll(world);
    },
  );
});
