import type { Fact, Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';

/** What a user shows of itself. Personal: sealed with the user's own key. */
export type Profile = { nickname: string; faceUrl: string; ex: string };

/** What a user lets in: 0 all, 1 nothing, 2 all but without offline push (OpenIM's globalRecvMsgOpt). */
export type GlobalReceive = 0 | 1 | 2;

export type UserRegistered = Fact<
  'UserRegistered',
  {
    user: UserId;
    /** 0 and 1 ordinary, 2 app admin, 3 notification account, 4 robot (OpenIM's appMangerLevel). */
    level: number;
    globalReceive: GlobalReceive;
    profile: Personal<Profile>;
  }
>;

export type UserChanged = Fact<
  'UserChanged',
  {
    user: UserId;
    level?: number;
    globalReceive?: GlobalReceive;
    /** Only what has changed. */
    profile?: Personal<Partial<Profile>>;
  }
>;

export type UserEvent = UserRegistered | UserChanged;

export const userStream = (user: UserId): string => `user-${user}`;
