import { type Kysely, sql, type Transaction } from 'kysely';
import type { Position } from '../../core/kernel/ids.ts';
import { oneAtATime } from './lock.ts';
import type { AnyTables, Projection } from './model.ts';

/** Where one version of a read model stands, and who moves it: each new runner takes a new epoch. */
export type Checkpoint = Readonly<{ position: Position; epoch: number }>;

/** A projection's next step, in the transaction that writes its rows. */
export type Move = Readonly<{ projection: Projection; from: Checkpoint; to: Position }>;

/** Another runner has taken over: what this one was about to write must not be written. */
export class Fenced extends Error {
  override name = 'Fenced';
}

/** The database holds read models of another log, or of more of this log than there is. */
export class DatabaseOfAnotherLog extends Error {
  override name = 'DatabaseOfAnotherLog';
}

type Stored = Readonly<{
  name: string;
  version: number;
  position: Position;
  epoch: number;
  log_id: string;
}>;

/** A name for a version of a projection, for maps and messages. */
export const keyOf = ({ name, version }: Pick<Projection, 'name' | 'version'>): string =>
  `${name}_v${String(version)}`;

/**
 * Takes the projections over: makes what is missing and raises every epoch, so that a runner that still
 * believes to be the one is fenced at its next step. Throws `DatabaseOfAnotherLog`.
 */
export const takeOver = async (
  db: Transaction<AnyTables>,
  projections: readonly Projection[],
  log: Readonly<{
    id: string;
    head: () => Promise<Position>;
    formerIds?: readonly string[];
  }>,
): Promise<ReadonlyMap<Projection, Checkpoint>> => {
  await oneAtATime(db);
  await createCheckpoints(db);
  await leaveFormerLogs(db, log.formerIds ?? []);
  const stored = await sql<Stored>`select * from seqline.checkpoint`.execute(db);
  // In this order: what another runner takes in meanwhile is then before the end.
  refuseOthers(stored.rows, { id: log.id, head: await log.head() });

  const taken = new Map<Projection, Checkpoint>();
  for (const projection of projections) {
    const { name, version } = projection;
    const known = stored.rows.some((row) => row.name === name && row.version === version);
    if (!known) {
      // Tables without a checkpoint are of unknown age: whoever deletes the row asks for a rebuild.
      await projection.clear(db);
      await projection.create(db);
    }
    const { rows } = await sql<Checkpoint>`
      insert into seqline.checkpoint as c (name, version, position, epoch, log_id)
      values (${name}, ${version}, 0, 1, ${log.id})
      on conflict (name, version) do update set epoch = c.epoch + 1
      returning position, epoch`.execute(db);
    const [checkpoint] = rows;
    if (checkpoint === undefined)
      throw new Error(`no checkpoint came back for ${keyOf(projection)}`);
    taken.set(projection, checkpoint);
  }
  return taken;
};

/**
 * Moves checkpoints by compare-and-set, all or none. To be called first in the transaction: it then holds
 * the rows' locks, so a second runner waits here, and finds that the position is no longer its own.
 */
export const advance = async (
  db: Transaction<AnyTables>,
  moves: readonly Move[],
): Promise<void> => {
  const { numAffectedRows } = await sql`
    update seqline.checkpoint c set position = m.new_position
    from unnest(
      ${moves.map(({ projection }) => projection.name)}::text[],
      ${moves.map(({ projection }) => projection.version)}::int[],
      ${moves.map(({ from }) => from.position)}::bigint[],
      ${moves.map(({ from }) => from.epoch)}::bigint[],
      ${moves.map(({ to }) => to)}::bigint[]
    ) as m (name, version, old_position, epoch, new_position)
    where c.name = m.name and c.version = m.version
      and c.position = m.old_position and c.epoch = m.epoch`.execute(db);
  if (numAffectedRows === BigInt(moves.length)) return;
  const names = moves.map(({ projection }) => keyOf(projection)).join(', ');
  throw new Fenced(`another runner has moved the checkpoint of ${names}`);
};

/**
 * Throws `Fenced` if the checkpoints are not where this runner has left them, and what Postgres throws if
 * they are gone altogether.
 */
