import type { GroupChanged, GroupCreated, GroupEvent } from '../../../../core/group/events.ts';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Profiles } from './profiles.ts';
import { Rows } from './rows.ts';
import type { ExpectedTable } from './table.ts';
import { said } from './text.ts';
import { Turns } from './turns.ts';

type Change = Readonly<Record<string, string | number | boolean>>;
type Event<Type extends GroupEvent['type']> = Recorded<Extract<GroupEvent, { type: Type }>>;

/** What is left of texts whose key is gone is nothing at all. */
const texts = (
  part: object | undefined,
  columns: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(columns)
      .filter(([name]) => part !== undefined && (name in part || 'erased' in part))
      .map(([name, column]) => [column, said(part, name)]),
  );

const OF_GROUP = { name: 'name', introduction: 'introduction', faceUrl: 'face_url', ex: 'ex' };
const OF_MEMBER = { nickname: 'nickname', faceUrl: 'face_url', ex: 'ex' };
const NO_TEXTS = { name: '', introduction: '', face_url: '', ex: '' };

/** Groups, who is in them, who asks to be, and the lists that clients keep of both, told again. */
export class Groups {
  readonly #groups = new Rows('groups', ['group_id']);
  readonly #members = new Rows('group_members', ['group_id', 'user_id']);
  readonly #memberLists = new Rows('group_member_lists', ['group_id']);
  readonly #joinedLists = new Rows('joined_lists', ['user_id']);
  readonly #requests = new Rows('group_requests', ['group_id', 'user_id']);
  readonly #profiles = new Profiles('group_profiles');
  readonly #memberTurns = new Map<string, Turns>();
  readonly #joinedTurns = new Map<string, Turns>();

