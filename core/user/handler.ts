import { done, newestOf, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { DeriveId, EventId, Millis, UserId } from '../kernel/ids.ts';
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

export type UserDeps = Readonly<{
  writers: UserWriters;
  deriveId: DeriveId;
  newId: () => EventId;
  now: () => Millis;
}>;

/** Of the whole call: who repeats it after a crash completes it, and no other call ever does. */
const registrationOf = (deriveId: DeriveId, users: readonly NewUser[]): EventId =>
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

/** Those registered already; nobody, if this very call has registered them and was cut short. */
const clashes = async (
  { writers, deriveId }: UserDeps,
  users: readonly NewUser[],
  call: EventId,
): Promise<readonly UserId[]> => {
  const states = await Promise.all(users.map(({ user }) => writers.state(userStream(user))));
  const registered = users.flatMap(({ user }, index) => {
    const state = states[index];
    return state?.status === 'registered' ? [{ user, by: state.registration }] : [];
  });
  const completes =
    registered.length < users.length &&
    registered.every(({ user, by }) => by === deriveId(call, user));
  return completes ? [] : registered.map(({ user }) => user);
};

/** All or none; only a crash leaves a part, and then the same call again completes it. */
const registerHandler =
  (deps: UserDeps) =>
  async (users: readonly NewUser[], meta: Meta): Result<UserRefusal> => {
    const { writers, deriveId, now } = deps;
    const call = registrationOf(deriveId, users);
    const taken = await clashes(deps, users, call);
    if (taken.length > 0) {
      return refuse('user/registered-already', `registered already: ${naming(taken)}`);
    }
    const at = now();
    const handled = await Promise.all(
      users.map(({ user, level, globalReceive, profile }) =>
        writers.handle({
          type: 'RegisterUser',
          id: deriveId(call, user),
          at,
          meta,
          data: { user, level, globalReceive, profile },
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
    return done({}, newestOf(handled));
  };

const changeHandler =
  ({ writers, newId, now }: UserDeps) =>
  async (user: UserId, change: UserChange, meta: Meta): Result<UserRefusal> => {
    const handled = await writers.handle({
      type: 'ChangeUser',
      id: newId(),
      at: now(),
      meta,
      data: { user, ...change },
    });
    return handled.kind === 'refused' ? handled : done({}, handled.position);
  };

export const usersHandler = (deps: UserDeps) => ({
  register: registerHandler(deps),
  change: changeHandler(deps),
  state: (user: UserId): Promise<User> => deps.writers.state(userStream(user)),
  atHand: (user: UserId): User | undefined => deps.writers.kept(userStream(user)),
  find: async (user: UserId): Promise<Readonly<{ level: number }> | undefined> => {
    const state = await deps.writers.state(userStream(user));
    return state.status === 'unknown' ? undefined : { level: state.level };
  },
});
