import { describe, expect, test } from 'vitest';
import type { GroupEvent } from '../../../core/group/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { ERASED, type Recorded } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { Reaction } from '../../../core/notice/reaction.ts';
import { groupRequest } from '../../../gateways/openim/group.ts';
import { reactionWithGroups } from '../../../gateways/openim/groupNotices.ts';
import { reactionTo } from '../../../gateways/openim/notices.ts';
import { fakeGroupLists, g1, requestView } from '../../support/fakeGroups.ts';
import { PAYLOAD_BYTES_MAX } from '../../../infra/bus/bus.ts';
import { ADMIN, versionIdOf } from '../../support/fakes.ts';
import { parseJson, textAt } from '../../support/json.ts';
import { amy, ann, bob, by, cat, eventId, mia } from '../../support/people.ts';
import { base, blank, cases, CREATED, group, info, version, zed } from './groupFacts.ts';

const reactions = reactionWithGroups(
  {
    versionIdOf,
    lists: fakeGroupLists,
    profileOf: (user) => Promise.resolve({ nickname: `${user}!`, faceUrl: `f/${user}`, ex: 'e' }),
    isAdmin: (user) => user === ADMIN,
  },
  reactionTo,
);

const recorded = (event: SeqlineEvent, actor: string): Recorded<SeqlineEvent> => ({
  ...event,
  id: eventId('fact'),
  meta: by(actor, 'call'),
  stream: 'group-g1',
  revision: 0,
  position: 77,
  created: CREATED,
});

type Said = NonNullable<Reaction['line']>;

const bodyOf = ({ data: { body } }: Said) => {
  if (!('content' in body)) throw new Error('it has a content');
  return body;
};
/** The JSON of the tips, byte for byte. */
const detailOf = (said: Said): string => textAt(parseJson(bodyOf(said).content), 'detail');
const tipsOf = (said: Said): unknown => parseJson(detailOf(said));

const told = async (event: SeqlineEvent, actor: string = ann) => {
  const reaction = reactions(recorded(event, actor));
  if (reaction === undefined) throw new Error('something follows');
  const [lines, copies] = [(await reaction.lines?.()) ?? [], (await reaction.look?.()) ?? []];
  return { order: reaction.order, lines, copies };
};

const only = <T>(all: readonly T[]): T => {
  expect(all).toHaveLength(1);
  return all[0]!;
};

const NOTICE = {
  isNotNotification: false,
  isSendMsg: false,
  history: false,
  persistent: false,
  offlinePush: false,
  unreadCount: false,
  conversationUpdate: false,
  senderSync: true,
  notPrivate: false,
  senderConversationUpdate: false,
  reactionFromCache: false,
};

describe('[GRP-80] to all members is told, byte for byte as OpenIM writes it,', () => {
  test.each(cases)('%s', async (_, event, contentType, hasLine, tips) => {
    const { order, lines, copies } = await told(event);
    expect(order).toBe('g1');
    const [notice] = copies;
    if (notice === undefined) throw new Error('it is told');
    expect(detailOf(notice)).toBe(JSON.stringify(tips));
    expect(notice).toMatchObject({
      conversation: 'n_g1',
      data: {
        contentType,
        group: 'g1',
        system: true,
        options: hasLine ? { ...NOTICE, isSendMsg: true } : NOTICE,
      },
    });
    // With a name only where OpenIM has it so.
    const isSigned = contentType === 1502 || contentType === 1519;
    expect(bodyOf(notice).nickname).toBe(isSigned ? 'ann!' : undefined);
    if (!hasLine) {
      expect(lines).toEqual([]);
      return;
    }
    const line = only(lines);
    expect(line).toMatchObject({
      conversation: 'sg_g1',
      data: { contentType, group: 'g1', system: true },
    });
    expect(line.data.from).toBe(notice.data.from);
    expect(line.data.options).toEqual({ offlinePush: false, unreadCount: true });
    expect(Object.keys(tipsOf(line) as object)).toEqual(Object.keys(tips));
  });

  test.each(cases)('%s, and nothing in it is null', async (_, event) => {
    const { lines, copies } = await told(event);
    for (const said of [...lines, ...copies]) expect(detailOf(said)).not.toContain('null');
  });
});

