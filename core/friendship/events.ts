import type { Fact, Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';

/** What an applicant says with the request; personal to the applicant. */
export type Application = { greeting: string; ex: string };

/** How an owner has its friend listed; personal to the owner. Absent: as it was. */
export type FriendNotes = { remark?: string; ex?: string };

/** `from` asks `to`. Asked anew, it is pending again, whatever became of it before. */
export type FriendRequested = Fact<
  'FriendRequested',
  { from: UserId; to: UserId; application: Personal<Application> }
>;

/**
 * `to` agrees to the request of `from`: each is in the other's list from now on, if it was not before, and
 * a request in the other direction that waits is agreed to as well.
 */
export type FriendAccepted = Fact<
  'FriendAccepted',
  { from: UserId; to: UserId; answer?: Personal<{ message: string }> }
>;

export type FriendRefused = Fact<
  'FriendRefused',
  { from: UserId; to: UserId; answer?: Personal<{ message: string }> }
>;

/** An app admin has made the two friends: each is in the other's list, if it was not before. */
export type FriendImported = Fact<'FriendImported', { owner: UserId; friend: UserId }>;

/** `friend` is no longer in the owner's list; the owner stays in that of `friend`. */
export type FriendDeleted = Fact<'FriendDeleted', { owner: UserId; friend: UserId }>;

/** Only what has changed. */
export type FriendConfigured = Fact<
  'FriendConfigured',
  { owner: UserId; friend: UserId; pinned?: boolean; notes?: Personal<FriendNotes> }
>;

export type FriendshipEvent =
  | FriendRequested
  | FriendAccepted
  | FriendRefused
  | FriendImported
  | FriendDeleted
  | FriendConfigured;

/** One stream for a pair, whoever asks first. No user id has a `+`, so no two pairs share a name. */
export const friendshipStream = (one: UserId, other: UserId): string =>
  `friendship-${one < other ? one : other}+${one < other ? other : one}`;
