import { sql, type Transaction } from 'kysely';
import type { Event } from '../kernel/tail.ts';
import {
  MESSAGES,
  type AnyTable,
  type AnyTables,
  type Projection,
  type Table,
} from '../kernel/model.ts';
import { createRows, type RowsOptions } from '../kernel/rows.ts';
import { showView, type View } from './views.ts';

/**
 * Something that is counted: what is remembered for it and what comes of it, in tables of its own. Each is a
 * read model with a checkpoint of its own, so that one that is added, or changed (a new version), is filled in
 * from the first event while the others go on.
 */
export type Metric = Readonly<{
  /** One word; its tables are `seqline.analytics_<name>_<table>_v<version>`. */
  name: string;
  /** Raise it whenever a table, a rule of counting or a view changes. */
  version: number;
  tables: readonly MetricTable[];
  /** What analysts see, under names that stay. */
  views: readonly View[];
}>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows differ from table to table
type MetricTable = AnyTable & Readonly<{ options: RowsOptions<any> }>;

/** A table of a metric that folds rows of this shape. */
export type RowTable<Row, Other = never> = Table<Row, Other> &
  Readonly<{ options: RowsOptions<Row> }>;

type Named = Pick<Metric, 'name' | 'version'>;

/** The full name of a metric's table. */
export const tableOf = ({ name, version }: Named, table: string): string =>
  `seqline.analytics_${name}_${table}_v${String(version)}`;

export type MetricProjection = Projection & Pick<Metric, 'views'>;

export const projectionOf = (metric: Metric): MetricProjection => {
  const { version, tables, views } = metric;
  const name = `analytics_${metric.name}`;
  return {
    ...{ name, version, tables, views },
    // What is counted is that something was said, not what.
    leavesSealed: MESSAGES,
    create: async (db) => {
      for (const { options } of tables) await createRows(db, options);
    },
    clear: async (db) => {
      for (const { options } of tables) {
        await sql`drop table if exists ${sql.table(options.table)} cascade`.execute(db);
      }
    },
    publish: async (db, { anew } = { anew: false }) => {
      for (const view of views) await showView(db, view, { version, anew });
      await dropOthers(db, { name, version });
    },
  };
};

/** Nobody reads them any more. A program of that version builds them anew. */
const dropOthers = async (db: Transaction<AnyTables>, { name, version }: Named): Promise<void> => {
  const { rows } = await sql<{ table: string }>`
    select tablename as table from pg_tables
    where schemaname = 'seqline' and tablename ~ ${`^${name}_.*_v[0-9]+$`}
      and tablename !~ ${`_v${String(version)}$`}`.execute(db);
  for (const { table } of rows) await sql`drop table ${sql.id('seqline', table)}`.execute(db);
  await sql`delete from seqline.checkpoint
    where name = ${name} and version <> ${version}`.execute(db);
};

const DAY = 86_400_000;
let dayKnown = { number: 0, name: '1970-01-01' };

/** The day of UTC on which an event was committed, as `YYYY-MM-DD`. */
export const dayOf = ({ created }: Pick<Event, 'created'>): string => {
  const number = Math.floor(created / DAY);
  // Events come by days: to write the same one out each time would cost more than to count.
  if (number !== dayKnown.number)
    dayKnown = { number, name: new Date(number * DAY).toISOString().slice(0, 10) };
  return dayKnown.name;
};

/** 0 to 23, of UTC. */
export const hourOf = ({ created }: Pick<Event, 'created'>): number =>
  Math.floor((created % DAY) / 3_600_000);
