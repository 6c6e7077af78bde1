import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signLog } from '../../../infra/app/storage/chain.ts';
import { chainDirectory, logDirectory } from '../../../infra/app/storage/places.ts';
import { log as command } from '../../../infra/cli/log.ts';
import { verify } from '../../../infra/cli/verify.ts';
import type { Config } from '../../../infra/config/config.ts';
import { openLogEnvironment } from '../../../infra/eventstore/embedded/environment.ts';
import {
  decodeRecord,
  encodeRecord,
  recordBytesMax,
} from '../../../infra/eventstore/embedded/record.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';
import { copyData } from '../../support/copyData.ts';
import { startServedLog } from '../../support/eventStore/servedLog.ts';
import { register, say, withLog } from '../../support/verifyWorld.ts';
import { logOfEachTest } from '../../support/worldOfEachTest.ts';

const AB = ['si_ann_bob', 'ann', 'bob'] as const;

const world = logOfEachTest();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seqline-chain-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (...rest: readonly string[]) =>
  runCommand(() => command(world.config, { rest, verifyOnly: false }));

const verified = (of: Config = world.config) =>
  runCommand(() => verify(of, { ...NO_FLAGS, logOnly: true }));

const live = (from: number, to: number) =>
  withLog(world.config, async (storage) => {
    if (from === 1) for (const user of ['ann', 'bob']) await register(storage, user);
    for (let number = from; number <= to; number += 1) await say(storage, AB, `m${String(number)}`);
  });

/** What somebody does who can write the files: whole records, with the right checksums. */
const tampered = async (
  change: (log: ReturnType<typeof openLogEnvironment>['log']) => Promise<unknown>,
): Promise<Config> => {
  const data = join(folder, 'copy');
  await copyData(world.config.data, data);
  const { log, close } = openLogEnvironment(logDirectory(data));
  await change(log);
  await close();
  return { ...world.config, data };
};

describe('[OPS-63] what has been signed', () => {
  test('is compared by seqline verify, and said to be so', async () => {
    expect((await verified()).code).toBe(2);
    await live(1, 3);
    expect((await verified()).text).not.toContain('Chain');
    const first = await run('sign');
    expect(JSON.parse(first.text)).toMatchObject({ events: 5, position: 5 });
    expect((await run('sign')).text).toContain('Nothing has come');
    await live(4, 5);
    expect(JSON.parse((await run('sign')).text)).toMatchObject({ events: 7, position: 7 });
    await live(6, 6);
    const { code, text } = await verified();
    expect(text).toContain('Chain: 2 checkpoints compared, the newest of ');
    expect(text).toContain('1 events since are not signed yet');
    expect(code).toBe(0);
  });

  test('is signed by one at a time, with one key', async () => {
    await live(1, 3);
    const asked = Array.from({ length: 6 }, () => signLog(world.config, Date.now));
    const ended = await Promise.allSettled(asked);
    const signed = ended.filter((one) => one.status === 'fulfilled' && one.value !== undefined);
    expect(signed).toHaveLength(1);
    for (const one of ended) {
      if (one.status === 'rejected') expect(String(one.reason)).toContain('by somebody else');
    }
    await live(4, 4);
    await run('sign');
    const { code, text } = await verified();
    expect(text).toContain('Chain: 2 checkpoints compared');
    expect(code).toBe(0);
  });

  test('is signed on, and compared, though the line of a checkpoint was torn by a crash', async () => {
    await live(1, 3);
    const first = await run('sign');
    const checkpoints = join(chainDirectory(world.config.data), 'checkpoints.ndjson');
    await appendFile(checkpoints, first.text.slice(0, 40));
    expect((await verified()).text).toContain('Chain: 1 checkpoints compared');
    await live(4, 5);
    expect(JSON.parse((await run('sign')).text)).toMatchObject({ events: 7, position: 7 });
    const { code, text } = await verified();
    expect(text).toContain('Chain: 2 checkpoints compared');
    expect(code).toBe(0);
  });

  test('shows a change that is no damage', async () => {
    await live(1, 3);
    await run('sign');
    await live(4, 6);
    await run('sign');
    const copy = await tampered((log) => {
      const event = decodeRecord(7, log.get(7));
      const later = { ...event, created: event.created + 1 };
      const record = Buffer.alloc(recordBytesMax(later));
      return log.put(7, record.subarray(0, encodeRecord(later, record, 0)));
    });
    const { code, text } = await verified(copy);
    expect(text).toContain('chain broken: the log, between events 6 and 8');
    expect(text).toContain('signed as positions 6 to 8');
    expect(code).toBe(1);
  });

  test('shows a damaged byte and a missing record by their places', async () => {
    await live(1, 6);
    await run('sign');
    const copy = await tampered(async (log) => {
      const record = Buffer.from(log.get(4) ?? Buffer.alloc(0));
      const last = record.length - 1;
      record.writeUInt8(record.readUInt8(last) ^ 1, last);
      await log.put(4, record);
      await log.remove(6);
    });
    const { code, text } = await verified(copy);
    expect(text).toMatch(/damaged record: the log, perhaps conversation-\S+, position 4/u);
    expect(text).toMatch(/damaged record: the log, position 6/u);
    expect(code).toBe(1);
  });

  test('shows that the end is missing', async () => {
    await live(1, 6);
    await run('sign');
    const copy = await tampered((log) => log.remove(8));
    const { code, text } = await verified(copy);
    expect(text).toContain('chain cut short: the log, after event 7');
    expect(code).toBe(1);
  });

  test('[REP-24] is so of a log in an event store, too', async () => {
    const served = await startServedLog();
    try {
      world.config = { ...world.config, eventStore: { kind: 'esdb', url: served.url() } };
      await live(1, 3);
      const signed = await run('sign');
      expect(signed.code, signed.text).toBe(0);
      await live(4, 5);
      const { code, text } = await verified();
      expect(code, text).toBe(0);
      expect(text).toContain('signed');
    } finally {
      await served.remove();
    }
  });

  test('is not signed over', async () => {
    await live(1, 6);
    await run('sign');
    const copy = await tampered((log) => log.remove(8));
    const { code, text } = await runCommand(() =>
      command(copy, { rest: ['sign'], verifyOnly: false }),
    );
    expect(text).toContain('run seqline verify');
    expect(code).toBe(1);
  });
});

