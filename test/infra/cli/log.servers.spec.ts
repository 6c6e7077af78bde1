import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import { checkpointStream } from '../../../core/notice/events.ts';
import { openHistory } from '../../../infra/app/history/openHistory.ts';
import { logDirectory } from '../../../infra/app/storage/places.ts';
import { openStorage, type Storage } from '../../../infra/app/storage/storage.ts';
import { openEmbeddedLog } from '../../../infra/eventstore/embedded/embeddedLog.ts';
import { log } from '../../../infra/cli/log.ts';
import { verify } from '../../../infra/cli/verify.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { CopyUnfinished } from '../../../infra/eventstore/history.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';
import { copyData } from '../../support/copyData.ts';
import { allOf, events, newId } from '../../support/eventStore/events.ts';
import { startServedLog, type ServedLog } from '../../support/eventStore/servedLog.ts';
import { by } from '../../support/people.ts';
import { until } from '../../support/until.ts';

let root: string;
const ends: (() => Promise<void> | void)[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-logs-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(root, { recursive: true });
});

const quiet = createLog('silent');
const open = async (data: string, url?: string): Promise<Storage> => {
  const eventStore =
    url === undefined ? ({ kind: 'embedded' } as const) : { kind: 'esdb' as const, url };
  const storage = await openStorage({ data, seal: true, eventStore }, quiet);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= storage.close());
  ends.push(close);
  return { ...storage, close };
};

/** The command as it is run, in a process of its own. */
const seqline = (data: string, ...args: string[]) => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'infra/app/main.ts', ...args], {
    env: { ...process.env, SEQLINE_DATA: data, SEQLINE_LOG_LEVEL: 'warn' },
  });
  ends.push(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, said: () => said };
};

const apart = async (data: string, ...args: string[]) => {
  const command = seqline(data, ...args);
  const code = await command.ended;
  return { code, said: command.said() };
};

