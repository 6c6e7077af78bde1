import { notificationOf, single } from '../../core/conversation/ids.ts';
import type { BlockEvent } from '../../core/block/events.ts';
import type {
  FriendAccepted,
  FriendConfigured,
  FriendDeleted,
  FriendImported,
  FriendRefused,
  FriendRequested,
} from '../../core/friendship/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Reaction } from '../../core/notice/reaction.ts';
import type { UserChanged } from '../../core/user/events.ts';
import type { FriendLists, VersionIdOf } from '../ports.ts';
import { friendRequest } from './friend.ts';
import {
  blackTips,
  friendApplicationTips,
  friendApprovedTips,
  friendDeletedTips,
  friendInfoChangedTips,
  friendRejectedTips,
  friendsInfoUpdateTips,
  type FriendVersion,
} from './friendTips.ts';
import { reactionTo, toSelf } from './notices.ts';
import { CONTENT_TYPES } from './numbers.ts';
import {
  cloneOptions,
  copyOptions,
  notificationOptions,
  type NotificationTraits,
} from './options.ts';
import { userInfoUpdatedTips } from './tips.ts';

type Said = NonNullable<Reaction['line']>;

export type FriendNoticeDeps = Readonly<{
  versionIdOf: VersionIdOf;
  /** As they show the fact that is told of. */
  lists: Pick<FriendLists, 'requestsBetween' | 'listing'>;
}>;

/** From one user to another, on the devices of both. */
const between = (
  from: UserId,
  to: UserId,
  contentType: number,
  content: string,
  traits?: NotificationTraits,
): Said => ({
  conversation: notificationOf(single(from, to)),
  data: {
    from,
    to,
    contentType,
    system: true,
    options: notificationOptions(traits),
    body: { content },
  },
});

const MAY_WAKE = { offlinePush: true } as const;

const messageOf = (answer: Personal<{ message: string }> | undefined): string =>
  answer === undefined || isErased(answer) ? '' : answer.message;

const NO_PROFILE = { nickname: '', faceUrl: '', ex: '', changedPos: 0 };

/** The request as the lists have it; if they do not, what is known without them. */
const requestOf = async (
  { lists }: FriendNoticeDeps,
  from: UserId,
  to: UserId,
): Promise<ReturnType<typeof friendRequest>> => {
  const [found] = await lists.requestsBetween(from, to);
  if (found?.from === from) return friendRequest(found);
  return friendRequest({
    from,
    to,
    result: 0,
    greeting: '',
    ex: '',
    createdAt: 0,
    createdPos: 0,
    handler: '',
    answer: '',
    handledAt: 0,
    asker: { user: from, ...NO_PROFILE },
    asked: { user: to, ...NO_PROFILE },
  });
};

/** Of the list of the one who is told, with this very change. */
const versionAt = (
  { versionIdOf }: FriendNoticeDeps,
  owner: UserId,
  { position }: Recorded<SeqlineEvent>,
): FriendVersion => ({
  friendVersion: position,
  friendVersionID: versionIdOf('friends', owner),
});

const requested = (
  deps: FriendNoticeDeps,
  { data: { from, to, application }, created }: Recorded<FriendRequested>,
): Reaction => ({
  order: single(from, to),
  look: async () => {
    const said = isErased(application) ? { greeting: '', ex: '' } : application;
    // The lists may know a later request by now; this tells of the one that was made.
    const request = {
      ...(await requestOf(deps, from, to)),
      handleResult: 0,
      reqMsg: said.greeting,
      ex: said.ex,
      createTime: created,
      handlerUserID: '',
      handleMsg: '',
      handleTime: 0,
    };
    const tips = friendApplicationTips({ fromUserID: from, toUserID: to }, request);
    return [between(from, to, CONTENT_TYPES.friendApplication, tips, MAY_WAKE)];
  },
});

const refused = (
  deps: FriendNoticeDeps,
  { data: { from, to, answer }, created }: Recorded<FriendRefused>,
): Reaction => ({
  order: single(from, to),
  look: async () => {
    const handleMsg = messageOf(answer);
    const settled = { handleResult: -1, handleMsg, handleTime: created, handlerUserID: '' };
    const request = { ...(await requestOf(deps, from, to)), ...settled };
    const tips = friendRejectedTips({ fromUserID: from, toUserID: to }, handleMsg, request);
    return [between(to, from, CONTENT_TYPES.friendApplicationRejected, tips, MAY_WAKE)];
  },
});

/**
 * Both are told, and a line in their chat says that they are friends. The line is kept, as said by who
 * agreed: what the applicant has said of itself is not in it, so that it can be erased where it stands.
 */
