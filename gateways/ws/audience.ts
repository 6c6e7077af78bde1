import { groupSubject, type GroupEvent } from '../../core/group/events.ts';
import type { GroupId, Position, UserId } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Interest, Topic } from './interest.ts';

/** Facts by which somebody comes into a group or goes. */
export type MembershipEvent = Extract<
  GroupEvent,
  { type: 'GroupCreated' | 'MembersAdded' | 'MemberLeft' | 'MembersKicked' | 'GroupDisbanded' }
>;

const MEMBERSHIP: ReadonlySet<string> = new Set([
  'GroupCreated',
  'MembersAdded',
  'MemberLeft',
  'MembersKicked',
  'GroupDisbanded',
] satisfies MembershipEvent['type'][]);

export const isMembership = (event: Readonly<{ type: string }>): event is MembershipEvent =>
  MEMBERSHIP.has(event.type);

type Moved = Readonly<{ group: GroupId; joined: readonly UserId[]; left: readonly UserId[] }>;

const movedBy = (event: MembershipEvent): Moved => {
  switch (event.type) {
    case 'GroupCreated': {
      const { group, owner, admins, members } = event.data;
      return { group, joined: [owner, ...admins, ...members], left: [] };
    }
    case 'MembersAdded':
      return { group: event.data.group, joined: event.data.users, left: [] };
    case 'MembersKicked':
      return { group: event.data.group, joined: [], left: event.data.users };
    case 'MemberLeft':
      return { group: event.data.group, joined: [], left: [event.data.user] };
    case 'GroupDisbanded':
      return { group: event.data.group, joined: [], left: [] };
  }
};

/** Who comes into a group by it. */
export const joinedBy = (event: MembershipEvent): readonly UserId[] => movedBy(event).joined;

/** The groups of a user, with all that has happened up to `asOf`. */
export type Loaded = Readonly<{ groups: readonly GroupId[]; asOf: Position }>;

/** Users that have come or gone and are remembered for those who are just connecting: some MB. */
export const REMEMBERED_MAX = 20_000;

type Change = Readonly<{ topic: Topic; position: Position; isIn: boolean }>;

/**
 * Who here hears what is published: of each user its connections, of each group those of its members. What
 * somebody hears of is joined in `Interest` as the first one comes, and left as the last one goes. Some 60
 * bytes for each group of each connection.
 */
export class Audience {
  readonly #connections: Connections;
  readonly #interest: Pick<Interest, 'join' | 'leave'> | undefined;
  readonly #byGroup = new Map<Topic, Set<Connection>>();
  /** Who came and went last, so that nothing is missed between the loading of groups and the opening. */
  readonly #recent = new Map<UserId, Change[]>();
  #order: UserId[] = [];
  #floor: Position;
  #newest: Position;

  constructor(
    connections: Connections,
    after: Position,
    interest: Pick<Interest, 'join' | 'leave'> | undefined,
  ) {
    this.#connections = connections;
    this.#floor = after;
    this.#newest = after;
    this.#interest = interest;
  }

  /** The groups of whoever connects have to be loaded with all up to here. */
  get newest(): Position {
    return this.#newest;
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.count;
  }

  /** How many groups somebody here is in. */
  get groups(): number {
    return this.#byGroup.size;
  }

  of(topic: Topic): ReadonlySet<Connection> {
    return this.#byGroup.get(topic) ?? this.#connections.of(topic);
  }

  /** A connection of `Connections` has opened. False: its groups cannot be told any more. */
  arrived(connection: Connection, { groups, asOf }: Loaded): boolean {
    const { user } = connection.caller;
    if (this.#connections.of(user).size === 1) this.#interest?.join(user);
    const topics = new Set(groups.map(groupSubject));
    for (const { topic, position, isIn } of this.#recent.get(user) ?? []) {
      if (position <= asOf) continue;
      if (isIn) topics.add(topic);
      else topics.delete(topic);
    }
    for (const topic of topics) this.#add(topic, connection);
    return asOf >= this.#floor;
  }

  /** It has left `Connections`. */
  departed(connection: Connection): void {
    const { user } = connection.caller;
    for (const topic of connection.topics) this.#remove(topic, connection);
    if (this.#connections.of(user).size === 0) this.#interest?.leave(user);
  }

  /** Who comes in, and hears of the group from now on. */
  coming(event: MembershipEvent, position: Position): void {
    const { group, joined } = movedBy(event);
    this.#remember(group, joined, position, true);
    for (const connection of this.#here(joined)) this.#add(groupSubject(group), connection);
  }

  /** Who goes, and hears no more of the group; answers with the connections that did. */
  going(event: MembershipEvent, position: Position): readonly Connection[] {
    const { group, left } = movedBy(event);
    const topic = groupSubject(group);
    this.#remember(group, left, position, false);
    return this.#drop(topic, this.#here(left));
  }

  /** Nobody hears of the group any more. */
  end(topic: Topic): void {
    this.#drop(topic, [...(this.#byGroup.get(topic) ?? [])]);
  }

  #drop(topic: Topic, connections: readonly Connection[]): readonly Connection[] {
    const dropped = connections.filter(({ topics }) => topics.has(topic));
    for (const connection of dropped) this.#remove(topic, connection);
    return dropped;
  }

  #here(users: readonly UserId[]): readonly Connection[] {
    return users.flatMap((user) => [...this.#connections.of(user)]);
  }

  #add(topic: Topic, connection: Connection): void {
    const here = this.#byGroup.get(topic);
    connection.topics.add(topic);
    if (here !== undefined) {
      here.add(connection);
      return;
    }
    this.#byGroup.set(topic, new Set([connection]));
    this.#interest?.join(topic);
  }

  #remove(topic: Topic, connection: Connection): void {
    const here = this.#byGroup.get(topic);
    connection.topics.delete(topic);
    if (here?.delete(connection) !== true || here.size > 0) return;
    this.#byGroup.delete(topic);
    this.#interest?.leave(topic);
  }

  #remember(group: GroupId, users: readonly UserId[], position: Position, isIn: boolean): void {
    this.#newest = Math.max(this.#newest, position);
    const topic = groupSubject(group);
    for (const user of users) {
      const changes = this.#recent.get(user);
      const change = { topic, position, isIn };
      if (changes === undefined) this.#recent.set(user, [change]);
      else changes.push(change);
      this.#order.push(user);
    }
    const over = this.#order.length - REMEMBERED_MAX;
    if (over < REMEMBERED_MAX / 4) return;
    for (const user of this.#order.slice(0, over)) {
      const changes = this.#recent.get(user);
      this.#floor = Math.max(this.#floor, changes?.shift()?.position ?? 0);
      if (changes?.length === 0) this.#recent.delete(user);
    }
    this.#order = this.#order.slice(over);
  }
}
