import { createHash } from 'node:crypto';
import { conversationStream, type MessageSent } from '../../core/conversation/events.ts';
import type { Meta, Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, EventId, Millis, TokenId, UserId } from '../../core/kernel/ids.ts';
import type { Pulled, Shown } from '../../core/sequence/shown.ts';
import type { HttpDeps } from '../../gateways/http/server.ts';
import type { History } from '../../gateways/history.ts';
import type {
  Chats,
  ConversationView,
  Done,
  Logins,
  Messages,
  NewUser,
  PageRequest,
  Projector,
  Refusal,
  Refused,
  SendMessage,
  UserChange,
  UserLists,
  Users,
  UserView,
} from '../../gateways/ports.ts';
import { fakeExplain } from './fakeExplain.ts';
import { FakeFriends, fakeFriendLists } from './fakeFriends.ts';
import { fakeWebhooks } from './fakeWebhooks.ts';
import { FakeGroups, fakeGroupLists } from './fakeGroups.ts';
import { FakeClientConfigs, FakeFavourites, FakeSubscriptions } from './fakeKept.ts';
import { ann, annAndBob, bob, by, eventId } from './people.ts';

/**
 * The ports of the gateways over plain maps: real answers, no log behind them. For tests of what a
 * gateway makes of requests; what the core does is tested elsewhere.
 */

export const SECRET = 'a-secret-of-the-tests';
export const ADMIN = 'imAdmin' as UserId;
export const NOW: Millis = 1_700_000_000_000;
const LIFETIME: Millis = 90 * 24 * 3_600_000;

const refused = (reason: Refusal, detail: string): Refused => ({ kind: 'refused', reason, detail });

const page = <T>(all: readonly T[], { pageNumber, showNumber }: PageRequest): T[] =>
  all.slice((pageNumber - 1) * Math.max(0, showNumber), pageNumber * Math.max(0, showNumber));

export class FakeUsers implements Users, UserLists {
  readonly all = new Map<UserId, UserView>();
  position = 0;

  add(user: UserId, level = 0): void {
    const view = { nickname: `${user}!`, faceUrl: '', ex: '', level, globalReceive: 0 } as const;
    this.all.set(user, { user, ...view, createdAt: NOW });
  }

  register(users: readonly NewUser[]): Promise<Done | Refused> {
    const taken = users.filter(({ user }) => this.all.has(user)).map(({ user }) => user);
    if (taken.length > 0) {
      const detail = `registered already: ${taken.join(', ')}`;
      return Promise.resolve(refused('user/registered-already', detail));
    }
    for (const { user, profile, level, globalReceive } of users) {
      this.all.set(user, { user, ...profile, level, globalReceive, createdAt: NOW });
    }
    this.position += users.length;
    return Promise.resolve({ kind: 'done', position: this.position });
  }

  change(user: UserId, { profile, ...change }: UserChange): Promise<Done | Refused> {
    const view = this.all.get(user);
    if (view === undefined) {
      return Promise.resolve(refused('user/unknown', `userID ${user} is not registered`));
    }
    this.all.set(user, { ...view, ...profile, ...change });
    this.position += 1;
    return Promise.resolve({ kind: 'done', position: this.position });
  }

  find(user: UserId): Promise<Readonly<{ level: number }> | undefined> {
    return Promise.resolve(this.all.get(user));
  }

  byIds(users: readonly UserId[]): Promise<readonly UserView[]> {
    return Promise.resolve(users.flatMap((user) => this.all.get(user) ?? []));
  }

  existing(users: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    return Promise.resolve(new Set(users.filter((user) => this.all.has(user))));
  }

  page(request: PageRequest & Readonly<{ userId?: string; nickname?: string }>) {
    const { userId, nickname } = request;
    const ordinary = [...this.all.values()].filter(({ level }) => level < 2);
    const found = ordinary.filter(
      (view) =>
        (userId === undefined && nickname === undefined) ||
        (userId !== undefined && view.user.includes(userId)) ||
        (nickname !== undefined && view.nickname.includes(nickname)),
    );
    return Promise.resolve({ total: found.length, users: page(found, request) });
  }

  ids(request: PageRequest) {
    const all = [...this.all.keys()];
    return Promise.resolve({ total: all.length, ids: page(all, request) });
  }

  accounts({ keyword, level, except, ...request }: Parameters<UserLists['accounts']>[0]) {
    const all = [...this.all.values()].filter(
      (view) =>
        view.level >= 3 && !except.includes(view.user) && (level ?? view.level) === view.level,
    );
    const found = all.filter(
      ({ user, nickname }) => keyword === undefined || user === keyword || nickname === keyword,
    );
    return Promise.resolve({ total: found.length, users: page(found, request) });
  }

