import { randomUUID } from 'node:crypto';
import { friendshipStream } from '../../core/friendship/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { AnyFact } from '../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../core/kernel/ids.ts';
import { openReadModels } from '../../infra/app/readModels/readModels.ts';
import { openStorage, type Storage } from '../../infra/app/storage/storage.ts';
import type { Config } from '../../infra/config/config.ts';
import { deriveId } from '../../infra/ids.ts';
import { createLog } from '../../infra/observe/log.ts';
import { by } from './people.ts';

const PROJECTED_WITHIN = 45_000;
const quiet = createLog('silent');

export type Written = SeqlineEvent | AnyFact;

/** Appends one event to the end of its stream, whatever it may be; `id` where it is to be a certain one. */
export const write = async (
  { log }: Storage,
  stream: string,
  event: Written,
  id: EventId = randomUUID() as EventId,
  causationId?: EventId,
  actor = 'test',
): Promise<number> => {
  const [last] = await log.readStream(stream, { from: 'end', direction: 'backwards', max: 1 });
  const meta = { ...by(actor), ...(causationId === undefined ? {} : { causationId }) };
  const added = { ...event, id, meta };
  // Exactly there: an expectation of `any` would know an id again, and not store it twice.
  const result = await log.append(stream, last?.revision ?? 'no_stream', [added]);
  if (result.kind === 'conflict') throw new Error(`${stream} was written by others`);
  return result.position;
};

export const register = (storage: Storage, user: string, nickname = user): Promise<number> =>
  write(storage, `user-${user}`, {
    type: 'UserRegistered',
    data: {
      user: user as UserId,
      level: 1,
      globalReceive: 0,
      profile: { nickname, faceUrl: '', ex: '' },
    },
  });

