import { accept, refuse } from '../kernel/decider.ts';
import { isErased } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';
import type {
  AnswerJoin,
  FillGroup,
  GroupActor,
  InviteMembers,
  JoinGroup,
  KickMembers,
  LeaveGroup,
} from './commands.ts';
import type { GroupEvent, JoinRequested, MembersAdded } from './events.ts';
import {
  notAllowed,
  naming,
  notManager,
  notOpen,
  NOTHING,
  outranks,
  tooMany,
  unknown,
  versionAfter,
  manages,
  type Decision,
  type Refusal,
} from './rights.ts';
import { hasBeenIn, memberOf, type Group } from './state.ts';

/** OpenIM's joinSource. */
const BY_ITSELF = 0;
const BY_APP_ADMIN = 1;
const BY_INVITATION = 2;

const added = (
  group: Group,
  data: Omit<MembersAdded['data'], 'version'>,
): Readonly<{ added: GroupEvent } | { refused: Refusal }> => {
  const refused = tooMany(group, data.users.length);
  if (refused !== undefined) return { refused };
  const version = versionAfter(group, data.users.length);
  return { added: { type: 'MembersAdded', data: { ...data, version } } };
};

const add = (group: Group, data: Omit<MembersAdded['data'], 'version'>): Decision => {
  const outcome = added(group, data);
  return 'refused' in outcome ? outcome.refused : accept(outcome.added);
};

/** Many at once are no news for each of them: the line that the group was made is for all. */
export const fill = ({ data }: FillGroup, group: Group): Decision => {
  const { creation, by, historyVisible } = data;
  if (group.creation !== creation || group.status !== 'open') return NOTHING;
  const users = data.users.filter((user) => !hasBeenIn(group, user));
  if (users.length === 0) return NOTHING;
  return add(group, {
    group: data.group,
    users,
    by: by.user,
    inviter: by.user,
    source: BY_INVITATION,
    historyVisible,
    line: false,
  });
};

const isAskedSo = (
  group: Group,
  { user, inviter, application }: JoinRequested['data'],
): boolean => {
  const asked = group.requests.get(user);
  return (
    asked?.result === 'waiting' &&
    asked.inviter === inviter &&
    !isErased(asked.application) &&
    !isErased(application) &&
    asked.application.message === application.message &&
    asked.application.ex === application.ex
  );
};

const ask = (group: Group, data: JoinRequested['data']): readonly GroupEvent[] =>
  isAskedSo(group, data) ? [] : [{ type: 'JoinRequested', data }];

export const join = ({ data }: JoinGroup, group: Group): Decision => {
  const closed = notOpen(group);
  if (closed !== undefined) return closed;
  const { user, message, ex, source, historyVisible } = data;
  if (memberOf(group, user) !== undefined) {
    return refuse('group/member-already', `${user} is a member already`);
  }
  if (group.rules.verification === 2) {
    const users = [user];
    return add(group, { group: data.group, users, by: user, source: BY_ITSELF, historyVisible });
  }
  const full = tooMany(group, 1);
  if (full !== undefined) return full;
  return accept(...ask(group, { group: data.group, user, source, application: { message, ex } }));
};

/** The same answer again, by the same one, as long as it holds. */
const isAnsweredSo = ({ data: { user, agrees, by } }: AnswerJoin, group: Group): boolean => {
  const asked = group.requests.get(user);
  if (asked === undefined || asked.result === 'waiting' || asked.by !== by.user) return false;
  return agrees
    ? asked.result === 'agreed' && memberOf(group, user) !== undefined
    : asked.result === 'refused';
};

export const answer = (command: AnswerJoin, group: Group): Decision => {
  const { user, agrees, message, by, historyVisible } = command.data;
  const refused = notOpen(group) ?? notManager(group, by);
  if (refused !== undefined) return refused;
  const asked = group.requests.get(user);
  if (asked === undefined) {
    return refuse('group/no-request', `fromUserID: ${user} has not asked to come in`);
  }
  if (isAnsweredSo(command, group)) return NOTHING;
  if (asked.result !== 'waiting') {
    return refuse('group/request-handled', `fromUserID: the request of ${user} has been answered`);
  }
  const about = { group: command.data.group, user, by: by.user };
  const said = message === '' ? {} : { answer: { message } };
  const answered: GroupEvent = { type: 'JoinAnswered', data: { ...about, agrees, ...said } };
  if (!agrees || memberOf(group, user) !== undefined) return accept(answered);
  const { inviter, source } = asked;
  const outcome = added(group, {
    group: about.group,
    users: [user],
    by: by.user,
    ...(inviter === undefined ? {} : { inviter }),
    source,
    historyVisible,
  });
  return 'refused' in outcome ? outcome.refused : accept(answered, outcome.added);
};

