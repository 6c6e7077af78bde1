import { expect, test } from 'vitest';
import { momentOf } from '../../../infra/replay/moment.ts';

const at = (time: string) => ({ kind: 'time', at: Date.parse(time) });

test.each([
  ['0', { kind: 'position', position: 0 }],
  ['1234', { kind: 'position', position: 1234 }],
  ['2026-11-29', at('2026-11-29T00:00:00.000Z')],
  ['2026-11-29T12:30', at('2026-11-29T12:30:00.000Z')],
  ['2026-11-29 12:30:15', at('2026-11-29T12:30:15.000Z')],
  ['2026-11-29T12:30:15.5Z', at('2026-11-29T12:30:15.500Z')],
  ['2026-11-29T12:30:15.123+01:00', at('2026-11-29T11:30:15.123Z')],
  ['2024-02-29', at('2024-02-29T00:00:00.000Z')],
])('[REP-4] %s is a place', (text, moment) => {
  expect(momentOf(text)).toEqual(moment);
});

test.each([
  ...['', 'yesterday', '-1', '1.5', '1e3', '0x10', '1234567890123456', '2026-11'],
  ...['2026-13-01', '2026-02-30', '2025-02-29', '2026-11-29T25:00', '2026-11-29T12:60'],
  ...['2026-11-29T12', '2026-11-29T12:00:00+1', '2026-11-29Z', '1969-12-31', ' 2026-11-29'],
])('[REP-4] "%s" is none', (text) => {
  expect(momentOf(text)).toBeUndefined();
});
