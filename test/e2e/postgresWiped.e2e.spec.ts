import { afterEach, describe, expect, test } from 'vitest';
import { checked } from '../support/checked.ts';
import { heardTwice, listen, type Ear } from '../support/faultEars.ts';
import { steadyLoad, Truth } from '../support/faultLoad.ts';
import { openFaultPostgres, type FaultPostgres } from '../support/faultPostgres.ts';
import { keepVisiting, Prober } from '../support/faultProbe.ts';
import {
  dumpTables,
  positionOf,
  untilAtRest,
  untilRebuilt,
  type Dump,
} from '../support/faultTables.ts';
import { numberAt, textAt } from '../support/json.ts';
import type { RawClient } from '../support/rawClient.ts';
import type { Login } from '../support/rawSocket.ts';
import { GOB_FORM, JSON_FORM } from '../support/rawWire.ts';
import { singleChat } from '../support/sdkClient.ts';
import { chanceFrom, seedOfRun, type Chance } from '../support/seeded.ts';
import { startSeqline, type Seqline } from '../support/seqline.ts';
import { until, untilTrue } from '../support/until.ts';
import { converged, rawUser } from './rawUsers.ts';

const USERS = 8;
const NEWCOMERS = 400;
const SENDS_OF_EACH = 200;
const CHANGES_OF_EACH = 30;
const WEB = 5;
const ANDROID = 2;
const WITHIN = 60_000;
/** Messages while the tables are dropped and built. */
const MEANWHILE = 200;
/** Every login stays, however many a user has. */
const SETTINGS = { SEQLINE_MULTI_LOGIN: '0' };

const seed = seedOfRun();

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type World = Readonly<{
  server: Seqline;
  postgres: FaultPostgres;
  clients: readonly RawClient[];
  tokens: ReadonlyMap<string, string>;
  ears: readonly Ear[];
  truth: Truth;
}>;

const openWorld = async (): Promise<World> => {
  const postgres = await openFaultPostgres();
  endings.push(postgres.dispose);
  const server = await startSeqline({ ...SETTINGS, DATABASE_URL: postgres.url });
  endings.push(() => server.dispose());
  const clients: RawClient[] = [];
  const tokens = new Map<string, string>();
  const ears: Ear[] = [];
  for (let at = 0; at < USERS; at += 1) {
    const client = await rawUser(server, 'wiped', at % 2 === 0 ? JSON_FORM : GOB_FORM);
    const { userID } = client;
    clients.push(client);
    const token = await server.tokenOf(userID, WEB);
    tokens.set(userID, token);
    const login = { wsAddr: server.wsAddr, userID, token, platformID: WEB, form: JSON_FORM };
    ears.push(await listen(login));
  }
  endings.push(() => {
    for (const client of clients) client.close();
    for (const { socket } of ears) socket.terminate();
  });
  return { server, postgres, clients, tokens, ears, truth: new Truth() };
};

const call = async ({ server, tokens }: World, userID: string, path: string, body: unknown) => {
  const reply = await server.api(path, body, { token: tokens.get(userID) ?? '' });
  expect(reply.errCode, `${path}: ${JSON.stringify(reply)}`).toBe(0);
  return reply.data;
};