  registrations({ start, end }: Readonly<{ start: Millis; end: Millis }>) {
    const all = [...this.all.values()].map(({ createdAt }) => createdAt);
    const within = all.filter((at) => at >= start && at <= end).length;
    const day = new Date(NOW).toISOString().slice(0, 10);
    const days = new Map(within === 0 ? [] : [[day, within] as const]);
    return Promise.resolve({
      total: all.length,
      before: all.filter((at) => at < start).length,
      days,
    });
  }
}

/** Tokens are `<user>.<platform>.<n>`. */
export class FakeLogins implements Logins {
  readonly #users: FakeUsers;
  readonly #kicked = new Set<string>();
  #issued = 0;

  constructor(users: FakeUsers) {
    this.#users = users;
  }

  /** The ids of calls that said to be one. */
  readonly calls: (EventId | undefined)[] = [];

  issue(user: UserId, platform: number, _: Meta, id?: EventId) {
    this.calls.push(id);
    if ((this.#users.all.get(user)?.level ?? 0) >= 3) {
      return Promise.resolve(refused('user/is-system', 'userID: robots take no token'));
    }
    if (!this.#users.all.has(user)) {
      return Promise.resolve(refused('user/unknown', `userID ${user} is not registered`));
    }
    this.#issued += 1;
    const token = `${user}.${String(platform)}.${String(this.#issued)}`;
    const done = { kind: 'done', position: 1, token } as const;
    return Promise.resolve({ ...done, expiresAt: NOW + LIFETIME, lifetime: LIFETIME });
  }

  check(token: string) {
    const [user, platform, number] = token.split('.');
    if (user === undefined || platform === undefined || number === undefined) {
      return Promise.resolve(refused('token/malformed', 'this is not a token of this server'));
    }
    if (this.#kicked.has(`${user}.${platform}`)) {
      return Promise.resolve(refused('token/kicked', 'another login has taken its place'));
    }
    const caller = {
      user: user as UserId,
      platform: Number(platform),
      token: token as TokenId,
      expiresAt: NOW + LIFETIME,
      admin: user === ADMIN,
    };
    return Promise.resolve({ kind: 'done', caller } as const);
  }

  live(user: UserId) {
    return Promise.resolve([{ id: `${user}-token` as TokenId, platform: 5 }]);
  }

  activate(): Promise<Done> {
    return Promise.resolve({ kind: 'done' });
  }

  forceLogout(user: UserId, platform: number): Promise<Done> {
    this.#kicked.add(`${user}.${String(platform)}`);
    return Promise.resolve({ kind: 'done', position: 2 });
  }
}

type Called<Name extends keyof Messages> = Parameters<Messages[Name]>[0];

/** Notes what it is asked to do, and does it as if it had. */
export class FakeMessages implements Messages {
  readonly sent: SendMessage[] = [];
  readonly revoked: Called<'revoke'>[] = [];
  readonly marks: Called<'markRead'>[] = [];
  readonly configured: Called<'configure'>[] = [];
  readonly hidden: Called<'hide'>[] = [];
  readonly cleared: Called<'clear'>[] = [];
  readonly deleted: Called<'deleteConversations'>[] = [];
  readonly notified: Called<'notify'>[] = [];
  readonly removed: Called<'remove'>[] = [];
  /** Who takes no messages. */
  readonly closed = new Set<string>();

  send(message: SendMessage): ReturnType<Messages['send']> {
    this.sent.push(message);
    const { message: data } = message;
    if ('to' in data && this.closed.has(data.to)) {
      return Promise.resolve(refused('message/blocked', 'recvID: takes no messages'));
    }
    return Promise.resolve(this.#sent(this.sent.length));
  }

  #sent(seq: number) {
    const sent = { serverMsgId: 'f'.repeat(32), sendTime: NOW, seq, id: eventId(seq) };
    return { kind: 'done', position: 10, sent } as const;
  }

