import { expect, test } from 'vitest';
import { inbox } from '../../../core/inbox/decider.ts';
import { inboxStream, type InboxEvent } from '../../../core/inbox/events.ts';
import { configureHandler, deleteHandler } from '../../../core/inbox/handler.ts';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import type { SeenHead } from '../../../core/sequence/head.ts';
import { emptySide, foldSide, type Side } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, cat, eventId, registered } from '../../support/people.ts';

const ofOthers = 'si_bob_cat' as ConversationId;

/** In each conversation something has been said, by bob to ann or to cat, if that is wanted. */
const world = (maxSeq = 3) => {
  const log = new MemoryEventLog();
  const writers = new StreamWriters({
    log,
    decider: inbox,
    streamOf: ({ data }) => inboxStream(data.user),
    metaOf: ({ meta }) => meta,
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const noted = () =>
    log.readStream<InboxEvent>(inboxStream(ann), { from: 'start', direction: 'forwards', max: 9 });
  const headOf = (conversation: ConversationId): SeenHead => ({
    conversation,
    first: bob,
    second: conversation === ofOthers ? cat : ann,
    group: undefined,
    ...{ maxSeq, maxSeqTime: 1, maxSeqPos: 1, firstOwn: maxSeq, secondOwn: 0, createdPos: 1 },
  });
  let ids = 0;
  const deps = {
    writers,
    known: async (user: UserId, conversation: ConversationId) => {
      let side: Side = emptySide(user, conversation);
      for (const event of await noted()) {
        if (event.type !== 'MessagesHidden' && event.data.conversation === conversation) {
          side = foldSide(side, event);
        }
      }
      return { head: maxSeq === 0 ? undefined : headOf(conversation), side };
    },
    userOf: () => Promise.resolve<User>(registered),
    partIn: () => Promise.reject(new Error('there are no groups here')),
    reach: () => 'open' as const,
    newId: () => eventId((ids += 1)),
    doing: {
      followed: () => Promise.resolve(true),
      pause: () => Promise.resolve(),
      now: () => 1,
    },
  };
  const remove = deleteHandler(deps);
  const configure = configureHandler(deps);
  const own = { user: ann, conversation: annAndBob, kind: 1, peer: { user: bob } } as const;
  return {
    noted,
    remove: (...conversations: ConversationId[]) => remove({ user: ann, conversations }, by(ann)),
    configure: (settings: object) => configure({ ...own, settings, notes: {} }, by(ann)),
  };
};

test('[SYN-27] is recorded with the newest number, once, and not of what is in no list', async () => {
  const { noted, remove } = world();
  await remove(annAndBob, annAndBob, ofOthers);
  await remove(annAndBob);
  expect(await noted()).toMatchObject([
    { type: 'ConversationDeleted', data: { user: ann, conversation: annAndBob, upTo: 3 } },
  ]);
});

test('[SYN-27] goes for what was set before anything was said, and that can be set again', async () => {
  const { noted, remove, configure } = world(0);
  await remove(annAndBob);
  expect(await noted()).toEqual([]);
  await configure({ pinned: true });
  await remove(annAndBob);
  await configure({ pinned: true });
  expect(await noted()).toMatchObject([
    { type: 'ConversationConfigured' },
    { type: 'ConversationDeleted', data: { upTo: 0 } },
    { type: 'ConversationConfigured', data: { settings: { pinned: true } } },
  ]);
});

test('[SYN-27] setting anything brings the row back, though it be as it is without', async () => {
  const { noted, remove, configure } = world();
  await configure({ pinned: false });
  expect(await noted()).toEqual([]);
  await remove(annAndBob);
  await configure({ pinned: false });
  await configure({ pinned: false });
  expect(await noted()).toMatchObject([
    { type: 'ConversationDeleted' },
    { type: 'ConversationConfigured', data: { settings: {} } },
  ]);
});
