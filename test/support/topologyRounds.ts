import { EventStoreDBClient } from '@eventstore/db-client';
import { setTimeout as pause } from 'node:timers/promises';
import { RawClient } from './rawClient.ts';
import { GOB_FORM, JSON_FORM } from './rawWire.ts';
import { singleChat } from './sdkClient.ts';
import type { Chance } from './seeded.ts';
import { isRecord } from './json.ts';
import type { ServiceName, Topology } from './topology.ts';
import { until, untilTrue } from './until.ts';

const PLATFORM = 1;
const PEERS = 3;
/** How long what is cut stays so. */
export const CUT_MS = 5_000;
/** Sends go on before, during and after what is done. */
const BETWEEN_SENDS_MS = 800;
const ANSWERED_WITHIN = 120_000;
const CONVERGED_WITHIN = 90_000;

export type World = Readonly<{
  topology: Topology;
  chance: Chance;
  clients: readonly RawClient[];
  /** Of all rounds: what each chat must hold. */
  sent: Map<string, Set<string>>;
  close: () => void;
}>;

/** Users on both gateways, connected and synced. */
export const openWorld = async (
  topology: Topology,
  users: number,
  chance: Chance,
): Promise<World> => {
  const names = Array.from({ length: users }, (_, at) => `user${String(at)}`);
  await topology.asAdmin('/user/user_register', {
    users: names.map((userID) => ({ userID, nickname: userID })),
  });
  const clients: RawClient[] = [];
  for (const [at, userID] of names.entries()) {
    // Made by one process and used at once at another.
    const token = await topology.tokenOf(userID, PLATFORM, at % 2 === 0 ? 'api1' : 'api2');
    const { wsAddr } = topology.services[at % 4 < 2 ? 'gateway1' : 'gateway2'];
    const form = at % 3 === 0 ? GOB_FORM : JSON_FORM;
    const client = new RawClient({ wsAddr, userID, token, platformID: PLATFORM, form });
    client.start();
    clients.push(client);
  }
  await untilTrue('all are connected', () => clients.every(({ connected }) => connected));
  const close = (): void => {
    for (const client of clients) client.close();
  };
  return { topology, chance, clients, sent: new Map(), close };
};

export type Fault = Readonly<{ name: string; run: (topology: Topology) => Promise<void> }>;

const killed = (name: ServiceName): Fault => ({
  name: `kill -9 ${name}`,
  run: async ({ services }) => {
    await services[name].end('SIGKILL');
    await services[name].start();
  },
});

/** Everything that is done to a cluster, by name. */
export const FAULTS: readonly Fault[] = [
  killed('gateway1'),
  killed('gateway2'),
  killed('api1'),
  killed('projector'),
  killed('standby'),
  {
    name: 'kill -9 a gateway again within 5 s of its clients coming back',
    run: async ({ services }) => {
      await services.gateway1.end('SIGKILL');
      await services.gateway1.start();
      await pause(1_500);
      await services.gateway1.end('SIGKILL');
      await services.gateway1.start();
    },
  },
  {
    name: 'restart every process, one after the other',
    run: async ({ services }) => {
      for (const service of Object.values(services)) {
        await service.end('SIGTERM');
        await service.start();
      }
    },
  },
  {
    name: 'cut NATS',
    run: async ({ nats }) => {
      await nats.kill();
      await pause(CUT_MS);
      await nats.start();
    },
  },
  {
    name: 'a gateway that takes nothing from NATS',
    run: async ({ services }) => {
      services.gateway2.nats.pause();
      await pause(CUT_MS);
      services.gateway2.nats.resume();
    },
  },
  {
    name: 'cut Postgres',
    run: async ({ postgres }) => {
      await postgres.stop();
      await pause(CUT_MS);
      await postgres.start();
    },
  },
  {
    name: 'wipe the read models',
    run: async ({ postgres }) => {
      await postgres.ask('drop schema seqline cascade');
    },
  },
  {
    name: 'cut the event store',
    run: async ({ store }) => {
      await store.kill();
      await pause(CUT_MS);
      await store.start();
    },
  },
];

const acknowledgedBy = (clients: readonly RawClient[]): number =>
  clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);

const sendAll = ({ clients, chance, sent }: World, round: number, each: number) =>
  Promise.all(
    clients.map(async (client, at) => {
      for (let number = 1; number <= each; number += 1) {
        const peer = clients[(at + 1 + chance.integer(PEERS)) % clients.length];
        if (peer === undefined) throw new Error('there is a peer');
        const clientMsgID = `${String(round)}-${client.userID}-${String(number)}`;
        const chat = singleChat(client.userID, peer.userID);
        sent.set(chat, (sent.get(chat) ?? new Set()).add(clientMsgID));
        await pause(chance.integer(BETWEEN_SENDS_MS));
        await client.send(peer.userID, clientMsgID, `${String(number)} of round ${String(round)}`);
      }
    }),
  );

