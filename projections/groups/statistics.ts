import type { Kysely } from 'kysely';
import { countedByDay, type CountedByDay, type Span } from '../kernel/days.ts';
import type { AnyTables } from '../kernel/model.ts';
import { tableName } from './rows.ts';

type GroupStatistics = Readonly<{
  /** Groups that were ever made, dismissed ones too. */
  created: (span: Span) => Promise<CountedByDay>;
}>;

export const groupStatistics = (db: Kysely<AnyTables>): GroupStatistics => ({
  created: (span) => countedByDay(db, tableName('groups'), span),
});
