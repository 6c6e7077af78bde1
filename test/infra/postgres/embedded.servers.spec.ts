import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimDirectory, PostgresDirectoryInUse } from '../../../infra/postgres/claim.ts';
import {
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../infra/postgres/embedded.ts';
import { chooseAccount } from '../../../infra/postgres/place.ts';
import { openPool } from '../../../infra/postgres/pool.ts';
import { until, untilTrue } from '../../support/until.ts';

const HOLD = path.join(import.meta.dirname, 'hold.ts');
const isRoot = process.getuid?.() === 0;

let directory: string;
let warnings: string[];
let running: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'seqline-embedded-'));
  // Made private by mkdtemp, and an unprivileged Postgres must get through.
  await chmod(directory, 0o755);
  warnings = [];
  running = [];
  children = [];
});

afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  for (const child of children) child.kill('SIGKILL');
  await untilTrue('no Postgres is left', async () => !(await isAlive(await pidOf(cluster()))));
  await rm(directory, { recursive: true, force: true });
});

/** Of a place that is elsewhere than asked for. */
const nameOf = (wanted: string): string =>
  createHash('sha256').update(wanted).digest('hex').slice(0, 12);

const place = (): string => path.join(directory, 'postgres');
const cluster = (): string => path.join(place(), 'cluster');

const start = async (where = place()): Promise<EmbeddedPostgres> => {
  const log = { info: () => undefined, warn: (text: string) => warnings.push(text) };
  const postgres = await startEmbeddedPostgres({ directory: where, log });
  running.push(postgres);
  return postgres;
};

const query = async (url: string, statement: string): Promise<readonly unknown[]> => {
  const { db, close } = openPool<object>({
    url,
    log: { info: () => undefined, warn: () => undefined },
    connectionsMax: 1,
  });
  try {
    return (await sql.raw(statement).execute(db)).rows;
  } finally {
    await close();
  }
};

const pidOf = async (where: string): Promise<number> => {
  const text = await readFile(path.join(where, 'postmaster.pid'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10);
};

/** A process that waits for its parent to take note of its end is no longer alive. */
const isAlive = async (pid: number): Promise<boolean> => {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  return text !== '' && !text.includes(') Z ');
};

/** A process with a Postgres in the directory; resolves once it answers. */
const hold = async (
  as: { uid?: number; gid?: number } = {},
): Promise<ChildProcess & { url: string }> => {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLD, place()], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...as,
  });
  children.push(child);
  let url: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as { kind: string; text: string };
    if (said.kind === 'url') url = said.text;
    else warnings.push(said.text);
  });
  return Object.assign(child, { url: await until('the holder has its Postgres', () => url) });
};

