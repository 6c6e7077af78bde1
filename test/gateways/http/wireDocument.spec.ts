import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROUTES } from './bodies.ts';

const WIRE = readFileSync(new URL('../../../docs/WIRE.md', import.meta.url), 'utf8');
/** | `POST /path` | who may | status | note | */
const ROW = /^\| `(GET|POST) (\/\S+)`\s*\| ([^|]+?)\s*\| ([^|]+?)\s*\|/gm;

const rows = [...WIRE.matchAll(ROW)].map(([, method, path = '', , status = '']) => ({
  call: `${method ?? ''} ${path}`,
  status,
}));

describe('[WIR-50] docs/WIRE.md', () => {
  test('names as served exactly the routes that are mounted', () => {
    const served = rows.filter(({ status }) => status.startsWith('served'));
    const mounted = ROUTES.map(({ path }) => `POST ${path}`);
    expect(served.map(({ call }) => call).sort()).toEqual(mounted.sort());
  });

  test('has each call once, with one of its four words', () => {
    expect(new Set(rows.map(({ call }) => call)).size).toBe(rows.length);
    const words = new Set(rows.map(({ status }) => status));
    expect([...words].sort()).toEqual(['not served', 'not yet', 'served', 'served differently']);
  });
});
