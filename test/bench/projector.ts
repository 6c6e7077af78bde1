import { sql } from 'kysely';
import type { Projection } from '../../projections/kernel/model.ts';
import { Tail } from '../../projections/kernel/tail.ts';
import { users } from '../../projections/users/project.ts';
import type { UsersTables } from '../../projections/users/schema.ts';
import { isSeqlineEvent } from '../../projections/kernel/follower.ts';
import { dropAll, startProjector } from '../projections/kernel/harness.ts';
import { MemoryEventLog } from '../support/memoryEventLog.ts';
import { testDatabase } from '../support/postgres.ts';
import { recorded, registered, renamed, write } from '../support/userEvents.ts';

/**
 * Events a second of the projection runner, from a log in memory into the embedded Postgres: so neither
 * decoding nor the log's disk is in the figure. Run: npx tsx test/bench/projector.ts
 */
const EVENTS = 100_000;
const WITHIN_MS = 120_000;

/** One narrow row an event, never changed: what the messages of a chat cost at the least. */
const narrow: Projection = {
  name: 'narrow',
  version: 1,
  create: async (db) => {
    await sql`create table seqline.narrow_v1 (id bigint primary key, user_id text)`.execute(db);
  },
  clear: async (db) => {
    await sql`drop table if exists seqline.narrow_v1`.execute(db);
  },
  tables: [
    {
      keysOf: ({ position }) => [String(position)],
      fold: (_, { data }) => ('user' in data ? data.user : ''),
      load: async (db, keys) => {
        const { rows } = await sql<{ id: number; user_id: string }>`
          select * from seqline.narrow_v1 where id = any(${keys}::bigint[])`.execute(db);
        return new Map(rows.map(({ id, user_id }) => [String(id), user_id]));
      },
      save: async (db, rows) => {
        await sql`
          insert into seqline.narrow_v1
          select * from unnest(${[...rows.keys()]}::bigint[], ${[...rows.values()]}::text[])
          `.execute(db);
      },
    },
  ],
};

const measure = async (name: string, log: MemoryEventLog, projections: readonly Projection[]) => {
  const database = await testDatabase<UsersTables>();
  await dropAll(database.db);
  const head = await log.head();
  const start = process.cpuUsage();
  const before = performance.now();
  const { runner, stop } = startProjector({ db: database.db, log, projections, after: head });
  const reached = await runner.reached(head, WITHIN_MS);
  const seconds = (performance.now() - before) / 1_000;
  const { user, system } = process.cpuUsage(start);
  await stop();
  await database.drop();
  const rate = Math.round(EVENTS / seconds).toLocaleString('en');
  const cpu = ((user + system) / EVENTS).toFixed(1);
  console.log(`${name}: ${reached ? rate : 'not'} events/s, ${cpu} µs of Node's CPU an event`);
};

const inserts = new MemoryEventLog();
const mixed = new MemoryEventLog();
for (let index = 0; index < EVENTS; index++) {
  await write(inserts, registered(`u${String(index)}`));
  const user = `u${String(index % 20_000)}`;
  await write(mixed, index < 20_000 ? registered(user) : renamed(user, `Name ${String(index)}`));
}
await measure('users, all new', inserts, [users]);
await measure('users, 1 new and 4 changed', mixed, [users]);
await measure('narrow rows, all new', inserts, [narrow]);
await measure('both together', inserts, [users, narrow]);

const events = recorded(
  Array.from({ length: 300_000 }, (_, index) => renamed(`u${String(index % 10_000)}`, 'Name')),
).filter(isSeqlineEvent);
const tail = new Tail({
  floor: 0,
  indexOf: ({ data, stream }) => ('user' in data ? [`u:${data.user}`, `c:${stream}`] : []),
  now: () => Date.now(),
  onOverflow: () => undefined,
  eventsMax: 100_000,
});
const before = process.cpuUsage();
for (let index = 0; index < events.length; index += 100) {
  tail.take(events.slice(index, index + 100), index + 100);
}
const { user, system } = process.cpuUsage(before);
console.log(
  `tail, two names an event, always full: ${((user + system) / events.length).toFixed(2)} µs an event`,
);