test('[GRP-80] [NOD-15] a notice of fifty, whatever they say of themselves, is one that the bus takes', async () => {
  const long = (length: number) => '\u0001'.repeat(length);
  const shown = { nickname: long(255), faceUrl: long(2_048), ex: long(16_384) };
  const react = reactionWithGroups(
    {
      versionIdOf,
      lists: fakeGroupLists,
      profileOf: () => Promise.resolve(shown),
      isAdmin: () => false,
    },
    reactionTo,
  );
  const users = Array.from({ length: 50 }, (_, index) => `u${String(index)}` as UserId);
  for (const event of [
    { type: 'MembersKicked', data: { ...base, users, by: zed } },
    {
      type: 'MembersAdded',
      data: { ...base, users, by: zed, inviter: zed, source: 2, historyVisible: true },
    },
  ] as const) {
    const copies = (await react(recorded(event, zed))?.look?.()) ?? [];
    const [notice] = copies;
    expect(Buffer.byteLength(JSON.stringify(notice))).toBeLessThan(PAYLOAD_BYTES_MAX);
    expect(notice && detailOf(notice)).toContain('"userID":"u49"');
  }
});

describe('[GRP-81] a line', () => {
  test('holds of its author a name, and the names of others apart, for each of them to be erased', async () => {
    const { lines } = await told({
      type: 'MembersAdded',
      data: { ...base, users: [mia, zed], by: ann, inviter: ann, source: 2, historyVisible: true },
    });
    const author = { ...blank('ann'), nickname: 'ann!', faceURL: 'f/ann' };
    expect(tipsOf(only(lines))).toMatchObject({
      group: { groupID: 'g1', groupName: '', groupType: 2 },
      opUser: author,
      invitedUserList: [blank('mia'), blank('zed')],
      inviterUser: author,
    });
    expect(only(lines).data.others).toEqual([
      { user: mia, shown: { nickname: 'mia!' } },
      { user: zed, shown: { nickname: 'zed!' } },
    ]);
  });

  test('[GRP-84] comes after the notice where somebody comes in, and before it otherwise', () => {
    const order = (event: SeqlineEvent) => reactions(recorded(event, ann))?.copiesFirst;
    const added = { users: [mia], by: ann, inviter: ann, source: 2, historyVisible: true };
    expect(order({ type: 'MembersAdded', data: { ...base, ...added } })).toBe(true);
    expect(
      order({ type: 'MembersKicked', data: { ...base, users: [zed], by: ann } }),
    ).toBeUndefined();
  });

  test.each([
    [{ announcement: { text: 'hear' } }, { notification: 'hear', groupName: '' }],
    [{ profile: { name: 'N' } }, { notification: '', groupName: 'N' }],
  ] as const)('holds of the group what is said by its author: %j', async (change, wanted) => {
    const { lines } = await told({ type: 'GroupChanged', data: { ...base, by: ann, ...change } });
    expect(tipsOf(only(lines))).toMatchObject({ group: wanted });
  });

  test('is there or not as the call has said, and then its notice is as well', async () => {
    const kick = { type: 'MembersKicked', data: { ...base, users: [zed], by: ann, line: false } };
    const { lines, copies } = await told(kick as GroupEvent);
    expect(lines).toEqual([]);
    expect(copies[0]?.data.options).toEqual(NOTICE);
  });

  test('[SEA-2] of what has been erased is told without it', async () => {
    const erased: readonly GroupEvent[] = [
      { type: 'GroupChanged', data: { ...base, by: ann, profile: ERASED } },
      { type: 'GroupChanged', data: { ...base, by: ann, announcement: ERASED } },
      { type: 'JoinRequested', data: { group: g1, user: cat, source: 3, application: ERASED } },
      {
        type: 'JoinAnswered',
        data: { group: g1, user: cat, by: ann, agrees: true, answer: ERASED },
      },
    ];
    for (const event of erased) expect((await told(event)).copies.length).toBeGreaterThan(0);
  });
});

