import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LogInUse } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { events } from '../../../support/eventStore/events.ts';
import { temporaryLogs } from '../../../support/eventStore/logs.ts';
import { chanceFrom, seedOfRun } from '../../../support/seeded.ts';
import { untilTrue } from '../../../support/until.ts';

const PROGRAM = fileURLToPath(new URL('appendUntilKilled.ts', import.meta.url));
const whole = { from: 'start', direction: 'forwards', max: 100_000 } as const;

/** Starts the appending process; `lines` are what it has said, the first of which is "open". */
const startAppending = (directory: string, streams: number) => {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, directory, String(streams)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(line));
  const kill = async (): Promise<void> => {
    const gone = Promise.all([once(child, 'exit'), once(output, 'close')]);
    child.kill('SIGKILL');
    await gone;
  };
  return { lines, kill };
};

describe('the embedded log and a process that is killed', () => {
  const { directory, open } = temporaryLogs();

  test('[STO-16] whatever was acknowledged is there, at its place, after kill -9', async () => {
    const chance = chanceFrom(seedOfRun());
    const at = await directory();
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const writers = 1 + chance.integer(20);
      const child = startAppending(at, writers);
      // One writer has one append in each flush, and a disk may take long for many of them.
      const enough = 2 + chance.integer(75 * writers);
      await untilTrue(`${enough} lines`, () => child.lines.length >= enough);
      await child.kill();
      // The last line may have been cut off in the middle.
      acknowledged.push(
        ...child.lines.slice(1).filter((line) => line.split(' ')[3]?.length === 36),
      );
      const log = await open({ directory: at });
      const stored = new Map<string, string>();
      const streams = new Set(acknowledged.map((line) => line.split(' ')[0] ?? ''));
      for (const stream of streams)
        for (const { revision, position, id } of await log.readStream(stream, whole))
          stored.set(`${stream} ${revision} ${position} ${id}`, stream);
      const lost = acknowledged.filter((line) => !stored.has(line));
      expect(lost, `seed ${chance.seed}, round ${round}`).toEqual([]);
      expect(await log.verify()).toMatchObject({ head: await log.head() });
      await log.close();
    }
    expect(acknowledged.length).toBeGreaterThan(0);
  });

  test('[STO-17] a log has one opener; a killed one leaves it free', async () => {
    const at = await directory();
    const child = startAppending(at, 1);
    await untilTrue('the log is open', () => child.lines[0] === 'open');
    await expect(open({ directory: at })).rejects.toThrow(LogInUse);
    await child.kill();
    const log = await open({ directory: at });
    await expect(open({ directory: at })).rejects.toThrow(/is open already/);
    await log.append('mine', 'any', events(1));
    await log.close();
    const again = await open({ directory: at });
    expect(await again.readStream('mine', whole)).toHaveLength(1);
  });

  test('[STO-17] of many that take a log left behind by a kill, one opens it', async () => {
    const at = await directory();
    const child = startAppending(at, 1);
    await untilTrue('the log is open', () => child.lines[0] === 'open');
    await child.kill();
    const openings = await Promise.allSettled(
      Array.from({ length: 8 }, () => open({ directory: at })),
    );
    expect(openings.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('[STO-17] a directory with a long name is locked like any other', async () => {
    const at = join(await directory(), 'long'.repeat(40));
    const log = await open({ directory: at });
    await expect(open({ directory: at })).rejects.toThrow(LogInUse);
    await log.close();
    await open({ directory: at });
  });
});