export type RoundResult = Readonly<{ messages: number; convergedMs: number }>;

/** Users write while something is done to the cluster; then all of it is looked at. */
export const playRound = async (
  world: World,
  fault: Fault,
  { round, each }: Readonly<{ round: number; each: number }>,
): Promise<RoundResult> => {
  const { clients, chance, topology } = world;
  const before = acknowledgedBy(clients);
  const messages = clients.length * each;
  const work = sendAll(world, round, each);
  const begun = before + 1 + chance.integer(Math.ceil(messages / 2));
  const acknowledged = (count: number): Promise<void> => {
    const reached = untilTrue(
      `${String(count)} sends are answered`,
      () => acknowledgedBy(clients) >= count,
      { within: ANSWERED_WITHIN, seen: () => ({ acknowledged: acknowledgedBy(clients) }) },
    );
    // A send that is refused for good ends the wait.
    return Promise.race([reached, work.then(() => reached)]);
  };
  await acknowledged(begun);
  await fault.run(topology);
  const ended = performance.now();
  await acknowledged(before + messages);
  await work;
  await converge(world);
  const convergedMs = performance.now() - ended;
  await check(world);
  return { messages, convergedMs };
};

const ownChats = ({ sent }: World, { userID }: RawClient): readonly string[] =>
  [...sent.keys()].filter((chat) => chat.slice('si_'.length).split('_').includes(userID));

/** All have heard of everything by themselves, and then open every chat. */
const converge = async (world: World): Promise<void> => {
  const behind = () =>
    world.clients.flatMap((client) =>
      ownChats(world, client)
        .filter((chat) => client.store.synced(chat) !== world.sent.get(chat)?.size)
        .map((chat) => [
          client.userID,
          chat,
          client.store.synced(chat),
          world.sent.get(chat)?.size,
        ]),
    );
  await until('all have heard of everything', () => (behind().length === 0 ? true : undefined), {
    within: CONVERGED_WITHIN,
    seen: () => behind().slice(0, 5),
  });
  for (const client of world.clients) {
    for (const chat of ownChats(world, client)) await client.openHistory(chat);
  }
};

/** The ids of a chat's messages as the event store itself hands them out, by a client of its own. */
const idsInLog = async (store: EventStoreDBClient, chat: string): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const { event } of store.readStream(`conversation-${chat}`)) {
    if (event === undefined) continue;
    if (Number(event.revision) !== ids.length)
      throw new Error(`${chat}: revision ${String(event.revision)} in place ${String(ids.length)}`);
    const { data } = event;
    ids.push(isRecord(data) ? String(data['clientMsgId']) : '');
  }
  return ids;
};

const wrong = (what: string): never => {
  throw new Error(what);
};

/** Nothing acknowledged is missing, nothing is there twice, and everybody holds what the log says. */
const check = async (world: World): Promise<void> => {
  const store = EventStoreDBClient.connectionString(world.topology.store.url);
  try {
    const logged = new Map<string, readonly string[]>();
    for (const [chat, ids] of world.sent) {
      const stored = await idsInLog(store, chat);
      logged.set(chat, stored);
      checkStored(chat, stored, ids);
    }
    for (const client of world.clients) checkClient(client, ownChats(world, client), logged);
  } finally {
    await store.dispose();
  }
};

const checkStored = (chat: string, stored: readonly string[], sent: ReadonlySet<string>): void => {
  if (new Set(stored).size !== stored.length) wrong(`${chat} has a message twice`);
  const missing = [...sent].find((id) => !stored.includes(id));
  if (missing !== undefined) wrong(`${chat} lacks ${missing}`);
  if (stored.length !== sent.size) wrong(`${chat} has more than was sent`);
};

const checkClient = (
  { userID, store, acknowledged }: RawClient,
  own: readonly string[],
  logged: ReadonlyMap<string, readonly string[]>,
): void => {
  for (const chat of own) {
    const held = store.view(chat);
    const seqs = held.map(({ seq }) => seq);
    if (seqs.some((seq, at) => seq !== at + 1)) wrong(`${userID} ${chat}: ${seqs.join()}`);
    const ids = held.map(({ clientMsgID }) => clientMsgID);
    if (ids.join() !== logged.get(chat)?.join()) wrong(`${userID} holds ${chat} unlike the log`);
  }
  const lost = acknowledged.find(
    ({ to, clientMsgID }) => logged.get(singleChat(userID, to))?.includes(clientMsgID) !== true,
  );
  if (lost !== undefined) wrong(`${lost.clientMsgID} of ${userID} was acknowledged and is lost`);
  const strange = store.conversations.find((id) => id.startsWith('si_') && !own.includes(id));
  if (strange !== undefined) wrong(`${userID} was shown ${strange}`);
  if (store.faults.length > 0) wrong(`${userID}: ${store.faults.slice(0, 5).join('; ')}`);
};
