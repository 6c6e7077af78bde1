import type {
  GroupChanged,
  GroupCreated,
  GroupEvent,
  JoinAnswered,
  JoinRequested,
  MemberChanged,
  MembersAdded,
  Role,
} from '../../core/group/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Table } from '../kernel/model.ts';
import { profilesIn } from '../kernel/profiles.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import { NOTHING_TO_SAY, withCome, withGone } from '../kernel/since.ts';
import { storable } from '../kernel/text.ts';
import {
  groupRows,
  joinedListRows,
  joinRequestRows,
  memberListRows,
  memberRows,
  profileRows,
  type Group,
  type JoinedList,
  type JoinRequest,
  type Member,
  type MemberList,
} from './rows.ts';

type Event = Recorded<SeqlineEvent>;
type OfGroup = Recorded<GroupEvent>;

const isOfGroups = (event: Event): event is OfGroup => event.stream.startsWith('group-');

/** Joined by invitation (OpenIM's joinSource): so are those whom a group is made with. */
const INVITED = 2;

/** A text of an event as it is now: as it was where nothing is said, and nothing where it has been erased. */
const said = <Key extends string>(
  personal: Personal<Partial<Record<Key, string>>> | undefined,
  key: Key,
  before = '',
): string => {
  if (personal === undefined) return before;
  return isErased(personal) ? '' : storable(personal[key] ?? before);
};

/** In the order in which they stand in the list. */
const firstMembers = ({ owner, admins, members }: GroupCreated['data']): readonly UserId[] => [
  owner,
  ...admins,
  ...members,
];

const comersOf = (event: OfGroup): readonly UserId[] => {
  if (event.type === 'GroupCreated') return firstMembers(event.data);
  return event.type === 'MembersAdded' ? event.data.users : [];
};

const leaversOf = (event: OfGroup): readonly UserId[] => {
  if (event.type === 'MemberLeft') return [event.data.user];
  return event.type === 'MembersKicked' ? event.data.users : [];
};

// --- groups ----------------------------------------------------------------------------------------

const announced = (row: Group, { data, created }: Recorded<GroupCreated | GroupChanged>): Group => {
  const { announcement, by } = data;
  if (announcement === undefined) return row;
  return {
    ...row,
    announcement: said(announcement, 'text'),
    announcedAt: created,
    announcedBy: by,
  };
};

const profileIn = (
  profile: GroupChanged['data']['profile'],
  row: Partial<Pick<Group, 'name' | 'introduction' | 'faceUrl' | 'ex'>>,
) => ({
  name: said(profile, 'name', row.name),
  introduction: said(profile, 'introduction', row.introduction),
  faceUrl: said(profile, 'faceUrl', row.faceUrl),
  ex: said(profile, 'ex', row.ex),
});

const begun = (event: Recorded<GroupCreated>): Group => {
  const { data, created, position } = event;
  const { group, owner, creator, rules, profile } = data;
  const row: Group = {
    group,
    ...profileIn(profile, {}),
    ...rules,
    announcement: '',
    announcedAt: 0,
    announcedBy: '',
    owner,
    creator,
    memberCount: firstMembers(data).length,
    muted: false,
    dismissed: false,
    createdAt: created,
    createdPos: position,
    infoPos: position,
    disbandedPos: 0,
  };
  return announced(row, event);
};

/** What becomes of what is shown of it; the very row: nothing. */
const changed = (row: Group, event: OfGroup): Group => {
  switch (event.type) {
    case 'GroupChanged': {
      const { profile, rules } = event.data;
      return announced({ ...row, ...profileIn(profile, row), ...rules }, event);
    }
    case 'MembersAdded':
      return { ...row, memberCount: row.memberCount + event.data.users.length };
    case 'MemberLeft':
      return { ...row, memberCount: row.memberCount - 1 };
    case 'MembersKicked':
      return { ...row, memberCount: row.memberCount - event.data.users.length };
    case 'OwnerTransferred':
      return { ...row, owner: event.data.to };
    case 'GroupMuted':
      return { ...row, muted: true };
    case 'GroupUnmuted':
      return { ...row, muted: false };
    case 'GroupDismissed':
      return { ...row, dismissed: true };
    case 'GroupDisbanded':
      return { ...row, owner: '', memberCount: 0, disbandedPos: event.position };
    default:
      return row;
  }
};

const foldGroup = (row: Group | undefined, event: OfGroup): Group | undefined => {
  if (event.type === 'GroupCreated') return row ?? begun(event);
  if (row === undefined) return undefined;
  const after = changed(row, event);
  return after === row ? row : { ...after, infoPos: event.position };
};

export const groups: Table<Group> = {
  ...rowsOf(groupRows),
  keysOf: (event) => (isOfGroups(event) ? [event.data.group] : []),
  fold: (row, event) => (isOfGroups(event) ? foldGroup(row, event) : row),
};

// --- members ---------------------------------------------------------------------------------------

const roleIn = ({ owner, admins }: GroupCreated['data'], user: UserId): Role => {
  if (user === owner) return 100;
  return admins.includes(user) ? 60 : 20;
};

const joined = (event: Recorded<GroupCreated | MembersAdded>, user: UserId): Member => {
  const { type, data, created, position } = event;
  const isFirst = type === 'GroupCreated';
  return {
    group: data.group,
    user,
    role: isFirst ? roleIn(data, user) : 20,
    nickname: '',
    faceUrl: '',
    ex: '',
    joinedAt: created,
    joinedPos: position,
    place: comersOf(event).indexOf(user),
    source: isFirst ? INVITED : data.source,
    operator: data.by,
    inviter: isFirst ? data.by : (data.inviter ?? ''),
    mutedUntil: 0,
    createdVersion: data.version,
    changedVersion: data.version,
  };
};

