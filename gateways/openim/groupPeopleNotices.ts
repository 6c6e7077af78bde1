import {
  NAMED_MAX,
  type GroupChanged,
  type GroupCreated,
  type MembersAdded,
  type MembersKicked,
  type MemberLeft,
} from '../../core/group/events.ts';
import { isErased, type Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import {
  changedFor,
  changedForAll,
  inPortions,
  told,
  versionIn,
  type GroupNoticeDeps,
  type Telling,
} from './groupTelling.ts';
import {
  groupCreatedTips,
  groupInfoSetTips,
  groupTextSetTips,
  memberEnterTips,
  memberInvitedTips,
  memberKickedTips,
  memberQuitTips,
  type MemberVersion,
} from './groupTips.ts';
import { CONTENT_TYPES } from './numbers.ts';

export const groupCreated = (
  deps: GroupNoticeDeps,
  { data, created: at }: Recorded<GroupCreated>,
): Reaction => {
  const { group, owner, admins, members, by, announcement, profile } = data;
  const version = versionIn(deps, data);
  const named = [owner, ...admins, ...members].slice(0, NAMED_MAX);
  const texts = isErased(profile)
    ? {}
    : { groupName: profile.name, introduction: profile.introduction, faceURL: profile.faceUrl };
  const made: Telling = {
    contentType: CONTENT_TYPES.groupCreated,
    by,
    named,
    line: data.line ?? true,
    said: texts,
    tips: (cast) => groupCreatedTips(cast, named.map(cast.member), at, cast.member(owner), version),
  };
  if (announcement === undefined) return comingIn(told(deps, group, [made]));
  const text = isErased(announcement) ? '' : announcement.text;
  const more = text === '' ? [] : [changedForAll(group, by)];
  return comingIn(told(deps, group, [made, announced(by, text, version)], more));
};

/** Of those who are told, some are new to the group. */
const comingIn = (reaction: Reaction): Reaction => ({ ...reaction, copiesFirst: true });

/** One that has been taken back is no line. */
const announced = (by: UserId, text: string, version: MemberVersion): Telling => ({
  contentType: CONTENT_TYPES.groupInfoSetAnnouncement,
  by,
  line: text !== '',
  said: { notification: text, notificationUserID: by },
  signed: true,
  tips: (cast) => groupTextSetTips(cast, version),
});

export const groupChanged = (deps: GroupNoticeDeps, { data }: Recorded<GroupChanged>): Reaction => {
  const { group, by, profile, announcement } = data;
  const version = versionIn(deps, data);
  if (announcement !== undefined) {
    const text = isErased(announcement) ? '' : announcement.text;
    const more = text === '' ? [] : [changedForAll(group, by)];
    return told(deps, group, [announced(by, text, version)], more);
  }
  const name = profile === undefined || isErased(profile) ? undefined : profile.name;
  if (name !== undefined) {
    const renamed: Telling = {
      contentType: CONTENT_TYPES.groupInfoSetName,
      by,
      line: true,
      said: { groupName: name },
      tips: (cast) => groupTextSetTips(cast, version),
    };
    return told(deps, group, [renamed]);
  }
  const set: Telling = {
    contentType: CONTENT_TYPES.groupInfoSet,
    by,
    line: false,
    signed: true,
    tips: (cast) => groupInfoSetTips(cast, version),
  };
  return told(deps, group, [set]);
};

export const membersAdded = (
  deps: GroupNoticeDeps,
  { data, created: at }: Recorded<MembersAdded>,
): Reaction => {
  const { group, users, by, inviter } = data;
  const line = data.line ?? true;
  const tellings = inPortions(deps, data).map(({ users: some, version }): Telling => {
    const [one] = some;
    // By itself, and nobody else could be with it.
    if (inviter === undefined && one !== undefined) {
      return {
        contentType: CONTENT_TYPES.memberEnter,
        by: one,
        line,
        tips: (cast) => memberEnterTips(cast.group, cast.member(one), at, version),
      };
    }
    return {
      contentType: CONTENT_TYPES.memberInvited,
      by,
      named: [...some, inviter ?? by],
      line,
      tips: (cast) =>
        memberInvitedTips(cast, some.map(cast.member), cast.member(inviter ?? by), version),
    };
  });
  return comingIn(told(deps, group, tellings, changedFor(group, users)));
};

export const membersKicked = (
  deps: GroupNoticeDeps,
  { data }: Recorded<MembersKicked>,
): Reaction => {
  const { group, users, by } = data;
  const tellings = inPortions(deps, data).map(({ users: some, version }): Telling => ({
    contentType: CONTENT_TYPES.memberKicked,
    by,
    named: some,
    line: data.line ?? true,
    also: some,
    tips: (cast) => memberKickedTips(cast, some.map(cast.member), version),
  }));
  return told(deps, group, tellings, changedFor(group, users));
};

export const memberLeft = (deps: GroupNoticeDeps, { data }: Recorded<MemberLeft>): Reaction => {
  const { group, user } = data;
  const version = versionIn(deps, data);
  const quit: Telling = {
    contentType: CONTENT_TYPES.memberQuit,
    by: user,
    line: true,
    also: [user],
    tips: (cast) => memberQuitTips(cast.group, cast.member(user), version),
  };
  return told(deps, group, [quit], changedFor(group, [user]));
};
