import { describe, expect, test } from 'vitest';
import type { EventType, SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import { ERASED, type Meta, type Recorded } from '../../../core/kernel/fact.ts';
import type { GroupId, TokenId } from '../../../core/kernel/ids.ts';
import { login, type LoginCommand } from '../../../core/login/decider.ts';
import type { LoginEvent, Token } from '../../../core/login/events.ts';
import { afterOf } from '../../../gateways/openim/afterCallbacks.ts';
import { ann, bob, by, cat, eventId } from '../../support/people.ts';

const g1 = 'g1' as GroupId;

type DataOf<Type extends EventType> = Extract<SeqlineEvent, { type: Type }>['data'];

const recorded = <Type extends EventType>(
  type: Type,
  data: DataOf<Type>,
  {
    stream = 'x',
    revision = 7,
    ...meta
  }: Partial<Meta> & { stream?: string; revision?: number } = {},
) =>
  ({
    type,
    data,
    id: eventId(1),
    meta: { ...by('ann'), ...meta },
    stream,
    revision,
    position: 9,
    created: 1_700_000_000_000,
  }) as unknown as Recorded<SeqlineEvent>;

const told = (event: Recorded<SeqlineEvent>) =>
  afterOf(event).map(({ name, order, body }) => [name, order, body]);
const names = (event: Recorded<SeqlineEvent>) => afterOf(event).map(({ name }) => name);

test.each([
  ['info', 'afterUpdateUserInfo', 'afterSetGroupInfo'],
  ['infoEx', 'afterUpdateUserInfoEx', 'afterSetGroupInfoEx'],
] as const)('[HOK-40] a change by the call %s is told as that call', (call, user, group) => {
  const profile = { nickname: 'An' };
  expect(names(recorded('UserChanged', { user: ann, profile }, { call }))).toEqual([user]);
  expect(names(recorded('UserChanged', { user: ann, level: 2 }, { call }))).toEqual([user]);
  const change = { group: g1, by: ann, version: 2, profile: { name: 'G' } };
  expect(names(recorded('GroupChanged', change, { call }))).toEqual([group]);
});

test('[HOK-40] a change by neither is told as both, and what a user lets in as none', () => {
  const both = ['afterUpdateUserInfo', 'afterUpdateUserInfoEx'];
  expect(names(recorded('UserChanged', { user: ann, profile: { ex: 'x' } }))).toEqual(both);
  expect(names(recorded('UserChanged', { user: ann, globalReceive: 1 }))).toEqual([]);
});

describe('[HOK-42] a login that is ended', () => {
  const token = (id: string, platform: number, connected: boolean): Token => ({
    id: id as TokenId,
    platform,
    issuedAt: 1,
    expiresAt: 2,
    state: 'kicked',
    connected,
  });
  const tokens = [
    token('a', 5, true),
    token('b', 5, true),
    token('c', 2, true),
    token('d', 1, false),
  ];
  const kick = (platformID: number, platform: string) => [
    'afterUserKickOff',
    'user-ann',
    { platformID, platform, userID: 'ann', seq: 1_700_000_000_000 },
  ];

  test('by another login is told for each platform that had a connection', () => {
    const kicks = ['a', 'b', 'c', 'd'] as TokenId[];
    const data = { user: ann, token: 'e' as TokenId, platform: 5, kicks, tokens };
    expect(told(recorded('LoginActivated', data))).toEqual([kick(5, 'Web'), kick(2, 'Android')]);
  });

  test('by an app admin is told, and where nothing was ended nothing is', () => {
    const data = { user: ann, platform: 2, tokens };
    expect(told(recorded('LogoutForced', { ...data, kicks: ['c' as TokenId] }))).toEqual([
      kick(2, 'Android'),
    ]);
    expect(told(recorded('LogoutForced', { ...data, kicks: [] }))).toEqual([]);
  });

  type Wish = Readonly<{
    [Key in LoginCommand['type']]: Extract<LoginCommand, { type: Key }>['data'];
  }>;

  /** What the logins of one user come to, event by event. */
  const eventsOf = (commands: readonly Partial<Wish>[]): readonly LoginEvent[] => {
    const events: LoginEvent[] = [];
    let state = login.initialState;
    for (const [index, wish] of commands.entries()) {
      const [[type, data] = []] = Object.entries(wish);
      const call = { id: eventId(index), at: 1, meta: by(ann) };
      // Each of these has the data of its type; put together, the compiler cannot see it.
      const outcome = login.decide({ type, data, ...call } as unknown as LoginCommand, state);
      if (outcome.kind === 'refused') throw new Error('no command of logins is refused');
      for (const event of outcome.events) {
        state = login.evolve(state, { ...event, revision: events.length });
        events.push(event);
      }
    }
    return events;
  };
  const issue = (id: string): Partial<Wish> => ({
    IssueToken: { user: ann, token: id as TokenId, platform: 5, expiresAt: 99, policy: 1 },
  });
  const connect = (id: string): Partial<Wish> => ({
    ActivateLogin: { user: ann, token: id as TokenId },
  });
  const logOut = (platform: number): Partial<Wish> => ({ ForceLogout: { user: ann, platform } });
  const toldOf = (...commands: readonly Partial<Wish>[]) =>
    eventsOf(commands).map(({ type, data }) => told(recorded(type, data)));

  test('is told of what is recorded as logins come and go, once for each that had a connection', () => {
    const again = [issue('a'), connect('a'), issue('b'), connect('b')];
    expect(toldOf(...again)).toEqual([[], [], [], [kick(5, 'Web')]]);
    // That of `a` has been told; that of `b` ends now.
    expect(toldOf(...again, logOut(5)).at(-1)).toEqual([kick(5, 'Web')]);
    expect(toldOf(...again, issue('c'), connect('c')).at(-1)).toEqual([kick(5, 'Web')]);
    expect(toldOf(issue('a'), issue('b'), connect('b')).at(-1)).toEqual([]);
    expect(toldOf(issue('a'), logOut(5)).at(-1)).toEqual([]);
  });
});

describe('[HOK-43] a conversation that begins', () => {
  const message = (parties: object) =>
    ({
      ...parties,
      clientMsgId: 'c',
      contentType: 101,
      createTime: 1,
      sendTime: 1,
      body: { content: '{}' },
    }) as DataOf<'MessageSent'>;
  const begins = {
    recvMsgOpt: 0,
    isPinned: false,
    isPrivateChat: false,
    burnDuration: 0,
    groupAtType: 0,
    attachedInfo: '',
    ex: '',
  };

  test('with its first message is told for both sides, before the message', () => {
    const first = { stream: 'conversation-si_ann_bob', revision: 0 };
    const event = recorded('MessageSent', message({ from: ann, to: bob }), first);
    const of = { conversationId: 'si_ann_bob', conversationType: 1, ...begins };
    expect(told(event).slice(0, 2)).toEqual([
      [
        'afterCreateSingleChatConversations',
        'si_ann_bob',
        { ownerUserId: 'ann', userId: 'bob', ...of },
      ],
      [
        'afterCreateSingleChatConversations',
        'si_ann_bob',
        { ownerUserId: 'bob', userId: 'ann', ...of },
      ],
    ]);
    expect(names(event).slice(2)).toEqual(['afterSendSingleMsg', 'afterMsgSaveDB']);
  });

  test('of a group is told once, and with oneself as well', () => {
    const sg = { stream: 'conversation-sg_g1', revision: 0 };
    const [group] = told(recorded('MessageSent', message({ from: ann, group: g1 }), sg));
    const of = { ownerUserId: '', conversationId: 'sg_g1', conversationType: 3, groupId: 'g1' };
    expect(group).toEqual(['afterCreateGroupChatConversations', 'sg_g1', { ...of, ...begins }]);
    const own = { stream: 'conversation-si_ann_ann', revision: 0 };
    const alone = names(recorded('MessageSent', message({ from: ann, to: ann }), own));
    expect(alone.filter((name) => name === 'afterCreateSingleChatConversations')).toHaveLength(1);
  });

  test.each([
    ['by a later message', { stream: 'conversation-si_ann_bob', revision: 1 }],
    ['by what is said beside it', { stream: 'conversation-n_ann_bob', revision: 0 }],
  ])('does not %s', (_what, place) => {
    const event = recorded('MessageSent', message({ from: ann, to: bob }), place);
    expect(names(event)).not.toContain('afterCreateSingleChatConversations');
  });
});

test('[HOK-44] why members were thrown out is told, unless who said it is erased', () => {
  const data = { group: g1, version: 3, users: [bob], by: ann };
  const reasonOf = (reason: object) => {
    const [after] = afterOf(recorded('MembersKicked', { ...data, ...reason }));
    return after?.body;
  };
  const kickedUserIDs = ['bob'];
  const body = { groupID: 'g1', kickedUserIDs };
  expect(reasonOf({ reason: { text: 'spam' } })).toEqual({ ...body, reason: 'spam' });
  expect(reasonOf({ reason: ERASED })).toEqual({ ...body, reason: '' });
  expect(reasonOf({})).toEqual({ ...body, reason: '' });
});

test('who has joined is told by the name that OpenIM has for it', () => {
  const data = { group: g1, version: 2, users: [cat], by: cat, source: 3, historyVisible: true };
  expect(told(recorded('MembersAdded', data))).toEqual([
    [
      'afterJoinGroup',
      'sg_g1',
      { groupID: 'g1', reqMessage: '', joinSource: 3, inviterUserID: 'cat' },
    ],
  ]);
});
