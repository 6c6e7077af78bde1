import { beforeAll, describe, expect, test } from 'vitest';
import type { Access } from '../../../gateways/http/access.ts';
import { route } from '../../../gateways/http/route.ts';
import { body } from '../../../gateways/http/fields.ts';
import { bodyFor, ROUTES } from './bodies.ts';
import { gateway, TOKENS } from './client.ts';

/** Who calls, for bodies that speak of ann. */
const CALLERS = {
  anonymous: undefined,
  malformed: TOKENS.malformed,
  kicked: TOKENS.kicked,
  foreign: TOKENS.bob,
  self: TOKENS.ann,
  admin: TOKENS.admin,
} as const;
type Who = keyof typeof CALLERS;

const open = { anonymous: 0, malformed: 0, kicked: 0, foreign: 0, self: 0, admin: 0 };
const closed = { anonymous: 1001, malformed: 1503, kicked: 1506, foreign: 0, self: 0, admin: 0 };

const EXPECTED = {
  none: open,
  user: closed,
  self: { ...closed, foreign: 1002 },
  participant: { ...closed, foreign: 1002 },
  admin: { ...closed, foreign: 1002, self: 1002 },
  adminOrSecret: { ...closed, foreign: 1002, self: 1002 },
} as const satisfies Record<Access['kind'], Record<Who, number>>;

const rows: readonly Who[] = ['anonymous', 'malformed', 'kicked', 'foreign', 'self', 'admin'];

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
