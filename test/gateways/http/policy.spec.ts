import { beforeAll, describe, expect, test } from 'vitest';
import type { Access } from '../../../gateways/http/access.ts';
import { route } from '../../../gateways/http/route.ts';
import { body } from '../../../gateways/http/fields.ts';
import { bodyFor, ROUTES } from './bodies.ts';
import { gateway, TOKENS } from './client.ts';

/** Who calls, for bodies that speak of ann, and of the group that she owns. */
const CALLERS = {
  anonymous: undefined,
  malformed: TOKENS.malformed,
  kicked: TOKENS.kicked,
  /** Somebody else, in none of the groups. */
  foreign: TOKENS.bob,
  /** Was in the group once. */
  nonMember: TOKENS.zed,
  member: TOKENS.mia,
  groupAdmin: TOKENS.amy,
  /** Also the owner of the group. */
  self: TOKENS.ann,
  admin: TOKENS.admin,
} as const;
type Who = keyof typeof CALLERS;
const rows = Object.keys(CALLERS) as readonly Who[];

/** The code that each gets; those that are named, 1002. */
const allBut = (...denied: readonly Who[]): Readonly<Record<Who, number>> => {
  const codes = rows.map((who) => [who, denied.includes(who) ? 1002 : 0] as const);
  const all = Object.fromEntries(codes) as Record<Who, number>;
  return { ...all, anonymous: 1001, malformed: 1503, kicked: 1506 };
};
const open = { ...allBut(), anonymous: 0, malformed: 0, kicked: 0 };
const others = ['foreign', 'nonMember', 'member', 'groupAdmin'] as const;

const EXPECTED: Readonly<Record<Access['kind'], Readonly<Record<Who, number>>>> = {
  none: open,
  user: allBut(),
  self: allBut(...others),
  participant: allBut(...others),
  admin: allBut(...others, 'self'),
  adminOrSecret: allBut(...others, 'self'),
  member: allBut('foreign', 'nonMember'),
  groupAdmin: allBut('foreign', 'nonMember', 'member'),
  groupOwner: allBut(...others),
  selfOrGroupAdmin: allBut('foreign', 'nonMember', 'member'),
};

describe.each(rows)('[WIR-45] what is open to %s', (who) => {
  // One server for each: what one call does must not change what the next is answered.
  const client = gateway();
  beforeAll(async () => {
    const kicked = { platformID: 9, userID: 'ann' };
    await client.post('/auth/force_logout', kicked, { token: TOKENS.admin });
  });

  test.each(ROUTES)('$path', async ({ path, access }) => {
    const token = CALLERS[who];
    const options = token === undefined ? {} : { token };
    const { json } = await client.post(path, bodyFor(path), options);
    expect(json.errCode).toBe(EXPECTED[access.kind][who]);
  });
});

test('[OPS-26] a route that declares no access is not built', () => {
  const undeclared = {
    path: '/x/y',
    summary: '',
    body: body({}),
    run: () => Promise.reject(new Error('never')),
  };
  // @ts-expect-error -- nor does it compile
  expect(() => route(undeclared)).toThrow('does not declare');
});

test('[OPS-26] an access that speaks of a field the body lacks is not built', () => {
  const access = { kind: 'self', field: 'userID' } as const;
  const run = () => Promise.resolve({ kind: 'done' } as const);
  const wrong = { path: '/x/y', summary: '', access, body: body({}), run } as const;
  expect(() => route(wrong)).toThrow('userID');
});
