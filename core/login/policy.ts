import type { Token } from './events.ts';
import type { TokenId } from '../kernel/ids.ts';

/**
 * Who is logged out when a user logs in again (OpenIM's multiLogin policy):
 * 0 nobody, but for a cap on each platform; 1 the same platform; 4 the same class of platform;
 * 5 all but PC keep only the newest.
 */
export type LoginPolicy = 0 | 1 | 4 | 5;

/** Live tokens a platform may have under policy 0, and an app admin always. */
export const TOKENS_PER_PLATFORM_MAX = 30;

/** The greatest number a platform has. */
export const PLATFORM_MAX = 11;

/** App admins log in from many processes of the app server at once: no policy is for them. */
export const ADMIN_PLATFORM = 10;

type PlatformClass = 'pc' | 'mobile' | 'pad' | 'web' | 'miniWeb' | 'admin' | 'harmony';

const CLASSES: Readonly<Record<number, PlatformClass>> = {
  1: 'mobile',
  2: 'mobile',
  3: 'pc',
  4: 'pc',
  5: 'web',
  6: 'miniWeb',
  7: 'pc',
  8: 'pad',
  9: 'pad',
  10: 'admin',
  11: 'harmony',
};
const ANDROID = 2;

/** Every platform that exists. */
export const isPlatform = (platform: number): boolean => CLASSES[platform] !== undefined;

const classOf = (platform: number): PlatformClass | undefined => CLASSES[platform];

const groupBy = (
  tokens: readonly Token[],
  keyOf: (token: Token) => unknown,
): readonly (readonly Token[])[] => {
  const groups = new Map<unknown, Token[]>();
  for (const token of tokens) {
    const key = keyOf(token);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [token]);
    else group.push(token);
  }
  return [...groups.values()];
};

/** All but the newest; `tokens` are in the order they were issued. */
const allButNewest = (tokens: readonly Token[]): readonly Token[] => tokens.slice(0, -1);

const sameWins = (
  tokens: readonly Token[],
  platform: number,
  keyOf: (platform: number) => unknown,
): readonly Token[] =>
  groupBy(tokens, (token) => keyOf(token.platform)).flatMap((group) =>
    group[0] !== undefined && keyOf(group[0].platform) === keyOf(platform)
      ? group
      : allButNewest(group),
  );

const onlyPcStays = (tokens: readonly Token[], platform: number): readonly Token[] => {
  const others = tokens.filter((token) => classOf(token.platform) !== 'pc');
  if (classOf(platform) !== 'pc') return others;
  const kept = others.findLast((token) => token.platform === ANDROID) ?? others.at(-1);
  return others.filter((token) => token !== kept);
};

/**
 * Which live tokens lose when a new one is issued for `platform` (openim-rest 2.4). `tokens` are the
 * user's live ones in the order they were issued, without the new one.
 */
export const losers = (
  policy: LoginPolicy,
  tokens: readonly Token[],
  platform: number,
): ReadonlySet<TokenId> => {
  const room = (candidate: number) =>
    candidate === platform ? TOKENS_PER_PLATFORM_MAX - 1 : TOKENS_PER_PLATFORM_MAX;
  const overCap = (among: readonly Token[]): readonly Token[] =>
    groupBy(among, (token) => token.platform).flatMap((group) =>
      group.slice(0, Math.max(0, group.length - room(group[0]?.platform ?? platform))),
    );
  const admins = tokens.filter((token) => token.platform === ADMIN_PLATFORM);
  const others = tokens.filter((token) => token.platform !== ADMIN_PLATFORM);
  if (platform === ADMIN_PLATFORM) return new Set(overCap(admins).map(({ id }) => id));
  const lost = (): readonly Token[] => {
    switch (policy) {
      case 0:
        return [];
      case 1:
        return sameWins(others, platform, (candidate) => candidate);
      case 4:
        return sameWins(others, platform, classOf);
      case 5:
        return onlyPcStays(others, platform);
    }
  };
  // PC tokens under policy 5 and all under policy 0 have no other bound than the cap.
  return new Set([...lost(), ...overCap(others)].map(({ id }) => id));
};
