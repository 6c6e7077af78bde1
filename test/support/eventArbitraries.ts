import fc from 'fast-check';
import type { Role } from '../../core/group/events.ts';
import type { EventType, SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { ConversationId, EventId, GroupId, TokenId, UserId } from '../../core/kernel/ids.ts';

type DataOf<Type extends EventType> = Extract<SeqlineEvent, { type: Type }>['data'];

const text = fc.string({ unit: 'binary', maxLength: 40 });
const number = fc.nat();
const moment = fc.integer({ min: 0, max: 4_102_444_800_000 });
const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 5 });

// Few users, so that one is often both sides; and names that a careless object would trip over.
const user = fc.constantFrom(
  'ann',
  'bob',
  'a_b',
  '__proto__',
  'constructor',
  'x'.repeat(64),
) as fc.Arbitrary<UserId>;
const group = fc.constantFrom('g1', '2718281828') as fc.Arbitrary<GroupId>;
const conversation = fc.constantFrom(
  'si_ann_bob',
  'sg_g1',
  'sn_a_b',
) as fc.Arbitrary<ConversationId>;
const tokenId = fc.uuid() as fc.Arbitrary<TokenId>;

const profile = { nickname: text, faceUrl: text, ex: text };

/** Every field of a record may be absent. */
const ANY_ABSENT: { requiredKeys: [] } = { requiredKeys: [] };

const parties = fc.oneof(fc.record({ from: user, to: user }), fc.record({ from: user, group }));

/** Numbered events: who takes part, and the rest. */
const between = <T extends object>(rest: fc.Arbitrary<T>) =>
  fc.tuple(parties, rest).map(([who, fields]) => ({ ...who, ...fields }));

const body = fc.record(
  {
    content: text,
    nickname: text,
    faceUrl: text,
    attachedInfo: text,
    ex: text,
    push: fc.record({ title: text, desc: text, iosBadge: fc.boolean() }, ANY_ABSENT),
    originalHash: text,
  },
  { requiredKeys: ['content'] },
);

const message = between(
  fc.record(
    {
      clientMsgId: text,
      contentType: number,
      createTime: moment,
      sendTime: moment,
      body,
      platform: number,
      system: fc.constant(true as const),
      options: fc.dictionary(text, fc.boolean(), { maxKeys: 3 }),
      atUsers: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['clientMsgId', 'contentType', 'createTime', 'sendTime', 'body'] },
  ),
);

const token = fc.record({
  id: tokenId,
  platform: number,
  issuedAt: moment,
  expiresAt: moment,
  state: fc.constantFrom('normal', 'kicked'),
  connected: fc.boolean(),
});
const tokens = fc.array(token, { maxLength: 3 });
const kicks = fc.array(tokenId, { maxLength: 3 });
const login = { user, platform: number, tokens };

const friendAnswer = fc.record(
  { from: user, to: user, answer: fc.record({ message: text }) },
  { requiredKeys: ['from', 'to'] },
);

const users = fc.uniqueArray(user, { minLength: 1, maxLength: 3 });
const version = fc.integer({ min: 1, max: 100_000 });
const operation = { group, version, by: user };
const rules = {
  verification: fc.constantFrom(0, 1, 2),
  lookMemberInfo: fc.constantFrom(0, 1),
  applyMemberFriend: fc.constantFrom(0, 1),
};
const groupProfile = { name: text, introduction: text, faceUrl: text, ex: text };

const favourite = { user, kind: number, uuid: text };
/** Keys, and a value for each. */
const configs = fc
  .uniqueArray(fc.tuple(text, text), { maxLength: 3, selector: ([key]) => key })
  .map((pairs) => [pairs.map(([key]) => key), pairs.map(([, value]) => value)] as const);

const eventId = fc.uuid() as fc.Arbitrary<EventId>;
const delivery = { stream: text, revision: number, delivery: eventId, callback: text };

