import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import { ANALYTICS } from '../../../projections/analytics/project.ts';
import type { Projection } from '../../../projections/kernel/model.ts';
import { Activity } from './recount/analytics/activity.ts';
import { Daily } from './recount/analytics/daily.ts';
import { Direct } from './recount/analytics/direct.ts';
import { GroupGrowth } from './recount/analytics/groups.ts';
import { Messages } from './recount/analytics/messages.ts';
import type { ExpectedTable } from './recount/table.ts';

type Counting = {
  take: (event: Recorded<SeqlineEvent>) => void;
  readonly tables: readonly ExpectedTable[];
};

/** By the name of the read model. */
const COUNTED_AGAIN: Readonly<Record<string, () => Counting>> = {
  analytics_activity: () => new Activity(),
  analytics_daily: () => new Daily(),
  analytics_direct: () => new Direct(),
  analytics_groups: () => new GroupGrowth(),
  analytics_messages: () => new Messages(),
};

type Recount = Readonly<{
  model: Projection;
  take: Counting['take'];
  tables: () => readonly ExpectedTable[];
}>;

/** What is counted for analysts, beside what counts it again. */
export const analyticsRecounts = (): readonly Recount[] =>
  ANALYTICS.map((model) => {
    const make = COUNTED_AGAIN[model.name];
    if (make === undefined) throw new Error(`${model.name} is not counted again`);
    const counting = make();
    return {
      model,
      take: (event) => {
        counting.take(event);
      },
      tables: () => counting.tables,
    };
  });