  notify(notify: Called<'notify'>) {
    this.notified.push(notify);
    return Promise.resolve(this.#sent(this.notified.length));
  }

  remove(request: Called<'remove'>): Promise<Done | Refused> {
    this.removed.push(request);
    return Promise.resolve({ kind: 'done', position: 16 });
  }

  revoke(request: Called<'revoke'>): Promise<Done | Refused> {
    if (this.revoked.some(({ seq }) => seq === request.seq)) {
      return Promise.resolve(refused('message/revoked-already', 'it is revoked'));
    }
    this.revoked.push(request);
    return Promise.resolve({ kind: 'done', position: 11 });
  }

  markRead(request: Called<'markRead'>): Promise<Done | Refused> {
    this.marks.push(request);
    return Promise.resolve({ kind: 'done', position: 12 });
  }

  hide(request: Called<'hide'>): Promise<Done | Refused> {
    this.hidden.push(request);
    return Promise.resolve({ kind: 'done', position: 14 });
  }

  clear(request: Called<'clear'>): Promise<Done | Refused> {
    this.cleared.push(request);
    return Promise.resolve({ kind: 'done', position: 15 });
  }

  deleteConversations(request: Called<'deleteConversations'>): Promise<Done | Refused> {
    this.deleted.push(request);
    return Promise.resolve({ kind: 'done', position: 17 });
  }

  configure(request: Called<'configure'>): Promise<Done | Refused> {
    this.configured.push(request);
    return Promise.resolve({ kind: 'done', position: 13 });
  }
}

export const recorded = (seq: number, from: UserId, to: UserId): Recorded<MessageSent> => ({
  type: 'MessageSent',
  id: eventId(seq),
  meta: by(from),
  stream: conversationStream(annAndBob),
  revision: seq - 1,
  position: seq,
  created: NOW,
  data: {
    from,
    to,
    clientMsgId: `c${String(seq)}`,
    contentType: 101,
    createTime: NOW,
    sendTime: NOW + seq,
    body: { content: '{"content":"hi"}' },
  },
});

export const viewOf = (owner: UserId, other: UserId): ConversationView => ({
  owner,
  conversation: annAndBob,
  kind: 1,
  peer: { user: other },
  receive: 0,
  pinned: false,
  privateChat: false,
  burnDuration: 0,
  groupAtType: 0,
  destructTime: 0,
  destruct: false,
  ex: '',
  attachedInfo: '',
  minSeq: 0,
  maxSeq: 0,
});

/** Ann and bob have two messages, of which ann has read one; nobody else has any. */
export class FakeChats implements Chats {
  views: readonly ConversationView[] = [viewOf(ann, bob), viewOf(bob, ann)];
  /** Of which their owners see no message any more. */
  cleared: readonly ConversationId[] = [];

  #of(owner: UserId, ids?: readonly ConversationId[]): readonly ConversationView[] {
    return this.views.filter(
      (view) => view.owner === owner && (ids?.includes(view.conversation) ?? true),
    );
  }