  get tables(): readonly ExpectedTable[] {
    const lists = [this.#memberLists, this.#joinedLists, this.#profiles.rows];
    return [this.#groups, this.#members, this.#requests, ...lists].map((rows) => rows.table);
  }

  take(event: Recorded<SeqlineEvent>): void {
    if (event.type === 'UserRegistered' || event.type === 'UserChanged') {
      this.#profiles.take(event);
    }
    if (!event.stream.startsWith('group-')) return;
    this.#takeOfGroup(event as Recorded<GroupEvent>);
  }

  #takeOfGroup(event: Recorded<GroupEvent>): void {
    const { data } = event;
    this.#ofGroup(event);
    this.#ofMembers(event);
    this.#ofRequests(event);
    if ('version' in data) this.#putMemberList(data.group, data.version);
  }

  #ofGroup(event: Recorded<GroupEvent>): void {
    const { data, position } = event;
    const { group } = data;
    switch (event.type) {
      case 'GroupCreated':
        this.#create(event);
        return;
      case 'GroupChanged':
        this.#change(group, position, {
          ...texts(event.data.profile, OF_GROUP),
          ...announced(event),
          ...rules(event.data.rules),
        });
        return;
      case 'OwnerTransferred':
        this.#change(group, position, { owner: event.data.to });
        return;
      case 'GroupMuted':
      case 'GroupUnmuted':
        this.#change(group, position, { muted: event.type === 'GroupMuted' });
        return;
      case 'GroupDismissed':
        this.#change(group, position, { dismissed: true });
        return;
      case 'GroupDisbanded':
        this.#change(group, position, { owner: '', member_count: 0, disbanded_pos: position });
        return;
      default:
        return;
    }
  }

  #ofMembers(event: Recorded<GroupEvent>): void {
    const { group } = event.data;
    switch (event.type) {
      case 'MembersAdded':
        this.#add(event);
        return;
      case 'MemberLeft':
        this.#leave([event.data.user], event);
        return;
      case 'MembersKicked':
        this.#leave(event.data.users, event);
        return;
      case 'OwnerTransferred': {
        const { from, to, by, fromRole, version } = event.data;
        this.#alter(group, from, version, { role: fromRole, operator: by });
        this.#alter(group, to, version, { role: 100, operator: by });
        this.#turnsOf(group).sorted = version;
        return;
      }
      case 'MemberMuted':
        this.#alter(group, event.data.user, event.data.version, { muted_until: event.data.until });
        return;
      case 'MemberUnmuted':
        this.#alter(group, event.data.user, event.data.version, { muted_until: 0 });
        return;
      case 'MemberChanged': {
        const { user, role, notes, by, version } = event.data;
        const placed: Change = role === undefined ? {} : { role, operator: by };
        this.#alter(group, user, version, { ...texts(notes, OF_MEMBER), ...placed });
        if (role !== undefined) this.#turnsOf(group).sorted = version;
        return;
      }
      case 'MemberProfileChanged':
        this.#alter(group, event.data.user, event.data.version, {});
        return;
      default:
        return;
    }
  }

  #ofRequests(event: Recorded<GroupEvent>): void {
    if (event.type === 'JoinRequested') {
      const { group, user, inviter = '', source, application } = event.data;
      this.#requests.put({
        ...{ group_id: group, user_id: user, result: 0, source, inviter },
        ...{ message: said(application, 'message'), ex: said(application, 'ex') },
        ...{ requested_at: event.created, requested_pos: event.position },
        ...{ handler: '', answer: '', handled_at: 0 },
      });
    }
    if (event.type !== 'JoinAnswered') return;
    const { group, user, by, agrees, answer } = event.data;
    const row = this.#requests.get(group, user);
    if (row === undefined) return;
    Object.assign(row, { result: agrees ? 1 : -1, handler: by, handled_at: event.created });
    row['answer'] = said(answer, 'message');
  }

  #create(event: Event<'GroupCreated'>): void {
    const { data, created, position } = event;
    const { group, owner, admins, members, creator, by } = data;
    const all = [owner, ...admins, ...members];
    this.#groups.put({
      ...{ group_id: group, owner, creator, member_count: all.length },
      ...{ muted: false, dismissed: false, disbanded_pos: 0 },
      ...{ ...NO_TEXTS, ...texts(data.profile, OF_GROUP), ...rules(data.rules) },
      ...{ announcement: '', announced_at: 0, announced_by: '', ...announced(event) },
      ...{ created_at: created, created_pos: position, info_pos: position },
    });
    for (const [place, user] of all.entries()) {
      const role = place === 0 ? 100 : place <= admins.length ? 60 : 20;
      this.#join(user, place, event, { role, source: 2, operator: by, inviter: by });
    }
  }

  #add(event: Event<'MembersAdded'>): void {
    const { group, users, by, source, inviter = '' } = event.data;
    this.#count(group, users.length, event.position);
    const how = { role: 20, source, operator: by, inviter };
    for (const [place, user] of users.entries()) this.#join(user, place, event, how);
  }

  #join(
    user: string,
    place: number,
    { data, created, position }: Event<'GroupCreated' | 'MembersAdded'>,
    how: Change,
  ): void {
    const { group, version } = data;
    this.#turnsOf(group).came(user, version);
    const turns = this.#joinedTurns.get(user);
    if (turns !== undefined) {
      turns.came(group, position);
      this.#putJoinedList(user, turns);
    }
    if (this.#members.get(group, user) !== undefined) return;
    this.#members.put({
      ...{ group_id: group, user_id: user, nickname: '', face_url: '', ex: '', muted_until: 0 },
      ...{ joined_at: created, joined_pos: position, place, ...how },
      ...{ created_version: version, changed_version: version },
    });
  }

  #leave(
    users: readonly string[],
    { data, position }: Event<'MemberLeft' | 'MembersKicked'>,
  ): void {
    const { group, version } = data;
    this.#count(group, -users.length, position);
    for (const user of users) {
      this.#members.remove(group, user);
      this.#turnsOf(group).went(user, version);
      const turns = this.#joinedTurns.get(user) ?? new Turns();
      this.#joinedTurns.set(user, turns);
      turns.went(group, position);
      this.#putJoinedList(user, turns);
    }
  }

  #count(group: string, more: number, position: number): void {
    const count = Number(this.#groups.get(group)?.['member_count']);
    this.#change(group, position, { member_count: count + more });
  }

  #change(group: string, position: number, change: Change): void {
    const row = this.#groups.get(group);
    if (row !== undefined) Object.assign(row, change, { info_pos: position });
  }

  #alter(group: string, user: string, version: number, change: Change): void {
    const row = this.#members.get(group, user);
    if (row !== undefined) Object.assign(row, change, { changed_version: version });
  }

  #turnsOf(group: string): Turns {
    const turns = this.#memberTurns.get(group) ?? new Turns();
    this.#memberTurns.set(group, turns);
    return turns;
  }

  #putMemberList(group: string, version: number): void {
    const { text: gone, floor: floor_version, sorted: sort_version } = this.#turnsOf(group);
    this.#memberLists.put({ group_id: group, version, gone, floor_version, sort_version });
  }

  #putJoinedList(user: string, { text: gone, floor, sorted }: Turns): void {
    this.#joinedLists.put({ user_id: user, gone, floor_pos: floor, sort_pos: sorted });
  }
}

const announced = ({ data, created }: Recorded<GroupCreated | GroupChanged>): Change =>
  data.announcement === undefined
    ? {}
    : {
        announcement: said(data.announcement, 'text'),
        announced_at: created,
        announced_by: data.by,
      };

const rules = (said: GroupChanged['data']['rules'] = {}): Change => {
  const { verification, lookMemberInfo, applyMemberFriend } = said;
  return Object.fromEntries(
    Object.entries({
      verification,
      look_member_info: lookMemberInfo,
      apply_member_friend: applyMemberFriend,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
};
