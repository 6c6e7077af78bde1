import { setTimeout as pause } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Millis } from '../../../core/kernel/ids.ts';
import { BOUNDS, bucketOf } from '../../../projections/analytics/histogram.ts';
import { VIEWS_SCHEMA } from '../../../projections/analytics/views.ts';
import { oneAtATime } from '../../../projections/kernel/lock.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { Log } from '../../observe/log.ts';

/** What a process that dies takes with it. */
const WRITE_EVERY_MS: Millis = 60_000;
const HOUR: Millis = 3_600_000;
/** A Postgres that does not answer keeps no process from its end. */
const CLOSE_MS_MAX: Millis = 1_000;
/** Counts are kept for a Postgres that is away: of three days, or so. */
const COUNTS_MAX = 5_000;

const TABLE = `${VIEWS_SCHEMA}.analytics_delivery_times`;

export type DeliveryTimes = Readonly<{
  /** A message that was committed then has been written to so many sockets now. */
  delivered: (committed: Millis, sockets: number) => void;
  close: () => Promise<void>;
}>;

type Deps = Readonly<{ db: Kysely<AnyTables>; log: Pick<Log, 'warn'>; now: () => Millis }>;

/** Hours since 1970, and which bucket. */
type Count = { hour: number; bucket: number; count: number };

/**
 * How long messages take from their commit to the sockets of this process, added up and written to a table now
 * and then. It is no fact of the log: what is lost is lost, and no rebuild brings it back.
 */
export const openDeliveryTimes = ({ db, log, now }: Deps): DeliveryTimes => {
  let counts = new Map<number, Count>();
  let isMade = false;

  const add = ({ hour, bucket, count }: Count): void => {
    const key = hour * (BOUNDS.length + 1) + bucket;
    const known = counts.get(key);
    if (known !== undefined) known.count += count;
    else if (counts.size < COUNTS_MAX) counts.set(key, { hour, bucket, count });
  };
  const write = async (): Promise<void> => {
    if (counts.size === 0) return;
    const written = [...counts.values()];
    counts = new Map();
    try {
      if (!isMade) await make(db);
      isMade = true;
      await addTo(db, written);
    } catch (error) {
      // Dropped, or on a Postgres that is another by now.
      isMade = false;
      for (const count of written) add(count);
      log.warn({ err: error }, 'delivery times are kept until Postgres takes them');
    }
  };

  let writing = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, WRITE_EVERY_MS);
  timer.unref();
  return {
    delivered: (committed, sockets) => {
      const at = now();
      const bucket = bucketOf(Math.max(0, at - committed));
      add({ hour: Math.floor(at / HOUR), bucket, count: sockets });
    },
    close: async () => {
      clearInterval(timer);
      const ending = new AbortController();
      const late = pause(CLOSE_MS_MAX, undefined, { signal: ending.signal }).catch(() => undefined);
      await Promise.race([writing.then(write), late]);
      ending.abort();
    },
  };
};

const make = (db: Kysely<AnyTables>): Promise<void> =>
  db.transaction().execute(async (tx) => {
    await oneAtATime(tx);
    await sql`create schema if not exists ${sql.id(VIEWS_SCHEMA)}`.execute(tx);
    await sql`create table if not exists ${sql.table(TABLE)} (
      day date not null, hour int not null, from_ms bigint not null, to_ms bigint,
      count bigint not null, primary key (day, hour, from_ms))`.execute(tx);
  });

const addTo = async (db: Kysely<AnyTables>, counts: readonly Count[]): Promise<void> => {
  const moments = counts.map(({ hour }) => new Date(hour * HOUR).toISOString());
  await sql`insert into ${sql.table(TABLE)} as known (day, hour, from_ms, to_ms, count)
    select * from unnest(
      ${moments.map((moment) => moment.slice(0, 10))}::date[],
      ${moments.map((moment) => Number(moment.slice(11, 13)))}::int[],
      ${counts.map(({ bucket }) => BOUNDS[bucket - 1] ?? 0)}::int8[],
      ${counts.map(({ bucket }) => BOUNDS[bucket] ?? null)}::int8[],
      ${counts.map(({ count }) => count)}::int8[])
    on conflict (day, hour, from_ms) do update set count = known.count + excluded.count`.execute(
    db,
  );
};
