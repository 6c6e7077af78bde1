import { AT_ALL, CONTENT_TYPES } from './numbers.ts';
import type { MessageSent } from '../../core/conversation/events.ts';
import { group as chatOf } from '../../core/conversation/ids.ts';
import type { GroupEvent } from '../../core/group/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import type { Cast } from './groupCast.ts';
import {
  groupChanged,
  groupCreated,
  memberLeft,
  membersAdded,
  membersKicked,
} from './groupPeopleNotices.ts';
import { joinAnswered, joinRequested } from './groupRequestNotices.ts';
import {
  changedFor,
  changedForAll,
  told,
  versionIn,
  type GroupNoticeDeps,
  type Telling,
} from './groupTelling.ts';
import {
  groupDismissedTips,
  groupMutedTips,
  memberInfoSetTips,
  memberMutedTips,
  memberUnmutedTips,
  ownerTransferredTips,
} from './groupTips.ts';
import { isUserId } from './user.ts';

export type { GroupNoticeDeps } from './groupTelling.ts';

const DISMISSED = 2;
const GROUP_ADMIN = 60;

/** What may be done to one member, or to all at once. */
type Standing = Extract<
  GroupEvent,
  {
    type:
      | 'OwnerTransferred'
      | 'MemberMuted'
      | 'MemberUnmuted'
      | 'GroupMuted'
      | 'GroupUnmuted'
      | 'MemberChanged'
      | 'MemberProfileChanged';
  }
>;

const STANDING: ReadonlySet<string> = new Set([
  'OwnerTransferred',
  'MemberMuted',
  'MemberUnmuted',
  'GroupMuted',
  'GroupUnmuted',
  'MemberChanged',
  'MemberProfileChanged',
] satisfies Standing['type'][]);

const isStanding = (event: Recorded<SeqlineEvent>): event is Recorded<Standing> =>
  STANDING.has(event.type);

const changeOf = (role: number | undefined): number => {
  if (role === undefined) return CONTENT_TYPES.groupMemberInfoSet;
  return role === GROUP_ADMIN
    ? CONTENT_TYPES.groupMemberSetToAdmin
    : CONTENT_TYPES.groupMemberSetToOrdinary;
};

const telling = (deps: GroupNoticeDeps, event: Recorded<Standing>): Telling => {
  const version = versionIn(deps, event.data);
  switch (event.type) {
    case 'OwnerTransferred': {
      const { from, to, by } = event.data;
      const tips = (cast: Cast) =>
        ownerTransferredTips(cast, cast.member(to), cast.member(from), version);
      const contentType = CONTENT_TYPES.groupOwnerTransferred;
      return { contentType, by, named: [from, to], line: true, tips };
    }
    case 'MemberMuted': {
      const { user, by, seconds } = event.data;
      const tips = (cast: Cast) => memberMutedTips(cast, cast.member(user), seconds, version);
      const contentType = CONTENT_TYPES.groupMemberMuted;
      return { contentType, by, named: [user], line: true, tips };
    }
    case 'MemberUnmuted': {
      const { user, by } = event.data;
      const tips = (cast: Cast) => memberUnmutedTips(cast, cast.member(user), version);
      const contentType = CONTENT_TYPES.groupMemberCancelMuted;
      return { contentType, by, named: [user], line: true, tips };
    }
    case 'GroupMuted':
    case 'GroupUnmuted': {
      const contentType =
        event.type === 'GroupMuted' ? CONTENT_TYPES.groupMuted : CONTENT_TYPES.groupCancelMuted;
      const tips = (cast: Cast) => groupMutedTips(cast, version);
      return { contentType, by: event.data.by, line: true, tips };
    }
    case 'MemberChanged': {
      const { user, by, role } = event.data;
      const sortVersion = role === undefined ? 0 : event.data.version;
      const tips = (cast: Cast) => memberInfoSetTips(cast, cast.member(user), version, sortVersion);
      return { contentType: changeOf(role), by, named: [user], line: false, tips };
    }
    case 'MemberProfileChanged': {
      const { user } = event.data;
      const tips = (cast: Cast) => memberInfoSetTips(cast, cast.member(user), version, 0);
      return { contentType: CONTENT_TYPES.groupMemberInfoSet, by: user, line: false, tips };
    }
  }
};

/**
 * The line comes as the group is dismissed, the notice once nobody is in it any more: clients that get it fetch
 * their groups at once, and it has to be gone from them by then.
 */
const ended = (
  deps: GroupNoticeDeps,
  {
    type,
    data,
    meta,
  }: Recorded<Extract<GroupEvent, { type: 'GroupDismissed' | 'GroupDisbanded' }>>,
): Reaction => {
  const isFirst = type === 'GroupDismissed';
  const { order, lines, look } = told(deps, data.group, [
    {
      contentType: CONTENT_TYPES.groupDismissed,
      by: isFirst ? data.by : (meta.actor as UserId),
      line: !isFirst || (data.line ?? true),
      said: { status: DISMISSED },
      tips: groupDismissedTips,
    },
  ]);
  return isFirst
    ? { order, ...(lines !== undefined && { lines }) }
    : { order, ...(look !== undefined && { look }) };
};

/** Of the members that a message names, and of all if it says so, the conversation has changed. */
const named = (
  { lists }: GroupNoticeDeps,
  { data }: Recorded<MessageSent>,
): Reaction | undefined => {
  const { atUsers = [] } = data;
  if (!('group' in data) || atUsers.length === 0) return undefined;
  const { group, from } = data;
  const all = atUsers.includes(AT_ALL) ? [changedForAll(group, from)] : [];
  const users = atUsers.filter((user): user is UserId => user !== from && isUserId(user));
  return {
    order: chatOf(group),
    look: async () => {
      const members = users.length === 0 ? [] : await lists.membersAmong(group, users);
      const ids = members.map(({ user }) => user);
      return [...changedFor(group, ids), ...all];
    },
  };
};

/** What follows from a fact of a group, or of its chat; from any other, what `others` say. */
export const reactionWithGroups =
  (deps: GroupNoticeDeps, others: (event: Recorded<SeqlineEvent>) => Reaction | undefined) =>
  (event: Recorded<SeqlineEvent>): Reaction | undefined => {
    switch (event.type) {
      case 'MessageSent':
        return named(deps, event);
      case 'GroupCreated':
        return groupCreated(deps, event);
      case 'GroupChanged':
        return groupChanged(deps, event);
      case 'MembersAdded':
        return membersAdded(deps, event);
      case 'MembersKicked':
        return membersKicked(deps, event);
      case 'MemberLeft':
        return memberLeft(deps, event);
      case 'GroupDismissed':
      case 'GroupDisbanded':
        return ended(deps, event);
      case 'JoinRequested':
        return joinRequested(deps, event);
      case 'JoinAnswered':
        return joinAnswered(deps, event);
      default:
        return isStanding(event)
          ? told(deps, event.data.group, [telling(deps, event)])
          : others(event);
    }
  };
