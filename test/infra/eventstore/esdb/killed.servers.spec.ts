import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEsdb } from '../../../../infra/eventstore/esdb/esdbLog.ts';
import { follow, newStream } from '../../../support/eventStore/events.ts';
import { writeUntil } from '../../../support/eventStore/surely.ts';
import { freePort } from '../../../support/program.ts';
import { untilTrue } from '../../../support/until.ts';

const PROGRAM = fileURLToPath(new URL('serveUntilKilled.ts', import.meta.url));
const KILLS = 2;

let directory = '';
let child: ChildProcess | undefined;
let port = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'seqline-killed-'));
  // The same at each start: nobody else is given it while nothing listens there.
  port = await freePort();
});
afterAll(async () => {
  await kill();
  await rm(directory, { recursive: true, force: true });
});

const start = async (): Promise<void> => {
  const args = ['--import', 'tsx', PROGRAM, directory, String(port)];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
  expect(Number(line)).toBe(port);
};

const kill = async (): Promise<void> => {
  if (child === undefined || child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  child = undefined;
};

test('[STO-50] a server that is killed under appends loses and doubles nothing', async () => {
  await start();
  const log = await openEsdb({ connectionString: `esdb://127.0.0.1:${port}?tls=false` });
  const category = newStream('killed');
  const seen = follow(log, { after: 'end', prefixes: [category] });
  let goesOn = true;
  const writers = Array.from({ length: 8 }, (_, index) =>
    writeUntil(log, `${category}_${index}`, () => goesOn),
  );
  for (let round = 1; round <= KILLS; round++) {
    const before = seen.seen.length;
    await seen.until(before + 50);
    await kill();
    await untilTrue('it is known', () => !log.writability().writable);
    await start();
    await untilTrue('it is writable', () => log.writability().writable);
  }
  goesOn = false;
  const written = await Promise.all(writers);
  for (const { stream, ids, broken } of written) {
    expect(broken).toEqual([]);
    const options = { from: 'start', direction: 'forwards', max: 100_000 } as const;
    expect((await log.readStream(stream, options)).map(({ id }) => id)).toEqual(ids);
  }
  await seen.until(written.reduce((sum, { ids }) => sum + ids.length, 0));
  const positions = seen.seen.map(({ position }) => position);
  expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  expect(seen.failures).toEqual([]);
  await seen.close();
  await log.close();
});
