import { sql, type Transaction } from 'kysely';
import { conversationStream } from '../../../core/conversation/events.ts';
import {
  group as chatOf,
  notificationOf,
  selfNotification,
} from '../../../core/conversation/ids.ts';
import { groupStream } from '../../../core/group/events.ts';
import { inboxStream } from '../../../core/inbox/events.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { NewEvent } from '../../../core/kernel/fact.ts';
import type { EventId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { compareTable } from '../../../infra/cli/verify/compare.ts';
import { compareShown } from '../../../infra/cli/verify/compareShown.ts';
import { inSnapshot } from '../../../infra/cli/verify/database.ts';
import { Chats } from '../../../infra/cli/verify/recount/chats.ts';
import { chatTables } from '../../../infra/cli/verify/recount/chatTables.ts';
import { Findings } from '../../../infra/cli/verify/recount/findings.ts';
import { deriveId } from '../../../infra/ids.ts';
import { chatKeys, findConversations, findUser } from '../../../projections/chats/atHead.ts';
import { chats } from '../../../projections/chats/project.ts';
import { conversationsAtHead, userAtHead } from '../../../projections/chats/remembered.ts';
import { GROUP_ROWS } from '../../../projections/chats/groupTables.ts';
import { ALL_ROWS, DOUBLES, SENDS, tableName } from '../../../projections/chats/tables.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { Tail } from '../../../projections/kernel/tail.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { by } from '../../support/people.ts';
import type { TestDatabase } from '../../support/postgres.ts';

const LOG_MAX = 100_000;

const TABLES = [...[...ALL_ROWS, ...GROUP_ROWS].map(({ table }) => table), SENDS, DOUBLES];

/** Emptied, not made anew: a history is tried in less time than it takes to make the tables. */
const emptied = async (db: Transaction<AnyTables>): Promise<void> => {
  const tables = TABLES.map((name) => sql.table(name));
  await sql`truncate ${sql.join(tables)}`.execute(db);
  await sql`update seqline.checkpoint set position = 0`.execute(db);
};

/** One line of a chat, told in the plainest way. */
type Line = {
  readonly from: UserId;
  readonly counts: boolean;
  readonly mentions: readonly UserId[];
  readonly toAll: boolean;
  readonly announces: boolean;
  /** When it came, counted in deeds. */
  readonly at: number;
  revoked: boolean;
  /** For everybody, whenever they come in. */
  deleted: boolean;
  readonly hiddenFrom: Set<UserId>;
};

/** What one user is and was in a group. */
type Part = {
  in: boolean;
  joined: number;
  min: number;
  minNotes: number;
  cut: number;
  cutNotes: number;
  cause: string;
  tips: number[];
  read: number;
  cleared: number;
  atSet: number;
  /** Up to where it has dropped the chat from its list, and set nothing since. */
  dropped: number;
};

type Plain = {
  readonly lines: Line[];
  notes: number;
  version: number;
  readonly parts: Map<UserId, Part>;
  /** What some went with, and has not been told of. */
  untold: string[];
  ended: boolean;
};

export type Said = Readonly<{
  counts?: boolean;
  mentions?: readonly UserId[];
  toAll?: boolean;
}>;

export type Expected = Readonly<{
  shown: readonly string[];
  /** Whether the chat stands in its list. */
  listed: boolean;
  top: number;
  unread: number;
  atType: number;
  notesTop: number;
  notes: readonly number[];
}>;

const kindOf = (line: Line, seq: number, part: Part, user: UserId): string => {
  if (!part.in && seq > part.cut && !part.tips.includes(seq)) return 'void';
  if (line.deleted || line.hiddenFrom.has(user)) return 'hidden';
  return line.revoked ? 'revoked' : 'event';
};

/** Groups with what is said in them; and, beside the product's tail and tables, the rules told once more. */
export class ChatWorld {
  readonly log = new MemoryEventLog();
  readonly plain = new Map<GroupId, Plain>();
  readonly tail = new Tail({
    floor: 0,
    indexOf: chatKeys,
    now: () => 0,
    onOverflow: () => undefined,
  });
  readonly userAtHead: ReturnType<typeof userAtHead>;
  readonly conversationsAtHead: ReturnType<typeof conversationsAtHead>;
  readonly #database: TestDatabase<AnyTables>;
  readonly #batches = new Batches(new Skips());
  #projected = 0;
  #deeds = 0;

  private constructor(database: TestDatabase<AnyTables>) {
    this.#database = database;
    const now = () => 0;
    this.userAtHead = userAtHead(findUser(database.db, this.tail, now), this.tail);
    const find = findConversations(database.db, this.tail, now);
    this.conversationsAtHead = conversationsAtHead(find, this.tail);
  }

  /** With empty tables. */
  static async open(database: TestDatabase<AnyTables>): Promise<ChatWorld> {
    await database.db.transaction().execute((db) => emptied(db));
    return new ChatWorld(database);
  }

  async #append(stream: string, event: SeqlineEvent, causationId?: EventId): Promise<EventId> {
    this.#deeds += 1;
    const id = deriveId('test', String(this.#deeds));
    const meta = { ...by('test'), ...(causationId === undefined ? {} : { causationId }) };
    const added: NewEvent = { ...event, id, meta };
    await this.log.append(stream, 'any', [added]);
    return id;
  }

  of(group: GroupId): Plain {
    const plain = this.plain.get(group);
    if (plain === undefined) throw new Error(`there is no group ${group}`);
    return plain;
  }

  membersOf(group: GroupId): readonly UserId[] {
    return [...this.of(group).parts].flatMap(([user, part]) => (part.in ? [user] : []));
  }

  #comeIn({ lines, notes, parts }: Plain, user: UserId, visible: boolean): void {
    const before = parts.get(user);
    parts.set(user, {
      ...{ read: before?.read ?? 0, cleared: before?.cleared ?? 0, atSet: before?.atSet ?? 0 },
      dropped: before?.dropped ?? 0,
      ...{ in: true, joined: lines.length, cut: 0, cutNotes: 0, cause: '', tips: [] },
      ...{ min: visible ? 0 : lines.length + 1, minNotes: visible ? 0 : notes + 1 },
    });
  }

  async create(group: GroupId, users: readonly UserId[]): Promise<void> {
    const plain = { lines: [], notes: 0, version: 1, parts: new Map(), untold: [], ended: false };
    this.plain.set(group, plain);
    const [owner, ...members] = users;
    if (owner === undefined) throw new Error('a group has an owner');
    await this.#append(groupStream(group), {
      type: 'GroupCreated',
      data: {
        ...{ group, owner, admins: [], members, creator: owner, by: owner, version: 1 },
        rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
        profile: { name: group, introduction: '', faceUrl: '', ex: '' },
      },
    });
    for (const user of users) this.#comeIn(plain, user, true);
  }

  async add(group: GroupId, users: readonly UserId[], historyVisible: boolean): Promise<void> {
    const plain = this.of(group);
    const [by = users[0]] = this.membersOf(group);
    if (by === undefined) throw new Error('nobody comes in');
    plain.version += Math.ceil(users.length / 50);
    const data = { group, users, by, source: 3, historyVisible, version: plain.version };
    await this.#append(groupStream(group), { type: 'MembersAdded', data });
    for (const user of users) this.#comeIn(plain, user, historyVisible);
  }

  #goOut(plain: Plain, users: readonly UserId[], cause: string): void {
    for (const user of users) {
      const part = plain.parts.get(user);
      if (part?.in !== true) continue;
      Object.assign(part, { in: false, cut: plain.lines.length, cutNotes: plain.notes, cause });
    }
    plain.untold.push(cause);
  }

  async leave(group: GroupId, user: UserId): Promise<void> {
    const plain = this.of(group);
    const data = { group, user, version: ++plain.version };
    const id = await this.#append(groupStream(group), { type: 'MemberLeft', data });
    this.#goOut(plain, [user], id);
  }

  async kick(group: GroupId, users: readonly UserId[]): Promise<void> {
    const plain = this.of(group);
    const data = { group, users, by: 'app' as UserId, version: ++plain.version };
    const id = await this.#append(groupStream(group), { type: 'MembersKicked', data });
    this.#goOut(plain, users, id);
  }

  async disband(group: GroupId): Promise<void> {
    const plain = this.of(group);
    const id = await this.#append(groupStream(group), { type: 'GroupDisbanded', data: { group } });
    this.#goOut(plain, this.membersOf(group), id);
    plain.ended = true;
  }

  #line(group: GroupId, from: UserId, { counts = true, mentions = [], toAll = false }: Said) {
    this.of(group).lines.push({
      ...{ from, counts, mentions, toAll, announces: false, at: this.#deeds },
      ...{ revoked: false, deleted: false, hiddenFrom: new Set<UserId>() },
    });
  }

  async say(group: GroupId, from: UserId, said: Said = {}): Promise<void> {
    const { counts = true, mentions = [], toAll = false } = said;
    const atUsers = [...mentions, ...(toAll ? ['AtAllTag'] : [])];
    const number = this.of(group).lines.length + 1;
    await this.#append(conversationStream(chatOf(group)), {
      type: 'MessageSent',
      data: {
        ...{ from, group, clientMsgId: String(number), createTime: 1, sendTime: number },
        contentType: atUsers.length > 0 ? 106 : 101,
        body: { content: '{}' },
        ...(atUsers.length > 0 ? { atUsers } : {}),
        ...(counts ? {} : { options: { unreadCount: false } }),
      },
    });
    this.#line(group, from, said);
  }

  async #post(group: GroupId, contentType: number, from: UserId, cause?: string): Promise<void> {
    const number = this.of(group).lines.length + 1;
    const stream = conversationStream(chatOf(group));
    const data = {
      ...{ from, group, clientMsgId: String(number), createTime: 1, sendTime: number },
      ...{ contentType, body: { content: '{}' } },
    };
    await this.#append(stream, { type: 'NoticePosted', data }, cause as EventId | undefined);
    this.#line(group, from, {});
  }

  async announce(group: GroupId, from: UserId): Promise<void> {
    await this.#post(group, 1519, from);
    const line = this.of(group).lines.at(-1);
    if (line !== undefined) Object.assign(line, { announces: true });
  }

  /** The line that tells of the first departure that has none yet; once more, if it is to come again. */
  async tell(group: GroupId, from: UserId, again: boolean): Promise<void> {
    const plain = this.of(group);
    const [cause] = plain.untold;
    if (cause === undefined) return;
    if (!again) plain.untold.shift();
    await this.#post(group, 1508, from, cause);
    for (const part of plain.parts.values()) {
      if (!part.in && part.cause === cause) part.tips.push(plain.lines.length);
    }
  }

  async read(group: GroupId, user: UserId, upTo: number): Promise<void> {
    const part = this.of(group).parts.get(user);
    if (part === undefined) return;
    part.read = Math.max(part.read, upTo);
    const data = { user, conversation: chatOf(group), upTo };
    await this.#append(inboxStream(user), { type: 'ReadMarked', data });
  }

  async clear(group: GroupId, user: UserId, upTo: number): Promise<void> {
    const part = this.of(group).parts.get(user);
    if (part === undefined) return;
    part.cleared = Math.max(part.cleared, upTo);
    part.read = Math.max(part.read, upTo);
    const data = { user, conversation: chatOf(group), upTo };
    await this.#append(inboxStream(user), { type: 'ConversationCleared', data });
  }

  async setAt(group: GroupId, user: UserId): Promise<void> {
    const part = this.of(group).parts.get(user);
    if (part === undefined) return;
    await this.#append(inboxStream(user), {
      type: 'ConversationConfigured',
      data: {
        ...{ user, conversation: chatOf(group), kind: 3, peer: { group } },
        settings: { groupAtType: 0 },
      },
    });
    part.atSet = this.#deeds;
    part.dropped = 0;
  }

  async drop(group: GroupId, user: UserId): Promise<void> {
    const part = this.of(group).parts.get(user);
    const upTo = this.expected(group, user)?.top ?? 0;
    if (part === undefined) return;
    const data = { user, conversation: chatOf(group), upTo };
    await this.#append(inboxStream(user), { type: 'ConversationDeleted', data });
    Object.assign(part, { dropped: upTo, atSet: this.#deeds });
  }

  /** By oneself alone, in one of two ways, or for everybody. */
  async hide(
    group: GroupId,
    user: UserId,
    seq: number,
    how: 'inbox' | 'self' | 'all',
  ): Promise<void> {
    const plain = this.of(group);
    const line = plain.lines[seq - 1];
    if (line === undefined) return;
    const conversation = chatOf(group);
    if (how === 'all') line.deleted = true;
    else line.hiddenFrom.add(user);
    if (how === 'inbox') {
      const data = { user, conversation, seqs: [seq] };
      await this.#append(inboxStream(user), { type: 'MessagesHidden', data });
      return;
    }
    const data = { conversation, seqs: [seq], scope: how, sendTime: 1 };
    const place = how === 'all' ? notificationOf(conversation) : selfNotification(user);
    const parties = how === 'all' ? { from: user, group } : { from: user, to: user };
    await this.#append(conversationStream(place), {
      type: 'MessagesDeleted',
      data: { ...parties, ...data },
    });
    if (how === 'all') plain.notes += 1;
  }

  async revoke(group: GroupId, user: UserId, seq: number): Promise<void> {
    const plain = this.of(group);
    const line = plain.lines[seq - 1];
    if (line === undefined || line.revoked) return;
    line.revoked = true;
    await this.#append(conversationStream(notificationOf(chatOf(group))), {
      type: 'MessageRevoked',
      data: {
        ...{ from: user, group, conversation: chatOf(group), seq, clientMsgId: String(seq) },
        ...{ sentBy: line.from, sentAt: 1, by: user, role: 20, byAdmin: false, sendTime: 1 },
        ...{ revoker: { nickname: '' }, source: { nickname: '' } },
      },
    });
    plain.notes += 1;
  }

  /** As the follower does: what is new goes into the tail. */
  async follow(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.tail.head, max: LOG_MAX });
    this.tail.take(knownEvents(events), next);
  }

  async project(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.#projected, max: LOG_MAX });
    await this.#database.db.transaction().execute(async (db) => {
      await this.#batches.apply(db, [chats], knownEvents(events));
      await sql`update seqline.checkpoint set position = ${next}`.execute(db);
    });
    this.#projected = next;
  }

  /** As if the tables had never been: everything once more, in batches of that size. */
  async rebuild(size: number): Promise<void> {
    const { db } = this.#database;
    await db.transaction().execute((tx) => emptied(tx));
    const batches = new Batches(new Skips());
    const known = knownEvents((await this.log.readAll({ after: 0, max: LOG_MAX })).events);
    for (let from = 0; from < known.length; from += size) {
      const some = known.slice(from, from + size);
      (await db.transaction().execute((tx) => batches.apply(tx, [chats], some)))();
    }
  }

  async dump(): Promise<Readonly<Record<string, readonly unknown[]>>> {
    const rows = TABLES.map(async (name) => {
      const found = await sql`select * from ${sql.table(name)} as r order by r::text`.execute(
        this.#database.db,
      );
      return [name, found.rows] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  /** What a recount that shares no code with the folds finds otherwise in the tables, and in what is shown. */
  async differences(): Promise<readonly unknown[]> {
    const recount = new Chats();
    const { events } = await this.log.readAll({ after: 0, max: LOG_MAX });
    for (const event of knownEvents(events)) recount.take(event);
    const findings = new Findings();
    await inSnapshot(this.#database.db, async (snapshot) => {
      for (const table of chatTables(recount)) {
        await compareTable(snapshot, tableName(table.name), table, findings);
      }
      await compareShown(snapshot, recount, findings, () => undefined);
    });
    return findings.first;
  }

  /** What a user should be shown of a group; undefined: it never was in it. */
  expected(group: GroupId, user: UserId): Expected | undefined {
    const { lines, notes, parts } = this.of(group);
    const part = parts.get(user);
    if (part === undefined) return undefined;
    const top = part.in ? lines.length : (part.tips.at(-1) ?? part.cut);
    const notesTop = part.in ? notes : part.cutNotes;
    const all = lines.slice(0, top).map((line, index) => ({
      ...{ seq: index + 1, counts: line.counts },
      kind: kindOf(line, index + 1, part, user),
    }));
    const own = lines.findLastIndex(({ from }) => from === user) + 1;
    const floor = Math.max(part.read, part.cleared, part.joined, own, part.min - 1);
    const unread = all.filter(
      ({ seq, counts, kind }) => seq > floor && counts && (kind === 'event' || kind === 'revoked'),
    );
    const shown = all.filter(({ seq }) => seq >= Math.max(part.min, part.cleared + 1));
    return {
      ...{ top, notesTop, unread: unread.length, listed: top > part.dropped },
      shown: shown.map(({ seq, kind }) => `${String(seq)} ${kind}`),
      atType: part.in ? this.#atType(lines, part, user) : 0,
      notes: Array.from({ length: notesTop }, (_, index) => index + 1).filter(
        (seq) => seq >= part.minNotes,
      ),
    };
  }

  #atType(lines: readonly Line[], { read, cleared, joined, atSet }: Part, user: UserId): number {
    const newest = (is: (line: Line) => boolean): number => {
      const seq = lines.findLastIndex(is) + 1;
      const line = lines[seq - 1];
      if (line === undefined || seq <= Math.max(read, cleared, joined)) return 0;
      return line.at > atSet ? line.at : 0;
    };
    const me = newest(({ mentions, from }) => mentions.includes(user) && from !== user);
    const last = lines.findLast(({ toAll }) => toAll);
    const all = last?.from === user ? 0 : newest(({ toAll }) => toAll);
    const announced = newest(({ announces }) => announces);
    if (announced > Math.max(me, all)) return 4;
    return (me > 0 ? 1 : 0) + (all > 0 ? 2 : 0);
  }
}
