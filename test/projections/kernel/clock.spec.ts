import type { Kysely } from 'kysely';
import { afterEach, expect, test, vi } from 'vitest';
import type { UsersTables } from '../../../projections/users/schema.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { untilTrue } from '../../support/until.ts';
import { startProjector } from './harness.ts';

const HOUR = 60 * 60_000;

afterEach(() => {
  vi.restoreAllMocks();
});

test('[PRJ-13] a clock that is set back while Postgres is away does not keep the projector from it', async () => {
  let attempts = 0;
  const realNow = Date.now.bind(Date);
  let back = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => {
    // Once there has been an attempt, between any two looks at it.
    if (attempts > 0) back += HOUR;
    return realNow() - back;
  });
  const away = {
    connection: () => ({
      execute: () => {
        attempts += 1;
        return Promise.reject(new Error('Connection terminated'));
      },
    }),
  };
  // As much of a database as a runner finds that cannot connect to it.
  const db = away as unknown as Kysely<UsersTables>;
  const { stop } = startProjector({ db, log: new MemoryEventLog() });
  await untilTrue('it tries on', () => attempts > 2);
  await stop();
  expect(attempts).toBeGreaterThan(2);
});
