import { hash } from 'node:crypto';
import { PasetoError, PublicProtocol } from 'paseto';
import { SignFactory, VerifyFactory } from 'paseto/v4/public';
import type { Millis, TokenId, UserId } from '../../core/kernel/ids.ts';
import type { TokenClaims, Tokens } from '../../core/login/ports.ts';
import { RecentMap } from '../recentMap.ts';
import type { SigningKeys } from './signingKeys.ts';

/** Clocks of our nodes differ: a token may come before the moment at which it says it was issued. */
export const CLOCK_SKEW_MAX: Millis = 5_000;
/** A 64-character user has a token of about 430 characters; it travels in a URL. */
export const TOKEN_LENGTH_MAX = 1_024;
/** Verified tokens that are remembered, about 400 bytes each; checking a signature again costs 65 µs. */
const VERIFIED_MAX = 50_000;

const FORM = /^v4\.public\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const SIGNATURE_BYTES = 64;
/** Our own check of times gives the reason in OpenIM's order, so the library's never gets to speak. */
const ANY_TIME_SECONDS = 1e12;

const v4 = new PublicProtocol(SignFactory, VerifyFactory);

export const tokens = (keys: SigningKeys): Tokens => {
  const verified = new RecentMap<string, TokenClaims>(VERIFIED_MAX);

  const isSigned = async (token: string, keyId: string): Promise<boolean> => {
    const key = await keys.verifying(keyId);
    if (key === undefined) return false;
    try {
      await v4.Verify(key, token, { clockTolerance: ANY_TIME_SECONDS });
      return true;
    } catch (error) {
      if (error instanceof PasetoError) return false;
      throw error;
    }
  };

  return {
    issue: async ({ user, platform, tokenId, issuedAt, expiresAt }) => {
      const { id, secret } = await keys.signing(expiresAt);
      const claims = {
        sub: user,
        plt: platform,
        jti: tokenId,
        iat: new Date(issuedAt).toISOString(),
        exp: new Date(expiresAt).toISOString(),
      };
      return v4.Sign(secret, claims, { footer: Buffer.from(JSON.stringify({ kid: id })) });
    },

    verify: async (token, now) => {
      if (token.length > TOKEN_LENGTH_MAX) return malformed;
      const name = hash('sha256', token, 'base64');
      const known = verified.get(name);
      if (known !== undefined) return timeFault(known, now) ?? { kind: 'valid', ...known };
      const parsed = parse(token);
      if (parsed === undefined) return malformed;
      const fault = timeFault(parsed.claims, now);
      if (fault !== undefined) return fault;
      if (!(await isSigned(token, parsed.keyId))) return unknown;
      verified.set(name, parsed.claims);
      return { kind: 'valid', ...parsed.claims };
    },
  };
};

const malformed = { kind: 'malformed' } as const;
const unknown = { kind: 'unknown' } as const;

const timeFault = ({ issuedAt, expiresAt }: TokenClaims, now: Millis) => {
  if (now >= expiresAt) return { kind: 'expired' } as const;
  if (now + CLOCK_SKEW_MAX < issuedAt) return { kind: 'not_yet_valid' } as const;
  return undefined;
};

/** What a token claims, before anybody has looked at the signature; undefined if it is not one of ours. */
const parse = (token: string): Readonly<{ keyId: string; claims: TokenClaims }> | undefined => {
  const [, payload, footer] = FORM.exec(token) ?? [];
  if (payload === undefined || footer === undefined) return undefined;
  const message = Buffer.from(payload, 'base64url').subarray(0, -SIGNATURE_BYTES);
  const { kid } = jsonObject(Buffer.from(footer, 'base64url'));
  const claims = claimsOf(jsonObject(message));
  if (typeof kid !== 'string' || claims === undefined) return undefined;
  return { keyId: kid, claims };
};

type Json = Claimed & { kid?: unknown };

const jsonObject = (bytes: Buffer): Json => {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Not JSON: then it has none of the fields that are asked of it, which is what the caller reports.
    return {};
  }
};

const claimsOf = ({ sub, plt, jti, iat, exp }: Claimed): TokenClaims | undefined => {
  const [issuedAt, expiresAt] = [momentOf(iat), momentOf(exp)];
  if (typeof sub !== 'string' || typeof jti !== 'string' || typeof plt !== 'number')
    return undefined;
  if (issuedAt === undefined || expiresAt === undefined) return undefined;
  return { user: sub as UserId, platform: plt, tokenId: jti as TokenId, issuedAt, expiresAt };
};

type Claimed = { sub?: unknown; plt?: unknown; jti?: unknown; iat?: unknown; exp?: unknown };

const ISO_MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const momentOf = (value: unknown): Millis | undefined => {
  if (typeof value !== 'string' || !ISO_MOMENT.test(value)) return undefined;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? undefined : moment;
};
