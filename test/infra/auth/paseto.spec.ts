import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenId, UserId } from '../../../core/kernel/ids.ts';
import type { TokenClaims } from '../../../core/login/ports.ts';
import { CLOCK_SKEW_MAX, TOKEN_LENGTH_MAX, tokens } from '../../../infra/auth/paseto.ts';
import { openSigningKeys } from '../../../infra/auth/signingKeys.ts';
import { memoryShelf } from './memoryShelf.ts';

const NOW = 1_767_225_600_000;
const DAY = 86_400_000;

const claims: TokenClaims = {
  user: 'ann' as UserId,
  platform: 5,
  tokenId: '6f1d2c9e-8f4b-4d8e-9d53-0c3ad1b1c001' as TokenId,
  issuedAt: NOW,
  expiresAt: NOW + 90 * DAY,
};

const issuer = async (now = () => NOW) => {
  const keys = await openSigningKeys(memoryShelf().port, now);
  return { keys, ...tokens(keys) };
};

/** The token with one character of a part replaced by another. */
const forged = (token: string, part: 2 | 3, at: number): string => {
  const parts = token.split('.');
  const text = parts[part] ?? '';
  const place = at % text.length;
  const other = text.charAt(place) === 'A' ? 'B' : 'A';
  parts[part] = text.slice(0, place) + other + text.slice(place + 1);
  return parts.join('.');
};

const withClaims = (token: string, changed: object): string => {
  const [version = '', purpose = '', payload = '', footer = ''] = token.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  const message = JSON.parse(bytes.subarray(0, -64).toString()) as object;
  const json = Buffer.from(JSON.stringify({ ...message, ...changed }));
  const rewritten = Buffer.concat([json, bytes.subarray(-64)]).toString('base64url');
  return [version, purpose, rewritten, footer].join('.');
};

describe('[TOK-1] a token', () => {
  test('is valid for what it was issued for, the first time and from memory', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    expect(await verify(token, NOW)).toEqual({ kind: 'valid', ...claims });
    expect(await verify(token, NOW + DAY)).toEqual({ kind: 'valid', ...claims });
  });
  test('needs no encoding in a URL, and is short enough for one', async () => {
    const { issue } = await issuer();
    const token = await issue({ ...claims, user: 'x'.repeat(64) as UserId });
    expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(token.length).toBeLessThan(450);
  });
  test('differs from another of the same second', async () => {
    const { issue } = await issuer();
    const other = { ...claims, tokenId: 'another' as TokenId };
    expect(await issue(claims)).not.toBe(await issue(other));
  });
});

