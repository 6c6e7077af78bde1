import { describe, expect, test } from 'vitest';
import type { FriendshipEvent } from '../../../core/friendship/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { ERASED, type Recorded } from '../../../core/kernel/fact.ts';
import type { Reaction } from '../../../core/notice/reaction.ts';
import { reactionWithFriends } from '../../../gateways/openim/friendNotices.ts';
import type { FriendRequestView } from '../../../gateways/ports.ts';
import { versionIdOf } from '../../support/fakes.ts';
import { isRecord, parseJson, textAt } from '../../support/json.ts';
import { ann, bob, by, cat, eventId } from '../../support/people.ts';

const CREATED = 1_700_000_000_500;
const profileOf = (user: typeof ann) => ({
  user,
  nickname: `${user}!`,
  faceUrl: `https://faces/${user}`,
  ex: '',
  changedPos: 1,
});

/** What the lists show: a request of a minute ago, that somebody has answered since. */
const view: FriendRequestView = {
  from: ann,
  to: bob,
  result: 1,
  greeting: 'of a minute ago',
  ex: 'e',
  createdAt: 1_700_000_000_000,
  createdPos: 2,
  handler: 'somebody',
  answer: 'something',
  handledAt: 7,
  asker: profileOf(ann),
  asked: profileOf(bob),
};

const reactions = (found: readonly FriendRequestView[] = [view]) =>
  reactionWithFriends({
    versionIdOf,
    lists: {
      requestsBetween: () => Promise.resolve(found),
      listing: () => Promise.resolve([ann, cat]),
    },
  });

const recorded = (event: SeqlineEvent): Recorded<SeqlineEvent> => ({
  ...event,
  id: eventId('fact'),
  meta: by(bob, 'call'),
  stream: 'friendship-ann+bob',
  revision: 0,
  position: 77,
  created: CREATED,
});

type Said = NonNullable<Reaction['line']>;

const tipsOf = ({ data: { body } }: Said): unknown => {
  if (!('content' in body)) throw new Error('it has a content');
  return parseJson(textAt(parseJson(body.content), 'detail'));
};

/** Everything that is told of a fact, in a form to be compared. */
const told = async (event: SeqlineEvent, found?: readonly FriendRequestView[]) => {
  const reaction = reactions(found)(recorded(event));
  if (reaction === undefined) throw new Error('something follows');
  const copies = [...(reaction.copies ?? []), ...((await reaction.look?.()) ?? [])];
  const plain = (said: Said) => {
    const { from, contentType, options = {} } = said.data;
    const to = 'to' in said.data ? said.data.to : undefined;
    const wakes = options['offlinePush'] === true;
    const elsewhere = said.elsewhere === true ? { elsewhere: true } : {};
    return {
      in: said.conversation,
      from,
      to,
      contentType,
      wakes,
      ...elsewhere,
      tips: tipsOf(said),
    };
  };
  return { line: reaction.line, copies: copies.map(plain) };
};

const fromTo = { fromUserID: 'ann', toUserID: 'bob' };
const names = {
  ...fromTo,
  fromNickname: 'ann!',
  fromFaceURL: 'https://faces/ann',
  toNickname: 'bob!',
  toFaceURL: 'https://faces/bob',
};
const annsVersion = { friendVersion: 77, friendVersionID: versionIdOf('friends', ann) };
const inPair = { in: 'n_ann_bob' };
const inAnn = { in: 'n_ann_ann', from: ann, to: ann, wakes: false };