const befriended = (
  deps: FriendNoticeDeps,
  event: Recorded<FriendAccepted> | Recorded<FriendImported>,
): Reaction => {
  const { type, created, meta } = event;
  const [applicant, other] =
    type === 'FriendAccepted'
      ? [event.data.from, event.data.to]
      : [event.data.owner, event.data.friend];
  const handleMsg = type === 'FriendAccepted' ? messageOf(event.data.answer) : '';
  const fromTo = { fromUserID: applicant, toUserID: other };
  const version = versionAt(deps, applicant, event);
  const contentType = CONTENT_TYPES.friendApplicationApproved;
  const made = notificationOptions({ clone: true, ...MAY_WAKE });
  const said = (content: string) =>
    ({ from: other, to: applicant, contentType, system: true, body: { content } }) as const;
  const chat = single(applicant, other);
  const line = friendApprovedTips(fromTo, handleMsg, version, null);
  return {
    order: chat,
    line: { conversation: chat, data: { ...said(line), options: cloneOptions(made) } },
    look: async () => {
      const settled = {
        handleResult: 1,
        handleMsg,
        handleTime: created,
        handlerUserID: meta.actor,
      };
      const request =
        type === 'FriendAccepted'
          ? { ...(await requestOf(deps, applicant, other)), ...settled }
          : null;
      const tips = friendApprovedTips(fromTo, handleMsg, version, request);
      const data = { ...said(tips), options: copyOptions(made) };
      return [{ conversation: notificationOf(chat), data }];
    },
  };
};

const deleted = (deps: FriendNoticeDeps, event: Recorded<FriendDeleted>): Reaction => {
  const { owner, friend } = event.data;
  const fromTo = { fromUserID: owner, toUserID: friend };
  const tips = friendDeletedTips(fromTo, versionAt(deps, owner, event));
  return {
    order: single(owner, friend),
    copies: [between(owner, friend, CONTENT_TYPES.friendDeleted, tips)],
  };
};

/** How an owner calls a friend is nobody else's business: only the owner's devices are told. */
const configured = (deps: FriendNoticeDeps, event: Recorded<FriendConfigured>): Reaction => {
  const { owner, friend, pinned, notes } = event.data;
  const version = versionAt(deps, owner, event);
  const isRemark =
    pinned === undefined && notes !== undefined && !isErased(notes) && notes.ex === undefined;
  const copy = isRemark
    ? toSelf(
        owner,
        CONTENT_TYPES.friendRemarkSet,
        friendInfoChangedTips({ fromUserID: owner, toUserID: friend }, version),
      )
    : toSelf(
        owner,
        CONTENT_TYPES.friendsInfoUpdate,
        friendsInfoUpdateTips(owner, [friend], version),
      );
  return { order: single(owner, friend), copies: [copy] };
};

/**
 * Nor are the blocked told: only the owner's other devices are. Go core fetches the list itself after either
 * call, and what it does on a notice at the same time can fail that call: both insert the same row.
 */
const blocked = ({ type, data: { owner, blocked: user } }: Recorded<BlockEvent>): Reaction => {
  const contentType =
    type === 'UserBlocked' ? CONTENT_TYPES.blackAdded : CONTENT_TYPES.blackDeleted;
  const tips = blackTips({ fromUserID: owner, toUserID: user });
  return { order: owner, copies: [{ ...toSelf(owner, contentType, tips), elsewhere: true }] };
};

/** Whoever has the user in its list fetches what is new there. */
const profileChanged = ({ lists }: FriendNoticeDeps, event: Recorded<UserChanged>): Reaction => {
  const { user, profile } = event.data;
  const base = reactionTo(event) ?? { order: user };
  if (profile === undefined) return base;
  const tips = userInfoUpdatedTips({ userID: user });
  return {
    ...base,
    look: async () =>
      (await lists.listing(user)).map((owner) =>
        toSelf(owner, CONTENT_TYPES.friendInfoUpdated, tips),
      ),
  };
};

/** What follows from a fact about friends and blocks; from any other, what else follows from it. */
export const reactionWithFriends =
  (deps: FriendNoticeDeps) =>
  (event: Recorded<SeqlineEvent>): Reaction | undefined => {
    switch (event.type) {
      case 'FriendRequested':
        return requested(deps, event);
      case 'FriendAccepted':
      case 'FriendImported':
        return befriended(deps, event);
      case 'FriendRefused':
        return refused(deps, event);
      case 'FriendDeleted':
        return deleted(deps, event);
      case 'FriendConfigured':
        return configured(deps, event);
      case 'UserBlocked':
      case 'UserUnblocked':
        return blocked(event);
      case 'UserChanged':
        return profileChanged(deps, event);
      default:
        return reactionTo(event);
    }
  };