describe('[TOK-2] a token is refused', () => {
  test('as expired from its expiry on, though it was valid and is remembered', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    expect((await verify(token, claims.expiresAt - 1)).kind).toBe('valid');
    expect((await verify(token, claims.expiresAt)).kind).toBe('expired');
  });
  test('as not yet valid before it was issued, but for the difference of clocks', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    expect((await verify(token, NOW - CLOCK_SKEW_MAX - 1)).kind).toBe('not_yet_valid');
    expect((await verify(token, NOW - CLOCK_SKEW_MAX)).kind).toBe('valid');
    expect((await verify(token, NOW - CLOCK_SKEW_MAX - 1)).kind).toBe('not_yet_valid');
  });
  test('as unknown when another key has signed it', async () => {
    const [ours, theirs] = [await issuer(), await issuer()];
    const verdict = await ours.verify(await theirs.issue(claims), NOW);
    expect(verdict).toEqual({ kind: 'unknown' });
  });
  test('as unknown when it names our key and another has signed it', async () => {
    const [ours, theirs] = [await issuer(), await issuer()];
    const ownFooter = (await ours.issue(claims)).split('.')[3] ?? '';
    const parts = (await theirs.issue(claims)).split('.').slice(0, 3);
    expect((await ours.verify([...parts, ownFooter].join('.'), NOW)).kind).toBe('unknown');
  });
  test('as unknown when it claims what was not signed', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    for (const changed of [{ sub: 'bob' }, { plt: 10 }, { jti: 'x' }, { extra: 1 }]) {
      expect((await verify(withClaims(token, changed), NOW)).kind).toBe('unknown');
    }
  });
  test('as malformed when it lacks what a token of ours has', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    for (const changed of [
      { sub: 1 },
      { plt: '5' },
      { jti: null },
      { iat: NOW },
      { exp: 'soon' },
    ]) {
      expect((await verify(withClaims(token, changed), NOW)).kind).toBe('malformed');
    }
  });
  test.each([
    ['nothing', ''],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJVc2VySUQiOiJhbm4ifQ.c2lnbmF0dXJl'],
    ['a local token', 'v4.local.AAAA.AAAA'],
    ['an older version', 'v2.public.AAAA.AAAA'],
    ['no footer', 'v4.public.AAAA'],
    ['no payload', 'v4.public..e30'],
    ['a footer that is no object', 'v4.public.AAAA.bnVsbA'],
    ['something else after it', 'v4.public.AAAA.e30 '],
    ['more than any token has', `v4.public.${'A'.repeat(TOKEN_LENGTH_MAX)}.e30`],
  ])('as malformed when it is %s', async (_what, token) => {
    const { verify } = await issuer();
    expect((await verify(token, NOW)).kind).toBe('malformed');
  });

  test('wherever one character is another', async () => {
    const { issue, verify } = await issuer();
    const token = await issue(claims);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(2 as const, 3 as const), fc.nat(), async (part, at) => {
        expect((await verify(forged(token, part, at), NOW)).kind).not.toBe('valid');
      }),
    );
  });
  test('without ever throwing, whatever it is', async () => {
    const { verify } = await issuer();
    const base64url = fc.base64String().map((text) => text.replace(/[+/=]/g, '_'));
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    const signed = fc.tuple(json, base64url).map(([message, rest]) => message + rest);
    const part = fc.oneof(base64url, json, signed, fc.string());
    const shaped = fc
      .tuple(part, part)
      .map(([payload, footer]) => `v4.public.${payload}.${footer}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), shaped), async (token) => {
        expect((await verify(token, NOW)).kind).toBe('malformed');
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('[TOK-9] keys that sign', () => {
  test('are changed without invalidating what older ones have signed', async () => {
    const { keys, issue, verify } = await issuer();
    const before = await issue(claims);
    await keys.rotate();
    const after = await issue({ ...claims, tokenId: 'next' as TokenId });
    expect(after.split('.')[3]).not.toBe(before.split('.')[3]);
    for (const token of [before, after]) expect((await verify(token, NOW)).kind).toBe('valid');
  });
  test('are dropped once all they have signed has expired, which then is what is told', async () => {
    let now = NOW;
    const { port, shelf } = memoryShelf();
    const keys = await openSigningKeys(port, () => now);
    const { issue } = tokens(keys);
    const token = await issue(claims);
    const keyId = (
      JSON.parse(Buffer.from(token.split('.')[3] ?? '', 'base64url').toString()) as {
        kid: string;
      }
    ).kid;
    await keys.rotate();
    now = claims.expiresAt - 1;
    await keys.rotate();
    expect((await tokens(keys).verify(token, now)).kind).toBe('valid');
    now = claims.expiresAt + 2 * DAY;
    await keys.rotate();
    expect(shelf.text).not.toContain(keyId);
    expect((await tokens(keys).verify(token, now)).kind).toBe('expired');
    expect((await tokens(keys).verify(token, NOW)).kind).toBe('unknown');
  });
  test('hold over a restart', async () => {
    const { port, shelf } = memoryShelf();
    const token = await tokens(await openSigningKeys(port, () => NOW)).issue(claims);
    const again = await openSigningKeys(memoryShelf(shelf.text).port, () => NOW);
    expect((await tokens(again).verify(token, NOW)).kind).toBe('valid');
  });
  test('are saved before they sign for longer, and not at every token', async () => {
    const { port, shelf } = memoryShelf();
    const { issue } = tokens(await openSigningKeys(port, () => NOW));
    const [atStart] = [shelf.saves];
    for (let at = 0; at < 5; at++) await issue({ ...claims, expiresAt: claims.expiresAt + at });
    expect(shelf.saves - atStart).toBe(1);
  });
  test('[NOD-5] are looked for again after a clock was set back', async () => {
    let now = NOW + DAY;
    const { port } = memoryShelf();
    const here = tokens(await openSigningKeys(port, () => now));
    const elsewhere = await openSigningKeys(port, () => NOW);
    now = NOW;
    await elsewhere.rotate();
    const token = await tokens(elsewhere).issue(claims);
    expect((await here.verify(token, NOW)).kind).toBe('valid');
  });
  test('are not replaced when they cannot be read, and the fault does not show them', async () => {
    const { port, shelf } = memoryShelf();
    await openSigningKeys(port, () => NOW);
    const torn = shelf.text?.slice(0, -5) ?? '';
    await expect(openSigningKeys(memoryShelf(torn).port, () => NOW)).rejects.toThrow(
      /^((?!k4\.).)*$/,
    );
    await expect(openSigningKeys(memoryShelf('{}').port, () => NOW)).rejects.toThrow(/form/);
  });
});
