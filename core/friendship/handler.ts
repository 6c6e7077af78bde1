import { done, isRefused, newestOf, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { Friendship, FriendshipCommand, FriendshipRefusal } from './decider.ts';
import { friendshipStream, type Application, type FriendshipEvent } from './events.ts';
import type { UserOf } from './ports.ts';

export type FriendshipWriters = StreamWriters<
  FriendshipCommand,
  FriendshipEvent,
  Friendship,
  FriendshipRefusal
>;

export type FriendDeps = Readonly<{
  writers: FriendshipWriters;
  userOf: UserOf;
  newId: () => EventId;
  now: () => Millis;
}>;

export type FriendAnswer = Readonly<{
  from: UserId;
  to: UserId;
  agrees: boolean;
  message: string;
}>;

/** Absent: as it is. */
export type FriendChange = Readonly<{ pinned?: boolean; remark?: string; ex?: string }>;

type FriendRefusal = FriendshipRefusal | 'user/unknown';

/** User ids named in a refusal, at most. */
const NAMED_MAX = 10;

const unknownOf = async (
  userOf: UserOf,
  field: string,
  users: readonly UserId[],
): Promise<Refused<'user/unknown'> | undefined> => {
  const states = await Promise.all(users.map(userOf));
  const unknown = users.filter((_, index) => states[index]?.status === 'unknown');
  if (unknown.length === 0) return undefined;
  const more = unknown.length > NAMED_MAX ? ', …' : '';
  const named = unknown.slice(0, NAMED_MAX).join(', ');
  return refuse('user/unknown', `${field}: not registered: ${named}${more}`);
};

/** Streams of pairs, and no other way to them. Safe to repeat: each command says what should be so. */
export const friendsHandler = ({ writers, userOf, newId, now }: FriendDeps) => {
  const call = (meta: Meta) => ({ id: newId(), at: now(), meta });
  const handleAll = async (commands: readonly FriendshipCommand[]): Result<FriendshipRefusal> => {
    const handled = await Promise.all(commands.map((command) => writers.handle(command)));
    return handled.find(isRefused) ?? done({}, newestOf(handled));
  };

  return {
    request: async (
      { from, to, greeting, ex }: Readonly<{ from: UserId; to: UserId } & Application>,
      meta: Meta,
    ): Result<FriendRefusal> => {
      if (from === to) return refuse('friendship/self', 'toUserID: nobody is a friend of oneself');
      const unknown =
        (await unknownOf(userOf, 'fromUserID', [from])) ??
        (await unknownOf(userOf, 'toUserID', [to]));
      if (unknown !== undefined) return unknown;
      const data = { from, to, greeting, ex };
      return handleAll([{ ...call(meta), type: 'RequestFriend', data }]);
    },

    answer: (data: FriendAnswer, meta: Meta): Result<FriendRefusal> =>
      handleAll([{ ...call(meta), type: 'AnswerRequest', data }]),

    remove: (owner: UserId, friend: UserId, meta: Meta): Result<FriendRefusal> =>
      handleAll([{ ...call(meta), type: 'DeleteFriend', data: { owner, friend } }]),

    /** Those that are not in the owner's list are passed over. */
    configure: (
      owner: UserId,
      friends: readonly UserId[],
      change: FriendChange,
      meta: Meta,
    ): Result<FriendRefusal> =>
      handleAll(
        friends.map((friend) => ({
          ...call(meta),
          type: 'ConfigureFriend',
          data: { owner, friend, ...change },
        })),
      ),

    /** All or none, but for a crash: then the same call again completes it. */
    import: async (
      owner: UserId,
      friends: readonly UserId[],
      meta: Meta,
    ): Result<FriendRefusal> => {
      if (friends.includes(owner)) {
        return refuse('friendship/self', `friendUserIDs: ${owner} is no friend of oneself`);
      }
      const unknown =
        (await unknownOf(userOf, 'ownerUserID', [owner])) ??
        (await unknownOf(userOf, 'friendUserIDs', friends));
      if (unknown !== undefined) return unknown;
      return handleAll(
        friends.map((friend) => ({ ...call(meta), type: 'ImportFriend', data: { owner, friend } })),
      );
    },

    state: (one: UserId, other: UserId): Promise<Friendship> =>
      writers.state(friendshipStream(one, other)),
    atHand: (one: UserId, other: UserId): Friendship | undefined =>
      writers.kept(friendshipStream(one, other)),
  };
};
