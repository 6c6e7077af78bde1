import { expect, test } from 'vitest';
import { explained, reachOf } from '../../../../infra/app/storage/keys.ts';

test('[NOD-2] that the Postgres of the keys is away is said once, and once that it is back', () => {
  const said: string[] = [];
  const reach = reachOf({
    warn: (_: unknown, text?: string) => void said.push(`warn ${String(text)}`),
    info: (text: unknown) => void said.push(`info ${String(text)}`),
  });
  reach.back();
  expect(said).toEqual([]);
  for (const time of ['one', 'and the other']) {
    said.length = 0;
    for (let second = 0; second < 60; second++) reach.away(new Error(time));
    expect(said).toEqual([
      'warn the Postgres of the keys does not answer; keys that are known are used',
    ]);
    for (let second = 0; second < 60; second++) reach.back();
    expect(said.slice(1)).toEqual(['info the Postgres of the keys answers again']);
  }
});

test.each([
  ['42501', /grant create on database/],
  ['28P01', /the right to log in/],
  ['3D000', /create that database/],
  ['25006', /can only be read: name the primary/],
  ['08P01', /Postgres itself, not to a pooler/],
  ['ECONNREFUSED', /start that Postgres, or correct SEQLINE_KEYS/],
])('[NOD-4] what keeps keys from being used is told with what to do (%s)', (code, remedy) => {
  const error = Object.assign(new Error('what Postgres says'), { code });
  const told = String(explained('postgres://ann:correct-horse@one/keys', error));
  expect(told).toMatch(remedy);
  expect(told).not.toContain('correct-horse');
});
