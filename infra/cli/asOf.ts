import { sql, type Kysely } from 'kysely';
import type { Position } from '../../core/kernel/ids.ts';
import { ANALYTICS } from '../../projections/analytics/project.ts';
import { createView } from '../../projections/analytics/views.ts';
import { tryPast } from '../../projections/kernel/lock.ts';
import type { AnyTables } from '../../projections/kernel/model.ts';
import { Building, dropSchema, skipsIn } from '../app/history/building.ts';
import type { History } from '../app/history/openHistory.ts';
import { READ_MODELS } from '../app/readModels/readModels.ts';
import { momentPosition } from '../replay/request.ts';
import { complain, out, type Arguments } from './command.ts';
import { counted, Progress } from './progress.ts';
import { inPsql } from './psql.ts';
import type { Tables } from './verify/database.ts';
import { withPast, type PastConfig } from './withPast.ts';

type AsOfArguments = Pick<Arguments, 'rest' | 'json' | 'replay'>;

const OPTIONS = {
  connections: 3,
  otherwise: '; the read models of the past are built beside those of the server',
};

/** The read models as they stood at a moment, in a schema of their own, to be asked in SQL. */
export const asOf = async (config: PastConfig, args: AsOfArguments): Promise<number> => {
  const [when, ...more] = args.rest;
  if (when === undefined || more.length > 0)
    return complain('as-of: name one moment, a time or a position');
  try {
    return await withPast(config, OPTIONS, async (history, tables) => {
      const position = await momentPosition(history, when, Date.now());
      return shown({ history, tables, position, args });
    });
  } catch (error) {
    return complain(`as-of: ${error instanceof Error ? error.message : String(error)}`);
  }
};

type Shown = Readonly<{
  history: History;
  tables: Tables;
  position: Position;
  args: AsOfArguments;
}>;

/** Who asks of one moment at once. */
const SCHEMAS_MAX = 20;

const shown = (asked: Shown): Promise<number> =>
  asked.tables.db.connection().execute(async (session) => {
    const schema = await freeSchema(session, `seqline_as_of_${String(asked.position)}`);
    try {
      return await shownIn(schema, asked);
    } finally {
      // If the connection is broken, the lock has gone with it.
      await sql`select pg_advisory_unlock_all()`.execute(session).catch(() => undefined);
    }
  });

/** Of two in one schema each would build it for itself, and the first that is done would drop it. */
const freeSchema = async (session: Kysely<AnyTables>, name: string): Promise<string> => {
  for (let number = 1; number <= SCHEMAS_MAX; number += 1) {
    const schema = number === 1 ? name : `${name}_${String(number)}`;
    if (await tryPast(session, schema)) return schema;
  }
  throw new Error(`${String(SCHEMAS_MAX)} others ask of this moment just now: wait for them`);
};

const shownIn = async (
  schema: string,
  { history, tables, position, args }: Shown,
): Promise<number> => {
  const { query, keep = false } = args.replay ?? {};
  const { db, url } = tables;
  await build({ history, db, schema, position });
  try {
    return query === undefined
      ? await inPsql(url, schema)
      : await answered(db, schema, query, args.json);
  } finally {
    if (keep) process.stderr.write(`The schema ${schema} stays; drop it when it is done with.\n`);
    else await dropSchema(db, schema);
  }
};

const build = async ({
  history,
  db,
  schema,
  position,
}: Readonly<{
  history: History;
  db: Kysely<AnyTables>;
  schema: string;
  position: Position;
}>): Promise<void> => {
  const skips = await skipsIn(history);
  const parts = { db, history, projections: READ_MODELS, skips };
  const building = await Building.open(parts, schema, position);
  const progress = new Progress('building', position);
  await building.buildTo(position, (events, reached) => {
    progress.take(events, { position: reached });
  });
  progress.end();
  await nameWithoutVersions(db, schema);
  for (const { views } of ANALYTICS) {
    for (const view of views) await createView(building.db, schema, view);
  }
};

/** `users` is the table of users, of whatever version this program builds. */
const nameWithoutVersions = async (db: Kysely<AnyTables>, schema: string): Promise<void> => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} and table_type = 'BASE TABLE'`.execute(db);
  for (const { name } of rows) {
    const plain = name.replace(/_v\d+$/, '');
    if (plain === name) continue;
    await sql`create or replace view ${sql.id(schema, plain)} as
      select * from ${sql.id(schema, name)}`.execute(db);
  }
};

const answered = async (
  db: Kysely<AnyTables>,
  schema: string,
  query: string,
  json: boolean,
): Promise<number> => {
  const rows = await db
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => {
      await sql`set local search_path to ${sql.id(schema)}`.execute(tx);
      return (await sql<Row>`${sql.raw(query)}`.execute(tx)).rows;
    });
  if (json) for (const row of rows) out(JSON.stringify(row));
  else out(tableOf(rows));
  return 0;
};

type Row = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Columns under their names, and how many rows there are. */
const tableOf = (rows: readonly Row[]): string => {
  const [first] = rows;
  if (first === undefined) return '0 rows';
  const names = Object.keys(first);
  const cells = [names, ...rows.map((row) => names.map((name) => textOf(row[name])))];
  const widths = names.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const count = `${counted(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
  return [lines[0], rule, ...lines.slice(1), count].join('\n');
};
