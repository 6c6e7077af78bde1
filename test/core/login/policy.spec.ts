import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenId } from '../../../core/kernel/ids.ts';
import type { Token } from '../../../core/login/events.ts';
import {
  isPlatform,
  losers,
  PLATFORM_MAX,
  TOKENS_PER_PLATFORM_MAX,
  type LoginPolicy,
} from '../../../core/login/policy.ts';

const live = (...platforms: readonly number[]): readonly Token[] =>
  platforms.map((platform, index) => ({
    id: String(index) as TokenId,
    platform,
    issuedAt: index,
    expiresAt: 1_000_000,
    state: 'normal',
    connected: false,
  }));

const [ios, android, windows, osx, web, linux, pad, admin] = [1, 2, 3, 4, 5, 7, 9, 10] as const;

/** Live tokens in the order issued, the platform of the new one, and which lose (by index). */
const table: readonly (readonly [LoginPolicy, readonly number[], number, readonly number[]])[] = [
  [0, [web, web, ios], web, []],
  [1, [web], web, [0]],
  [1, [ios], web, []],
  [1, [web, ios], web, [0]],
  [1, [ios, ios, web], web, [0, 2]],
  [4, [ios], android, [0]],
  [4, [windows, osx], linux, [0, 1]],
  [4, [web], pad, []],
  [4, [ios, android, web], web, [0, 2]],
  [5, [web, ios], android, [0, 1]],
  [5, [windows, osx, web], ios, [2]],
  [5, [windows, web], linux, []],
  [5, [web, android, ios], windows, [0, 2]],
  [5, [web, ios], windows, [0]],
  [1, [admin, web], web, [1]],
  [1, [admin, web], admin, []],
];

test('platforms are 1 to 11', () => {
  expect([0, 1, PLATFORM_MAX, 12, 1.5].map(isPlatform)).toEqual([false, true, true, false, false]);
});

describe('who is logged out by a new login', () => {
  test.each(table)('[TOK-5] policy %i: %j, then %i: %j', (policy, platforms, platform, lost) => {
    expect([...losers(policy, live(...platforms), platform)].map(Number).toSorted()).toEqual(lost);
  });

  test.each([0, 1, 4, 5] as const)(
    '[TOK-5] policy %i leaves at most 30 of a platform',
    (policy) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 11 }), { maxLength: 120 }),
          fc.integer({ min: 1, max: 11 }),
          (platforms, platform) => {
            const tokens = live(...platforms);
            const lost = losers(policy, tokens, platform);
            const stay = [
              ...tokens.filter(({ id }) => !lost.has(id)).map((token) => token.platform),
            ];
            if (platform !== admin) stay.push(platform);
            // An admin's login says nothing of the others; each of theirs did when it was issued.
            const among = platform === admin ? [admin] : stay.filter((one) => one !== admin);
            for (const one of new Set(among)) {
              const count = stay.filter((other) => other === one).length;
              expect(count).toBeLessThanOrEqual(TOKENS_PER_PLATFORM_MAX);
            }
          },
        ),
      );
    },
  );
});
