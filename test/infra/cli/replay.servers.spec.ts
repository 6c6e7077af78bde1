import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { replay } from '../../../infra/cli/replay.ts';
import { replayFlags } from '../../../infra/cli/replayFlags.ts';
import type { Config } from '../../../infra/config/config.ts';
import { startServedLog } from '../../support/eventStore/servedLog.ts';
import { isRecord, parseJson } from '../../support/json.ts';
import { until } from '../../support/until.ts';
import { register, say, withLog } from '../../support/verifyWorld.ts';
import { logOfEachTest } from '../../support/worldOfEachTest.ts';

const AB = ['si_ann_bob', 'ann', 'bob'] as const;

const world = logOfEachTest();
afterEach(() => {
  vi.restoreAllMocks();
});

type Flags = Partial<Parameters<typeof replayFlags>[0]>;

/** Runs the command, and takes what it writes and says. */
const begin = (flags: Flags = {}, of: Config = world.config) => {
  const [written, said]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((...given: readonly unknown[]) => {
    const [bytes, done] = given;
    if (bytes instanceof Uint8Array) written.push(Buffer.from(bytes).toString());
    if (typeof done === 'function') Reflect.apply(done, undefined, []);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const code = replay(of, { rest: [], replay: replayFlags({ follow: false, ...flags }) });
  const rows = () =>
    written
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseJson(line))
      .filter(isRecord);
  return { code, rows, said: () => said.join('') };
};

const run = async (flags: Flags = {}, of: Config = world.config) => {
  const begun = begin(flags, of);
  const code = await begun.code;
  vi.restoreAllMocks();
  return { code, rows: begun.rows(), said: begun.said() };
};

const lived = () =>
  withLog(world.config, async (storage) => {
    for (const user of ['ann', 'bob']) await register(storage, user);
    for (let number = 1; number <= 5; number += 1) await say(storage, AB, `m${String(number)}`);
  });

describe('[REP-1] seqline replay', () => {
  test('writes every event in order, beside the server or without it', async () => {
    await lived();
    const alone = await run();
    expect(alone).toMatchObject({ code: 0, said: '' });
    expect(alone.rows.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(alone.rows[2]).toMatchObject({ data: { body: { content: '{"content":"hi"}' } } });
    const beside = await withLog(world.config, () => run());
    expect(beside.rows).toEqual(alone.rows);
  });

  test('of a log in an event store', async () => {
    const served = await startServedLog();
    try {
      const eventStore = { kind: 'esdb', url: served.url() } as const;
      const elsewhere: Config = { ...world.config, eventStore };
      await withLog(elsewhere, async (storage) => {
        await register(storage, 'ann');
        await say(storage, AB, 'm1');
      });
      const { code, rows } = await run({}, elsewhere);
      expect(code).toBe(0);
      expect(rows.map(({ type }) => type)).toEqual(['UserRegistered', 'MessageSent']);
    } finally {
      await served.remove();
    }
  });

  test('[REP-2] of what is asked for', async () => {
    await lived();
    const { rows } = await run({ type: ['MessageSent'], from: '4', to: '6' });
    expect(rows.map(({ position }) => position)).toEqual([4, 5, 6]);
    expect((await run({ conversation: ['si_ann_bob'], actor: ['test'] })).rows).toHaveLength(5);
    expect((await run({ to: '2001-01-01' })).rows).toEqual([]);
  });

  test('[REP-3] to a file, which is not written twice', async () => {
    await lived();
    const output = join(world.config.data, 'events.csv');
    const { code, said } = await run({ format: 'csv', output });
    expect(said).toContain('7 events up to position 7');
    expect(code).toBe(0);
    expect((await readFile(output, 'utf8')).trimEnd().split('\n')).toHaveLength(8);
    expect(await run({ format: 'csv', output })).toMatchObject({ code: 1 });
  });
});

describe('[REP-4] seqline replay refuses', () => {
  test.each([
    [{ from: 'soon' }, 'from: "soon" is not'],
    [{ to: '8' }, 'position 8 is beyond the end of the log, which is at 7'],
    [{ format: 'xml' }, '--format is one of ndjson, csv, parquet'],
    [{ follow: true, format: 'parquet' }, 'a Parquet file ends'],
    [{ follow: true, to: '3' }, '--to says where to end'],
    [{ follow: true, output: 'x' }, 'writes to standard output'],
    [{ type: ['Nothing'] }, 'there is no event "Nothing"'],
  ])('%j', async (flags, message) => {
    await lived();
    const { code, rows, said } = await run(flags);
    expect(said).toContain(message);
    expect({ code, rows }).toEqual({ code: 1, rows: [] });
  });

  test('a data folder without a log or its keys', async () => {
    expect((await run()).said).toContain('there is no log in');
    await lived();
    await rm(join(world.config.data, 'keys'), { recursive: true });
    expect((await run()).said).toContain('there is no key store in');
  });

  test('what it cannot write, and says how far it came', async () => {
    await lived();
    const said: string[] = [];
    const noRoom = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    vi.spyOn(process.stdout, 'write').mockImplementation((...given: readonly unknown[]) => {
      const [, done] = given;
      if (typeof done === 'function') Reflect.apply(done, undefined, [noRoom]);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    expect(await replay(world.config, { rest: [] })).toBe(1);
    expect(said.join('')).toContain('the disk is full (no space left); 0 events up to position 0');
  });
});

/** The command in a process of its own, whose files may have so many KiB. */
const limitedTo = async (kib: number, output: string, to = 'inherit'): Promise<Ended> => {
  const { data } = world.config;
  const args = ['--import', 'tsx', MAIN, 'replay', ...(output === '' ? [] : ['--output', output])];
  const line = `ulimit -f ${String(kib)}; exec "$0" "$@" ${to === 'inherit' ? '' : `> ${to}`}`;
  const child = spawn('bash', ['-c', line, process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], SEQLINE_DATA: data },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
};

type Ended = Readonly<{ code: number | null; said: string }>;
const MAIN = fileURLToPath(new URL('../../../infra/app/main.ts', import.meta.url));

describe('[REP-25] a disk that is really full', () => {
  test('leaves no file that looks whole, is named, and the same command goes on once there is room', async () => {
    await lived();
    const output = join(world.config.data, 'events.ndjson');
    const full = await limitedTo(1, output);
    expect(full.said).toContain('run the same command again');
    expect(full.code).toBe(1);
    expect((await readdir(world.config.data)).filter((name) => name.startsWith('events'))).toEqual([
      'events.ndjson.part',
    ]);
    expect((await run({ output })).code).toBe(0);
    expect((await readFile(output, 'utf8')).trimEnd().split('\n')).toHaveLength(7);
  });

  test('under standard output ends it with how far it came', async () => {
    await lived();
    const { code, said } = await limitedTo(1_000, '', '/dev/full');
    expect(said).toContain('the disk is full');
    expect(said).toContain('0 events up to position 0 have been written');
    expect(code).toBe(1);
  });
});

test('[REP-6] with --follow it goes on with what comes, until it is told to end', async () => {
  await lived();
  await withLog(world.config, async (storage) => {
    const { code, rows } = begin({ follow: true, from: '6' });
    const has = (count: number) => () => rows().length >= count || undefined;
    await until('the past is there', has(2));
    for (const number of [6, 7]) await say(storage, AB, `m${String(number)}`);
    await until('what came is there', has(4));
    process.emit('SIGTERM');
    expect(await code).toBe(0);
    expect(rows().map(({ position }) => position)).toEqual([6, 7, 8, 9]);
  });
});
