import { sql } from 'kysely';
import {
  groupStream,
  MEMBERS_PER_EVENT_MAX,
  NAMED_MAX,
  type GroupEvent,
  type GroupProfile,
  type Role,
} from '../../../core/group/events.ts';
import type { NewEvent } from '../../../core/kernel/fact.ts';
import type { EventId, GroupId, UserId } from '../../../core/kernel/ids.ts';
import { userStream, type UserEvent } from '../../../core/user/events.ts';
import { compareTable } from '../../../infra/cli/verify/compare.ts';
import { inSnapshot } from '../../../infra/cli/verify/database.ts';
import { Findings } from '../../../infra/cli/verify/recount/findings.ts';
import { Groups } from '../../../infra/cli/verify/recount/groups.ts';
import { deriveId } from '../../../infra/ids.ts';
import { groups } from '../../../projections/groups/project.ts';
import {
  groupQueries,
  type ShownGroup,
  type ShownMember,
} from '../../../projections/groups/queries.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import { knownEvents } from '../../../projections/kernel/follower.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { by } from '../../support/people.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { SdkList } from '../../support/sdkList.ts';

export const VERSION_ID = '0123456789abcdef01234567';
const ALL = { pageNumber: 1, showNumber: 10_000 };
const LOG_MAX = 100_000;

type Body<E> = E extends GroupEvent
  ? Readonly<{ type: E['type']; data: Omit<E['data'], 'group' | 'version'> }>
  : never;
/** An event of a group without what the world adds: the group and the version. */
export type GroupFact = Body<GroupEvent>;

/** A group told in the plainest way: who is in it, in the order in which they came. */
type Plain = {
  version: number;
  readonly roles: Map<UserId, Role>;
  dismissed: boolean;
  disbanded: boolean;
};

/** Ceil of the members it names by those that one notice names; 0: an event that takes no version. */
const versionsOf = ({ type, data }: GroupFact): number => {
  if (type === 'JoinRequested' || type === 'JoinAnswered' || type === 'GroupDisbanded') return 0;
  return 'users' in data ? Math.ceil(data.users.length / NAMED_MAX) : 1;
};

/** The log of some groups, kept to the rules of their events, and the read model that grows from it. */
export class GroupWorld {
  readonly log = new MemoryEventLog();
  readonly queries: ReturnType<typeof groupQueries>;
  readonly plain = new Map<GroupId, Plain>();
  readonly #database: TestDatabase<AnyTables>;
  readonly #batches = new Batches(new Skips());
  #projected = 0;
  #ids = 0;

  private constructor(database: TestDatabase<AnyTables>) {
    this.#database = database;
    this.queries = groupQueries(database.db);
  }

  /** With empty tables. */
  static async open(database: TestDatabase<AnyTables>): Promise<GroupWorld> {
    await sql`drop schema if exists seqline cascade`.execute(database.db);
    await sql`create schema seqline`.execute(database.db);
    await database.db
      .transaction()
      .execute((db) => takeOver(db, [groups], { id: 'log', head: () => Promise.resolve(0) }));
    return new GroupWorld(database);
  }

