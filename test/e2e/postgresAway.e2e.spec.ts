import { afterEach, describe, expect, test } from 'vitest';
import { checked } from '../support/checked.ts';
import { performWrite, writesBetween, type Write, type Written } from '../support/faultCalls.ts';
import { steadyLoad, Truth } from '../support/faultLoad.ts';
import { embeddedPostgresOf, openFaultPostgres } from '../support/faultPostgres.ts';
import { keepVisiting, Prober } from '../support/faultProbe.ts';
import { parseJson, textAt } from '../support/json.ts';
import { RawClient } from '../support/rawClient.ts';
import type { Login } from '../support/rawSocket.ts';
import { GOB_FORM, JSON_FORM } from '../support/rawWire.ts';
import { singleChat } from '../support/sdkClient.ts';
import { chanceFrom, seedOfRun } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until, untilTrue } from '../support/until.ts';
import { converged, rawUser } from './rawUsers.ts';

const USERS = 20;
/** Devices that come and go all the time, and those that log in while Postgres is away. */
const VISITORS = 4;
const LATE = 3;
const ANDROID = 2;
const WEB = 5;
/** Messages before, during and after an outage. */
const MESSAGES = 200;
const HANGS_MS = 10_000;
const GONE_MS = 8_000;
/** A request is held for 8 s, and this machine has other work; Go core waits 10. */
const HELD_MS_MAX = 9_800;
const WITHIN = 60_000;
/** Every login stays, however many a user has. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };

const seed = seedOfRun();
/** One outage takes about half a minute. */
const rounds = Math.max(1, Math.floor(Number(process.env['SEQLINE_TEST_SECONDS'] ?? 0) / 30));

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type World = Readonly<{
  server: Seqline;
  clients: readonly RawClient[];
  truth: Truth;
  prober: Prober;
}>;

const openWorld = async (settings: Readonly<Record<string, string>>): Promise<World> => {
  const server = await startSeqline({ ...SETTINGS, ...settings });
  endings.push(() => server.dispose());
  const clients: RawClient[] = [];
  for (let at = 0; at < USERS; at += 1)
    clients.push(await rawUser(server, 'away', at % 2 === 0 ? JSON_FORM : GOB_FORM));
  endings.push(() => {
    for (const client of clients) client.close();
  });
  const truth = new Truth();
  return { server, clients, truth, prober: new Prober(truth) };
};

const logins = (
  { server, clients }: World,
  count: number,
  platformID: number,
): Promise<readonly Login[]> =>
  Promise.all(
    clients.slice(0, count).map(async ({ userID }) => {
      const token = await server.tokenOf(userID, platformID);
      return { wsAddr: server.wsAddr, userID, platformID, token, form: JSON_FORM };
    }),
  );

const acknowledgedMore = ({ truth, server }: World, what: string): Promise<void> => {
  const wanted = truth.total + MESSAGES;
  return untilTrue(`messages are acknowledged ${what}`, () => truth.total >= wanted, {
    within: WITHIN,
    seen: () => ({ acknowledged: truth.total, wanted, log: server.log() }),
  });
};

/** Everybody who is connected hears of all that has been acknowledged by now. */
const delivered = async ({ clients, truth }: World, what: string): Promise<void> => {
  const wanted = clients.map((client) => ({
    client,
    chats: truth.chatsOf(client.userID).map((chat) => [chat, truth.acknowledged(chat)] as const),
  }));
  for (const { client, chats } of wanted)
    await untilTrue(
      `${client.userID} has heard of everything ${what}`,
      () => chats.every(([chat, count]) => (client.store.synced(chat) ?? 0) >= count),
      { within: WITHIN, seen: () => client.store.faults },
    );
};

const reasonNotReady = async ({ server }: World): Promise<string | undefined> => {
  const answer = await fetch(`${server.apiAddr}/readyz`);
  const body = parseJson(await answer.text());
  return answer.status === 503 ? textAt(body, 'reason') : undefined;
};

const openWrites = async ({ server, clients }: World, text: string) => {
  const [ann, bob] = clients;
  if (ann === undefined || bob === undefined) throw new Error('there are too few users');
  // Whom the load has each write to is chance: in its first messages ann may not have been one.
  const writer = await until('bob has written to ann', () => {
    const held = bob.store.view(singleChat(ann.userID, bob.userID));
    const own = held.findLast(({ sendID }) => sendID === bob.userID);
    const newest = held.at(-1);
    if (own === undefined || newest === undefined) return undefined;
    return { userID: bob.userID, ownSeq: own.seq, newestSeq: newest.seq };
  });
  const writes = writesBetween(server, ann.userID, writer, text);
  const tokens = await Promise.all(writes.map(({ userID }) => server.tokenOf(userID, WEB)));
  return {
    writes,
    perform: () =>
      Promise.all(writes.map((one, at) => performWrite(server, one, tokens[at] ?? ''))),
  };
};

