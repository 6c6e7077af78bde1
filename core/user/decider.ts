import { accept, refuse, type Decider } from '../kernel/decider.ts';
import { isErased, type Command, type Personal } from '../kernel/fact.ts';
import type { EventId, UserId } from '../kernel/ids.ts';
import type { GlobalReceive, Profile, UserEvent } from './events.ts';

export type RegisterUser = Command<
  'RegisterUser',
  { user: UserId; level: number; globalReceive: GlobalReceive; profile: Profile }
>;
export type ChangeUser = Command<
  'ChangeUser',
  {
    user: UserId;
    level?: number;
    globalReceive?: GlobalReceive;
    profile?: Partial<Profile>;
  }
>;
export type UserCommand = RegisterUser | ChangeUser;
export type UserRefusal = 'user/unknown' | 'user/registered-already';

export type User =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{
      status: 'registered';
      /** Which command registered it: a repetition is told from a clash by it. */
      registration: EventId;
      level: number;
      globalReceive: GlobalReceive;
      profile: Personal<Profile>;
    }>;

const changeOf = (user: Extract<User, { status: 'registered' }>, { data }: ChangeUser) => {
  const { level, globalReceive, profile = {} } = data;
  const known: Partial<Profile> = isErased(user.profile) ? {} : user.profile;
  const keys = (['nickname', 'faceUrl', 'ex'] as const).filter(
    (key) => profile[key] !== undefined && profile[key] !== known[key],
  );
  return {
    ...(level === undefined || level === user.level ? {} : { level }),
    ...(globalReceive === undefined || globalReceive === user.globalReceive
      ? {}
      : { globalReceive }),
    ...(keys.length === 0
      ? {}
      : { profile: Object.fromEntries(keys.map((key) => [key, profile[key]])) }),
  };
};

export const user: Decider<UserCommand, UserEvent, User, UserRefusal> = {
  initialState: { status: 'unknown' },

  evolve: (state, { id, type, data }) => {
    switch (type) {
      case 'UserRegistered': {
        const { level, globalReceive, profile } = data;
        return { status: 'registered', registration: id, level, globalReceive, profile };
      }
      case 'UserChanged': {
        if (state.status === 'unknown') return state;
        const { level = state.level, globalReceive = state.globalReceive } = data;
        const { profile = {} } = data;
        const merged =
          isErased(profile) || isErased(state.profile)
            ? state.profile
            : { ...state.profile, ...profile };
        return { ...state, level, globalReceive, profile: merged };
      }
    }
  },

  decide: (command, state) => {
    const { id, type, data } = command;
    switch (type) {
      case 'RegisterUser':
        if (state.status === 'unknown') return accept({ id, type: 'UserRegistered', data });
        return state.registration === id
          ? accept()
          : refuse('user/registered-already', `userID ${data.user} is registered already`);
      case 'ChangeUser': {
        if (state.status === 'unknown') {
          return refuse('user/unknown', `userID ${data.user} is not registered`);
        }
        const change = changeOf(state, command);
        if (Object.keys(change).length === 0) return accept();
        return accept({ id, type: 'UserChanged', data: { user: data.user, ...change } });
      }
    }
  },
};
