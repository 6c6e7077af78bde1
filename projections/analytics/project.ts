import { activity } from './activity.ts';
import { daily } from './daily.ts';
import { direct } from './direct.ts';
import { groups } from './groups.ts';
import { messages } from './messages.ts';
import { projectionOf, type MetricProjection } from './metric.ts';

/** All that is counted. What is added here is filled in for all of history. */
export const ANALYTICS: readonly MetricProjection[] = [
  activity,
  messages,
  direct,
  groups,
  daily,
].map(projectionOf);