describe('the embedded Postgres', () => {
  test('[OPS-1] starts from nothing, keeps what it has, and starts again at once', async () => {
    const identity = 'select system_identifier::text as made from pg_control_system()';
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    const made = await query(first.url, identity);
    await first.stop();
    const second = await start();
    // What takes long, the making of a cluster, is not done again.
    expect(await query(second.url, identity)).toEqual(made);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(warnings).toEqual([]);
  });

  test('[OPS-2] is reached through its own closed directory only, orders by code point, knows case', async () => {
    const { url } = await start();
    const socket = decodeURIComponent(url.split('host=')[1] ?? '');
    expect((await stat(socket)).mode & 0o777).toBe(0o700);
    const [settings] = await query(
      url,
      `select current_setting('listen_addresses') as tcp, current_setting('fsync') as fsync,
        'Z' < 'a' as by_code_point, lower('ÄÖ') as lower`,
    );
    expect(settings).toEqual({ tcp: '', fsync: 'on', by_code_point: true, lower: 'äö' });
  });

  test('[OPS-2] finds a short place for its socket if the directory is long', async () => {
    const { url } = await start(path.join(directory, 'x'.repeat(100)));
    expect(url).not.toContain('xxx');
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('[OPS-3] ends within seconds of a kill -9 of its process; the next start works at once', async () => {
    const child = await hold();
    await query(child.url, 'create table kept as select generate_series(1, 1000)');
    const pid = await pidOf(cluster());
    child.kill('SIGKILL');
    const { url } = await start();
    expect(await query(url, 'select count(*) as n from kept')).toEqual([{ n: 1000 }]);
    expect(await isAlive(pid)).toBe(false);
  });

  test('[OPS-3] ends by itself when nobody starts it again', async () => {
    const child = await hold();
    const pid = await pidOf(cluster());
    child.kill('SIGKILL');
    await untilTrue('Postgres has ended', async () => !(await isAlive(pid)));
  });

  test('[OPS-4] a process number in a stale file that is now somebody else stops nobody', async () => {
    await (await start()).stop();
    const stranger = spawn('sleep', ['60']);
    children.push(stranger);
    await writeFile(
      path.join(cluster(), 'postmaster.pid'),
      `${String(stranger.pid)}\n${cluster()}\n`,
    );
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await isAlive(stranger.pid ?? 0)).toBe(true);
  });

  test('[OPS-4] a directory whose owner lives is not taken from it', async () => {
    const { url } = await hold();
    await expect(start()).rejects.toBeInstanceOf(PostgresDirectoryInUse);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('[OPS-4] of many that start at once after another has gone, one has it', async () => {
    await mkdir(place());
    for (let round = 0; round < 10; round += 1) {
      const claims = await Promise.allSettled(
        Array.from({ length: 8 }, () => claimDirectory(place())),
      );
      const taken = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
      expect(taken).toHaveLength(1);
      await taken[0]?.release();
    }
  });

  test('[OPS-5] a cluster of another version, or damaged, is moved aside and made anew', async () => {
    await (await start()).stop();
    await writeFile(path.join(cluster(), 'PG_VERSION'), '9.6\n');
    await (await start()).stop();
    expect(warnings.at(-1)).toContain('9.6');

    await rm(path.join(cluster(), 'global', 'pg_control'));
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(warnings.at(-1)).toContain('set-aside');
    expect(warnings.at(-1)).toContain('pg_control');
  });

  test('[OPS-5] one that does not start for want of room is left as it is, and starts once there is some', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const options = path.join(cluster(), 'postmaster.opts');
    await rm(options);
    // As if the disk were full: it is the first file that Postgres writes.
    await symlink('/dev/full', options);
    await expect(start()).rejects.toThrow('No space left on device');
    await rm(options);
    const { url } = await start();
    expect(await query(url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(warnings.join()).not.toContain('set-aside');
  });

  test('[OPS-6] is started again when it dies, at the same place', async () => {
    const { url } = await start();
    const pid = await pidOf(cluster());
    process.kill(pid, 'SIGKILL');
    await untilTrue('another Postgres answers', async () => {
      const next = await pidOf(cluster());
      if (Number.isNaN(next) || next === pid) return false;
      return query(url, 'select 1').then(
        () => true,
        () => false,
      );
    });
  });

  test.runIf(isRoot)('[OPS-2] is not looked for where anybody may have put another', async () => {
    const real = await start();
    const { searchParams } = new URL(real.url.replace('@/', '@localhost/'));
    const socket = searchParams.get('host') ?? '';
    const elsewhere = path.join(directory, 'other');
    const found = () => findEmbeddedPostgres(elsewhere);
    // Where root's Postgres is kept if its user cannot get to the place that was asked for.
    const trap = path.join('/var/tmp', `seqline-postgres-${nameOf(elsewhere)}`);
    await mkdir(path.join(trap, 'cluster'), { recursive: true });
    try {
      await chmod(trap, 0o700);
      const lines = ['1', '', '', '', socket, ''];
      await writeFile(path.join(trap, 'cluster', 'postmaster.pid'), lines.join('\n'));
      expect(await found()).toEqual({ url: real.url });
      await chown(trap, 4321, 4321);
      expect(await found()).toBe('none');
      await chown(trap, 0, 0);
      await chmod(trap, 0o755);
      expect(await found()).toBe('none');
    } finally {
      await rm(trap, { recursive: true });
    }
  });

  test.runIf(isRoot)('[OPS-7] works as an ordinary user too', async () => {
    const account = await chooseAccount();
    if (account === undefined) throw new Error('root has an account to step down to');
    await chown(directory, account.uid, account.gid);
    const { url } = await hold({ uid: account.uid, gid: account.gid });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(warnings).toEqual([]);
  });

  test.runIf(isRoot)(
    '[OPS-7] goes elsewhere, and says so, if its user cannot get there',
    async () => {
      const closed = path.join(directory, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const { url } = await start(path.join(closed, 'postgres'));
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
      const [said = ''] = warnings;
      expect(said).toContain('instead');
      const elsewhere = / in (\S+) instead/.exec(said)?.[1] ?? '';
      await Promise.all(running.splice(0).map((one) => one.stop()));
      await rm(elsewhere, { recursive: true });
    },
  );
});