/** Any data that an event of a type may have. A new event does not compile until it is here. */
export const dataOf: { readonly [Type in EventType]: fc.Arbitrary<DataOf<Type>> } = {
  UserRegistered: fc.record({
    user,
    level: number,
    globalReceive: fc.constantFrom(0, 1, 2),
    profile: fc.record(profile),
  }),
  UserChanged: fc.record(
    {
      user,
      level: number,
      globalReceive: fc.constantFrom(0, 1, 2),
      profile: fc.record(profile, ANY_ABSENT),
    },
    { requiredKeys: ['user'] },
  ),
  TokenIssued: fc.record({ ...login, token: tokenId }),
  LoginActivated: fc.record({ ...login, token: tokenId, kicks }),
  LogoutForced: fc.record({ ...login, kicks }),
  MessageSent: message,
  NoticePosted: fc
    .tuple(
      message,
      fc.option(
        fc.uniqueArray(fc.record({ user, shown: fc.record({ nickname: text }) }), {
          selector: (named) => named.user,
          maxLength: 3,
        }),
      ),
    )
    .map(([said, others]) => (others === null ? said : { ...said, others })),
  SeqVoided: between(
    fc.record(
      { reason: text, sendTime: moment, clientMsgId: text },
      { requiredKeys: ['reason', 'sendTime'] },
    ),
  ),
  MessageRevoked: between(
    fc.record({
      conversation,
      seq: number,
      clientMsgId: text,
      sentBy: user,
      sentAt: moment,
      by: user,
      role: number,
      byAdmin: fc.boolean(),
      sendTime: moment,
      revoker: fc.record({ nickname: text }),
      source: fc.record({ nickname: text }),
    }),
  ),
  MessagesRead: between(
    fc.record({ conversation, after: number, upTo: number, seqs, sendTime: moment }),
  ),
  MessagesDeleted: between(
    fc.record({ conversation, seqs, scope: fc.constantFrom('all', 'self'), sendTime: moment }),
  ),
  ConversationConfigured: fc.record(
    {
      user,
      conversation,
      kind: fc.constantFrom(1, 3, 4),
      peer: fc.oneof(fc.record({ user }), fc.record({ group })),
      settings: fc.record(
        { receive: number, pinned: fc.boolean(), burnDuration: number },
        ANY_ABSENT,
      ),
      notes: fc.record({ ex: text, attachedInfo: text }, ANY_ABSENT),
    },
    { requiredKeys: ['user', 'conversation', 'kind', 'peer', 'settings'] },
  ),
  ReadMarked: fc.record({ user, conversation, upTo: number }),
  FavouriteAdded: fc.record({
    ...favourite,
    content: fc.record({ value: text, ex: text }),
  }),
  FavouriteChanged: fc.record({
    ...favourite,
    content: fc.record({ value: text, ex: text }, ANY_ABSENT),
  }),
  FavouriteRemoved: fc.record(favourite),
  ClientConfigured: configs.chain(([keys, values]) =>
    fc.record({ user, keys: fc.constant(keys), values: fc.constant(values) }),
  ),
  ClientConfigRemoved: fc.record({ user, keys: fc.array(text, { maxLength: 3 }) }),
  ClientDefaultsConfigured: configs.map(([keys, values]) => ({ keys, values })),
  ClientDefaultsRemoved: fc.record({ keys: fc.array(text, { maxLength: 3 }) }),
  CheckpointMoved: fc.record({ position: number }),
  ConversationCleared: fc.record({ user, conversation, upTo: number }),
  ConversationDeleted: fc.record({ user, conversation, upTo: number }),
  MessagesHidden: fc.record({ user, conversation, seqs }),
  FriendRequested: fc.record({
    from: user,
    to: user,
    application: fc.record({ greeting: text, ex: text }),
  }),
  FriendAccepted: friendAnswer,
  FriendRefused: friendAnswer,
  FriendImported: fc.record({ owner: user, friend: user }),
  FriendDeleted: fc.record({ owner: user, friend: user }),
  FriendConfigured: fc.record(
    {
      owner: user,
      friend: user,
      pinned: fc.boolean(),
      notes: fc.record({ remark: text, ex: text }, ANY_ABSENT),
    },
    { requiredKeys: ['owner', 'friend'] },
  ),
  UserBlocked: fc.record(
    { owner: user, blocked: user, notes: fc.record({ ex: text }) },
    { requiredKeys: ['owner', 'blocked'] },
  ),
  UserUnblocked: fc.record({ owner: user, blocked: user }),
  GroupCreated: fc.record(
    {
      ...operation,
      line: fc.boolean(),
      owner: user,
      admins: users,
      members: users,
      creator: user,
      rules: fc.record(rules),
      profile: fc.record(groupProfile),
      announcement: fc.record({ text }),
    },
    {
      requiredKeys: [
        'group',
        'version',
        'by',
        'owner',
        'admins',
        'members',
        'creator',
        'rules',
        'profile',
      ],
    },
  ),
  GroupChanged: fc.record(
    {
      ...operation,
      profile: fc.record(groupProfile, ANY_ABSENT),
      announcement: fc.record({ text }),
      rules: fc.record(rules, ANY_ABSENT),
    },
    { requiredKeys: ['group', 'version', 'by'] },
  ),
  MembersAdded: fc.record(
    {
      ...operation,
      line: fc.boolean(),
      users,
      inviter: user,
      source: number,
      historyVisible: fc.boolean(),
    },
    { requiredKeys: ['group', 'version', 'by', 'users', 'source', 'historyVisible'] },
  ),
  MemberLeft: fc.record({ group, version, user }),
  MembersKicked: fc.record(
    { ...operation, users, line: fc.boolean(), reason: fc.record({ text }) },
    { requiredKeys: ['group', 'version', 'by', 'users'] },
  ),
  JoinRequested: fc.record(
    {
      group,
      user,
      inviter: user,
      source: number,
      application: fc.record({ message: text, ex: text }),
    },
    { requiredKeys: ['group', 'user', 'source', 'application'] },
  ),
  JoinAnswered: fc.record(
    { group, user, by: user, agrees: fc.boolean(), answer: fc.record({ message: text }) },
    { requiredKeys: ['group', 'user', 'by', 'agrees'] },
  ),
  OwnerTransferred: fc.record({
    ...operation,
    from: user,
    to: user,
    fromRole: fc.constantFrom<Role>(100, 60, 20),
  }),
  MemberMuted: fc.record({ ...operation, user, until: moment, seconds: number }),
  MemberUnmuted: fc.record({ ...operation, user }),
  GroupMuted: fc.record(operation),
  GroupUnmuted: fc.record(operation),
  MemberChanged: fc.record(
    {
      ...operation,
      user,
      role: fc.constantFrom<Role>(100, 60, 20),
      notes: fc.record({ nickname: text, faceUrl: text, ex: text }, ANY_ABSENT),
    },
    { requiredKeys: ['group', 'version', 'by', 'user'] },
  ),
  MemberProfileChanged: fc.record({ group, version, user }),
  GroupDismissed: fc.record(
    { ...operation, line: fc.boolean() },
    { requiredKeys: ['group', 'version', 'by'] },
  ),
  GroupDisbanded: fc.record({ group }),
  DeliveryGivenUp: fc.record({ ...delivery, endpoint: text, attempts: number, why: text }),
  ResendAsked: fc.record({ endpoint: text, delivery: eventId }),
  DeliveryResent: fc.record({ endpoint: text, delivery: eventId }),
  ReplayAsked: fc.record({ endpoint: text, after: number }),
  ReplayMoved: fc.record({ endpoint: text, replay: eventId, position: number }),
  ReplayEnded: fc.record({ endpoint: text, replay: eventId }),
  DeliveriesMade: fc.record({
    endpoint: text,
    made: fc.array(
      fc.record(
        {
          ...delivery,
          at: moment,
          attempts: number,
          status: number,
          ms: number,
          failed: fc.constant(true as const),
          replay: eventId,
        },
        {
          requiredKeys: [
            'stream',
            'revision',
            'delivery',
            'callback',
            'at',
            'attempts',
            'status',
            'ms',
          ],
        },
      ),
      { maxLength: 3 },
    ),
  }),
  PresenceChanged: fc.record({
    changes: fc.array(fc.record({ user, platform: number, online: fc.boolean(), at: moment }), {
      maxLength: 3,
    }),
  }),
  RecipientsOffline: fc.record({ stream: text, revision: number, users }),
  ProjectionSkipped: fc.record({
    projection: text,
    version: number,
    position: number,
    reason: text,
  }),
};
