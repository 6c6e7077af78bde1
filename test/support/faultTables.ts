import { READ_MODELS } from '../../infra/app/readModels/readModels.ts';
import type { FaultPostgres } from './faultPostgres.ts';
import { until } from './until.ts';

/** Every row of every read model, by table, in an order that does not depend on how it was written. */
export type Dump = Readonly<Record<string, readonly unknown[]>>;

const WITHIN = 60_000;
/** A log in which nothing has been written for so long has nothing under way: reactors are done. */
const RESTS_FOR = 1_500;

/** Where a runner stands, and which one it was, is no part of what the log says. */
const OF_THE_RUNNER = ['position', 'epoch'];

export const dumpTables = async (postgres: FaultPostgres): Promise<Dump> => {
  const tables = await postgres.ask(
    `select table_name as name from information_schema.tables
     where table_schema = 'seqline' order by 1`,
  );
  const dump: Record<string, readonly unknown[]> = {};
  for (const { name } of tables) {
    const row = OF_THE_RUNNER.reduce((all, column) => `${all} - '${column}'`, 'to_jsonb(t)');
    const rows = await postgres.ask(
      `select (${row})::text as row from seqline."${String(name)}" t order by 1`,
    );
    dump[String(name)] = rows.map((found) => found['row']);
  }
  return dump;
};

/** Where the slowest read model stands; undefined while any is not there. */
export const positionOf = (postgres: FaultPostgres): Promise<number | undefined> =>
  askedFor(postgres, `case when count(*) = ${String(READ_MODELS.length)} then min(position) end`);

/** Where all read models stand; undefined while they do not stand at one place. */
const commonPositionOf = async (postgres: FaultPostgres): Promise<number | undefined> => {
  const slowest = await positionOf(postgres);
  return slowest === (await askedFor(postgres, 'max(position)')) ? slowest : undefined;
};

const askedFor = async (postgres: FaultPostgres, what: string): Promise<number | undefined> => {
  try {
    const [row] = await postgres.ask(`select (${what})::float8 as at from seqline.checkpoint`);
    const at = row?.['at'];
    return typeof at === 'number' ? at : undefined;
  } catch (error) {
    // The schema or the database is not there: that is the answer.
    if (error instanceof Error && 'code' in error && String(error.code).match(/^(42P01|3D000)$/))
      return undefined;
    throw error;
  }
};

/** Once the read models have everything and nothing more comes: where they stand. */
export const untilAtRest = async (postgres: FaultPostgres): Promise<number> => {
  let last: number | undefined;
  let since = performance.now();
  return until(
    'nothing more is projected',
    async () => {
      const at = await commonPositionOf(postgres);
      if (at !== last) since = performance.now();
      last = at;
      return performance.now() - since >= RESTS_FOR ? at : undefined;
    },
    { within: WITHIN },
  );
};

export const untilRebuilt = async (postgres: FaultPostgres, position: number): Promise<void> => {
  let at: number | undefined;
  await until(
    `the read models are rebuilt up to ${String(position)}`,
    async () => {
      at = await positionOf(postgres);
      return at !== undefined && at >= position ? true : undefined;
    },
    { within: WITHIN, seen: () => ({ at }) },
  );
};