/** A text message, as a sender's client makes it. */
export const say = (
  storage: Storage,
  [conversation, from, to]: readonly [string, string, string],
  clientMsgId: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<number> =>
  write(
    storage,
    `conversation-${conversation}`,
    {
      type: 'MessageSent',
      data: {
        ...{ from, to, clientMsgId, contentType: 101, createTime: 1, sendTime: 1_000 },
        body: { content: '{"content":"hi"}' },
        ...more,
      },
    },
    deriveId(conversation, from, clientMsgId),
  );

type Pair = ReturnType<typeof request> | ReturnType<typeof listed>;

const streamOf = (pair: Pair): string => {
  const [one, other] = 'from' in pair ? [pair.from, pair.to] : [pair.owner, pair.friend];
  return friendshipStream(one as UserId, other as UserId);
};

const request = (from: string, to: string) => ({ from, to });
const listed = (owner: string, friend: string) => ({ owner, friend });
const application = { greeting: 'hi \0 there', ex: 'from a card' };

const FRIENDSHIPS: readonly (readonly [string, Pair & Readonly<Record<string, unknown>>])[] = [
  // Two that cross are agreed to with one answer; what was refused is asked anew and waits.
  ['FriendRequested', { ...request('ann', 'bob'), application }],
  ['FriendRequested', { ...request('bob', 'ann'), application: { greeting: '', ex: '' } }],
  ['FriendAccepted', { ...request('ann', 'bob'), answer: { message: 'gladly' } }],
  ['FriendRequested', { ...request('bob', 'eve'), application }],
  ['FriendRefused', { ...request('bob', 'eve'), answer: { message: 'no' } }],
  ['FriendRequested', { ...request('eve', 'bob'), application }],
  ['FriendRefused', request('eve', 'bob')],
  ['FriendRequested', { ...request('eve', 'bob'), application }],
  // Friends already, new ones, and those once more.
  ['FriendImported', listed('ann', 'bob')],
  ['FriendImported', listed('ann', 'dan')],
  ['FriendImported', listed('ann', 'dan')],
  ['FriendImported', listed('eve', 'ann')],
  ['FriendConfigured', { ...listed('ann', 'bob'), pinned: true }],
  ['FriendConfigured', { ...listed('ann', 'bob'), notes: { remark: 'Bobby \ud800', ex: 'x' } }],
  ['FriendConfigured', { ...listed('ann', 'bob'), notes: { remark: 'Bobby' } }],
  ['FriendConfigured', { ...listed('bob', 'ann'), pinned: false, notes: { ex: 'y' } }],
  // Two go for good, of one list alone; another comes back to where it is still listed.
  ['FriendDeleted', listed('dan', 'ann')],
  ['FriendDeleted', listed('eve', 'ann')],
  ['FriendDeleted', listed('bob', 'ann')],
  ['FriendRequested', { ...request('bob', 'ann'), application }],
  ['FriendAccepted', request('bob', 'ann')],
  // Nobody asked, and nobody is there to be configured: a log may have been made elsewhere.
  ['FriendAccepted', request('ann', 'cat')],
  ['FriendConfigured', { ...listed('cat', 'dan'), pinned: true }],
];

const BLOCKS: readonly (readonly [string, string, object])[] = [
  ['UserBlocked', 'bob', { notes: { ex: 'rude' } }],
  ['UserBlocked', 'eve', {}],
  ['UserBlocked', 'dan', {}],
  ['UserUnblocked', 'eve', {}],
  ['UserUnblocked', 'dan', {}],
  ['UserBlocked', 'eve', { notes: { ex: 'again' } }],
];

/** Friends, requests and blocks of all kinds: those that last, and those that come and go. */
export const befriend = async (storage: Storage): Promise<void> => {
  for (const [type, data] of FRIENDSHIPS) {
    await write(storage, streamOf(data), { type, data });
  }
  for (const [type, blocked, more] of BLOCKS) {
    await write(storage, 'block-ann', { type, data: { owner: 'ann', blocked, ...more } });
  }
};

/** Favourites and settings of clients: those that last, those that change, and those that go. */
export const keep = async (storage: Storage): Promise<void> => {
  const name = (uuid: string) => ({ user: 'ann', kind: 1, uuid });
  const content = { value: 'v \0', ex: 'x' };
  for (const [type, data] of [
    ['FavouriteAdded', { ...name('stays \ud800'), content }],
    ['FavouriteAdded', { ...name('changes'), content }],
    ['FavouriteAdded', { ...name('goes'), content }],
    ['FavouriteChanged', { ...name('changes'), content: { ex: 'y' } }],
    ['FavouriteRemoved', name('goes')],
    ['FavouriteChanged', { ...name('never was'), content: { ex: 'y' } }],
  ] as const) {
    await write(storage, 'favourite-ann', { type, data });
  }
  const ofAnn = { user: 'ann', keys: ['a', 'b', 'c \0'], values: ['1', '2', '3 \ud800'] };
  const ofAll = { keys: ['a', 'z'], values: ['9', '8'] };
  for (const [stream, type, data] of [
    ['ann', 'ClientConfigured', ofAnn],
    ['ann', 'ClientConfigured', { user: 'ann', keys: ['a'], values: ['4'] }],
    ['ann', 'ClientConfigRemoved', { user: 'ann', keys: ['b', 'never'] }],
    ['+all', 'ClientDefaultsConfigured', ofAll],
    ['+all', 'ClientDefaultsRemoved', { keys: ['z'] }],
  ] as const) {
    await write(storage, `clientConfig-${stream}`, { type, data });
  }
};

/** Opens a data folder's log as the server does, does something with it, and closes it. */
export const withLog = async <T>(config: Config, work: (storage: Storage) => Promise<T>) => {
  const storage = await openStorage(config, quiet);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
};

/** Has the projector bring the tables up to the end of the log. */
export const project = async (config: Config, storage: Storage): Promise<void> => {
  const stopped: string[] = [];
  const models = await openReadModels({
    config,
    events: storage.log,
    log: quiet,
    listeners: [],
    onStopped: (reason) => stopped.push(reason),
  });
  try {
    const head = await storage.log.head();
    const isThere = await models.runner.reached(head, PROJECTED_WITHIN);
    const isCounted = await models.analytics?.reached(head, PROJECTED_WITHIN);
    if (!isThere || isCounted === false)
      throw new Error(`the tables do not reach ${String(head)}: ${stopped.join()}`);
  } finally {
    await models.close();
  }
};
