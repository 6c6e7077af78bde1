import { describe, expect, test } from 'vitest';
import { HELP, helpOf, optionsOf } from '../../../infra/cli/help.ts';

describe('the help of one command', () => {
  test('is what the help of all says of it, and names what it takes', () => {
    const text = helpOf('as-of');
    expect(HELP).toContain(text.split('\n\n')[0]);
    expect(text).toMatch(/^ {2}seqline as-of TIME\|POSITION/);
    expect(text).not.toContain('seqline explain');
    expect([...optionsOf('as-of')]).toEqual(['query', 'json', 'keep']);
    expect([...optionsOf('log')]).toEqual(['verify-only', 'while-written']);
    expect([...optionsOf('replay')]).toEqual([
      ...['from', 'to', 'stream', 'category', 'type', 'actor', 'conversation'],
      ...['format', 'output', 'follow'],
    ]);
    expect([...optionsOf('doctor')]).toEqual([]);
  });
});
