import { accept, refuse } from '../kernel/decider.ts';
import { isErased } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';
import type {
  ChangeMembers,
  GroupActor,
  MemberChange,
  MuteGroup,
  MuteMember,
  ShowProfile,
  TransferGroup,
} from './commands.ts';
import type { GroupEvent, MemberNotes, Role } from './events.ts';
import {
  notAllowed,
  notManager,
  notOpen,
  NOTHING,
  outranks,
  owns,
  versionAfter,
  type Decision,
  type Refusal,
} from './rights.ts';
import { memberOf, type Group, type Member } from './state.ts';

const SECOND_MS = 1_000;

const notIn = (field: string, user: UserId): Refusal =>
  refuse('args/invalid', `${field}: ${user} is not a member of the group`);

const isHandedOver = (group: Group, { from, to, by }: TransferGroup['data']): boolean =>
  group.owner === to && memberOf(group, from) !== undefined && (by.admin || by.user === from);

/** The two change roles. Nobody is to own a group and be silent in it. */
export const transfer = ({ data, at }: TransferGroup, group: Group): Decision => {
  const { group: id, from, to, by } = data;
  const closed = notOpen(group);
  if (closed !== undefined) return closed;
  if (from === to) return refuse('args/invalid', `newOwnerUserID: ${to} is the old owner`);
  if (isHandedOver(group, data)) return NOTHING;
  if (!owns(group, by)) return notAllowed('oldOwnerUserID: only the owner can hand the group over');
  if (from !== group.owner) {
    return refuse('args/invalid', `oldOwnerUserID: ${from} is not the owner of the group`);
  }
  const heir = memberOf(group, to);
  if (heir === undefined) return notIn('newOwnerUserID', to);
  const isMuted = heir.mutedUntil > at;
  const version = versionAfter(group);
  const unmuted: GroupEvent = {
    type: 'MemberUnmuted',
    data: { group: id, version, user: to, by: by.user },
  };
  return accept<GroupEvent>(...(isMuted ? [unmuted] : []), {
    type: 'OwnerTransferred',
    data: {
      group: id,
      version: isMuted ? version + 1 : version,
      from,
      to,
      fromRole: heir.role,
      by: by.user,
    },
  });
};

export const muteMember = ({ data, at }: MuteMember, group: Group): Decision => {
  const { group: id, user, seconds, by } = data;
  const refused = notOpen(group) ?? notManager(group, by);
  if (refused !== undefined) return refused;
  const member = memberOf(group, user);
  if (member === undefined) return refuse('group/not-member', `userID: ${user} is not a member`);
  if (!outranks(group, by, member.role)) {
    return notAllowed(`userID: ${by.user} cannot say who mutes ${user}`);
  }
  const version = versionAfter(group);
  if (seconds === 0) {
    return member.mutedUntil <= at
      ? NOTHING
      : accept({ type: 'MemberUnmuted', data: { group: id, version, user, by: by.user } });
  }
  const until = at + seconds * SECOND_MS;
  if (member.mutedUntil === until) return NOTHING;
  return accept({
    type: 'MemberMuted',
    data: { group: id, version, user, by: by.user, until, seconds },
  });
};

export const muteGroup = ({ data }: MuteGroup, group: Group): Decision => {
  const { group: id, muted, by } = data;
  const refused = notOpen(group) ?? notManager(group, by);
  if (refused !== undefined) return refused;
  if (group.muted === muted) return NOTHING;
  return accept({
    type: muted ? 'GroupMuted' : 'GroupUnmuted',
    data: { group: id, version: versionAfter(group), by: by.user },
  });
};

type Change = Omit<MemberChange, 'group'>;

const mayNotChange = (
  group: Group,
  by: GroupActor,
  { user, role }: Change,
): Refusal | undefined => {
  const self = memberOf(group, by.user);
  if (self === undefined && !by.admin) return notAllowed(`${by.user} is not a member`);
  if (role === 100) return notAllowed('roleLevel: a group is handed over, not taken');
  const member = memberOf(group, user);
  if (member === undefined) return notIn('userID', user);
  if (by.user !== user && !outranks(group, by, member.role)) {
    return notAllowed(`userID: ${by.user} cannot change ${user}`);
  }
  return role === undefined || role === member.role
    ? undefined
    : mayNotHave(member, role, by.user === user && !by.admin);
};

const mayNotHave = (member: Member, role: Role, isOwnWish: boolean): Refusal | undefined => {
  if (member.role === 100) return refuse('args/invalid', 'roleLevel: the owner stays the owner');
  return isOwnWish && role > member.role
    ? notAllowed('roleLevel: nobody raises oneself')
    : undefined;
};

const differing = (notes: MemberNotes, { notes: known }: Member): MemberNotes => {
  const before = isErased(known) ? undefined : known;
  const entries = Object.entries(notes) as [keyof MemberNotes, string][];
  return Object.fromEntries(entries.filter(([key, text]) => text !== before?.[key]));
};

/** A role and notes are two notices, and so two events. */
const changesOf = (
  group: Group,
  version: number,
  { by, group: id }: ChangeMembers['data'],
  { user, role, notes = {} }: Change,
): readonly GroupEvent[] => {
  const member = memberOf(group, user);
  if (member === undefined) return [];
  const about = { group: id, user, by: by.user };
  const events: GroupEvent[] = [];
  if (role !== undefined && role !== member.role) {
    events.push({ type: 'MemberChanged', data: { ...about, version: version + 1, role } });
  }
  const said = differing(notes, member);
  if (Object.keys(said).length > 0) {
    const next = version + events.length + 1;
    events.push({ type: 'MemberChanged', data: { ...about, version: next, notes: said } });
  }
  return events;
};

export const changeMembers = ({ data }: ChangeMembers, group: Group): Decision => {
  const closed = notOpen(group);
  if (closed !== undefined) return closed;
  const events: GroupEvent[] = [];
  for (const change of data.changes) {
    const refused = mayNotChange(group, data.by, change);
    if (refused !== undefined) return refused;
    events.push(...changesOf(group, group.version + events.length, data, change));
  }
  return accept(...events);
};

/** Only where the member is shown with it, and once for each change of a profile. */
export const showProfile = ({ id, data }: ShowProfile, group: Group): Decision => {
  const { group: of, user, nickname, faceUrl } = data;
  const member = memberOf(group, user);
  if (member === undefined || group.status !== 'open' || member.shown === id) return NOTHING;
  const own = isErased(member.notes) ? { nickname: '', faceUrl: '' } : member.notes;
  const isShown = (nickname && own.nickname === '') || (faceUrl && own.faceUrl === '');
  if (!isShown) return NOTHING;
  return accept({
    type: 'MemberProfileChanged',
    data: { group: of, version: versionAfter(group), user },
  });
};