/** The same in this process, which is quicker. */
const run = async (data: string, ...args: string[]) => {
  let said = '';
  const write = (text: unknown): boolean => ((said += String(text)), true);
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(write),
  );
  try {
    const rest = args.filter((arg) => arg !== 'log' && !arg.startsWith('--'));
    const verifyOnly = args.includes('--verify-only');
    const whileWritten = args.includes('--while-written');
    const flags = { rest, verifyOnly, whileWritten };
    const code = await log({ data, eventStore: { kind: 'embedded' } }, flags);
    return { code, said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};

const registered = (user: string, nickname: string) => ({
  id: newId(),
  type: 'UserRegistered' as const,
  data: {
    user: user as UserId,
    level: 1,
    globalReceive: 0,
    profile: { nickname, faceUrl: '', ex: '' },
  },
  meta: by('app'),
});

/** Users with sealed names, and a checkpoint at the first of them. */
const fill = async ({ log: facts }: Storage, count: number): Promise<void> => {
  const user = (at: number) =>
    facts.append(`user-u${at}`, 'no_stream', [registered(`u${at}`, `Name ${at}`)]);
  const first = await user(0);
  if (first.kind !== 'appended') throw new Error('it is a new stream');
  await Promise.all(Array.from({ length: count - 1 }, (_, at) => user(at + 1)));
  const moved = {
    ...{ id: newId(), type: 'CheckpointMoved' as const, meta: by('seqline') },
    data: { position: first.position },
  };
  await facts.append(checkpointStream('notices'), 'no_stream', [moved]);
};

const filled = async (name: string, count: number): Promise<string> => {
  const data = join(root, name);
  const storage = await open(data);
  await fill(storage, count);
  await storage.close();
  return data;
};

const digestIn = (said: string): string | undefined => /digest ([0-9a-f]{64})/.exec(said)?.[1];
const nicknameOf = async ({ log: facts }: Storage, user: string): Promise<string> =>
  JSON.stringify((await facts.readStream(`user-${user}`, ALL))[0]?.data);
const ALL = { from: 'start', direction: 'forwards', max: 100 } as const;

/** The keys beside a copy are those of the log it was copied from, until a server has claimed them for it. */
const isReadWithoutServer = async (data: string, url?: string): Promise<void> => {
  const settings = url === undefined ? {} : { SEQLINE_EVENTSTORE: url };
  const config = readConfig({ SEQLINE_DATA: data, ...settings });
  const history = await openHistory(config);
  const { events } = await history.readAll({ ...ALL, max: 500, prefixes: ['user-u7'] });
  expect(JSON.stringify(await history.decode(events))).toContain('Name 7');
  await history.close();
  const verified = await runCommand(() => verify(config, { ...NO_FLAGS, logOnly: true }));
  expect(verified, verified.text).toMatchObject({ code: 0 });
};

describe('seqline log copy', () => {
  const count = 400;

  const served = async (): Promise<ServedLog> => {
    const made = await startServedLog();
    ends.push(() => made.remove());
    return made;
  };

  test('[STO-60] [STO-63] to an event store and back: served there, it is the same log with the same keys', async () => {
    const data = await filled('first', count);
    const { url } = await served();
    const there = await apart(data, 'log', 'copy', `embedded:${data}`, url());
    expect(there, there.said).toMatchObject({ code: 0 });
    expect(there.said).toContain(`SEQLINE_EVENTSTORE='${url()}' seqline serve`);

    const first = await open(data);
    const [id, head] = [await first.store.logId(), await first.store.head()];
    const times = (await allOf(first.store, { ...ALL, prefixes: ['user-'] })).map(
      ({ created }) => created,
    );
    await first.close();
    await isReadWithoutServer(data, url());
    const moved = await open(data, url());
    expect(await moved.store.logId()).not.toBe(id);
    expect(moved.formerIds).toEqual([id]);
    expect(await nicknameOf(moved, 'u7')).toContain('Name 7');
    const copied = await allOf(moved.store, { ...ALL, prefixes: ['user-'] });
    expect(copied.map(({ created }) => created)).toEqual(times);
    const [checkpoint] = await moved.log.readStream(checkpointStream('notices'), ALL);
    expect(checkpoint?.data).toEqual({ position: copied[0]?.position });
    expect(copied[0]?.position).not.toBe(1);
    await moved.log.append('user-later', 'no_stream', [registered('later', 'Later')]);
    await moved.close();

    const back = join(root, 'back');
    const home = await run(data, 'log', 'copy', url(), `embedded:${back}`);
    expect(home, home.said).toMatchObject({ code: 0 });
    expect(home.said).toContain(`The keys have been copied from ${data}`);
    await isReadWithoutServer(back);
    const third = await open(back);
    expect(await nicknameOf(third, 'later')).toContain('Later');
    expect(third.formerIds).toHaveLength(2);
    const [again] = await third.log.readStream(checkpointStream('notices'), ALL);
    const [zero] = await third.store.readStream('user-u0', ALL);
    expect(again?.data).toEqual({ position: zero?.position });
    await third.close();

    const same = await run(data, 'log', 'copy', '--verify-only', url(), `embedded:${back}`);
    expect(same).toMatchObject({ code: 0 });
    expect(digestIn(same.said)).toBe(digestIn(home.said));
    const longer = await run(
      data,
      ...['log', 'copy', '--verify-only', `embedded:${data}`, `embedded:${back}`],
    );
    expect(longer.code).toBe(1);
    expect(longer.said).toMatch(/401 events are the same, and there FROM ends; TO goes on with/);

    // And to where it came from, which is a beginning of it.
    const origin = await run(data, 'log', 'copy', url(), `embedded:${data}`);
    expect(origin, origin.said).toMatchObject({ code: 0 });
    expect(origin.said).toContain('Copied 1 events');
    const last = await open(data);
    expect(await last.store.logId()).toBe(id);
    expect(await last.store.head()).toBeGreaterThan(head);
    expect(last.formerIds).not.toContain(id);
  });

  test('[STO-61] killed at any place it goes on, and until it has ended it is not served', async () => {
    const data = await filled('killed', 3_000);
    const { url, store } = await served();
    let stood = 0;
    for (let round = 0; round < 3; round++) {
      const command = seqline(data, 'log', 'copy', `embedded:${data}`, url());
      const enough = stood + 100;
      await until(
        'it has copied some',
        async () => ((await store.head()) > enough ? true : undefined),
        { seen: command.said },
      );
      command.child.kill('SIGKILL');
      await command.ended;
      expect(await store.head()).toBeGreaterThan(stood);
      stood = await store.head();
      await expect(open(data, url())).rejects.toThrow(CopyUnfinished);
    }
    const done = await run(data, 'log', 'copy', `embedded:${data}`, url());
    expect(done, done.said).toMatchObject({ code: 0 });
    expect(done.said).toContain('The same 3,001 events in both');
    const again = await run(data, 'log', 'copy', `embedded:${data}`, url());
    expect(again.said).toContain('Copied 0 events');
    expect(digestIn(again.said)).toBe(digestIn(done.said));
    const moved = await open(data, url());
    expect(await nicknameOf(moved, 'u2999')).toContain('Name 2999');
  });

  test('[STO-68] of a log that is being written is whole up to where it came, and is brought back', async () => {
    const data = await filled('written', 400);
    const { url, store } = await served();
    const moved = await run(data, 'log', 'copy', `embedded:${data}`, url());
    expect(moved, moved.said).toMatchObject({ code: 0 });
    const server = await open(data, url());
    const acknowledged: string[] = [];
    const isOver = { yes: false };
    const writing = (async () => {
      while (!isOver.yes) {
        const name = `w${String(acknowledged.length)}`;
        await server.log.append(`user-${name}`, 'no_stream', [registered(name, name)]);
        acknowledged.push(name);
      }
    })();
    await until('it is being written', () => (acknowledged.length > 10 ? true : undefined));
    const before = acknowledged.length;
    const [backup, back] = [join(root, 'written-backup'), join(root, 'written-back')];
    const made = await run(data, 'log', 'copy', '--while-written', url(), `embedded:${backup}`);
    const after = acknowledged.length;
    const refused = await run(data, 'log', 'copy', url(), `embedded:${join(root, 'not-so')}`);
    isOver.yes = true;
    await writing;
    await server.close();
    expect(await store.head()).toBeGreaterThan(0);
    expect(made, made.said).toMatchObject({ code: 0 });
    expect(made.said).toContain('Whole up to there; left out is what FROM has gone on with');
    expect(refused.code).toBe(1);
    expect(refused.said).toMatch(/FROM has gone on meanwhile.*--while-written for a backup/);
    const brought = await run(data, 'log', 'copy', `embedded:${backup}`, `embedded:${back}`);
    expect(brought, brought.said).toMatchObject({ code: 0 });
    const restored = await open(back);
    const there = await allOf(restored.store, { ...ALL, prefixes: ['user-w'] });
    const names = there.map(({ stream }) => stream.slice('user-'.length));
    // All that had been acknowledged when it was begun, and of what came then a beginning.
    expect(names).toEqual(acknowledged.slice(0, names.length));
    expect(names.length).toBeGreaterThanOrEqual(before);
    expect(names.length).toBeLessThanOrEqual(after + 1);
    expect(await nicknameOf(restored, 'u7')).toContain('Name 7');
    await restored.close();
  });

  test('[STO-62] refuses what it cannot copy, and says why', async () => {
    const data = await filled('from', 3);
    const other = await filled('other', 4);
    const before = await openEmbeddedLog({ directory: logDirectory(other) });
    const head = await before.head();
    await before.close();
    const [from, to] = [`embedded:${data}`, `embedded:${join(root, 'to')}`];
    for (const [args, said] of [
      [[from], 'log copy FROM TO'],
      [[from, to, 'more'], 'log copy FROM TO'],
      [[data, to], 'log copy FROM TO'],
      [[from, `embedded:${join(root, '.', 'from')}/`], 'FROM and TO are the same log'],
      [[`embedded:${join(root, 'nothing')}`, to], 'FROM: there is no log in'],
      [[from, `embedded:${other}`], 'a log of its own: it begins with revision 0 of user-u0'],
      [[from, 'esdb://admin:hunter2@127.0.0.1:1?tls=false'], 'it cannot be reached; start it'],
      [['--verify-only', from, `embedded:${join(root, 'no')}`], 'TO: there is no log in'],
    ] as const) {
      const refused = await run(root, 'log', 'copy', ...args);
      expect(refused.said).toContain(said);
      expect(refused.said).not.toContain('hunter2');
      expect(refused.code).toBe(1);
    }
    const used = await openEmbeddedLog({ directory: logDirectory(other) });
    ends.push(() => used.close());
    expect(await used.head()).toBe(head);
    const inUse = await run(root, 'log', 'copy', `embedded:${other}`, to);
    expect(inUse.said).toContain('is open already');
    expect((await run(root, 'log', 'sing')).said).toContain('log: copy FROM TO, backup');
  });
});

describe('seqline log backup, restore and check', () => {
  test('[STO-64] made while a server writes, a backup comes back whole, with the keys that open it', async () => {
    const data = join(root, 'live');
    const live = await open(data);
    await fill(live, 50);
    const writer = { goesOn: true };
    const writing = (async () => {
      for (let at = 0; writer.goesOn; at++)
        await live.log.append(`user-w${at}`, 'no_stream', [registered(`w${at}`, `While ${at}`)]);
    })();
    const directory = join(root, 'backup');
    const backup = await apart(data, 'log', 'backup', directory);
    const checked = await apart(data, 'log', 'check');
    writer.goesOn = false;
    await writing;
    expect(backup, backup.said).toMatchObject({ code: 0 });
    expect(backup.said).toMatch(/is whole: [\d,]+ events in .*\n.*\nThe keys open/);
    expect(checked, checked.said).toMatchObject({ code: 0 });
    const id = await live.store.logId();
    await live.close();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);

    const target = join(root, 'restored');
    const restored = await run(target, 'log', 'restore', directory);
    expect(restored, restored.said).toMatchObject({ code: 0 });
    expect(digestIn(restored.said)).toBe(digestIn(backup.said));
    const again = await open(target);
    expect(await nicknameOf(again, 'u49')).toContain('Name 49');
    // What came after the backup is lost, and others will stand in its places.
    expect(await again.store.logId()).not.toBe(id);
    expect(again.formerIds).toEqual([id]);
    await again.log.append('user-new', 'no_stream', [registered('new', 'New')]);
    await again.close();
    const reopened = await open(target);
    expect(await nicknameOf(reopened, 'new')).toContain('New');
  });

  test('[STO-64] overwrites nothing, and says what is missing', async () => {
    const data = await filled('data', 3);
    const directory = join(root, 'backup');
    expect((await run(data, 'log', 'backup', directory)).code).toBe(0);
    for (const [at, args, said] of [
      [data, ['backup', directory], 'is not empty'],
      [data, ['backup'], 'name the directory'],
      [data, ['restore', directory], 'is not empty (it has'],
      [join(root, 'x'), ['restore', join(root, 'y')], 'there is no backup of a log'],
      [join(root, 'x'), ['backup', join(root, 'z')], 'there is no log in'],
      [join(root, 'x'), ['check'], 'there is no log in'],
      [data, ['check', 'me'], 'it takes no name'],
    ] as const) {
      const refused = await run(at, 'log', ...args);
      expect(refused.said).toContain(said);
      expect(refused.code).toBe(1);
    }
    // What an interrupted restore has left is no obstacle.
    const target = join(root, 'interrupted');
    await run(target, 'log', 'restore', join(root, 'y'));
    const storage = await open(target);
    await storage.close();
    await rm(target, { recursive: true });
    expect((await run(target, 'log', 'restore', directory)).code).toBe(0);
    expect((await readdir(target)).sort()).toEqual(['keys', 'log']);
  });

  test('[STO-65] lost keys and unknown events are said by the check', async () => {
    const data = await filled('data', 3);
    await rm(join(data, 'keys'), { recursive: true });
    expect((await run(data, 'log', 'check')).said).toContain('There are no keys here');
    const other = await filled('other', 1);
    await rm(join(data, 'keys'), { recursive: true, force: true });
    await copyData(join(other, 'keys'), join(data, 'keys'));
    const lost = await run(data, 'log', 'check');
    expect(lost.code).toBe(1);
    expect(lost.said).toMatch(/the seal of u0 does not fit|no key 1 of u1/);
    const store = await openEmbeddedLog({ directory: logDirectory(data) });
    await store.append('user-strange', 'any', events(1));
    await store.close();
    expect((await run(data, 'log', 'check')).said).toContain('(user-strange, revision 0)');
  });
});
