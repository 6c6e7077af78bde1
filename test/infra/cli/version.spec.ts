import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { version } from '../../../infra/cli/version.ts';

test('the version is that of the package', () => {
  const root = path.join(import.meta.dirname, '../../..');
  const said = execFileSync('node', ['-p', 'require("./package.json").version'], { cwd: root });
  expect(version()).toBe(said.toString().trim());
});
