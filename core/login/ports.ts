import type { Millis, TokenId, UserId } from '../kernel/ids.ts';

/** What a token says. Times are in milliseconds, as the token keeps them. */
export type TokenClaims = Readonly<{
  user: UserId;
  /** OpenIM's platform number, 1 to 11. */
  platform: number;
  tokenId: TokenId;
  issuedAt: Millis;
  expiresAt: Millis;
}>;

/**
 * What is wrong with a token, told apart in this order (OpenIM's codes): 1503 malformed, 1501 expired, 1504
 * not valid yet, 1505 unknown, which is a signature that no key of ours has made. So an expired token stays
 * "expired" when the key that signed it has been dropped.
 */
export type TokenFault = 'malformed' | 'expired' | 'not_yet_valid' | 'unknown';

export type VerifiedToken =
  (Readonly<{ kind: 'valid' }> & TokenClaims) | Readonly<{ kind: TokenFault }>;

/** Makes tokens and checks what they say of themselves. */
export type Tokens = Readonly<{
  issue: (claims: TokenClaims) => Promise<string>;
  /**
   * Whether it is a token of ours and its time is now. Whether its login still stands is not known here:
   * the caller looks that up at every use. Never throws for what a client may send.
   */
  verify: (token: string, now: Millis) => Promise<VerifiedToken>;
}>;
