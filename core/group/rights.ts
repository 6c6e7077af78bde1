import { accept, refuse, type Outcome, type Refused } from '../kernel/decider.ts';
import type { UserId } from '../kernel/ids.ts';
import type { GroupActor, GroupRefusal } from './commands.ts';
import { MEMBERS_MAX, NAMED_MAX, type GroupEvent } from './events.ts';
import { memberOf, type Group } from './state.ts';

export type Refusal = Refused<GroupRefusal>;
/** Its events get their ids when the whole decision is made (decider.ts). */
export type Decision = Outcome<GroupEvent, GroupRefusal>;

export const NOTHING: Decision = accept();

/** Users named in a refusal, at most. */
const NAMED_IN_REFUSAL_MAX = 10;

export const naming = (users: readonly UserId[]): string => {
  const more = users.length > NAMED_IN_REFUSAL_MAX ? ', …' : '';
  return users.slice(0, NAMED_IN_REFUSAL_MAX).join(', ') + more;
};

export const unknown = (): Refusal => refuse('group/unknown', 'groupID: there is no such group');

export const dismissed = (): Refusal =>
  refuse('group/dismissed', 'groupID: the group has been dismissed');

/** Why nobody can change anything of it. */
export const notOpen = ({ status }: Group): Refusal | undefined => {
  switch (status) {
    case 'open':
      return undefined;
    case 'unknown':
      return unknown();
    case 'dismissed':
    case 'disbanded':
      return dismissed();
  }
};

export const notAllowed = (detail: string): Refusal => refuse('group/not-allowed', detail);

const roleIn = (group: Group, { user }: GroupActor): number => memberOf(group, user)?.role ?? 0;

/** Owner, group admins, and app admins wherever they are. */
export const manages = (group: Group, by: GroupActor): boolean =>
  by.admin || roleIn(group, by) >= 60;

export const owns = (group: Group, by: GroupActor): boolean =>
  by.admin || (group.owner === by.user && group.status !== 'disbanded');

export const notManager = (group: Group, by: GroupActor): Refusal | undefined =>
  manages(group, by) ? undefined : notAllowed(`${by.user} is neither owner nor admin of the group`);

/** An owner may do to admins and members, an admin to members, what an app admin may do to anybody. */
export const outranks = (group: Group, by: GroupActor, role: number): boolean =>
  by.admin || (roleIn(group, by) >= 60 && roleIn(group, by) > role);

export const tooMany = (group: Group, more: number): Refusal | undefined =>
  group.memberCount + more > MEMBERS_MAX
    ? refuse('group/too-many', `groupID: a group has at most ${String(MEMBERS_MAX)} members`)
    : undefined;

/** The version after so many notices; an event that names nobody is one. */
export const versionAfter = ({ version }: Pick<Group, 'version'>, named = 1): number =>
  version + Math.max(1, Math.ceil(named / NAMED_MAX));