const configured = (row: Member, { data }: Recorded<MemberChanged>): Member => {
  const { role, notes, by, version } = data;
  return {
    ...row,
    nickname: said(notes, 'nickname', row.nickname),
    faceUrl: said(notes, 'faceUrl', row.faceUrl),
    ex: said(notes, 'ex', row.ex),
    ...(role === undefined ? {} : { role, operator: by }),
    changedVersion: version,
  };
};

/** What becomes of somebody who is in it. */
const altered = (row: Member, event: OfGroup, user: UserId): Member => {
  switch (event.type) {
    case 'OwnerTransferred': {
      const { to, fromRole, by, version } = event.data;
      return { ...row, role: user === to ? 100 : fromRole, operator: by, changedVersion: version };
    }
    case 'MemberMuted':
      return { ...row, mutedUntil: event.data.until, changedVersion: event.data.version };
    case 'MemberUnmuted':
      return { ...row, mutedUntil: 0, changedVersion: event.data.version };
    case 'MemberChanged':
      return configured(row, event);
    case 'MemberProfileChanged':
      return { ...row, changedVersion: event.data.version };
    default:
      return row;
  }
};

const foldMember = (row: Member | undefined, event: OfGroup, user: UserId): Member | undefined => {
  switch (event.type) {
    case 'GroupCreated':
    case 'MembersAdded':
      return row ?? joined(event, user);
    case 'MemberLeft':
    case 'MembersKicked':
      return undefined;
    default:
      return row && altered(row, event, user);
  }
};

const concerned = (event: OfGroup): readonly UserId[] => {
  switch (event.type) {
    case 'GroupCreated':
    case 'MembersAdded':
      return comersOf(event);
    case 'MemberLeft':
    case 'MembersKicked':
      return leaversOf(event);
    case 'OwnerTransferred':
      return [event.data.from, event.data.to];
    case 'MemberMuted':
    case 'MemberUnmuted':
    case 'MemberChanged':
    case 'MemberProfileChanged':
      return [event.data.user];
    default:
      return [];
  }
};

/** One row for each membership, and none for what concerns them all. */
export const members: Table<Member> = {
  ...rowsOf(memberRows),
  keysOf: (event) =>
    isOfGroups(event) ? concerned(event).map((user) => joinKey(event.data.group, user)) : [],
  fold: (row, event, key) =>
    isOfGroups(event) ? foldMember(row, event, splitKey(key)[1] as UserId) : row,
};

// --- lists: versions, who went, and when the order changed -----------------------------------------

const isSorting = (event: OfGroup): boolean =>
  event.type === 'OwnerTransferred' ||
  (event.type === 'MemberChanged' && event.data.role !== undefined);

const foldMemberList = (row: MemberList | undefined, event: OfGroup): MemberList | undefined => {
  if (!('version' in event.data)) return row;
  const { group, version } = event.data;
  const before: MemberList = { ...(row ?? { group, ...NOTHING_TO_SAY }), version };
  const sorted = isSorting(event) ? { ...before, sortPos: version } : before;
  return withGone(withCome(sorted, comersOf(event), version), leaversOf(event), version);
};

export const memberLists: Table<MemberList> = {
  ...rowsOf(memberListRows),
  keysOf: (event) => (isOfGroups(event) && 'version' in event.data ? [event.data.group] : []),
  fold: (row, event) => (isOfGroups(event) ? foldMemberList(row, event) : row),
};

const foldJoinedList = (
  row: JoinedList | undefined,
  event: OfGroup,
  user: UserId,
): JoinedList | undefined => {
  const { group } = event.data;
  if (leaversOf(event).length === 0) return row && withCome(row, [group], event.position);
  return withGone(row ?? { user, ...NOTHING_TO_SAY }, [group], event.position);
};

export const joinedLists: Table<JoinedList> = {
  ...rowsOf(joinedListRows),
  keysOf: (event) => (isOfGroups(event) ? [...comersOf(event), ...leaversOf(event)] : []),
  fold: (row, event, key) => (isOfGroups(event) ? foldJoinedList(row, event, key as UserId) : row),
};

// --- requests: the newest for each user and group --------------------------------------------------

const asked = ({ data, created, position }: Recorded<JoinRequested>): JoinRequest => ({
  group: data.group,
  user: data.user,
  result: 0,
  message: said(data.application, 'message'),
  ex: said(data.application, 'ex'),
  requestedAt: created,
  requestedPos: position,
  source: data.source,
  inviter: data.inviter ?? '',
  handler: '',
  answer: '',
  handledAt: 0,
});

const answered = (
  row: JoinRequest | undefined,
  { data, created }: Recorded<JoinAnswered>,
): JoinRequest | undefined =>
  row && {
    ...row,
    result: data.agrees ? 1 : -1,
    handler: data.by,
    answer: said(data.answer, 'message'),
    handledAt: created,
  };

export const joinRequests: Table<JoinRequest> = {
  ...rowsOf(joinRequestRows),
  keysOf: (event) =>
    event.type === 'JoinRequested' || event.type === 'JoinAnswered'
      ? [joinKey(event.data.group, event.data.user)]
      : [],
  fold: (row, event) => {
    if (event.type === 'JoinRequested') return asked(event);
    return event.type === 'JoinAnswered' ? answered(row, event) : row;
  },
};

export const profiles = profilesIn(profileRows);
