import { accept, refuse, type Decided, type Decider } from '../kernel/decider.ts';
import { isErased } from '../kernel/fact.ts';
import type { DeriveId } from '../kernel/ids.ts';
import { answer, fill, invite, join, kick, leave } from './coming.ts';
import type {
  ChangeGroup,
  CreateGroup,
  DismissGroup,
  GroupCommand,
  GroupRefusal,
} from './commands.ts';
import type { GroupChanged, GroupEvent } from './events.ts';
import {
  dismissed,
  notAllowed,
  notManager,
  notOpen,
  NOTHING,
  owns,
  unknown,
  versionAfter,
  type Decision,
} from './rights.ts';
import { changeMembers, muteGroup, muteMember, showProfile, transfer } from './standing.ts';
import { evolve, NO_GROUP, type Group } from './state.ts';

const create = ({ id, data }: CreateGroup, group: Group): Decision => {
  if (group.status === 'unknown') {
    const { group: made, owner, admins, members, creator, rules, profile, announcement, by } = data;
    return accept({
      type: 'GroupCreated',
      data: {
        group: made,
        version: 1,
        owner,
        admins,
        members,
        creator,
        rules,
        profile,
        by: by.user,
        ...(announcement === '' ? {} : { announcement: { text: announcement } }),
        ...(data.line === undefined ? {} : { line: data.line }),
      },
    });
  }
  return group.creation === id && group.status === 'open'
    ? NOTHING
    : refuse('group/exists', 'groupInfo.groupID: there is a group of this id');
};

/** Those of the wishes that are not so already. */
const differing = <T extends object>(wished: Partial<T>, known: T | undefined): Partial<T> => {
  const entries = Object.entries(wished) as [keyof T, unknown][];
  return Object.fromEntries(
    entries.filter(([key, value]) => value !== undefined && value !== known?.[key]),
  ) as Partial<T>;
};

/** The announcement, the name, and all else: each is a notice of its own. */
const partsOf = ({ profile = {}, announcement, rules = {} }: ChangeGroup['data'], group: Group) => {
  const known = isErased(group.profile) ? undefined : group.profile;
  const announced = isErased(group.announcement) ? undefined : group.announcement.text;
  const { name, ...texts } = differing(profile, known);
  const newRules = differing(rules, group.rules);
  const parts: Pick<GroupChanged['data'], 'profile' | 'announcement' | 'rules'>[] = [];
  if (announcement !== undefined && announcement !== announced) {
    parts.push({ announcement: { text: announcement } });
  }
  if (name !== undefined) parts.push({ profile: { name } });
  const hasTexts = Object.keys(texts).length > 0;
  const hasRules = Object.keys(newRules).length > 0;
  if (hasTexts || hasRules) {
    parts.push({ ...(hasTexts && { profile: texts }), ...(hasRules && { rules: newRules }) });
  }
  return parts;
};

const change = ({ data }: ChangeGroup, group: Group): Decision => {
  const refused = notOpen(group) ?? notManager(group, data.by);
  if (refused !== undefined) return refused;
  return accept(
    ...partsOf(data, group).map((part, index): GroupEvent => ({
      type: 'GroupChanged',
      data: {
        group: data.group,
        version: versionAfter(group) + index,
        by: data.by.user,
        ...part,
      },
    })),
  );
};

const dismiss = ({ data }: DismissGroup, group: Group): Decision => {
  const { group: id, disband, by } = data;
  if (group.status === 'unknown') return unknown();
  if (group.status === 'disbanded' && disband) return NOTHING;
  if (group.status !== 'open' && !disband) return dismissed();
  if (!owns(group, by)) return notAllowed(`${by.user} is not the owner of the group`);
  // Nobody is to be told: not by a line either.
  const line = disband ? false : data.line;
  const isDismissed: GroupEvent = {
    type: 'GroupDismissed',
    data: {
      group: id,
      version: versionAfter(group),
      by: by.user,
      ...(line === undefined ? {} : { line }),
    },
  };
  const isDisbanded: GroupEvent = { type: 'GroupDisbanded', data: { group: id } };
  return accept<GroupEvent>(
    ...(group.status === 'open' ? [isDismissed] : []),
    ...(disband ? [isDisbanded] : []),
  );
};

const decideOn = (command: GroupCommand, group: Group): Decision => {
  switch (command.type) {
    case 'CreateGroup':
      return create(command, group);
    case 'ChangeGroup':
      return change(command, group);
    case 'DismissGroup':
      return dismiss(command, group);
    case 'DisbandGroup':
      return group.status === 'dismissed'
        ? accept({ type: 'GroupDisbanded', data: command.data })
        : NOTHING;
    default:
      return decideOnPeople(command, group);
  }
};

type OnPeople = Exclude<
  GroupCommand,
  { type: 'CreateGroup' | 'ChangeGroup' | 'DismissGroup' | 'DisbandGroup' }
>;

const decideOnPeople = (command: OnPeople, group: Group): Decision => {
  switch (command.type) {
    case 'FillGroup':
      return fill(command, group);
    case 'JoinGroup':
      return join(command, group);
    case 'AnswerJoin':
      return answer(command, group);
    case 'InviteMembers':
      return invite(command, group);
    case 'KickMembers':
      return kick(command, group);
    case 'LeaveGroup':
      return leave(command, group);
    case 'TransferGroup':
      return transfer(command, group);
    case 'MuteMember':
      return muteMember(command, group);
    case 'MuteGroup':
      return muteGroup(command, group);
    case 'ChangeMembers':
      return changeMembers(command, group);
    case 'ShowProfile':
      return showProfile(command, group);
  }
};

/** Who is in a group, what it says of itself, and who may do what to whom. */
export const groupDecider = (
  deriveId: DeriveId,
): Decider<GroupCommand, GroupEvent, Group, GroupRefusal> => ({
  initialState: NO_GROUP,
  evolve,
  decide: (command, group) => {
    const decision = decideOn(command, group);
    if (decision.kind === 'refused') return decision;
    return accept(
      ...decision.events.map((event, index): Decided<GroupEvent> => ({
        ...event,
        id: index === 0 ? command.id : deriveId(command.id, String(index)),
      })),
    );
  },
});