/** A user writes, reads, takes back, configures and renames itself, as chance has it. */
const live = async (world: World, client: RawClient, chance: Chance): Promise<void> => {
  const { userID, store } = client;
  const peers = world.clients.filter((other) => other !== client);
  for (let number = 1; number <= SENDS_OF_EACH; number += 1) {
    const peer = chance.pick(peers);
    const chat = singleChat(userID, peer.userID);
    const clientMsgID = `grown-${userID}-${String(number)}`;
    world.truth.issue(chat, clientMsgID);
    await client.send(peer.userID, clientMsgID, String(number));
    world.truth.acknowledge(chat, userID);
  }
  const taken = new Set<string>();
  for (let number = 1; number <= CHANGES_OF_EACH; number += 1) {
    const peer = chance.pick(peers);
    const conversationID = singleChat(userID, peer.userID);
    const held = store.view(conversationID);
    const own = held.findLast(({ sendID, seq }) => {
      return sendID === userID && !taken.has(`${conversationID} ${String(seq)}`);
    });
    const newest = held.at(-1)?.seq;
    const change = chance.pick(['read', 'read quietly', 'revoke', 'configure', 'rename'] as const);
    const text = `${change} ${String(number)}`;
    if (change === 'rename') {
      const userInfo = { userID, nickname: text };
      await call(world, userID, '/user/update_user_info_ex', { userInfo });
    } else if (change === 'configure') {
      const ofPeer = { conversationID, conversationType: 1, userID: peer.userID };
      const conversation = { ...ofPeer, ex: text, isPinned: number % 2 === 0 };
      const body = { userIDs: [userID], conversation };
      await call(world, userID, '/conversation/set_conversations', body);
    } else if (change === 'revoke') {
      if (own === undefined) continue;
      taken.add(`${conversationID} ${String(own.seq)}`);
      await call(world, userID, '/msg/revoke_msg', { conversationID, seq: own.seq, userID });
    } else if (newest !== undefined) {
      const route =
        change === 'read' ? 'mark_conversation_as_read' : 'set_conversation_has_read_seq';
      const body = { conversationID, userID, hasReadSeq: newest, seqs: [] };
      await call(world, userID, `/msg/${route}`, body);
    }
  }
};

const grow = async (world: World): Promise<void> => {
  const newcomers = Array.from({ length: NEWCOMERS }, (_, at) => `newcomer${String(at)}`);
  await world.server.registerUsers(...newcomers);
  await Promise.all(world.clients.map((client, at) => live(world, client, chanceFrom(seed + at))));
};

type Version = Readonly<{ userID: string; version: number; versionID: string }>;

const versionsOf = (world: World): Promise<readonly Version[]> =>
  Promise.all(
    world.clients.map(async ({ userID }) => {
      const body = { userID, versionID: '', version: 0 };
      const path = '/conversation/get_incremental_conversations';
      const data = await call(world, userID, path, body);
      return { userID, version: numberAt(data, 'version'), versionID: textAt(data, 'versionID') };
    }),
  );

/** Clients that come with the version they had are told that nothing has changed. */
const checkVersions = async (world: World, versions: readonly Version[]): Promise<void> => {
  for (const { userID, version, versionID } of versions) {
    const body = { userID, versionID, version };
    const path = '/conversation/get_incremental_conversations';
    expect(await call(world, userID, path, body), userID).toMatchObject({
      version,
      versionID,
      full: false,
      delete: [],
      insert: [],
      update: [],
    });
  }
};

/** One more message to each ear; by then whatever had been pushed a second time would have come. */
const checkEars = async (world: World, name: string): Promise<void> => {
  const { clients, ears, truth } = world;
  for (const [at, client] of clients.entries()) {
    const peer = clients[(at + 1) % clients.length];
    if (peer === undefined) throw new Error('there is nobody to write to');
    const chat = singleChat(client.userID, peer.userID);
    const clientMsgID = `${name}-${client.userID}`;
    truth.issue(chat, clientMsgID);
    await client.send(peer.userID, clientMsgID, clientMsgID);
    truth.acknowledge(chat, client.userID);
    const ear = ears.find(({ login }) => login.userID === peer.userID);
    await untilTrue(`${peer.userID} hears ${clientMsgID}`, () =>
      [...(ear?.heard.keys() ?? [])].some((key) => key.includes(clientMsgID)),
    );
  }
  expect(heardTwice(ears)).toEqual([]);
  for (const { faults, socket, login } of ears) {
    expect(faults, login.userID).toEqual([]);
    expect(socket.open, login.userID).toBe(true);
  }
};

