import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import { openReadModels, type ReadModels } from '../../../infra/app/readModels/readModels.ts';
import { readiness } from '../../../infra/app/readiness.ts';
import { openStorage, type Storage } from '../../../infra/app/storage/storage.ts';
import { openEmbeddedLog } from '../../../infra/eventstore/embedded/embeddedLog.ts';
import { createLog } from '../../../infra/observe/log.ts';
import { Tail } from '../../../projections/kernel/tail.ts';
import { by } from '../../support/people.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const log = createLog('silent');
let root = '';
let databaseName = '';
let database: TestDatabase<object>;
/** Another one of the same server, to take the first away from. */
let other: TestDatabase<object>;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seqline-ready-'));
  database = await testDatabase();
  other = await testDatabase();
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(
    database.db,
  );
  databaseName = rows[0]?.name ?? '';
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await database.db.schema.dropSchema('seqline').ifExists().cascade().execute();
});
afterAll(async () => {
  await database.drop();
  await other.drop();
  await rm(root, { recursive: true });
});

/** Storage and read models as a server has them. */
const opened = async (url: string): Promise<Readonly<{ storage: Storage; models: ReadModels }>> => {
  const data = await mkdtemp(join(root, 'data-'));
  const storage = await openStorage({ data, seal: true }, log);
  closers.push(storage.close);
  const models = await openReadModels({
    config: { data, postgres: { kind: 'url', url }, analytics: false },
    events: storage.log,
    log,
    listeners: [],
    onStopped: () => undefined,
  });
  closers.push(models.close);
  return { storage, models };
};

const rename = (storage: Storage, user: string) =>
  storage.log.append(`user-${user}`, 'any', [
    {
      type: 'UserChanged',
      id: randomUUID() as EventId,
      meta: by(user),
      data: { user: user as UserId, level: 1 },
    },
  ]);

const comes = (ready: ReturnType<typeof readiness>, what: RegExp | 'ready') =>
  until(
    String(what),
    async () => {
      const state = await ready();
      if (what === 'ready') return state.ready || undefined;
      return !state.ready && what.test(state.reason) ? state.reason : undefined;
    },
    { seen: ready },
  );

/** As if Postgres were gone: every connection breaks, and there are no new ones. */
const takeAway = async (away: boolean): Promise<void> => {
  const name = sql.id(databaseName);
  await sql`alter database ${name} with allow_connections ${sql.raw(String(!away))}`.execute(
    other.db,
  );
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where ${away} and datname = ${databaseName}`.execute(other.db);
};

test('[NOD-34] while another builds read models of an older version, who only stands by is ready, and who serves is not', async () => {
  const { storage, models } = await opened(database.url);
  const lag = { projection: 'chats_v9', position: 0, head: 100_000, waitingSince: undefined };
  const unbuilt = {
    ...models,
    runner: { ...models.runner, state: () => ({ kind: 'standby' as const }), lag: () => lag },
    tail: new Tail({
      floor: 100_000,
      indexOf: () => [],
      now: Date.now,
      onOverflow: () => undefined,
    }),
  };
  expect(await readiness(storage, unbuilt, Date.now, false)()).toEqual({ ready: true });
  expect(await readiness(storage, unbuilt, Date.now)()).toEqual({
    ready: false,
    reason: 'the read models are being built: at 0 of 100000',
  });
});

describe('[OPS-24] the server is not ready, and says why,', () => {
  test('while Postgres is away, and is again once it is back', async () => {
    const { storage, models } = await opened(database.url);
    const ready = readiness(storage, models, Date.now);
    await comes(ready, 'ready');
    await takeAway(true);
    await comes(ready, /^(Postgres does not answer|the projector is retrying)$/);
    await takeAway(false);
    await comes(ready, 'ready');
  });

  test('while the log takes no events', async () => {
    const { models } = await opened(database.url);
    let full = true;
    const store = await openEmbeddedLog({
      directory: await mkdtemp(join(root, 'full-')),
      flush: async (commit) => {
        if (full) throw new Error('no space left on device');
        await commit();
      },
    });
    closers.push(() => store.close());
    const ready = readiness({ store }, models, Date.now);
    await comes(ready, 'ready');
    const event = {
      id: randomUUID() as EventId,
      type: 'T',
      data: Buffer.of(),
      metadata: Buffer.of(),
    };
    await expect(store.append('s', 'any', [event])).rejects.toThrow('no space left');
    await comes(ready, /^the log takes no events: .*no space left on device/);
    full = false;
    await comes(ready, 'ready');
  });

  test('while a read model stops at an event, which it names, until that is skipped', async () => {
    const { storage, models } = await opened(database.url);
    const ready = readiness(storage, models, Date.now);
    await comes(ready, 'ready');
    const bad = await rename(storage, 'nobody');
    if (bad.kind === 'conflict') throw new Error('it was appended');
    const { position } = bad;
    const reason = await comes(ready, /^the projection users_v1 cannot take UserChanged/);
    expect(reason).toContain(`at position ${String(position)}`);
    const data = { projection: 'users', version: 1, position, reason: 'of the test' };
    const meta = by('imAdmin');
    const id = randomUUID() as EventId;
    await storage.log.append('projector-users', 'any', [
      { type: 'ProjectionSkipped', id, meta, data },
    ]);
    await comes(ready, 'ready');
  });
});
