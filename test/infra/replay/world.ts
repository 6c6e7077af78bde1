import fc from 'fast-check';
import { catalogue, STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import { codecOf } from '../../../infra/eventstore/codec.ts';
import { pageOf, startOf } from '../../../infra/eventstore/allPage.ts';
import { decodingFor, textsFor } from '../../../infra/eventstore/reading.ts';
import { deriveId } from '../../../infra/ids.ts';
import { memoryKeys } from '../../../infra/keys/memory.ts';
import type { Selection } from '../../../infra/replay/selection.ts';
import type { Exportable, Replayable } from '../../../infra/replay/walk.ts';

/** An event as a test writes it: who has done what, where, and what the store's clock said then. */
export type Written = Readonly<{
  stream: string;
  type: string;
  actor: string;
  created: Millis;
  data: Readonly<Record<string, unknown>>;
}>;

export type World = Readonly<{ log: Replayable & Exportable; keys: ReturnType<typeof memoryKeys> }>;

/** A log of these events, sealed; pages are of a few events, so that there are many. */
export const worldOf = async (written: readonly Written[], pageMax = 3): Promise<World> => {
  const keys = memoryKeys();
  const codec = codecOf(catalogue);
  const revisions = new Map<string, number>();
  const stored: StoredEvent[] = [];
  for (const [index, { stream, type, actor, created, data }] of written.entries()) {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const event = {
      ...{ type, data, id: deriveId('world', String(index)) },
      meta: { actor, operationId: `op ${String(index)}` },
    };
    const sealing = await keys.sealing([...codec.subjectsOf([event])]);
    const encoded = codec.encode(stream, event, sealing);
    stored.push({ ...encoded, stream, revision, position: index + 1, created });
  }
  const log: World['log'] = {
    prefixes: STREAM_PREFIXES,
    head: () => Promise.resolve(stored.length),
    readAll: (options) => {
      const start = startOf(options, stored.length);
      const max = Math.min(options.max, pageMax);
      const page = pageOf({ ...options, max }, start, stored.length, stored.slice(start));
      return Promise.resolve(page);
    },
    decode: decodingFor(keys, undefined),
    decodeText: textsFor(keys, undefined),
  };
  return { log, keys };
};

const people = fc.constantFrom('ann', 'bob', 'eve');
const chats = fc.constantFrom('si_ann_bob', 'si_bob_eve');
// A clock that is set back now and then.
const created = fc.integer({ min: 1_000, max: 1_050 });

const registered = fc.record({ user: people, created }).map(({ user, created: at }): Written => ({
  ...{ stream: `user-${user}`, type: 'UserRegistered', actor: 'admin', created: at },
  data: { user, level: 1, globalReceive: 0, profile: { nickname: `"${user}", \n`, ex: 'é' } },
}));
const sent = fc
  .record({ from: people, to: people, chat: chats, created })
  .map(({ from, to, chat, created: at }): Written => ({
    ...{ stream: `conversation-${chat}`, type: 'MessageSent', actor: from, created: at },
    data: {
      ...{ from, to, clientMsgId: 'm', contentType: 101, createTime: at, sendTime: at },
      body: { content: 'hello, "you"\r\n' },
    },
  }));
const marked = fc
  .record({ user: people, conversation: chats, created })
  .map(({ user, conversation, created: at }): Written => ({
    ...{ stream: `inbox-${user}`, type: 'ReadMarked', actor: user, created: at },
    data: { user, conversation, upTo: 1 },
  }));
export const histories = fc.array(fc.oneof(registered, sent, marked), { maxLength: 25 });

const some = (...names: readonly string[]) =>
  fc.oneof(fc.constant([]), fc.subarray([...names], { minLength: 1 }));

export const selections: fc.Arbitrary<Selection> = fc.record({
  streams: some('user-ann', 'conversation-si_ann_bob', 'inbox-eve'),
  categories: some('user', 'conversation', 'inbox'),
  types: some('UserRegistered', 'MessageSent', 'ReadMarked'),
  actors: some('ann', 'admin'),
  conversations: some('si_ann_bob', 'si_bob_eve'),
});

/** Whether an event fits, said once more and simply. */
export const fits = (
  { stream, type, actor, data }: Written,
  { streams, categories, types, actors, conversations }: Selection,
): boolean => {
  const one = (wanted: readonly string[], is: string) => wanted.length === 0 || wanted.includes(is);
  const [category = '', ...rest] = stream.split('-');
  const about = category === 'conversation' ? rest.join('-') : data['conversation'];
  return (
    one(streams, stream) &&
    one(categories, category) &&
    one(types, type) &&
    one(actors, actor) &&
    one(conversations, String(about))
  );
};