describe('[FRD-30] what is told of friends', () => {
  test('a request: to who is asked, with the words it was made with', async () => {
    const application = { greeting: 'hi', ex: 'x' };
    const { line, copies } = await told({
      type: 'FriendRequested',
      data: { from: ann, to: bob, application },
    });
    expect(line).toBeUndefined();
    const request = {
      ...names,
      handleResult: 0,
      reqMsg: 'hi',
      createTime: CREATED,
      handlerUserID: '',
      handleMsg: '',
      handleTime: 0,
      ex: 'x',
    };
    const tips = { fromToUserID: fromTo, request };
    expect(copies).toEqual([
      { ...inPair, from: ann, to: bob, contentType: 1203, wakes: true, tips },
    ]);
  });

  test('a refusal: to who has asked', async () => {
    const { line, copies } = await told({
      type: 'FriendRefused',
      data: { from: ann, to: bob, answer: { message: 'no' } },
    });
    expect(line).toBeUndefined();
    const settled = { handleResult: -1, handleMsg: 'no', handlerUserID: '', handleTime: CREATED };
    expect(copies).toMatchObject([
      {
        ...inPair,
        from: bob,
        to: ann,
        contentType: 1202,
        wakes: true,
        tips: {
          fromToUserID: fromTo,
          handleMsg: 'no',
          request: { ...names, ...settled, reqMsg: 'of a minute ago' },
        },
      },
    ]);
  });

  test('an approval: to who has asked, with a line in the chat that holds no words of the other', async () => {
    const { line, copies } = await told({
      type: 'FriendAccepted',
      data: { from: ann, to: bob, answer: { message: 'yes' } },
    });
    const tips = { fromToUserID: fromTo, handleMsg: 'yes', ...annsVersion };
    expect(line).toMatchObject({
      conversation: 'si_ann_bob',
      data: { from: bob, to: ann, contentType: 1201, options: { unreadCount: true } },
    });
    expect(line && tipsOf(line)).toEqual({ ...tips, request: null });
    const settled = { handleResult: 1, handlerUserID: 'bob', handleTime: CREATED };
    expect(copies).toMatchObject([
      {
        ...inPair,
        from: bob,
        to: ann,
        contentType: 1201,
        wakes: false,
        tips: { ...tips, request: { ...names, ...settled, handleMsg: 'yes' } },
      },
    ]);
  });

  test('an import: as if the friend had agreed, without a request', async () => {
    const { line, copies } = await told({
      type: 'FriendImported',
      data: { owner: ann, friend: bob },
    });
    expect(line?.conversation).toBe('si_ann_bob');
    const tips = { fromToUserID: fromTo, handleMsg: '', ...annsVersion, request: null };
    expect(copies).toMatchObject([{ from: bob, to: ann, contentType: 1201, tips }]);
  });

  test('a deletion: on the devices of both', async () => {
    const { copies } = await told({ type: 'FriendDeleted', data: { owner: ann, friend: bob } });
    const tips = { fromToUserID: fromTo, ...annsVersion };
    expect(copies).toEqual([
      { ...inPair, from: ann, to: bob, contentType: 1205, wakes: false, tips },
    ]);
  });

  test('a remark, a pin, a text: to the owner alone', async () => {
    const pair = { owner: ann, friend: bob };
    const one = await told({ type: 'FriendConfigured', data: { ...pair, notes: { remark: 'B' } } });
    const set = { fromToUserID: fromTo, ...annsVersion, friendSortVersion: 0 };
    expect(one.copies).toEqual([{ ...inAnn, contentType: 1206, tips: set }]);
    const several = await told({
      type: 'FriendConfigured',
      data: { ...pair, pinned: true, notes: { remark: 'B' } },
    });
    const tips = {
      fromToUserID: { fromUserID: '', toUserID: 'ann' },
      friendIDs: ['bob'],
      ...annsVersion,
    };
    expect(several.copies).toEqual([{ ...inAnn, contentType: 1210, tips }]);
  });

  test.each([
    ['UserBlocked', 1207],
    ['UserUnblocked', 1208],
  ] as const)(
    '[FRD-33] %s: to the owner’s other devices, never to the other',
    async (type, contentType) => {
      const { copies } = await told({ type, data: { owner: ann, blocked: bob } });
      const tips = { fromToUserID: fromTo };
      expect(copies).toEqual([{ ...inAnn, contentType, elsewhere: true, tips }]);
    },
  );

  test('a changed profile: to oneself, and to whoever has one in its list', async () => {
    const profile = { nickname: 'Bob' };
    const { copies } = await told({ type: 'UserChanged', data: { user: bob, profile } });
    const tips = { userID: 'bob' };
    expect(copies.map(({ to, contentType }) => [to, contentType])).toEqual([
      [bob, 1303],
      [ann, 1209],
      [cat, 1209],
    ]);
    expect(copies.map((copy) => copy.tips)).toEqual([tips, tips, tips]);
    const quiet = await told({ type: 'UserChanged', data: { user: bob, globalReceive: 2 } });
    expect(quiet.copies.map(({ contentType }) => contentType)).toEqual([1303]);
  });
});

const erasedFacts: readonly FriendshipEvent[] = [
  { type: 'FriendRequested', data: { from: ann, to: bob, application: ERASED } },
  { type: 'FriendRefused', data: { from: ann, to: bob, answer: ERASED } },
  { type: 'FriendAccepted', data: { from: ann, to: bob, answer: ERASED } },
  { type: 'FriendConfigured', data: { owner: ann, friend: bob, notes: ERASED } },
];

test.each(erasedFacts)('[SEA-2] $type is told without what has been erased', async (fact) => {
  const { copies } = await told(fact, []);
  expect(copies).toHaveLength(1);
  const [{ tips } = { tips: undefined }] = copies;
  if (!isRecord(tips)) throw new Error('there are tips');
  // Go core's loop of notices ends at a request that is null.
  if (fact.type !== 'FriendConfigured') expect(tips['request']).toMatchObject(fromTo);
});