describe('[GRP-82] who is told', () => {
  const changedOf = (user: string) => ({
    conversation: `n_${user}_${user}`,
    key: 'changed',
    data: { from: user, to: user, contentType: 1300 },
  });

  test.each([
    ['MemberLeft', { ...base, user: zed }],
    ['MembersKicked', { ...base, users: [zed], by: ann }],
  ])('%s: who goes as well, and that its conversation has changed', async (type, data) => {
    const { copies } = await told({ type, data } as GroupEvent);
    expect(copies).toMatchObject([{ also: ['zed'] }, changedOf('zed')]);
    expect(tipsOf(copies[1]!)).toEqual({ userID: 'zed', conversationIDList: ['sg_g1'] });
  });

  test('who comes in, that its conversation has changed', async () => {
    const { copies } = await told({
      type: 'MembersAdded',
      data: { ...base, users: [mia, zed], by: ann, inviter: ann, source: 2, historyVisible: true },
    });
    expect(copies.slice(1)).toMatchObject([changedOf('mia'), changedOf('zed')]);
  });

  test('fifty at a time, each time of the next version', async () => {
    const users = Array.from({ length: 120 }, (_, index) => `u${String(index)}` as UserId);
    const kick: GroupEvent = {
      type: 'MembersKicked',
      data: { ...base, version: 9, users, by: ann },
    };
    const { lines, copies } = await told(kick);
    const notices = copies.filter(({ data }) => data.contentType === 1508);
    expect(lines.map(({ key }) => key)).toEqual([undefined, '1', '2']);
    expect(notices.map(({ key }) => key)).toEqual([undefined, '1', '2']);
    expect(notices.map(({ also }) => also?.length)).toEqual([50, 50, 20]);
    expect(notices.map(tipsOf)).toMatchObject([version(7), version(8), version(9)]);
    expect(notices.flatMap(({ also }) => also ?? [])).toEqual(users);
  });

  test('of the end of a group by a line at once, and by a notice when nobody is in it any more', async () => {
    const first = await told({ type: 'GroupDismissed', data: { ...base, by: ann } });
    expect(first.copies).toEqual([]);
    expect(only(first.lines)).toMatchObject({ conversation: 'sg_g1', data: { contentType: 1511 } });
    expect(tipsOf(only(first.lines))).toMatchObject({ group: { groupID: 'g1', status: 2 } });
    const quiet = await told({ type: 'GroupDismissed', data: { ...base, by: ann, line: false } });
    expect(quiet.lines).toEqual([]);
    const { lines, copies } = await told({ type: 'GroupDisbanded', data: { group: g1 } }, ann);
    expect(lines).toEqual([]);
    const notice = only(copies);
    expect(notice).toMatchObject({ conversation: 'n_g1', data: { contentType: 1511, from: ann } });
    const tips = { group, opUser: info(ann), operationTime: 0 };
    expect(detailOf(notice)).toBe(JSON.stringify(tips));
  });

  test('an app admin from outside is shown as an admin of the group', async () => {
    const kick: GroupEvent = { type: 'MembersKicked', data: { ...base, users: [zed], by: ADMIN } };
    const { lines, copies } = await told(kick, ADMIN);
    const opUser = { userID: ADMIN, roleLevel: 60, appMangerLevel: 2, nickname: `${ADMIN}!` };
    expect(tipsOf(copies[0]!)).toMatchObject({ opUser });
    expect(tipsOf(only(lines))).toMatchObject({ opUser });
  });

  const profile = (userID: string) => ({
    userID,
    nickname: `${userID}!`,
    faceURL: `f/${userID}`,
    ex: 'e',
  });

  test('owner and admins of a request, and who has made it, each once', async () => {
    const application = { message: 'please', ex: 'x' };
    const { lines, copies } = await told(
      { type: 'JoinRequested', data: { group: g1, user: cat, source: 4, application } },
      cat,
    );
    expect(lines).toEqual([]);
    expect(copies.map(({ conversation }) => conversation)).toEqual([
      'n_ann_cat',
      'n_amy_cat',
      'n_cat_cat',
    ]);
    for (const copy of copies) {
      expect(copy).toMatchObject({
        receiverOnly: true,
        data: { from: cat, contentType: 1503, options: { ...NOTICE, offlinePush: true } },
      });
      const request = {
        ...groupRequest(requestView()),
        groupInfo: null,
        reqMsg: 'please',
        reqTime: CREATED,
        joinSource: 4,
      };
      const tips = {
        group,
        applicant: profile('cat'),
        reqMsg: 'please',
        uuid: eventId('fact'),
        request,
      };
      expect(detailOf(copy)).toBe(JSON.stringify(tips));
    }
  });

  test('of an invitation that has to be agreed to, who has invited', async () => {
    const { copies } = await told(
      {
        type: 'JoinRequested',
        data: {
          group: g1,
          user: cat,
          inviter: mia,
          source: 2,
          application: { message: '', ex: '' },
        },
      },
      mia,
    );
    expect(copies.map(({ conversation }) => conversation)).toEqual([
      'n_ann_mia',
      'n_amy_mia',
      'n_mia_mia',
    ]);
    expect(tipsOf(copies[0]!)).toMatchObject({
      applicant: { userID: 'mia' },
      request: { userInfo: { userID: 'cat' }, inviterUserID: 'mia' },
    });
  });

  test.each([
    [true, 1505, 1],
    [false, 1506, -1],
  ])('of an answer owner, admins and who has asked: %s', async (agrees, contentType, result) => {
    const { copies } = await told({
      type: 'JoinAnswered',
      data: { group: g1, user: cat, by: amy, agrees, answer: { message: 'so' } },
    });
    expect(copies.map(({ conversation }) => conversation)).toEqual([
      'n_amy_ann',
      'n_amy_amy',
      'n_amy_cat',
    ]);
    const request = {
      ...groupRequest(requestView()),
      groupInfo: null,
      handleResult: result,
      handleMsg: 'so',
      handleUserID: 'amy',
      handleTime: CREATED,
    };
    const tips = (receiverAs: number) =>
      JSON.stringify({
        group,
        opUser: info(amy),
        handleMsg: 'so',
        receiverAs,
        uuid: eventId('fact'),
        request,
      });
    expect(copies.map(detailOf)).toEqual([tips(1), tips(1), tips(0)]);
    expect(copies.map(({ data }) => data.contentType)).toEqual(Array(3).fill(contentType));
  });
});

