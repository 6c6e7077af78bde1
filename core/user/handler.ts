import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { DeriveId, EventId, Millis, Position, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { User, UserCommand, UserRefusal } from './decider.ts';
import { userStream, type GlobalReceive, type Profile, type UserEvent } from './events.ts';

export type UserWriters = StreamWriters<UserCommand, UserEvent, User, UserRefusal>;

export type NewUser = Readonly<{
  user: UserId;
  profile: Profile;
  level: number;
  globalReceive: GlobalReceive;
}>;

export type UserChange = Readonly<{
  profile?: Partial<Profile>;
  level?: number;
  globalReceive?: GlobalReceive;
}>;

/** User ids named in a refusal, at most. */
const NAMED_MAX = 10;

const naming = (users: readonly UserId[]): string =>
  users.length <= NAMED_MAX
    ? users.join(', ')
    : `${users.slice(0, NAMED_MAX).join(', ')} and ${String(users.length - NAMED_MAX)} more`;

export const usersHandler = ({
  writers,
  deriveId,
  newId,
  now,
}: Readonly<{
  writers: UserWriters;
  deriveId: DeriveId;
  newId: () => EventId;
  now: () => Millis;
}>) => {
  /** Of the whole call: who repeats it after a crash completes it, and no other call ever does. */
  const registrationOf = (users: readonly NewUser[]): EventId =>
    deriveId(
      'register-users',
      ...users.flatMap(({ user, profile, level, globalReceive }) => [
        user,
        profile.nickname,
        profile.faceUrl,
        profile.ex,
        String(level),
        String(globalReceive),
      ]),
    );

  const clashes = async (users: readonly NewUser[], call: EventId) => {
    const states = await Promise.all(users.map(({ user }) => writers.state(userStream(user))));
    const registered = users.flatMap(({ user }, index) => {
      const state = states[index];
      return state?.status === 'registered' ? [{ user, by: state.registration }] : [];
    });
    // Some, but not all, from this very call: it was cut short, and goes on now.
    const completes =
      registered.length < users.length &&
      registered.every(({ user, by }) => by === deriveId(call, user));
    return completes ? [] : registered.map(({ user }) => user);
  };

  return {
    /** All or none; only a crash leaves a part, and then the same call again completes it. */
    register: async (users: readonly NewUser[], meta: Meta): Result<UserRefusal> => {
      const call = registrationOf(users);
      const taken = await clashes(users, call);
      if (taken.length > 0) {
        return refuse('user/registered-already', `registered already: ${naming(taken)}`);
      }
      const at = now();
      const handled = await Promise.all(
        users.map((data) =>
          writers.handle({
            type: 'RegisterUser',
            id: deriveId(call, data.user),
            at,
            meta,
            data: {
              user: data.user,
              level: data.level,
              globalReceive: data.globalReceive,
              profile: data.profile,
            },
          }),
        ),
      );
      const lost = users.filter((_, index) => handled[index]?.kind === 'refused');
      if (lost.length > 0) {
        const others = users.length - lost.length;
        return refuse(
          'user/registered-already',
          `registered by somebody else meanwhile: ${naming(lost.map(({ user }) => user))}; ` +
            `the other ${String(others)} are registered`,
        );
      }
      return done({}, newest(handled));
    },

    change: async (user: UserId, change: UserChange, meta: Meta): Result<UserRefusal> => {
      const handled = await writers.handle({
        type: 'ChangeUser',
        id: newId(),
        at: now(),
        meta,
        data: { user, ...change },
      });
      return handled.kind === 'refused' ? handled : done({}, handled.position);
    },

    state: (user: UserId): Promise<User> => writers.state(userStream(user)),
  };
};

const newest = (
  handled: readonly Readonly<{ kind: string; position?: Position }>[],
): Position | undefined => {
  const positions = handled.flatMap(({ position }) => (position === undefined ? [] : [position]));
  return positions.length === 0 ? undefined : positions.reduce((a, b) => Math.max(a, b));
};