  #nextId(): EventId {
    this.#ids += 1;
    return deriveId('test', String(this.#ids));
  }

  async user(event: UserEvent): Promise<void> {
    const made: NewEvent = { ...event, id: this.#nextId(), meta: by(event.data.user) };
    await this.log.append(userStream(event.data.user), 'any', [made]);
  }

  of(group: GroupId): Plain {
    const plain = this.plain.get(group);
    if (plain === undefined) throw new Error(`there is no group ${group}`);
    return plain;
  }

  /** In the order of the list: by role, then as they came. */
  memberIds(group: GroupId): readonly UserId[] {
    const { roles, disbanded } = this.of(group);
    if (disbanded) return [];
    return [...roles].toSorted(([, one], [, other]) => other - one).map(([user]) => user);
  }

  async create(
    group: GroupId,
    owner: UserId,
    admins: readonly UserId[] = [],
    members: readonly UserId[] = [],
    profile: Partial<GroupProfile> = {},
  ): Promise<void> {
    const roles = new Map<UserId, Role>([[owner, 100]]);
    for (const user of admins) roles.set(user, 60);
    for (const user of members) roles.set(user, 20);
    this.plain.set(group, { version: 0, roles, dismissed: false, disbanded: false });
    await this.say(group, {
      type: 'GroupCreated',
      data: {
        ...{ owner, admins, members, creator: owner, by: owner },
        rules: { verification: 0, lookMemberInfo: 0, applyMemberFriend: 0 },
        profile: { name: group, introduction: '', faceUrl: '', ex: '', ...profile },
      },
    });
  }

  add(group: GroupId, users: readonly UserId[], historyVisible = true): Promise<void> {
    const [by] = this.memberIds(group);
    for (const user of users) this.of(group).roles.set(user, 20);
    if (by === undefined) throw new Error('nobody is there to invite anybody');
    const data = { users, by, inviter: by, source: 2, historyVisible };
    return this.say(group, { type: 'MembersAdded', data });
  }

  /** In as many events as it takes. */
  async addMany(group: GroupId, users: readonly UserId[]): Promise<void> {
    for (let from = 0; from < users.length; from += MEMBERS_PER_EVENT_MAX) {
      await this.add(group, users.slice(from, from + MEMBERS_PER_EVENT_MAX));
    }
  }

  kick(group: GroupId, users: readonly UserId[]): Promise<void> {
    for (const user of users) this.of(group).roles.delete(user);
    const [by = 'app' as UserId] = this.memberIds(group);
    return this.say(group, { type: 'MembersKicked', data: { users, by } });
  }

  leave(group: GroupId, user: UserId): Promise<void> {
    this.of(group).roles.delete(user);
    return this.say(group, { type: 'MemberLeft', data: { user } });
  }

  setRole(group: GroupId, user: UserId, role: Role): Promise<void> {
    this.of(group).roles.set(user, role);
    return this.say(group, { type: 'MemberChanged', data: { user, by: user, role } });
  }

  transfer(group: GroupId, from: UserId, to: UserId): Promise<void> {
    const { roles } = this.of(group);
    const fromRole = roles.get(to) ?? 20;
    roles.set(to, 100).set(from, fromRole);
    return this.say(group, { type: 'OwnerTransferred', data: { from, to, fromRole, by: from } });
  }

  /** Its groups are told, each by an event of its own. */
  async rename(user: UserId, nickname: string): Promise<void> {
    await this.user({ type: 'UserChanged', data: { user, profile: { nickname } } });
    for (const [group, { roles, dismissed }] of this.plain) {
      if (!dismissed && roles.has(user)) {
        await this.say(group, { type: 'MemberProfileChanged', data: { user } });
      }
    }
  }

  dismiss(group: GroupId): Promise<void> {
    const plain = this.of(group);
    const [by = 'app' as UserId] = this.memberIds(group);
    plain.dismissed = true;
    return this.say(group, { type: 'GroupDismissed', data: { by } });
  }

  disband(group: GroupId): Promise<void> {
    this.of(group).disbanded = true;
    return this.say(group, { type: 'GroupDisbanded', data: {} });
  }

  async say(group: GroupId, fact: GroupFact): Promise<void> {
    const plain = this.of(group);
    const versions = versionsOf(fact);
    plain.version += versions;
    const version = versions === 0 ? {} : { version: plain.version };
    // The fact is an event of the group but for what is added here.
    const event = { ...fact, data: { ...fact.data, group, ...version } } as GroupEvent;
    const made: NewEvent = { ...event, id: this.#nextId(), meta: by('test') };
    await this.log.append(groupStream(group), 'any', [made]);
  }

  /** The tables come up to the head. */
  async project(): Promise<void> {
    const { events, next } = await this.log.readAll({ after: this.#projected, max: LOG_MAX });
    await this.#database.db
      .transaction()
      .execute((db) => this.#batches.apply(db, [groups], knownEvents(events)));
    this.#projected = next;
  }

  /** All that is in the tables. */
  async dump(): Promise<Readonly<Record<string, readonly unknown[]>>> {
    const names = ['groups', 'group_members', 'group_member_lists', 'joined_lists'];
    const rows = [...names, 'group_requests', 'group_profiles'].map(async (name) => {
      const table = sql.table(`seqline.${name}_v${String(groups.version)}`);
      const found = await sql`select * from ${table} as r order by r::text`.execute(
        this.#database.db,
      );
      return [name, found.rows] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  /** What a recount that shares no code with the read model finds otherwise. */
  async differences(): Promise<readonly unknown[]> {
    const recount = new Groups();
    const { events } = await this.log.readAll({ after: 0, max: LOG_MAX });
    for (const event of knownEvents(events)) recount.take(event);
    const findings = new Findings();
    await inSnapshot(this.#database.db, async (snapshot) => {
      for (const table of recount.tables) {
        const name = `seqline.${table.name}_v${String(groups.version)}`;
        await compareTable(snapshot, name, table, findings);
      }
    });
    return findings.first;
  }

  /** As if it had never been: everything once more, in batches of that size. */
  async rebuild(size: number): Promise<void> {
    const { db } = this.#database;
    await db.transaction().execute((tx) => groups.clear(tx));
    await db.transaction().execute((tx) => groups.create(tx));
    const batches = new Batches(new Skips());
    const { events } = await this.log.readAll({ after: 0, max: LOG_MAX });
    const known = knownEvents(events);
    for (let from = 0; from < known.length; from += size) {
      await db
        .transaction()
        .execute((tx) => batches.apply(tx, [groups], known.slice(from, from + size)));
    }
  }
}

/** A client that knows its lists by what the server says has changed, and by that alone. */
export class GroupClient {
  readonly joined = new SdkList<ShownGroup, GroupId>();
  readonly members = new Map<GroupId, SdkList<ShownMember, UserId>>();
  /** As told beside the members. */
  readonly groups = new Map<GroupId, ShownGroup>();
  readonly #world: GroupWorld;
  readonly #user: UserId;

  constructor(world: GroupWorld, user: UserId) {
    this.#world = world;
    this.#user = user;
  }

  async sync(): Promise<void> {
    const { queries } = this.#world;
    await this.joined.take(
      await queries.joinedSince(this.#user, VERSION_ID, this.joined),
      ({ group }) => group,
      async () => (await queries.joined(this.#user, ALL)).items,
    );
    for (const group of this.#world.plain.keys()) await this.syncMembers(group);
  }

  list(group: GroupId): SdkList<ShownMember, UserId> {
    const list = this.members.get(group) ?? new SdkList<ShownMember, UserId>();
    this.members.set(group, list);
    return list;
  }

  async syncMembers(group: GroupId): Promise<void> {
    const { queries } = this.#world;
    const list = this.list(group);
    const answer = await queries.membersSince(group, VERSION_ID, list);
    await list.take(
      answer,
      ({ user }) => user,
      async () => (await queries.members(group, ALL, '')).items,
    );
    if (answer.group !== undefined) this.groups.set(group, answer.group);
  }
}
