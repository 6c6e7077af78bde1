import { describe, expect, test } from 'vitest';
import { Closers, closeTogether } from '../../../infra/app/closers.ts';

const opened = () => {
  const closed: string[] = [];
  const closing = (name: string, fault?: Error) => () => {
    closed.push(name);
    return fault === undefined ? Promise.resolve() : Promise.reject(fault);
  };
  return { closed, closing, closers: new Closers() };
};

describe('[OPS-23] as the process ends', () => {
  test('what was opened last is closed first, and each once', async () => {
    const { closed, closing, closers } = opened();
    for (const name of ['log', 'Postgres', 'doors']) closers.add(closing(name));
    await closers.close();
    await closers.close();
    expect(closed).toEqual(['doors', 'Postgres', 'log']);
  });

  test('a part that fails keeps none from being closed, and is told of', async () => {
    const { closed, closing, closers } = opened();
    const full = new Error('the disk is full');
    closers.add(closing('log'));
    closers.add(closing('reactor', full));
    closers.add(closing('doors'));
    await expect(closers.close()).rejects.toBe(full);
    expect(closed).toEqual(['doors', 'reactor', 'log']);
  });

  test('of several faults none is left out', async () => {
    const { closing, closers } = opened();
    const faults = [new Error('one'), new Error('other')];
    for (const fault of faults) closers.add(closing(fault.message, fault));
    await expect(closers.close()).rejects.toMatchObject({ errors: faults.toReversed() });
  });

  test('a door that takes its time does not keep the other one open', async () => {
    const { closed, closing } = opened();
    let end: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (end = resolve));
    const both = closeTogether(() => slow, closing('sockets'))();
    expect(closed).toEqual(['sockets']);
    end();
    await both;
    const fault = new Error('could not');
    const failing = closeTogether(closing('HTTP', fault), closing('sockets again'));
    await expect(failing()).rejects.toBe(fault);
    expect(closed).toEqual(['sockets', 'HTTP', 'sockets again']);
  });
});