/** What each was answered is how it is. */
const checkWrites = async (
  writes: readonly Write[],
  outcomes: readonly Written[],
): Promise<void> => {
  for (const [at, { path, isDone }] of writes.entries()) {
    const outcome = outcomes[at];
    expect(['shown', 'not yet shown', 'try again'], path).toContainEqual(outcome);
    expect(await isDone(), `${path}: ${JSON.stringify(outcome)}`).toBe(outcome !== 'try again');
  }
};

type Outage = Readonly<{
  name: string;
  lasts: number;
  begin: () => Promise<void>;
  end: () => Promise<void>;
}>;

const comeLate = (newLogins: readonly Login[]): readonly RawClient[] => {
  const late = newLogins.map((login) => new RawClient(login));
  for (const client of late) client.start();
  endings.push(() => {
    for (const client of late) client.close();
  });
  return late;
};

const goThrough = async (world: World, outage: Outage): Promise<void> => {
  const { server, clients, truth, prober } = world;
  const visitors = await logins(world, VISITORS, WEB);
  const newLogins = await logins(world, LATE, ANDROID);
  const load = steadyLoad(clients, truth, chanceFrom(seed), outage.name);
  const visiting = keepVisiting(prober, visitors);
  await acknowledgedMore(world, 'before');
  await delivered(world, 'before');
  const { writes, perform } = await openWrites(world, `written with ${outage.name}`);
  const connects = clients.map((client) => client.connects);
  const pid = server.pid();

  const beganAt = performance.now();
  await outage.begin();
  const writing = perform();
  // If the test ends before they are looked at, its own fault is the one to show.
  writing.catch(() => undefined);
  const late = comeLate(newLogins);
  const newcomer = `newcomer${outage.name}`;
  await server.registerUsers(newcomer);
  if (outage.lasts > 0) {
    const reason = await until('it says that it is not ready', () => reasonNotReady(world));
    expect(reason).toMatch(/^(Postgres does not answer|the projector is retrying)$/);
  }
  await acknowledgedMore(world, 'meanwhile');
  await delivered(world, 'meanwhile');
  const closed = () => visiting.visits.filter(({ outcome }) => outcome !== 'answered');
  await untilTrue(
    'visits are held and closed, or not let in',
    () =>
      performance.now() - beganAt >= outage.lasts && (outage.lasts === 0 || closed().length > 0),
    { within: WITHIN, seen: () => ({ visits: visiting.visits.length, faults: prober.faults }) },
  );
  expect(clients.map((client) => client.connects)).toEqual(connects);
  await outage.end();

  await untilTrue('it is ready', () => server.ready(), { within: WITHIN, seen: server.log });
  await acknowledgedMore(world, 'afterwards');
  await Promise.all([load.stop(), visiting.stop()]);
  expect(await server.tokenOf(newcomer, WEB)).not.toBe('');
  await checkWrites(writes, await writing);
  for (const client of [...clients, ...late]) {
    await converged(client, truth.countsOf(client.userID));
    expect(client.store.faults, client.userID).toEqual([]);
  }
  for (const visitor of visitors) expect((await prober.visit(visitor)).outcome).toBe('answered');
  expect(prober.faults).toEqual([]);
  expect(closed().filter(({ heldFor }) => heldFor > HELD_MS_MAX)).toEqual([]);
  expect(server.pid()).toBe(pid);
  expect(server.log()).not.toMatch(/unhandled|uncaught/i);
};

describe(`messages flow, and nothing wrong is answered (seed ${String(seed)})`, () => {
  test.for(Array.from({ length: rounds }, (_, at) => at + 1))(
    'while Postgres hangs, and while it is gone (%i)',
    async () => {
      const postgres = await openFaultPostgres();
      endings.push(postgres.dispose);
      const world = await openWorld({ DATABASE_URL: postgres.url });
      const hangs = { begin: postgres.freeze, end: postgres.thaw };
      await goThrough(world, { name: 'hanging', lasts: HANGS_MS, ...hangs });
      const gone = { begin: postgres.stop, end: postgres.start };
      await goThrough(world, { name: 'gone', lasts: GONE_MS, ...gone });
      await checked(world.server);
    },
  );

  test('while the embedded Postgres is killed and starts again by itself', async () => {
    const world = await openWorld({});
    const begin = async () => {
      process.kill(await embeddedPostgresOf(world.server.pid()), 'SIGKILL');
    };
    await goThrough(world, { name: 'killed', lasts: 0, begin, end: () => Promise.resolve() });
    await checked(world.server);
  });
});
