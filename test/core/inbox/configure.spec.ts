import { expect, test } from 'vitest';
import { notificationAccount } from '../../../core/conversation/ids.ts';
import { inbox } from '../../../core/inbox/decider.ts';
import { inboxStream } from '../../../core/inbox/events.ts';
import { configureHandler, type Configure } from '../../../core/inbox/handler.ts';
import type { ConversationId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, bob, by, cat, eventId } from '../../support/people.ts';

const NOTHING = 1;
/** Ann is in the one, and not in the other. */
const team = 'team' as GroupId;
const other = 'other' as GroupId;

const dan = 'dan' as UserId;
const eve = 'eve' as UserId;

/** Bob takes messages, cat none, dan has blocked ann, eve takes those of friends; nobody else is registered. */
const userOf = (user: UserId): Promise<User> =>
  Promise.resolve(
    [bob, cat, dan, eve].includes(user)
      ? {
          status: 'registered',
          registration: eventId(user),
          level: 1,
          globalReceive: user === cat ? NOTHING : 0,
          profile: { nickname: '', faceUrl: '', ex: '' },
        }
      : { status: 'unknown' },
  );

type Known = Awaited<ReturnType<Parameters<typeof configureHandler>[0]['known']>>;

const configure = async (wish: Partial<Configure>, known?: Known, recorded = 1) => {
  const log = new MemoryEventLog();
  const writers = new StreamWriters({
    log,
    decider: inbox,
    streamOf: ({ data }) => inboxStream(data.user),
    metaOf: ({ meta }) => meta,
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const handle = configureHandler({
    writers,
    known: (user, conversation) =>
      Promise.resolve(known ?? { head: undefined, side: emptySide(user, conversation) }),
    userOf,
    partIn: (group) =>
      Promise.resolve(group === team ? 'part' : group === other ? 'none' : 'no-group'),
    reach: (_, to) => (to === dan ? 'blocked' : to === eve ? 'stranger' : 'open'),
    newId: () => eventId(1),
    doing: {
      followed: () => Promise.resolve(true),
      pause: () => Promise.resolve(),
      now: () => 1,
    },
  });
  const own: Configure = {
    user: ann,
    conversation: annAndBob,
    kind: 1,
    peer: { user: bob },
    settings: { pinned: true },
    notes: {},
  };
  const result = await handle({ ...own, ...wish }, by('ann'));
  const { events } = await log.readAll({ after: 0, max: 10 });
  expect(events).toHaveLength(result.kind === 'refused' ? 0 : recorded);
  return result.kind === 'refused' ? result.reason : result.kind;
};

const id = (text: string) => text as ConversationId;
const withDan = { conversation: id('si_ann_dan'), peer: { user: dan } };
const stranger = { user: 'zed' as UserId };

test.each<[string, Partial<Configure>]>([
  ['done', {}],
  ['done', { settings: { privateChat: true } }],
  ['done', { kind: 4, conversation: notificationAccount(bob, ann) }],
  ['done', { conversation: id('si_ann_cat'), peer: { user: cat } }],
  ['conversation/not-party', { conversation: id('si_bob_cat') }],
  ['conversation/not-party', { conversation: id('si_ann_b ob') }],
  ['conversation/not-party', { peer: { user: cat } }],
  ['conversation/not-party', { kind: 3 }],
  ['conversation/not-party', { peer: { group: 'bob' as GroupId } }],
  ['group/unknown', { kind: 3, conversation: id('sg_g'), peer: { group: 'g' as GroupId } }],
  ['user/unknown', { conversation: id('si_ann_zed'), peer: stranger }],
  [
    'message/not-received',
    { conversation: id('si_ann_cat'), peer: { user: cat }, settings: { privateChat: true } },
  ],
  ['done', { conversation: id('si_ann_dan'), peer: { user: dan } }],
  ['message/blocked', { ...withDan, settings: { privateChat: true } }],
  ['message/blocked', { ...withDan, settings: { privateChat: false, pinned: true } }],
  ['done', { ...withDan, settings: { privateChat: true }, privileged: true }],
  [
    'message/not-friends',
    { conversation: id('si_ann_eve'), peer: { user: eve }, settings: { privateChat: true } },
  ],
])(
  '[MSG-15] [BLK-3] [BLK-4] settings are for the conversation with a peer that is there: %s, %o',
  async (outcome, wish) => {
    expect(await configure(wish)).toBe(outcome);
  },
);

test.each<[string, GroupId]>([
  ['done', team],
  ['conversation/not-party', other],
  ['group/unknown', 'none' as GroupId],
])(
  "[GRP-34] settings for a group's chat are for who is or was in it: %s",
  async (outcome, group) => {
    const wish = { kind: 3, conversation: id(`sg_${group}`), peer: { group } } as const;
    expect(await configure(wish)).toBe(outcome);
  },
);

test.each([
  ['is recorded, though nothing was ever set', 0, 1],
  ['is recorded again once something has been said since', 4, 1],
  ['again changes nothing', 6, 0],
])('[SYN-22] putting aside what a member is pointed to %s', async (_, atSetPos, recorded) => {
  const conversation = id('sg_team');
  const head = {
    ...{ conversation, first: bob, second: undefined, group: team, createdPos: 1 },
    ...{ maxSeq: 3, maxSeqTime: 1, maxSeqPos: 5, firstOwn: 3, secondOwn: 0 },
  };
  const side = { ...emptySide(ann, conversation), configuredPos: atSetPos, atSetPos };
  const wish = { kind: 3, conversation, peer: { group: team } } as const;
  const put = { ...wish, settings: { groupAtType: 0 } };
  expect(await configure(put, { head, side }, recorded)).toBe('done');
});
