import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.ts';

/** As package.json says. */
export const version = (): string => {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  const read: unknown = JSON.parse(text);
  if (typeof read === 'object' && read !== null && 'version' in read) return String(read.version);
  throw new Error('package.json says no version');
};
