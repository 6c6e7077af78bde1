import { setTimeout as pause } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { tryRebuilding } from '../../../projections/kernel/lock.ts';
import type { AnyTables, Projection } from '../../../projections/kernel/model.ts';
import { SCHEMA } from '../../../projections/kernel/schema.ts';
import type { Skips } from '../../../projections/kernel/skips.ts';
import { Building, dropSchema, type OnBuilt } from './building.ts';
import type { History } from './openHistory.ts';

/** So few events are taken in while the projector waits. */
const NEAR = 2_000;
/** How long whoever reads the old tables may keep the switch waiting, and the projector with it. */
const READERS_MS_MAX: Millis = 10_000;
const LOOK_AGAIN_MS: Millis = 20;
/** A rebuild that has just been killed has its lock until Postgres has noticed. */
const OTHERS_MS_MAX: Millis = 3_000;
/** Readers wait behind the switch; one that is at it for longer than this makes it give up. */
const LOCK_MS_MAX = 3_000;
const RETIRED = 'seqline_retired';

export type ComparedTable = Readonly<{
  table: string;
  rows: number;
  rebuiltRows: number;
  equal: boolean;
}>;

export type Rebuilt = Readonly<{
  kind: 'switched' | 'different';
  events: number;
  buildSeconds: number;
  /** Where old and new were compared. */
  position: Position;
  tables: readonly ComparedTable[];
}>;

type Options = Readonly<{
  /** With four connections at least. */
  db: Kysely<AnyTables>;
  history: History;
  model: Projection;
  skips: Skips;
  /** What is rebuilt takes the place of what differs from it. */
  repair: boolean;
  onBuilt: OnBuilt;
  /** The tables have been compared: for tests, which then let something happen. */
  onCompared?: () => Promise<void>;
  readersMs?: Millis;
}>;

/** It cannot be rebuilt as things are; the message says why and what to do. Nothing has been switched. */
export class NotRebuilt extends Error {
  override name = 'NotRebuilt';
}

/**
 * Builds a read model anew beside the one that is read, compares the two at one position, and puts the new
 * one in its place while the server runs. Whatever fails, the old one stays as it is.
 */
export const rebuildBeside = (options: Options): Promise<Rebuilt> =>
  options.db.connection().execute(async (session) => {
    await takeTurn(session, options.model);
    try {
      return await rebuildAlone(options);
    } finally {
      // If the connection is broken, the lock has gone with it.
      await sql`select pg_advisory_unlock_all()`.execute(session).catch(() => undefined);
    }
  });

/** Two that build the same would build in one schema, and each would drop what the other is about to switch to. */
const takeTurn = async (session: Kysely<AnyTables>, { name }: Projection): Promise<void> => {
  for (const until = performance.now() + OTHERS_MS_MAX; ;) {
    if (await tryRebuilding(session, name)) return;
    if (performance.now() > until)
      throw new NotRebuilt(`${name} is being rebuilt by somebody else just now: wait for that`);
    await pause(LOOK_AGAIN_MS);
  }
};

const rebuildAlone = async (options: Options): Promise<Rebuilt> => {
  const { db, history, model, skips, repair, onBuilt } = options;
  const schema = `seqline_rebuild_${model.name}`;
  const began = Date.now();
  // What a run that was cut short has left is of unknown age and program: it begins again.
  await dropSchema(db, schema);
  const parts = { db, history, projections: [model], skips };
  const building = await Building.open(parts, schema);
  try {
    let events = 0;
    await catchUp(options, building, (built, position) => {
      events = Math.max(events, built);
      onBuilt(built, position);
    });
    const buildSeconds = (Date.now() - began) / 1000;
    const { tables, position } = await compare(options, building, schema);
    await options.onCompared?.();
    const result = { events, buildSeconds, position, tables };
    const isEqual = tables.every(({ equal }) => equal);
    if (!isEqual && !repair) return { ...result, kind: 'different' };
    await change(options, building, { schema, isEqual, names: tables.map(({ table }) => table) });
    return { ...result, kind: 'switched' };
  } finally {
    await dropSchema(db, schema);
  }
};

type Live = Readonly<{ position: Position; epoch: number }>;

const liveOf = async (
  db: Kysely<AnyTables>,
  { history: { logId }, model: { name, version } }: Options,
  lock: 'for update' | '' = '',
): Promise<Live> => {
  const found = await sql<{ there: boolean }>`
    select to_regclass('seqline.checkpoint') is not null as there`.execute(db);
  if (found.rows[0]?.there !== true)
    throw new NotRebuilt('this database holds no read models: a server builds them when it starts');
  const { rows } = await sql<Live & Readonly<{ log_id: string }>>`
    select position, epoch, log_id from seqline.checkpoint
    where name = ${name} and version = ${version} ${sql.raw(lock)}`.execute(db);
  const [row] = rows;
  if (row === undefined)
    throw new NotRebuilt(
      `version ${String(version)} of ${name} is not in use here: a server of this version builds it when it starts`,
    );
  if (row.log_id !== logId)
    throw new NotRebuilt(`this database holds read models of another log, ${row.log_id}`);
  return row;
};

/** Until only a few events are missing; meanwhile others come. */
const catchUp = async (options: Options, building: Building, onBuilt: OnBuilt): Promise<void> => {
  for (;;) {
    const { position } = await liveOf(options.db, options);
    await building.buildTo(position, onBuilt);
    const now = await liveOf(options.db, options);
    if (now.position - building.position <= NEAR) return;
  }
};