describe('[GRP-83] that a conversation has changed', () => {
  const sent = (atUsers: readonly string[]): SeqlineEvent => ({
    type: 'MessageSent',
    data: {
      from: ann,
      group: g1,
      clientMsgId: 'c',
      contentType: 106,
      createTime: 1,
      sendTime: 1,
      atUsers,
      body: { content: '{}' },
    },
  });

  test('is told to the members that a message names, and to none else', async () => {
    const { copies } = await told(sent(['ann', 'mia', 'bob', 'no id!']));
    expect(copies).toMatchObject([{ data: { to: mia, contentType: 1300 } }]);
  });

  test.each([
    ['a message to all', sent(['AtAllTag'])],
    [
      'an announcement',
      { type: 'GroupChanged', data: { ...base, by: ann, announcement: { text: 'hear' } } },
    ],
  ] as const)('is told to all of %s, without haste', async (_, event) => {
    const { copies } = await told(event);
    const changed = copies.filter(({ data }) => data.contentType === 1300);
    expect(only(changed)).toMatchObject({
      conversation: 'n_g1',
      unhurried: true,
      data: { group: 'g1' },
    });
    expect(tipsOf(only(changed))).toEqual({ userID: '', conversationIDList: ['sg_g1'] });
  });

  test('follows from no other message', () => {
    expect(reactions(recorded(sent([]), ann))).toBeUndefined();
    const toBob = { ...sent(['bob']).data, to: bob };
    Reflect.deleteProperty(toBob, 'group');
    expect(reactions(recorded({ type: 'MessageSent', data: toBob } as never, ann))).toBeUndefined();
  });
});
