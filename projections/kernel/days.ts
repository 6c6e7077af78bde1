import { sql, type Kysely } from 'kysely';
import type { Millis } from '../../core/kernel/ids.ts';
import type { AnyTables } from './model.ts';

export type CountedByDay = Readonly<{
  total: number;
  before: number;
  /** By day of UTC, as `YYYY-MM-DD`, ascending; days without any are left out. */
  days: ReadonlyMap<string, number>;
}>;

export type Span = Readonly<{ start: Millis; end: Millis }>;

/** Rows of a table by the column `created_at`: in all, of before a span, and of each day of it. */
export const countedByDay = async (
  db: Kysely<AnyTables>,
  table: string,
  { start, end }: Span,
): Promise<CountedByDay> => {
  const all = sql.table(table);
  const { rows } = await sql<Readonly<{ total: number; before: number; days: object | null }>>`
    select count(*) as total,
      count(*) filter (where created_at < ${start}) as before,
      (select json_object_agg(day, made order by day) from (
        select to_char(to_timestamp(created_at / 1000.0) at time zone 'UTC', 'YYYY-MM-DD') as day,
          count(*) as made
        from ${all} where created_at between ${start} and ${end} group by 1
      ) as counted) as days
    from ${all}`.execute(db);
  const { total = 0, before = 0, days } = rows[0] ?? {};
  const counted = Object.entries(days ?? {}).map(([day, made]) => [day, Number(made)] as const);
  return { total, before, days: new Map(counted) };
};
