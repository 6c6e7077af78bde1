import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis, TokenId, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { User } from '../user/decider.ts';
import { standingOf, type Login, type LoginCommand, type TokenStanding } from './decider.ts';
import { loginStream, type LoginEvent } from './events.ts';
import { ADMIN_PLATFORM, type LoginPolicy } from './policy.ts';
import type { TokenFault, Tokens } from './ports.ts';

export type LoginWriters = StreamWriters<LoginCommand, LoginEvent, Login, never>;

export type TokenRefusal =
  | 'token/malformed'
  | 'token/expired'
  | 'token/not-yet-valid'
  | 'token/unknown'
  | 'token/kicked'
  | 'token/not-exist';

/** Who is calling, once a token has been checked. */
export type Caller = Readonly<{
  user: UserId;
  platform: number;
  token: TokenId;
  expiresAt: Millis;
  /** One of the configured app admins. */
  admin: boolean;
}>;

export type LoginDeps = Readonly<{
  writers: LoginWriters;
  tokens: Tokens;
  isAdmin: (user: UserId) => boolean;
  userOf: (user: UserId) => Promise<User>;
  newId: () => EventId;
  now: () => Millis;
  policy: LoginPolicy;
  lifetime: Millis;
}>;

type Issued = Readonly<{ token: string; expiresAt: Millis; lifetime: Millis }>;

/** Notification accounts and robots speak through the app server; nobody logs in as one. */
const SYSTEM_LEVEL_MIN = 3;

const issueHandler =
  ({ writers, tokens, isAdmin, userOf, newId, now, policy, lifetime }: LoginDeps) =>
  async (
    user: UserId,
    platform: number,
    meta: Meta,
    id: EventId = newId(),
  ): Result<'user/unknown' | 'user/is-admin' | 'user/is-system', Issued> => {
    const known = await userOf(user);
    if (known.status === 'unknown') {
      return refuse('user/unknown', `userID ${user} is not registered`);
    }
    if (isAdmin(user) !== (platform === ADMIN_PLATFORM)) {
      return refuse('user/is-admin', 'platform 10 is for app admins, and app admins use no other');
    }
    if (known.level >= SYSTEM_LEVEL_MIN && !isAdmin(user)) {
      return refuse('user/is-system', 'userID: notification accounts and robots take no token');
    }
    const at = now();
    const token = id as string as TokenId;
    const expiresAt = at + lifetime;
    const handled = await writers.handle({
      type: 'IssueToken',
      id,
      at,
      meta,
      data: { user, token, platform, expiresAt, policy },
    });
    if (handled.kind === 'refused') return handled;
    // Issued now or by an earlier call of the same id, it is one and the same token.
    const issued = handled.state.tokens.find((one) => one.id === token) ?? {
      issuedAt: at,
      expiresAt,
    };
    const signed = await tokens.issue({
      user,
      platform,
      tokenId: token,
      issuedAt: issued.issuedAt,
      expiresAt: issued.expiresAt,
    });
    return done({ token: signed, expiresAt: issued.expiresAt, lifetime }, handled.position);
  };

/** Signature and expiry, then the login state: looked up on every use, for it may have changed. */
const checkHandler =
  ({ writers, tokens, isAdmin, now }: LoginDeps) =>
  async (token: string): Result<TokenRefusal, { caller: Caller }> => {
    const verified = await tokens.verify(token, now());
    if (verified.kind !== 'valid') return refuseToken(TOKEN_DETAILS[verified.kind]);
    const { user, platform, tokenId, expiresAt } = verified;
    const stream = loginStream(user);
    const state = writers.kept(stream) ?? (await writers.state(stream));
    const standing = standingOf(state, tokenId);
    if (standing !== 'normal') return refuseToken(TOKEN_DETAILS[standing]);
    const caller = { user, platform, token: tokenId, expiresAt, admin: isAdmin(user) };
    return done({ caller }, undefined);
  };

/**
 * A socket has opened with a token that was good a moment ago; refused if it is not any more, because the
 * next one was issued between the two.
 */
const activateHandler =
  ({ writers, newId, now }: LoginDeps) =>
  async ({ user, token }: Caller, meta: Meta): Result<TokenRefusal> => {
    const known = writers.kept(loginStream(user))?.tokens.find(({ id }) => id === token);
    if (known?.state === 'normal' && known.connected) return done({}, undefined);
    const handled = await writers.handle({
      type: 'ActivateLogin',
      id: newId(),
      at: now(),
      meta,
      data: { user, token },
    });
    if (handled.kind === 'refused') return handled;
    const standing = standingOf(handled.state, token);
    return standing === 'normal'
      ? done({}, handled.position)
      : refuseToken(TOKEN_DETAILS[standing]);
  };

const forceLogoutHandler =
  ({ writers, newId, now }: LoginDeps) =>
  async (user: UserId, platform: number, meta: Meta): Result<never> => {
    const handled = await writers.handle({
      type: 'ForceLogout',
      id: newId(),
      at: now(),
      meta,
      data: { user, platform },
    });
    return handled.kind === 'refused' ? handled : done({}, handled.position);
  };

/** What is in force: given, neither kicked nor expired. */
const liveHandler =
  ({ writers, now }: LoginDeps) =>
  async (user: UserId): Promise<readonly Readonly<{ id: TokenId; platform: number }>[]> => {
    const { tokens } = await writers.state(loginStream(user));
    const at = now();
    return tokens
      .filter(({ state, expiresAt }) => state === 'normal' && expiresAt > at)
      .map(({ id, platform }) => ({ id, platform }));
  };

export const loginsHandler = (deps: LoginDeps) => ({
  issue: issueHandler(deps),
  check: checkHandler(deps),
  activate: activateHandler(deps),
  forceLogout: forceLogoutHandler(deps),
  live: liveHandler(deps),
});

const TOKEN_DETAILS = {
  malformed: ['token/malformed', 'this is not a token of this server'],
  expired: ['token/expired', 'the token has expired; ask the app server for a new one'],
  not_yet_valid: ['token/not-yet-valid', 'the token is not valid yet; check the clocks'],
  unknown: ['token/unknown', 'the token was not signed by this server'],
  kicked: ['token/kicked', 'another login has taken the place of this one'],
  'not-exist': [
    'token/not-exist',
    'this token is not in force any more; ask the app server for a new one',
  ],
} as const satisfies Record<
  TokenFault | Exclude<TokenStanding, 'normal'>,
  readonly [TokenRefusal, string]
>;

const refuseToken = ([reason, detail]: readonly [TokenRefusal, string]) => refuse(reason, detail);
