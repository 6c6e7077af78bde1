import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessDeniedError } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientOf, collect, numbered } from '../../../support/eventStore/server.ts';
import { until } from '../../../support/until.ts';

let data: string;
const ends: (() => void)[] = [];
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'seqline-command-'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await rm(data, { recursive: true });
});

const seqline = (...args: string[]) => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'infra/app/main.ts', ...args], {
    env: { ...process.env, SEQLINE_DATA: data, SEQLINE_LOG_LEVEL: 'warn' },
  });
  ends.push(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const port = () =>
    until('it says where it is', () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1], { seen: () => said });
  return { child, ended, said: () => said, port };
};

test('[STO-39] seqline eventstore serves the log until it is told to end', async () => {
  const first = seqline('eventstore', '--port', '0');
  const client = clientOf(Number(await first.port()));
  await client.appendToStream('foreign', numbered(2));
  await expect(client.appendToStream('user-ann', numbered(1))).rejects.toThrow(AccessDeniedError);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  await client.dispose();

  const second = seqline('eventstore', '--port', '0', '--allow-writes');
  const again = clientOf(Number(await second.port()));
  await again.appendToStream('user-ann', numbered(1));
  expect(await collect(again.readStream('foreign'))).toHaveLength(2);
  const third = seqline('eventstore', '--port', '0');
  expect(await third.ended).toBe(1);
  expect(third.said()).toContain('eventstore:');
  await again.dispose();
});

test('[STO-39] seqline eventstore refuses what it is not to be told', async () => {
  for (const [args, said] of [
    [['--host', '0.0.0.0'], '--expose'],
    [['--port', '70000'], '--port is a number'],
    [['extra'], 'nothing called "extra"'],
  ] as const) {
    const refused = seqline('eventstore', ...args);
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toContain(said);
  }
});