describe('[STO-67] a backup of a log that is signed', () => {
  const backup = (): string => join(folder, 'backup');
  const restored = async (): Promise<Config> => {
    const data = join(folder, 'restored');
    const of = { ...world.config, data };
    const { code, text } = await runCommand(() =>
      command(of, { rest: ['restore', backup()], verifyOnly: false }),
    );
    expect(code, text).toBe(0);
    return of;
  };

  test('comes back with its checkpoints, is compared with them and signed on with the same key', async () => {
    await live(1, 3);
    const first = await run('sign');
    await live(4, 6);
    await run('sign');
    // A line that is being written is not copied in half.
    const checkpoints = join(chainDirectory(world.config.data), 'checkpoints.ndjson');
    await appendFile(checkpoints, first.text.slice(0, 40));
    const made = await run('backup', backup());
    expect(made.text).toContain('what has been signed of the log, are in');
    expect(made.code).toBe(0);

    const of = await restored();
    const { code, text } = await verified(of);
    expect(text).toContain('Chain: 2 checkpoints compared');
    expect(code).toBe(0);
    await withLog(of, (storage) => say(storage, AB, 'after'));
    const next = await runCommand(() => command(of, { rest: ['sign'], verifyOnly: false }));
    expect(JSON.parse(next.text)).toMatchObject({ events: 9, key: keyIn(first.text) });
    expect((await verified(of)).text).toContain('Chain: 3 checkpoints compared');
  });

  test('shows what was changed in it', async () => {
    await live(1, 3);
    await run('sign');
    await run('backup', backup());
    const copy = openLogEnvironment(logDirectory(backup()));
    const event = decodeRecord(4, copy.log.get(4));
    const later = { ...event, created: event.created + 1 };
    const record = Buffer.alloc(recordBytesMax(later));
    await copy.log.put(4, record.subarray(0, encodeRecord(later, record, 0)));
    await copy.close();
    const { code, text } = await verified(await restored());
    expect(text).toContain('chain broken');
    expect(code).toBe(1);
  });

  test('has none where nothing has been signed', async () => {
    await live(1, 3);
    const made = await run('backup', backup());
    expect(made.text).toContain('Log, keys and token keys are in');
    expect((await verified(await restored())).text).not.toContain('Chain');
  });
});

const keyIn = (line: string): unknown => (JSON.parse(line) as { key: unknown }).key;

describe('[OPS-64] a bundle', () => {
  const bundled = async () => {
    await live(1, 6);
    const directory = join(folder, 'bundle');
    const { code, text } = await run('bundle', directory);
    expect(code, text).toBe(0);
    const [, key = ''] = /key (\w{16})/u.exec(text) ?? [];
    return { directory, key, events: join(directory, 'events.ndjson') };
  };

  test('is checked offline, and holds nothing that is sealed in the clear', async () => {
    const { directory, key, events } = await bundled();
    await rm(world.config.data, { recursive: true });
    const { code, text } = await run('verify-bundle', directory, key);
    expect(text).toContain('8 events, 1 checkpoints');
    expect(text).toContain('It is as it was signed.');
    expect(code).toBe(0);
    const lines = (await readFile(events, 'utf8')).trimEnd().split('\n');
    const plain = lines.map((line) => {
      const { data } = JSON.parse(line) as { data: string };
      return Buffer.from(data, 'base64').toString();
    });
    expect(plain.join()).toContain('"~"');
    expect(plain.join()).not.toContain('"hi"');
    await live(1, 1);
  });

  test.each([
    [
      'changed',
      (lines: string[]) => lines.with(3, (lines[3] ?? '').replace('"revision":', '"revision":1')),
    ],
    ['left out', (lines: string[]) => lines.toSpliced(3, 1)],
    ['moved', (lines: string[]) => [...lines.slice(1), ...lines.slice(0, 1)]],
    ['added', (lines: string[]) => [...lines, lines[0] ?? '']],
    ['not even JSON', (lines: string[]) => [...lines, '{']],
  ])('says so where a line is %s', async (_, change) => {
    const { directory, key, events } = await bundled();
    const lines = (await readFile(events, 'utf8')).trimEnd().split('\n');
    await writeFile(events, `${change(lines).join('\n')}\n`);
    const { code, text } = await run('verify-bundle', directory, key);
    expect(text).toMatch(/chain (broken|cut short)/u);
    expect(text).toContain('It is not as it was signed.');
    expect(code).toBe(1);
  });

  test('of another key is told apart, where the key is known', async () => {
    const { directory } = await bundled();
    const { code, text } = await run('verify-bundle', directory, '0123456789abcdef');
    expect(text).toContain('not with 0123456789abcdef');
    expect(code).toBe(1);
    expect((await run('verify-bundle', directory)).text).toContain('Name the key');
  });

  test('is not written over another, nor of nothing', async () => {
    const { directory } = await bundled();
    expect((await run('bundle', directory)).text).toContain('is there already');
    await rm(world.config.data, { recursive: true });
    expect((await run('bundle', join(folder, 'other'))).code).toBe(1);
    await live(1, 1);
  });
});
