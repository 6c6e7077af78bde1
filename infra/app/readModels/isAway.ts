import { isPassing } from '../../../projections/kernel/faults.ts';

/** What `pg` says of a lost or missing connection has no code of its own. */
const LOST = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Client was closed',
  'Query read timeout',
];

/** Whether it is the way to Postgres that failed: the same question may be answered in a moment. */
export const isAway = (error: unknown): boolean =>
  isPassing(error) ||
  (error instanceof Error && LOST.some((lost) => error.message.startsWith(lost)));
