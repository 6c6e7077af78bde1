import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../../../core/kernel/ids.ts';
import { openEmbeddedLog } from '../../../../infra/eventstore/embedded/embeddedLog.ts';
import { openEmbeddedKeys } from '../../../../infra/keys/embedded.ts';
import { Disk, type Luck } from '../../../support/powerLoss/disk.ts';
import { stepsIn, TRACED, type Step } from '../../../support/powerLoss/trace.ts';
import { chanceFrom, seedOfRun } from '../../../support/seeded.ts';

const PROGRAM = fileURLToPath(new URL('useUntilPowerLoss.ts', import.meta.url));
const MEGABYTES_100 = 100 * 1024 * 1024;
/** Moments at which the power is lost, besides those right after an acknowledgement, of which it is every third. */
const LOSSES = 20;
const EVERY = 3;

/** Other programs that the loader runs have a standard output as well. */
const isAcknowledgement = (step: Step): boolean =>
  step.kind === 'said' && /^(event|key|destroyed) /.test(step.text);

const nothing: Luck = () => false;

describe('the embedded log and its keys when the power is lost', () => {
  let root = '';
  let steps: readonly Step[] = [];
  let copies = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'seqline-power-'));
    const [folder, trace] = [join(root, 'disk'), join(root, 'trace')];
    const options = ['-f', '-y', '-xx', '-s', String(MEGABYTES_100), '-e', `trace=${TRACED}`];
    const program = [process.execPath, '--import', 'tsx', PROGRAM, folder];
    await mkdir(folder);
    await promisify(execFile)('strace', [...options, '-o', trace, ...program], {
      // Files are flushed by calls that can be seen.
      env: { ...process.env, UV_USE_IO_URING: '0' },
    });
    steps = stepsIn(await readFile(trace, 'utf8'), folder);
  }, 120_000);
  afterAll(() => rm(root, { recursive: true }));

  const acknowledgedBy = (line: number): readonly string[] =>
    steps.flatMap((step) =>
      step.kind === 'said' && isAcknowledgement(step) && step.begun <= line
        ? [step.text.trim()]
        : [],
    );

  /** Of what had been acknowledged when the power was lost, what is not there afterwards. */
  const lostAt = async (disk: Disk, line: number, luck: Luck): Promise<readonly string[]> => {
    const folder = join(root, `copy-${copies++}`);
    await disk.writeTo(folder, line, luck);
    const log = await openEmbeddedLog({ directory: join(folder, 'data', 'log') });
    const id = await log.logId();
    const keys = await openEmbeddedKeys(join(folder, 'data', 'keys'), { id, mayHoldSealed: false });
    await log.verify();
    const lost: string[] = [];
    for (const said of acknowledgedBy(line)) {
      const [what, name = '', number, value, eventId] = said.split(' ');
      const isThere = async (): Promise<boolean> => {
        if (what === 'event') {
          const from = Number(number);
          const [found] = await log.readStream(name, { from, direction: 'forwards', max: 1 });
          return found?.id === eventId && found?.position === Number(value);
        }
        const held = await keys.opening(name as UserId, 1).catch(() => 'missing');
        if (what === 'destroyed') return held === undefined;
        const destroyed = acknowledgedBy(Infinity).includes(`destroyed ${name}`);
        // It may have been destroyed by then, and nobody been told yet.
        if (destroyed && held === undefined) return true;
        return Buffer.from(held ?? '').toString('hex') === value;
      };
      if (!(await isThere())) lost.push(said);
    }
    await keys.close();
    await log.close();
    await rm(folder, { recursive: true });
    return lost;
  };

  test('[STO-26] whatever was acknowledged is there, whatever was not flushed is gone', async () => {
    const disk = new Disk(join(root, 'disk'), steps);
    const said = steps.filter(isAcknowledgement);
    expect(said.length).toBe(2 * (4 * 4 + 1));
    for (const [index, { begun }] of said.entries())
      if (index % EVERY === 0) expect(await lostAt(disk, begun, nothing)).toEqual([]);
  }, 120_000);

  test('[STO-26] so it is at any moment, whatever else has come to the disk', async () => {
    const chance = chanceFrom(seedOfRun());
    const disk = new Disk(join(root, 'disk'), steps);
    // Before the first, there is nothing yet that could be lost.
    const first = steps.find(isAcknowledgement)?.begun ?? 0;
    const moments = disk.moments.filter((line) => line >= first);
    for (let loss = 0; loss < LOSSES; loss++) {
      const line = chance.pick(moments);
      const odds = chance.pick([2, 3, 10]);
      const luck: Luck = () => chance.integer(odds) === 0;
      const lost = await lostAt(disk, line, luck);
      expect(lost, `seed ${chance.seed}, line ${line}`).toEqual([]);
    }
  }, 120_000);

  test('[STO-26] on a disk that does not flush, it would be lost', async () => {
    const said = steps.findLast((step) => step.kind === 'said' && step.text.startsWith('event'));
    const id = said?.kind === 'said' ? (said.text.trim().split(' ')[4] ?? '') : '';
    const holdsLast = async (taken: readonly Step[]): Promise<boolean> => {
      const folder = join(root, `copy-${copies++}`);
      await new Disk(join(root, 'disk'), taken).writeTo(folder, said?.begun ?? 0, nothing);
      const file = await readFile(join(folder, 'data', 'log', 'log', 'data.mdb'));
      return file.includes(Buffer.from(id.replaceAll('-', ''), 'hex'));
    };
    const isFlush = (step: Step): boolean => step.kind === 'sync' && step.path.endsWith('.mdb');
    expect(await holdsLast(steps)).toBe(true);
    expect(await holdsLast(steps.filter((step) => !isFlush(step)))).toBe(false);
  });
});