  newestSeqs(user: UserId) {
    return Promise.resolve(
      new Map(this.#of(user).map(({ conversation }) => [conversation, 2] as const)),
    );
  }

  readStates(user: UserId, conversations: readonly ConversationId[]) {
    const found = this.#of(user, conversations.length === 0 ? undefined : conversations);
    const state = { maxSeq: 2, hasReadSeq: 1, maxSeqTime: NOW };
    const states = found.map(({ conversation }) => ({ conversation, ...state }));
    return Promise.resolve({ states, pinned: this.#pinned(user) });
  }

  pinned(user: UserId) {
    return Promise.resolve(this.#pinned(user));
  }

  #pinned(user: UserId): readonly ConversationId[] {
    const pinned = this.#of(user).filter((view) => view.pinned);
    return pinned.map(({ conversation }) => conversation);
  }

  pullRanges(user: UserId, ranges: readonly { conversation: ConversationId }[]) {
    return Promise.resolve(
      [...new Set(ranges.map(({ conversation }) => conversation))].map((conversation): Pulled => {
        const mine = this.#of(user, [conversation]).length > 0;
        const shown = mine ? [shownAt(1), shownAt(2)] : [];
        return { conversation, shown, isEnd: true, endSeq: mine ? 2 : 0 };
      }),
    );
  }

  pullSeqs(user: UserId, lists: readonly { conversation: ConversationId }[]) {
    return this.pullRanges(user, lists);
  }

  lastVisible(user: UserId, conversations: readonly ConversationId[]) {
    const found = this.#of(user, conversations).filter(
      ({ conversation }) => !this.cleared.includes(conversation),
    );
    return Promise.resolve(
      new Map(found.map(({ conversation }) => [conversation, shownAt(2)] as const)),
    );
  }

  conversations(owner: UserId, ids?: readonly ConversationId[]) {
    return Promise.resolve(this.#of(owner, ids));
  }

  incremental(owner: UserId, { version }: Readonly<{ version: number }>) {
    const full = version === 0;
    const insert = full ? [] : this.#of(owner);
    return Promise.resolve({
      version: 7,
      versionId: versionIdOf('conversations', owner),
      full,
      delete: [],
      insert,
      update: [],
    });
  }
}

const shownAt = (seq: number): Shown => ({
  kind: 'event',
  seq,
  event: recorded(seq, bob, ann),
  isRead: seq === 1,
});

export const versionIdOf = (list: string, owner: string): string =>
  Buffer.from(`${list}/${owner}`).toString('hex').padEnd(24, '0').slice(0, 24);

/** Stops at position 7 until that is skipped. */
export class FakeProjector implements Projector {
  #skipped = false;

  status() {
    const state = this.#skipped ? 'running' : 'poisoned';
    return { state, reason: '', head: 9, projections: [] };
  }

  skip({ position }: Readonly<{ position: number }>): Promise<Done | Refused> {
    if (position !== 7) return Promise.resolve(refused('args/invalid', 'position: it stops at 7'));
    this.#skipped = true;
    return Promise.resolve({ kind: 'done', position: 10 });
  }
}

/** One event, ever. */
const PAST_EVENT = {
  ...{ position: 1, time: '2026-11-29T12:00:00.000Z', type: 'UserRegistered', stream: 'user-ann' },
  ...{ actor: 'imAdmin', operationId: 'op', data: { user: 'ann' } },
};

const fakeHistory: History = {
  asOf: (_, at) =>
    Promise.resolve(
      at === 'never'
        ? refused('args/invalid', 'the moment: "never" is not a time')
        : {
            kind: 'done',
            found: { position: 1, rows: { users: [{ user_id: 'ann' }] }, messages: [PAST_EVENT] },
          },
    ),
  changes: () =>
    Promise.resolve({
      kind: 'done',
      found: {
        ...{ from: 0, to: 1, events: [PAST_EVENT] },
        changes: [{ table: 'users', after: { user_id: 'ann' } }],
      },
    }),
  events: ({ from }) =>
    Promise.resolve(
      from === 'never'
        ? refused('args/invalid', 'from: "never" is not a time')
        : { kind: 'done', lines: linesOf(PAST, '{"cursor":1,"end":true}') },
    ),
};

const PAST = JSON.stringify({
  ...{ position: 1, time: '2026-11-29T12:00:00.000Z', stream: 'user-ann', revision: 0 },
  ...{
    type: 'UserRegistered',
    id: '0',
    actor: 'imAdmin',
    operationId: 'op',
    data: { user: 'ann' },
  },
});

export const linesOf = async function* (...lines: readonly string[]): AsyncIterable<string> {
  for (const line of lines) yield `${line}\n`;
};

export type FakeDeps = HttpDeps &
  Readonly<{
    users: FakeUsers;
    userLists: FakeUsers;
    friends: FakeFriends;
    blocks: FakeFriends;
    groups: FakeGroups;
    messages: FakeMessages;
    chats: FakeChats;
    favourites: FakeFavourites;
    clientConfigs: FakeClientConfigs;
    presenceSubscriptions: FakeSubscriptions;
    /** Everything that was logged, as one text. */
    logged: () => string;
  }>;

/** All an HTTP gateway needs; ann, bob, the app admin and a notification account are registered. */
export const fakeDeps = (): FakeDeps => {
  const users = new FakeUsers();
  for (const user of [ann, bob]) users.add(user);
  users.add(ADMIN, 2);
  users.add('sys' as UserId, 3);
  const lines: string[] = [];
  const note = (fields: object, message: string) => {
    const withText = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);
    lines.push(`${message} ${JSON.stringify(fields, withText)}`);
  };
  let ids = 0;
  const friends = new FakeFriends();
  const favourites = new FakeFavourites();
  const clientConfigs = new FakeClientConfigs();
  return {
    users,
    userLists: users,
    friends,
    blocks: friends,
    friendLists: fakeFriendLists,
    groups: new FakeGroups(),
    groupLists: fakeGroupLists,
    logins: new FakeLogins(users),
    messages: new FakeMessages(),
    chats: new FakeChats(),
    projector: new FakeProjector(),
    history: fakeHistory,
    explain: fakeExplain,
    webhooks: fakeWebhooks,
    projected: () => Promise.resolve(true),
    versionIdOf,
    presence: (user) => (user === ann ? [5] : []),
    presenceSubscriptions: new FakeSubscriptions(),
    favourites,
    favouriteLists: favourites,
    clientConfigs,
    clientConfigLists: clientConfigs,
    groupStatistics: {
      created: () => Promise.resolve({ total: 3, before: 2, days: new Map([['2023-11-14', 1]]) }),
    },
    config: { secret: SECRET, admins: [ADMIN] },
    now: () => NOW,
    newId: () => {
      ids += 1;
      return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}` as EventId;
    },
    deriveId: (...parts) => createHash('md5').update(parts.join(' ')).digest('hex') as EventId,
    log: { info: note, warn: note, error: note },
    ready: () => Promise.resolve({ ready: true }),
    logged: () => lines.join('\n'),
  };
};
