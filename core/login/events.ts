import type { Fact } from '../kernel/fact.ts';
import type { Millis, TokenId, UserId } from '../kernel/ids.ts';

/** `kicked` tokens are remembered until the next token is issued, so that their use is told apart. */
export type TokenState = 'normal' | 'kicked';

export type Token = Readonly<{
  id: TokenId;
  /** 1 iOS, 2 Android, 3 Windows, 4 OSX, 5 Web, 6 MiniWeb, 7 Linux, 8 APad, 9 iPad, 10 Admin, 11 HarmonyOS */
  platform: number;
  issuedAt: Millis;
  expiresAt: Millis;
  state: TokenState;
  /** Whether a socket has connected with it yet. */
  connected: boolean;
}>;

/**
 * Each event carries the complete resulting set, so the newest event alone is the state. Those that an event `kicks`
 * are connected no more after it; in it stands whether they were, for whoever is told of a login that has ended.
 */
export type TokenIssued = Fact<
  'TokenIssued',
  { user: UserId; token: TokenId; platform: number; tokens: readonly Token[] }
>;
/** A token's first socket has connected; sockets of the tokens it `kicks` are to be cut. */
export type LoginActivated = Fact<
  'LoginActivated',
  {
    user: UserId;
    token: TokenId;
    platform: number;
    kicks: readonly TokenId[];
    tokens: readonly Token[];
  }
>;
/** An app admin has ended every login of the user on a platform. */
export type LogoutForced = Fact<
  'LogoutForced',
  { user: UserId; platform: number; kicks: readonly TokenId[]; tokens: readonly Token[] }
>;

export type LoginEvent = TokenIssued | LoginActivated | LogoutForced;

export const loginStream = (user: UserId): string => `login-${user}`;
