import { describe, expect, test } from 'vitest';
import type { EventId, TokenId, UserId } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';
import { login } from '../../../core/login/decider.ts';
import { loginStream } from '../../../core/login/events.ts';
import { loginsHandler, type LoginWriters } from '../../../core/login/handler.ts';
import type { TokenClaims } from '../../../core/login/ports.ts';
import type { User } from '../../../core/user/decider.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, by, eventId } from '../../support/people.ts';

const LIFETIME = 1_000;
const WEB = 5;

const logins = (levels: Readonly<Record<string, number>> = { ann: 0 }) => {
  const log = new MemoryEventLog();
  let time = 100;
  let ids = 0;
  const writers: LoginWriters = new StreamWriters({
    log,
    decider: login,
    streamOf: ({ data }) => loginStream(data.user),
    metaOf: ({ meta }) => meta,
    clock: () => 0,
    pause: () => Promise.resolve(),
  });
  const handler = loginsHandler({
    writers,
    // A token that says what it says: what a signature adds is tested where it is made.
    tokens: {
      issue: (claims) => Promise.resolve(JSON.stringify(claims)),
      verify: (token) =>
        Promise.resolve({ kind: 'valid', ...(JSON.parse(token) as TokenClaims) } as const),
    },
    isAdmin: (user) => user === 'imAdmin',
    userOf: (user): Promise<User> => {
      const level = levels[user];
      if (level === undefined) return Promise.resolve({ status: 'unknown' });
      const profile = { nickname: '', faceUrl: '', ex: '' };
      const registration = eventId('r');
      return Promise.resolve({
        status: 'registered',
        registration,
        level,
        globalReceive: 0,
        profile,
      });
    },
    newId: () => eventId((ids += 1)),
    now: () => (time += 10),
    policy: 1,
    lifetime: LIFETIME,
  });
  return { handler, log };
};

const issue = async (
  { handler }: ReturnType<typeof logins>,
  id?: EventId,
  user: UserId = ann,
  platform = WEB,
) => {
  const result = await handler.issue(user, platform, by('imAdmin'), id);
  return result.kind === 'done' ? result.token : result.reason;
};

describe('issuing and checking tokens', () => {
  test('[TOK-10] the same call twice is one token, issued once', async () => {
    const one = logins();
    const first = await issue(one, eventId('call'));
    expect(await issue(one, eventId('call'))).toBe(first);
    const events = await one.log.readStream(loginStream(ann), {
      from: 'start',
      direction: 'forwards',
      max: 10,
    });
    expect(events).toHaveLength(1);
  });

  test('[TOK-3] a token holds until another takes its place', async () => {
    const one = logins();
    const first = await issue(one);
    expect(await one.handler.check(first)).toMatchObject({ kind: 'done', caller: { user: ann } });
    await issue(one);
    expect(await one.handler.check(first)).toMatchObject({ reason: 'token/kicked' });
    await issue(one);
    expect(await one.handler.check(first)).toMatchObject({ reason: 'token/not-exist' });
  });

  test('[TOK-3] a well-signed token that was never issued is not in force', async () => {
    const claims: TokenClaims = {
      user: ann,
      platform: WEB,
      tokenId: 'made up' as TokenId,
      issuedAt: 0,
      expiresAt: 9_999,
    };
    const result = await logins().handler.check(JSON.stringify(claims));
    expect(result).toMatchObject({ reason: 'token/not-exist' });
  });

  test.each([
    ['zed', WEB, 'user/unknown'],
    ['robot', WEB, 'user/is-system'],
    ['ann', 10, 'user/is-admin'],
    ['imAdmin', WEB, 'user/is-admin'],
  ])('[TOK-11] %s gets none for platform %i: %s', async (user, platform, reason) => {
    const one = logins({ ann: 0, robot: 4, imAdmin: 2 });
    expect(await issue(one, undefined, user as UserId, platform)).toBe(reason);
  });

  test('[TOK-6] a socket that opens after the next token was issued is told so', async () => {
    const one = logins();
    const checked = await one.handler.check(await issue(one));
    if (checked.kind === 'refused') throw new Error(checked.reason);
    const { caller } = checked;
    await issue(one);
    const activated = await one.handler.activate(caller, by(ann));
    expect(activated).toMatchObject({ kind: 'refused', reason: 'token/kicked' });
  });

  test('[TOK-6] likewise if it is one more socket of a token that had some', async () => {
    const one = logins();
    const checked = await one.handler.check(await issue(one));
    if (checked.kind === 'refused') throw new Error(checked.reason);
    const { caller } = checked;
    expect(await one.handler.activate(caller, by(ann))).toMatchObject({ kind: 'done' });
    expect(await one.handler.activate(caller, by(ann))).toMatchObject({ kind: 'done' });
    await issue(one);
    const activated = await one.handler.activate(caller, by(ann));
    expect(activated).toMatchObject({ kind: 'refused', reason: 'token/kicked' });
  });
});
