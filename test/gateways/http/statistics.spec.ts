import { expect, test } from 'vitest';
import { NOW } from '../../support/fakes.ts';
import { gateway, TOKENS } from './client.ts';

const asAdmin = { token: TOKENS.admin };
const path = '/statistics/user/register';

test('[USR-44] registrations in all, before, and by day; an empty map is left out', async () => {
  const { post } = gateway();
  const within = await post(path, { start: NOW, end: NOW + 1 }, asAdmin);
  const day = new Date(NOW).toISOString().slice(0, 10);
  expect(within.json.data).toEqual({ total: 4, before: 0, count: { [day]: 4 } });
  const after = await post(path, { start: NOW + 1, end: NOW + 2 }, asAdmin);
  expect(after.json.data).toEqual({ total: 4, before: 4 });
});

test('[USR-44] so are groups that were made', async () => {
  const { post } = gateway();
  const { json } = await post('/statistics/group/create', { start: 1, end: 2 }, asAdmin);
  expect(json.data).toEqual({ total: 3, before: 2, count: { '2023-11-14': 1 } });
});

test('[WIR-42] a span that ends before it begins, or is too long, is refused', async () => {
  const { post } = gateway();
  for (const span of [
    { start: 2, end: 1 },
    { start: 1, end: NOW * 10 },
  ]) {
    expect((await post(path, span, asAdmin)).json).toMatchObject({ errCode: 1001 });
  }
});
