import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BackupRefused } from '../../../../infra/eventstore/embedded/backup.ts';
import { openLogEnvironment } from '../../../../infra/eventstore/embedded/environment.ts';
import { DamagedRecord } from '../../../../infra/eventstore/embedded/record.ts';
import { verifyLog } from '../../../../infra/eventstore/embedded/verify.ts';
import { allOf, events, follow, plain } from '../../../support/eventStore/events.ts';
import { temporaryLogs } from '../../../support/eventStore/logs.ts';
import { untilTrue } from '../../../support/until.ts';

const whole = { from: 'start', direction: 'forwards', max: 1_000 } as const;

describe('the embedded log and damage', () => {
  const { directory, open } = temporaryLogs();

  /** A closed log of ten events in two streams. */
  const tenEvents = async (): Promise<string> => {
    const at = await directory();
    const log = await open({ directory: at });
    for (let round = 0; round < 5; round++)
      for (const stream of ['a', 'b']) await log.append(stream, 'any', events(1));
    await log.close();
    return at;
  };

  const damage = async (
    at: string,
    position: number,
    change: (record: Buffer) => Buffer | null,
  ) => {
    const { log, close } = openLogEnvironment(at);
    const record = log.get(position);
    if (record === undefined) throw new Error(`nothing at ${position}`);
    const changed = change(record);
    if (changed === null) log.removeSync(position);
    else log.putSync(position, changed);
    await close();
  };

  const flipped = (record: Buffer): Buffer => {
    record[record.length - 3] = (record[record.length - 3] ?? 0) ^ 1;
    return record;
  };

  const cases: readonly (readonly [string, (record: Buffer) => Buffer | null, RegExp])[] = [
    ['a flipped bit', flipped, /position 4: the checksum is another/],
    ['a cut', (record) => record.subarray(0, record.length - 1), /position 4: the checksum/],
    ['a stump', (record) => record.subarray(0, 3), /position 4: the record is cut short/],
    ['a hole', () => null, /position 4: there is no record/],
  ];

  test.each(cases)('[STO-19] %s is named with its position', async (_what, change, message) => {
    const at = await tenEvents();
    await damage(at, 4, change);
    const log = await open({ directory: at });
    await expect(log.readAll(whole)).rejects.toThrow(message);
    await expect(log.readAll({ from: 'end', direction: 'backwards', max: 20 })).rejects.toThrow(
      message,
    );
    await expect(log.readStream('b', whole)).rejects.toThrow(message);
    await expect(log.verify()).rejects.toThrow(message);
    const follower = follow(log, { after: 'start' });
    await untilTrue('the subscription failed', () => follower.failures.length === 1);
    expect(follower.failures[0]).toBeInstanceOf(DamagedRecord);
    expect(follower.failures[0]).toMatchObject({ position: 4 });
    // What is whole can still be read, and written.
    expect(await log.readStream('a', whole)).toHaveLength(5);
    expect(await log.append('a', 4, events(1))).toMatchObject({ revision: 5 });
  });

  test('[STO-19] a log whose last record is damaged does not open', async () => {
    const at = await tenEvents();
    await damage(at, 10, flipped);
    await expect(open({ directory: at })).rejects.toMatchObject({
      name: 'DamagedRecord',
      position: 10,
    });
  });

  test('[STO-20] a backup made while the log is written is a log, whole and equal up to its head', async () => {
    const log = await open({ directory: await tenEvents() });
    const target = join(await directory(), 'backup');
    const writing = Promise.all(
      Array.from({ length: 200 }, (_, index) => log.append(`more-${index}`, 'any', events(1))),
    );
    const check = await log.backup(target);
    await writing;
    expect(check.logId).toBe(await log.logId());
    expect(check.head).toBeGreaterThanOrEqual(10);
    expect(await readdir(target)).toEqual(['log']);
    expect(await verifyLog(target)).toEqual(check);
    const restored = await open({ directory: target });
    const all = async (from: typeof log) => (await allOf(from, whole)).map(plain);
    expect(await all(restored)).toEqual((await all(log)).slice(0, check.head));
    expect(await restored.readStream('a', whole)).toHaveLength(5);
    expect(await restored.append('a', 4, events(1))).toMatchObject({ revision: 5 });
  });

  test('[STO-20] a backup never overwrites', async () => {
    const at = await tenEvents();
    const log = await open({ directory: at });
    await expect(log.backup(at)).rejects.toThrow(BackupRefused);
  });
});
