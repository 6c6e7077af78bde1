import type { Millis, TokenId, UserId } from '../kernel/ids.ts';

export type TokenClaims = Readonly<{
  user: UserId;
  platform: number;
  tokenId: TokenId;
  issuedAt: Millis;
  expiresAt: Millis;
}>;

export type VerifiedToken =
  | (Readonly<{ kind: 'valid' }> & TokenClaims)
  | Readonly<{ kind: 'malformed' | 'expired' | 'not_yet_valid' | 'unknown' }>;

/** Makes tokens and checks what they say of themselves; whether they are still in force is not here. */
export interface Tokens {
  issue(claims: TokenClaims): Promise<string>;
  verify(token: string, now: Millis): Promise<VerifiedToken>;
}