/** Whether those whom it invites come in at once. */
export const invitesDirectly = (group: Group, by: GroupActor): boolean =>
  group.rules.verification !== 1 || manages(group, by);

export const invite = ({ data }: InviteMembers, group: Group): Decision => {
  const { message, by, line, historyVisible } = data;
  const closed = notOpen(group);
  if (closed !== undefined) return closed;
  const inviter = memberOf(group, by.user);
  if (inviter === undefined && !by.admin) return notAllowed(`${by.user} is not a member`);
  const users = data.users.filter((user) => memberOf(group, user) === undefined);
  if (users.length === 0) return NOTHING;
  if (!invitesDirectly(group, by)) {
    return accept(
      ...users.flatMap((user) =>
        ask(group, {
          group: data.group,
          user,
          inviter: by.user,
          source: BY_INVITATION,
          application: { message, ex: '' },
        }),
      ),
    );
  }
  return add(group, {
    group: data.group,
    users,
    by: by.user,
    inviter: by.user,
    source: inviter === undefined ? BY_APP_ADMIN : BY_INVITATION,
    historyVisible,
    ...(line === undefined ? {} : { line }),
  });
};

/** Which of them are in at once if they join, or if somebody invites them. */
export const comingIn = (
  group: Group,
  users: readonly UserId[],
  inviter?: GroupActor,
): readonly UserId[] => {
  const isOpen =
    inviter === undefined ? group.rules.verification === 2 : invitesDirectly(group, inviter);
  return isOpen ? users.filter((user) => memberOf(group, user) === undefined) : [];
};

const mayNotKick = (group: Group, by: GroupActor, users: readonly UserId[]) => {
  const named = (detail: string) => refuse('args/invalid', `kickedUserIDs: ${detail}`);
  if (users.includes(by.user)) return named(`${by.user} cannot kick itself`);
  if (group.owner !== undefined && users.includes(group.owner)) {
    return named('the owner cannot be kicked');
  }
  const refused = notManager(group, by);
  if (refused !== undefined) return refused;
  const strangers = users.filter((user) => !hasBeenIn(group, user));
  if (strangers.length > 0) {
    return refuse('group/not-member', `kickedUserIDs: not in the group: ${naming(strangers)}`);
  }
  const beyond = users.filter((user) => !outranks(group, by, memberOf(group, user)?.role ?? 0));
  return beyond.length === 0
    ? undefined
    : notAllowed(`kickedUserIDs: only the owner can kick ${naming(beyond)}`);
};

/** Of a dismissed group too. Who has gone already is passed over. */
export const kick = ({ data }: KickMembers, group: Group): Decision => {
  const { by, line, reason = '' } = data;
  if (group.status === 'unknown') return unknown();
  const refused = mayNotKick(group, by, data.users);
  if (refused !== undefined) return refused;
  const users = data.users.filter((user) => memberOf(group, user) !== undefined);
  if (users.length === 0) return NOTHING;
  return accept({
    type: 'MembersKicked',
    data: {
      group: data.group,
      version: versionAfter(group, users.length),
      users,
      by: by.user,
      ...(line === undefined ? {} : { line }),
      ...(reason === '' ? {} : { reason: { text: reason } }),
    },
  });
};

/** Of a dismissed group too. Who has left before has nothing more to do. */
export const leave = ({ data: { group: id, user } }: LeaveGroup, group: Group): Decision => {
  if (group.status === 'unknown') return unknown();
  const member = memberOf(group, user);
  if (member === undefined) {
    return hasBeenIn(group, user)
      ? NOTHING
      : refuse('group/not-member', `userID: ${user} is not a member`);
  }
  if (group.owner === user) {
    return refuse('group/owner-stays', 'userID: the owner cannot leave: hand the group over first');
  }
  return accept({ type: 'MemberLeft', data: { group: id, version: versionAfter(group), user } });
};
