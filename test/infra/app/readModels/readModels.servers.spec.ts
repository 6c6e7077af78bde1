import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openReadModels } from '../../../../infra/app/readModels/readModels.ts';
import { createLog } from '../../../../infra/observe/log.ts';
import { MemoryEventLog } from '../../../support/memoryEventLog.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { untilTrue } from '../../../support/until.ts';

test('[OPS-23] read models that cannot be opened leave nothing open that would keep the process', async () => {
  const database = await testDatabase<object>();
  // Not as any version has made it.
  await sql`create schema seqline`.execute(database.db);
  await sql`create table seqline.checkpoint (name text)`.execute(database.db);
  const opening = openReadModels({
    config: { data: '', postgres: { kind: 'url', url: database.url }, analytics: true },
    events: new MemoryEventLog(),
    formerIds: ['a'.repeat(32)],
    log: createLog('silent'),
    listeners: [],
    onStopped: () => undefined,
  });
  await expect(opening).rejects.toThrow('log_id');
  await untilTrue('no other connection is open', async () => {
    const { rows } = await sql<{ others: number }>`
      select count(*) as others from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(database.db);
    return rows[0]?.others === 0;
  });
  await database.drop();
});