export const confirm = async (
  db: Kysely<AnyTables>,
  checkpoints: ReadonlyMap<Projection, Checkpoint>,
): Promise<void> => {
  const held = [...checkpoints];
  const { rows } = await sql<{ found: number }>`
    select count(*) as found from seqline.checkpoint c
    join unnest(
      ${held.map(([{ name }]) => name)}::text[],
      ${held.map(([{ version }]) => version)}::int[],
      ${held.map(([, { position }]) => position)}::bigint[],
      ${held.map(([, { epoch }]) => epoch)}::bigint[]
    ) as h (name, version, position, epoch)
      on c.name = h.name and c.version = h.version
      and c.position = h.position and c.epoch = h.epoch`.execute(db);
  if (rows[0]?.found === held.length) return;
  throw new Fenced('the checkpoints are not where this runner has left them');
};

/**
 * What was built of a log that this one is a copy of stands at positions that mean something else here:
 * without its checkpoint it is built anew.
 */
export const leaveFormerLogs = async (
  db: Kysely<AnyTables>,
  formerIds: readonly string[],
): Promise<void> => {
  if (formerIds.length === 0 || !(await hasCheckpoints(db))) return;
  await sql`delete from seqline.checkpoint where log_id = any(${[...formerIds]}::text[])`.execute(
    db,
  );
};

/** Where the read models stand, by `keyOf`. None before the first runner has been here. */
export const readCheckpoints = async (
  db: Kysely<AnyTables>,
): Promise<ReadonlyMap<string, Position>> => {
  if (!(await hasCheckpoints(db))) return new Map();
  const { rows } = await sql<Stored>`select * from seqline.checkpoint`.execute(db);
  return new Map(rows.map((row) => [keyOf(row), row.position]));
};

const hasCheckpoints = async (db: Kysely<AnyTables>): Promise<boolean> => {
  const { rows } = await sql<{ there: boolean }>`
    select to_regclass('seqline.checkpoint') is not null as there`.execute(db);
  return rows[0]?.there === true;
};

/**
 * Rows together with the checkpoint they stand at: one snapshot, so that folding the tail onto them
 * neither misses an event nor takes one twice.
 */
export const atCheckpoint = <Tables, T>(
  db: Kysely<Tables>,
  { name, version }: Pick<Projection, 'name' | 'version'>,
  read: (snapshot: Transaction<Tables>) => Promise<T>,
): Promise<Readonly<{ checkpoint: Position; found: T }>> =>
  db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (snapshot) => {
      const { rows } = await sql<{ position: Position }>`
        select position from seqline.checkpoint
        where name = ${name} and version = ${version}`.execute(snapshot);
      const [row] = rows;
      if (row === undefined)
        throw new Error(`${name} version ${String(version)} is not built here`);
      return { checkpoint: row.position, found: await read(snapshot) };
    });

const createCheckpoints = async (db: Transaction<AnyTables>): Promise<void> => {
  await sql`create schema if not exists seqline`.execute(db);
  await sql`
    create table if not exists seqline.checkpoint (
      name text not null,
      version int not null,
      position bigint not null,
      epoch bigint not null,
      log_id text not null,
      primary key (name, version)
    )`.execute(db);
};

const refuseOthers = (
  stored: readonly Stored[],
  log: Readonly<{ id: string; head: Position }>,
): void => {
  const other = stored.find(({ log_id }) => log_id !== log.id);
  if (other !== undefined) {
    throw new DatabaseOfAnotherLog(
      `this database holds read models of the log ${other.log_id}, but the log here is ${log.id}: ` +
        'name another database, or drop the schema "seqline" to have it rebuilt ' +
        '(of the embedded Postgres: remove the folder "postgres" in SEQLINE_DATA)',
    );
  }
  const ahead = stored.find(({ position }) => position > log.head);
  if (ahead !== undefined) {
    throw new DatabaseOfAnotherLog(
      `the read model ${keyOf(ahead)} has come to position ${String(ahead.position)}, but the log ends ` +
        `at ${String(log.head)}: it is an older copy. Drop the schema "seqline" to have it rebuilt`,
    );
  }
};
