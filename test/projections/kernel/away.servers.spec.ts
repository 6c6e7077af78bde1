import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../infra/postgres/embedded.ts';
import { openPool, type Pool } from '../../../infra/postgres/pool.ts';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { silent } from '../../support/postgres.ts';
import { registered, renamed, write } from '../../support/userEvents.ts';
import { allUsers, startProjector } from './harness.ts';

const WAIT = 45_000;
let directory: string;
let postgres: EmbeddedPostgres;
let pool: Pool<UsersTables>;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'seqline-away-'));
  postgres = await startEmbeddedPostgres({ directory, log: silent });
  pool = openPool({ url: postgres.url, log: silent });
});
afterAll(async () => {
  await pool.close();
  await postgres.stop();
  await rm(directory, { recursive: true });
});

const kill = async (): Promise<void> => {
  const file = path.join(directory, 'cluster', 'postmaster.pid');
  process.kill(Number.parseInt(await readFile(file, 'utf8'), 10), 'SIGKILL');
};

test('[PRJ-13] whatever becomes of Postgres meanwhile, in the end the tables are the log', async () => {
  const log = new MemoryEventLog();
  const { db } = pool;
  const { runner, states, came, stop } = startProjector({ db, log, batchMax: 20 });
  await came('running');
  let position = 0;
  const wanted = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 200; index++) {
      const user = `u${String(round)}x${String(index)}`;
      position = await write(log, registered(user), renamed(user, `of round ${String(round)}`));
      wanted.set(user, `of round ${String(round)}`);
      // In the middle of the work, so that some rows are written and others are not.
      if (index === 100) await runner.reached(position - 60, WAIT);
      if (index === 100) await kill();
    }
    expect(await runner.reached(position, WAIT)).toBe(true);
  }
  expect(states.some(({ kind }) => kind === 'retrying')).toBe(true);
  const rows = await allUsers(db);
  expect(new Map(rows.map(({ user_id, nickname }) => [user_id, nickname]))).toEqual(wanted);
  await stop();
});