/** Old and new as they are at one position. The server goes on meanwhile. */
const compare = (
  options: Options,
  building: Building,
  schema: string,
): Promise<Readonly<{ tables: readonly ComparedTable[]; position: Position }>> =>
  options.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (snapshot) => {
      const { position } = await liveOf(snapshot, options);
      if (position < building.position)
        throw new NotRebuilt(
          'the read model is being built anew by a server just now: wait for it',
        );
      await building.buildTo(position);
      await takeTheTime(snapshot);
      const tables: ComparedTable[] = [];
      for (const table of await tablesOf(options.db, schema)) {
        const [old, made] = await Promise.all([
          sumOf(snapshot, SCHEMA, table),
          options.db.transaction().execute(async (tx) => {
            await takeTheTime(tx);
            return sumOf(tx, schema, table);
          }),
        ]);
        const equal = old.rows === made.rows && old.sum === made.sum;
        tables.push({ table, rows: old.rows, rebuiltRows: made.rows, equal });
      }
      return { tables, position };
    });

const tablesOf = async (db: Kysely<AnyTables>, schema: string): Promise<readonly string[]> => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} and table_name <> 'checkpoint' order by 1`.execute(db);
  return rows.map(({ name }) => name);
};

/** All rows of a table are read, however many there are, and nobody waits for that. */
const takeTheTime = async (tx: Transaction<AnyTables>): Promise<void> => {
  await sql`set local statement_timeout = 0`.execute(tx);
};

type Sum = Readonly<{ rows: number; sum: string }>;

/** Two sums over the rows' own hashes: the same whatever order they come in, another if one is another. */
const sumOf = async (db: Kysely<AnyTables>, schema: string, table: string): Promise<Sum> => {
  const there = await sql<{ there: boolean }>`
    select to_regclass(${`${schema}.${table}`}) is not null as there`.execute(db);
  if (there.rows[0]?.there !== true) return { rows: 0, sum: 'no table' };
  const { rows } = await sql<Sum>`
    select count(*) as rows, concat(sum(hashtextextended(t::text, 1)::numeric), ' ',
      sum(hashtextextended(t::text, 2)::numeric)) as sum
    from ${sql.id(schema, table)} t`.execute(db);
  const [sum] = rows;
  if (sum === undefined) throw new Error(`no sum came back for ${table}`);
  return sum;
};

type Change = Readonly<{ schema: string; isEqual: boolean; names: readonly string[] }>;

/**
 * All in one transaction, or nothing. Its lock on the checkpoint has the projector wait. A reader that sees
 * the database as it was before the last rows came must be gone before it can meet the new tables: they
 * would be a moment older than the checkpoint that it sees.
 */
const change = (
  options: Options,
  building: Building,
  { schema, isEqual, names }: Change,
): Promise<void> =>
  options.db.transaction().execute(async (tx) => {
    const { position } = await liveOf(tx, options, 'for update');
    if (position < building.position)
      throw new NotRebuilt('the read model has been built anew by a server meanwhile');
    await building.buildTo(position);
    await readersGone(options, tx);
    await sql`set local lock_timeout = ${sql.lit(LOCK_MS_MAX)}`.execute(tx);
    await sql`create schema ${sql.id(RETIRED)}`.execute(tx);
    for (const name of names) {
      await sql`alter table if exists ${sql.id(SCHEMA, name)} set schema ${sql.id(RETIRED)}`.execute(
        tx,
      );
      await sql`alter table ${sql.id(schema, name)} set schema ${sql.id(SCHEMA)}`.execute(tx);
    }
    await options.model.publish?.(tx, { anew: true });
    if (!isEqual) await haveReadAgain(tx, options.model);
    await sql`drop schema ${sql.id(RETIRED)} cascade`.execute(tx);
  });

/** The projector knows rows by heart; where they were wrong it is to begin anew from the tables. */
const haveReadAgain = async (
  tx: Transaction<AnyTables>,
  { name, version }: Projection,
): Promise<void> => {
  await sql`update seqline.checkpoint set epoch = epoch + 1
    where name = ${name} and version = ${version}`.execute(tx);
};

const readersGone = async (
  { db, readersMs = READERS_MS_MAX }: Options,
  tx: Transaction<AnyTables>,
): Promise<void> => {
  const { rows } = await sql<{ pid: number; at: string }>`
    select pg_backend_pid() as pid, clock_timestamp()::text as at`.execute(tx);
  const { pid = 0, at = '' } = rows[0] ?? {};
  for (const until = Date.now() + readersMs; ;) {
    // One that waits for a lock waits for this very transaction, and sees the database anew afterwards. Who cleans up
    // shows nothing to anybody, and makes room for this by itself.
    const found = await sql<{ readers: number }>`
      select count(*) as readers from pg_stat_activity
      where datname = current_database() and pid not in (${pid}, pg_backend_pid())
        and backend_type = 'client backend' and backend_xmin is not null and xact_start < ${at}::timestamptz
        and wait_event_type is distinct from 'Lock'`.execute(db);
    if (found.rows[0]?.readers === 0) return;
    if (Date.now() > until)
      throw new NotRebuilt('somebody reads the old tables in a long transaction: try again later');
    await pause(LOOK_AGAIN_MS);
  }
};
