import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describe as describeSettings } from '../infra/config/settings.ts';

/**
 * House rules that no linter knows. Each finding is a line `file:line what`, so that the list a failure
 * shows is the list of what to mend.
 */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FOLDERS = ['core', 'projections', 'gateways', 'infra', 'test', 'docs', '.ci'];
const OURSELVES = 'test/tidy.spec.ts';
const BINARY = /\.(png|wasm|bin|gz|ico)$/;

const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !BINARY.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length));

const AT_THE_ROOT = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(md|json|m?[jt]s|cjs)$|^\.npmrc$/.test(entry.name))
  .map((entry) => entry.name)
  .filter((name) => name !== 'package-lock.json');

const FILES = [...FOLDERS.flatMap(filesUnder), ...AT_THE_ROOT].filter((path) => path !== OURSELVES);
const CODE = FILES.filter((path) => /\.(m?[jt]s|cjs|sh)$|^\.ci\/run$/.test(path));

/** Every line of the files in which the pattern is found, unless `allowed` is found in it too. */
const linesWith = (files: readonly string[], pattern: RegExp, allowed?: RegExp): string[] =>
  files.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) && allowed?.test(line) !== true
          ? [`${path}:${String(index + 1)} ${line.trim()}`]
          : [],
      ),
  );

const namesIn = (text: string, pattern: RegExp): ReadonlySet<string> =>
  new Set([...text.matchAll(pattern)].map(([, name = '']) => name));

const without = (all: ReadonlySet<string>, known: ReadonlySet<string>): string[] =>
  [...all].filter((name) => !known.has(name)).sort();

describe('rules', () => {
  const spec = read('docs/SPEC.md');
  const RULE = /^- \*\*([A-Z]{3}-\d+)\*\* /gm;
  const rules = namesIn(spec, RULE);
  const quoted = namesIn(
    FILES.filter((path) => path.startsWith('test/'))
      .map(read)
      .join('\n'),
    /\[([A-Z]{3}-\d+)\]/g,
  );

  test('each rule of docs/SPEC.md is quoted by a test', () => {
    expect(without(rules, quoted)).toEqual([]);
  });
  test('each rule that a test quotes stands in docs/SPEC.md', () => {
    expect(without(quoted, rules)).toEqual([]);
  });
  test('each rule has a number of its own', () => {
    expect([...spec.matchAll(RULE)]).toHaveLength(rules.size);
  });
});

describe('what is left behind', () => {
  test('nothing is put off', () => {
    const putOff = /\b(TODO|FIXME|XXX|HACK)\b|[Nn]ot implemented/; // the words looked for, not a left-over
    expect(linesWith(CODE, putOff)).toEqual([]);
  });
  test('no test runs alone', () => {
    expect(linesWith(CODE, /\b(test|it|describe)\.only\b/)).toEqual([]);
  });
  test('a test that never runs says why on its line', () => {
    // `runIf(isRoot)` names its reason itself.
    const skipped = /\b(test|it|describe)(\.concurrent)?\.(skip|todo)\b/;
    expect(linesWith(CODE, skipped, /\/\/ \S+ \S+/)).toEqual([]);
  });
  test('no sleep stands where a test should wait for something', () => {
    const tests = CODE.filter((path) => path.endsWith('.spec.ts'));
    expect(linesWith(tests, /await (sleep|delay)\(|setTimeout\(resolve/)).toEqual([]);
  });
  test('a lint rule that is switched off says why', () => {
    expect(
      linesWith(CODE, /eslint-disable|@ts-(ignore|expect-error|nocheck)/, / -- \S|: \S/),
    ).toEqual([]);
  });
});

describe('what ties us to one place', () => {
  test('no path of one machine', () => {
    expect(linesWith(FILES, /(^|[\s'"`(=])\/(work|root|home\/\w+|Users\/\w+)\//)).toEqual([]);
  });
  test('the lockfile installs from whatever registry the machine is set to', () => {
    const resolved = /"resolved": "(https?|git)/;
    expect(linesWith(['package-lock.json'], resolved).slice(0, 3)).toEqual([]);
  });
  test('no registry is named', () => {
    const registry = /registry\.(npmjs|yarnpkg|npmmirror)\.|unpkg\.com|npm\.pkg\.github/;
    expect(linesWith([...FILES, 'package-lock.json'], registry)).toEqual([]);
  });
});

describe('whose code it is', () => {
  test('no file carries the notice of another project', () => {
    const notice = /Copyright (©|\(c\))|All rights reserved|@author|SPDX-FileCopyrightText/i;
    expect(linesWith(CODE, notice)).toEqual([]);
  });
  test('no import reaches into a package of a server of the same kind', () => {
    expect(linesWith(CODE, /github\.com\/openimsdk\/open-im-server|openim-sdk-core\//)).toEqual([]);
  });
});

describe('settings', () => {
  const readIn = (folder: string) =>
    CODE.filter((path) => path.startsWith(folder))
      .map(read)
      .join('\n');
  const SETTING = /\b((?:SEQLINE_(?!TEST_)[A-Z0-9_]+)|DATABASE_URL)\b/g;
  const settings = namesIn(readIn('infra/config/'), SETTING);
  const inReadme = namesIn(read('README.md'), SETTING);

  test('README names each environment variable', () => {
    expect(without(settings, inReadme)).toEqual([]);
  });
  test('README has the defaults of the settings', () => {
    const table = read('README.md').split('\n');
    const wrong = describeSettings().filter(({ name, fallback }) => {
      const row = table.find((line) => line.startsWith(`| \`${name}\``));
      const [, , , absent = ''] = row?.split('|') ?? [];
      return row === undefined || (fallback !== '' && !absent.includes(`\`${fallback}\``));
    });
    expect(wrong).toEqual([]);
  });
  test('README names no environment variable that nothing reads', () => {
    const readByTests = namesIn(readIn('test/'), SETTING);
    expect(without(inReadme, new Set([...settings, ...readByTests]))).toEqual([]);
  });
});

test('decisions are numbered in a row, each as its file is', () => {
  const numbers = FILES.flatMap((path) => /^docs\/adr\/(\d{4})-/.exec(path)?.[1] ?? []).toSorted();
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, '0')));
  for (const path of FILES.filter((path) => path.startsWith('docs/adr/'))) {
    const [, number] = /^# (\d+)\. /.exec(read(path)) ?? [];
    expect(path).toContain(`/${(number ?? '').padStart(4, '0')}-`);
  }
});

describe('the two commands', () => {
  test('continuous integration runs what README says', () => {
    expect(read('.ci/run')).toContain('\nnpm ci && npm test\n');
    expect(read('README.md')).toContain('\nnpm ci && npm test\n');
    expect(read('README.md')).toContain('\nnpm ci && npm start\n');
  });
});
