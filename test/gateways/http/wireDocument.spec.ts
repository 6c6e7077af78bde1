import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROUTES } from './bodies.ts';
import { OPENIM_CALLS } from './openimCalls.ts';

const WIRE = readFileSync(new URL('../../../docs/WIRE.md', import.meta.url), 'utf8');
/** | `POST /path` | who may | status | note | */
const ROW = /^\| `(GET|POST) (\/\S+)`\s*\| ([^|]+?)\s*\| ([^|]+?)\s*\|([^|]*)\|/gm;

const rows = [...WIRE.matchAll(ROW)].map(([, method, path = '', , status = '', note = '']) => ({
  call: `${method ?? ''} ${path}`,
  status,
  note: note.trim(),
}));
/** Beside OpenIM's own: what its older versions had, and Seqline's. */
const OTHERS = /^POST \/(auth\/user_(register|token)|admin\/.+)$/;

describe('[WIR-50] docs/WIRE.md', () => {
  test('names as served exactly the routes that are mounted', () => {
    const served = rows.filter(({ status }) => status.startsWith('served'));
    const mounted = ROUTES.map(({ path }) => `POST ${path}`);
    expect(served.map(({ call }) => call).sort()).toEqual(mounted.sort());
  });

  test('speaks of every call of OpenIM, and of no other', () => {
    const spokenOf = rows.map(({ call }) => call).filter((call) => !OTHERS.test(call));
    expect(spokenOf.sort()).toEqual([...OPENIM_CALLS].sort());
  });

  test('says why of each call that is not there, and of each that is answered otherwise', () => {
    const silent = rows.filter(
      ({ status, note }) => /^not|differently$/.test(status) && note === '',
    );
    expect(silent.map(({ call }) => call)).toEqual([]);
  });

  test('has each call once, with one of its four words', () => {
    expect(new Set(rows.map(({ call }) => call)).size).toBe(rows.length);
    const words = new Set(rows.map(({ status }) => status));
    expect([...words].sort()).toEqual(['not served', 'not yet', 'served', 'served differently']);
  });
});
