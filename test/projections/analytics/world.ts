import { sql, type Kysely } from 'kysely';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventId, Millis } from '../../../core/kernel/ids.ts';
import { Batches } from '../../../projections/kernel/batch.ts';
import { takeOver } from '../../../projections/kernel/checkpoint.ts';
import type { AnyTables, Projection } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import type { Event } from '../../../projections/kernel/tail.ts';

/** What happens at a moment, by whom, and in which stream. */
export type Happens = Readonly<{
  at: Millis;
  actor: string;
  stream: string;
  event: SeqlineEvent;
}>;

/** As the log would hold it. */
export const recorded = (history: readonly Happens[]): readonly Event[] => {
  const revisions = new Map<string, number>();
  return history.map(({ at, actor, stream, event }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return {
      ...event,
      ...{ id: `event-${String(index)}` as EventId, meta: { actor, operationId: 'op' } },
      ...{ stream, revision, position: index + 1, created: at },
    };
  });
};

/** Empty tables, as a server makes them. */
export const begin = async (
  db: Kysely<AnyTables>,
  models: readonly Projection[],
): Promise<void> => {
  await sql`drop schema if exists seqline cascade`.execute(db);
  await db
    .transaction()
    .execute((tx) => takeOver(tx, models, { id: 'log', head: () => Promise.resolve(0) }));
};

/** Takes the events in, so many at a time. */
export const take = async (
  db: Kysely<AnyTables>,
  models: readonly Projection[],
  events: readonly Event[],
  size = 1_000,
): Promise<void> => {
  const batches = new Batches(new Skips());
  for (let from = 0; from < events.length; from += size) {
    const part = events.slice(from, from + size);
    const remember = await db.transaction().execute((tx) => batches.apply(tx, models, part));
    remember();
  }
};

export const publish = (db: Kysely<AnyTables>, models: readonly Projection[]): Promise<void> =>
  db.transaction().execute(async (tx) => {
    for (const model of models) await model.publish?.(tx);
  });
