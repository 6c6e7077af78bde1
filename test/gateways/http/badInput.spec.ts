import { KindGuard, type TSchema } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Route } from '../../../gateways/http/route.ts';
import { bodyFor, ROUTES } from './bodies.ts';
import { gateway, TOKENS, type Answered } from './client.ts';

const client = gateway();
const call = (path: string, body: unknown): Promise<Answered> =>
  client.post(path, body, { token: TOKENS.admin });

const fieldsOf = ({ body }: Route): readonly (readonly [string, TSchema])[] =>
  Object.entries(body.properties);

const isRequired = (schema: TSchema) => !('default' in schema) && !KindGuard.IsOptional(schema);

/** What no schema of this kind takes. */
const wrongFor = (schema: TSchema): unknown => (KindGuard.IsObject(schema) ? 'text' : { not: 1 });

const expectNamed = ({ status, json }: Answered, each: Route, field: string): void => {
  const asV3 = each.path === '/auth/user_token' && field === 'platformID';
  const legacy = each.path.startsWith('/auth/user_') && !asV3;
  expect(json.errCode).toBe(legacy ? 400 : 1001);
  expect(status).toBe(legacy ? 400 : (each.unreadableStatus ?? 200));
  expect(json.errDlt).toContain(field);
  expect(json).not.toHaveProperty('data');
};

const every = ROUTES.flatMap((each) =>
  fieldsOf(each).map(([field, schema]) => ({ each, field, schema, path: each.path })),
);

describe('[WIR-42] what a route does not take is refused with the name of the field', () => {
  test.each(every.filter(({ schema }) => isRequired(schema)))(
    '$path without $field',
    async ({ each, field }) => {
      const others = { ...bodyFor(each.path) };
      Reflect.deleteProperty(others, field);
      expectNamed(await call(each.path, others), each, field);
      expectNamed(await call(each.path, { ...others, [field]: null }), each, field);
    },
  );

  test.each(every.filter(({ schema }) => !KindGuard.IsRecord(schema)))(
    '$path with $field of another type',
    async ({ each, field, schema }) => {
      const body = { ...bodyFor(each.path), [field]: wrongFor(schema) };
      expectNamed(await call(each.path, body), each, field);
    },
  );

  test.each(ROUTES)('$path without a JSON object', async (each) => {
    for (const body of ['', '{', '[]', 'null', '"x"', '1']) {
      expectNamed(await call(each.path, body), each, 'body');
    }
  });
});

test('[WIR-41] keys match in any case, null is absent, unknown keys are passed over', async () => {
  const body = '{"USERIDS":["ann"],"more":{"x":[1]},"userIDs":null}';
  const exactFirst = '{"USERIDS":["bob"],"userIDs":["ann"]}';
  expect((await call('/user/get_users_info', body)).json).toMatchObject({ errCode: 1001 });
  for (const text of ['{"USERIDS":["ann"],"more":{"x":[1]}}', exactFirst]) {
    expect((await call('/user/get_users_info', text)).json).toMatchObject({
      data: { usersInfo: [{ userID: 'ann' }] },
    });
  }
});

test.each([
  ['a fraction', 1.5],
  ['text', '1'],
  ['beyond int32', 2 ** 31],
])('[WIR-42] %s is no int32', async (_, showNumber) => {
  const { json } = await call('/user/get_users', { pagination: { pageNumber: 1, showNumber } });
  expect(json).toMatchObject({ errCode: 1001, errMsg: 'ArgsError' });
  expect(json.errDlt).toContain('pagination.showNumber');
});

test('[WIR-42] text that no table can hold is refused, and what nests without end', async () => {
  const nul = await call('/user/update_user_info_ex', { userInfo: { userID: 'ann', ex: 'a\0b' } });
  expect(nul.json.errDlt).toContain('userInfo.ex');
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const good = JSON.stringify({ ...bodyFor('/msg/send_msg'), content: 0 });
  const { json } = await call('/msg/send_msg', good.replace('"content":0', `"content":${deep}`));
  expect(json).toMatchObject({ errCode: 1001 });
  expect(json.errDlt).toContain('content must not nest');
});

test('[WIR-42] no body makes the server fail', async () => {
  const keys = [...new Set(every.map(({ field }) => field))];
  const anything = fc.oneof(
    fc.json(),
    fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()).map((body) => JSON.stringify(body)),
    fc.string(),
  );
  const anyRoute = fc.constantFrom(...ROUTES);
  await fc.assert(
    fc.asyncProperty(anyRoute, anything, async ({ path }, text) => {
      const { status, json } = await call(path, text);
      expect(status).toBeLessThan(500);
      expect(json.errCode).not.toBe(500);
    }),
    { numRuns: 400 },
  );
});
