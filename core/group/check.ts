import { refuse, type Refused } from '../kernel/decider.ts';
import type { UserId } from '../kernel/ids.ts';
import type { GroupChange, MemberChange, NewGroup } from './commands.ts';
import {
  MEMBERS_MAX,
  MEMBERS_PER_EVENT_MAX,
  type GroupProfile,
  type GroupRules,
} from './events.ts';
import { isGroupId } from './ids.ts';

/** Units of text. Names stand in every line that tells of a group or member. */
export const NAME_LENGTH_MAX = 256;
export const LINK_LENGTH_MAX = 2_048;
/** Introductions, announcements, what applicants say, and the app's own: together they fit one notice. */
export const TEXT_LENGTH_MAX = 4_096;
/** OpenIM's uint32. */
const SECONDS_MAX = 2 ** 32 - 1;
/** Ways to come in that are asked for: by invitation, by search, by QR code, or by an admin. */
const SOURCE_MIN = 1;
const SOURCE_MAX = 4;

type Fault = Refused<'args/invalid' | 'group/too-many'> | undefined;

const wrong = (field: string, detail: string): Refused<'args/invalid'> =>
  refuse('args/invalid', `${field}: ${detail}`);

const tooLong = (field: string, text: string | undefined, max: number): Fault =>
  text !== undefined && text.length > max
    ? wrong(field, `at most ${String(max)} characters`)
    : undefined;

const firstOf = (...faults: readonly Fault[]): Fault => faults.find((fault) => fault !== undefined);

/** Names a user that is named more than once, if any is. */
const twice = (users: readonly UserId[]): UserId | undefined => {
  const seen = new Set<UserId>();
  return users.find((user) => seen.size === seen.add(user).size);
};

export const usersFault = (field: string, users: readonly UserId[]): Fault => {
  if (users.length === 0) return wrong(field, 'names nobody');
  if (users.length > MEMBERS_PER_EVENT_MAX) {
    return wrong(field, `at most ${String(MEMBERS_PER_EVENT_MAX)}`);
  }
  const double = twice(users);
  return double === undefined ? undefined : wrong(field, `${double} is named twice`);
};

export const messageFault = (field: string, text: string): Fault =>
  tooLong(field, text, TEXT_LENGTH_MAX);

const choice = (field: string, value: number | undefined, max: number): Fault =>
  value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)
    ? undefined
    : wrong(field, `must be from 0 to ${String(max)}`);

const rulesFault = (
  prefix: string,
  { verification, lookMemberInfo, applyMemberFriend }: Partial<GroupRules>,
): Fault =>
  firstOf(
    choice(`${prefix}needVerification`, verification, 2),
    choice(`${prefix}lookMemberInfo`, lookMemberInfo, 1),
    choice(`${prefix}applyMemberFriend`, applyMemberFriend, 1),
  );

const textsFault = (
  prefix: string,
  { name, introduction, faceUrl, ex }: Partial<GroupProfile>,
  announcement: string | undefined,
): Fault =>
  firstOf(
    tooLong(`${prefix}groupName`, name, NAME_LENGTH_MAX),
    tooLong(`${prefix}introduction`, introduction, TEXT_LENGTH_MAX),
    tooLong(`${prefix}faceURL`, faceUrl, LINK_LENGTH_MAX),
    tooLong(`${prefix}ex`, ex, TEXT_LENGTH_MAX),
    tooLong(`${prefix}notification`, announcement, TEXT_LENGTH_MAX),
  );

export const newGroupFault = (wish: NewGroup): Fault => {
  const { group, owner, admins, members, profile, announcement, rules } = wish;
  const double = twice([owner, ...admins, ...members]);
  return firstOf(
    group === undefined || isGroupId(group)
      ? undefined
      : wrong('groupInfo.groupID', 'must be 1 to 64 letters, digits or -'),
    double === undefined
      ? undefined
      : wrong('ownerUserID, adminUserIDs, memberUserIDs', `${double} is named twice`),
    1 + admins.length > MEMBERS_PER_EVENT_MAX
      ? wrong('adminUserIDs', `at most ${String(MEMBERS_PER_EVENT_MAX - 1)}`)
      : undefined,
    1 + admins.length + members.length > MEMBERS_MAX
      ? refuse('group/too-many', `memberUserIDs: at most ${String(MEMBERS_MAX)} members`)
      : undefined,
    textsFault('groupInfo.', profile, announcement),
    rulesFault('groupInfo.', rules),
  );
};

export const changeFault = ({ profile = {}, announcement, rules = {} }: GroupChange): Fault =>
  firstOf(
    profile.name?.trim() === '' ? wrong('groupName', 'must not be empty') : undefined,
    textsFault('', profile, announcement),
    rulesFault('', rules),
  );

export const membersFault = (changes: readonly MemberChange[]): Fault => {
  if (changes.length === 0) return wrong('members', 'names nobody');
  const seen = new Set<string>();
  for (const { group, user, notes = {} } of changes) {
    if (seen.size === seen.add(`${group} ${user}`).size) {
      return wrong('members', `${user} of ${group} is named twice`);
    }
    const fault = firstOf(
      tooLong('members.nickname', notes.nickname, NAME_LENGTH_MAX),
      tooLong('members.faceURL', notes.faceUrl, LINK_LENGTH_MAX),
      tooLong('members.ex', notes.ex, TEXT_LENGTH_MAX),
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
};

export const joinFault = (source: number, message: string, ex: string): Fault =>
  firstOf(
    Number.isInteger(source) && source >= SOURCE_MIN && source <= SOURCE_MAX
      ? undefined
      : wrong('joinSource', `must be from ${String(SOURCE_MIN)} to ${String(SOURCE_MAX)}`),
    messageFault('reqMessage', message),
    messageFault('ex', ex),
  );

export const secondsFault = (seconds: number): Fault =>
  Number.isInteger(seconds) && seconds >= 0 && seconds <= SECONDS_MAX
    ? undefined
    : wrong('mutedSeconds', `must be a whole number up to ${String(SECONDS_MAX)}`);