const androidLogins = ({ server, clients }: World): Promise<readonly Login[]> =>
  Promise.all(
    clients.slice(0, 3).map(async ({ userID }) => {
      const token = await server.tokenOf(userID, ANDROID);
      return { wsAddr: server.wsAddr, userID, platformID: ANDROID, token, form: JSON_FORM };
    }),
  );

/** Of whatever version of the table. */
const rowsOf = (dump: Dump, table: string): readonly unknown[] =>
  Object.entries(dump).find(([name]) => name.startsWith(`${table}_v`))?.[1] ?? [];

const dropSchema = ({ postgres }: World) => postgres.ask('drop schema seqline cascade');

describe(`read models that are dropped are rebuilt, equal (seed ${String(seed)})`, () => {
  test('while the server runs and nothing is written; the database; and while it is stopped', async () => {
    const world = await openWorld();
    const { server, postgres } = world;
    await grow(world);
    const position = await untilAtRest(postgres);
    const grown = await dumpTables(postgres);
    for (const table of ['users', 'heads', 'sides', 'revocations', 'sends'])
      expect(rowsOf(grown, table), table).not.toEqual([]);
    const versions = await versionsOf(world);
    const rebuilt = async (how: string) => {
      await untilRebuilt(postgres, position);
      expect(await dumpTables(postgres), how).toEqual(grown);
      await untilTrue('it is ready', () => server.ready(), { within: WITHIN, seen: server.log });
      await checkVersions(world, versions);
      await checked(server);
    };

    await dropSchema(world);
    await rebuilt('the schema was dropped');

    await postgres.ask('drop database seqline with (force)', 'postgres');
    await until('it says that it is not ready', async () => !(await server.ready()) || undefined);
    await postgres.ask('create database seqline', 'postgres');
    await rebuilt('the database was dropped and created');
    expect(heardTwice(world.ears)).toEqual([]);
    await checkEars(world, 'after');

    const at = await untilAtRest(postgres);
    const last = await dumpTables(postgres);
    const lastVersions = await versionsOf(world);
    await server.stop();
    await dropSchema(world);
    expect(await positionOf(postgres)).toBeUndefined();
    await server.start();
    await untilRebuilt(postgres, at);
    expect(await dumpTables(postgres)).toEqual(last);
    await checkVersions(world, lastVersions);
    for (const client of world.clients) {
      await converged(client, world.truth.countsOf(client.userID));
      expect(client.store.faults, client.userID).toEqual([]);
    }
  });

  test('while messages flow, and no answer is wrong meanwhile', async () => {
    const world = await openWorld();
    const { server, postgres, clients, truth } = world;
    await grow(world);
    const prober = new Prober(truth);
    const load = steadyLoad(clients, truth, chanceFrom(seed), 'meanwhile');
    const visiting = keepVisiting(prober, await androidLogins(world));
    const acknowledgedMore = () => {
      const wanted = truth.total + MEANWHILE;
      return untilTrue('messages are acknowledged', () => truth.total >= wanted, {
        within: WITHIN,
        seen: () => ({ acknowledged: truth.total, wanted, log: server.log() }),
      });
    };
    await acknowledgedMore();
    const position = await positionOf(postgres);
    await dropSchema(world);
    await acknowledgedMore();
    await untilRebuilt(postgres, position ?? 0);
    await untilTrue('it is ready', () => server.ready(), { within: WITHIN, seen: server.log });
    await acknowledgedMore();
    await Promise.all([load.stop(), visiting.stop()]);
    expect(prober.faults).toEqual([]);
    await checkEars(world, 'after');
    for (const client of clients) {
      await converged(client, truth.countsOf(client.userID));
      expect(client.store.faults, client.userID).toEqual([]);
      expect(client.connects, client.userID).toBe(1);
    }

    const at = await untilAtRest(postgres);
    const grown = await dumpTables(postgres);
    await server.stop();
    await dropSchema(world);
    await server.start();
    await untilRebuilt(postgres, at);
    expect(await dumpTables(postgres)).toEqual(grown);
    await checked(server);
  });
});
