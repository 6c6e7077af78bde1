/**
 * Classes of SQLSTATE that say nothing of the statement: the connection (08), the state a server is in
 * (25, 55, 57), a clash with another transaction (40), memory, disk and slots (53), the machine (58), a
 * damaged server (XX). The same statement may succeed later.
 */
const PASSING_CLASSES = new Set(['08', '25', '40', '53', '55', '57', '58', 'XX']);

/** Whether it is the database, not the statement, that is at fault: worth the same attempt again. */
export const isPassing = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  // A system call has failed (ECONNREFUSED, EPIPE, …).
  if ('syscall' in error) return true;
  const state = 'code' in error && 'severity' in error ? error.code : undefined;
  return typeof state === 'string' && PASSING_CLASSES.has(state.slice(0, 2));
};

/** No such database, schema, table: what the database lacks, not what is wrong with a statement. */
const MISSING_STATES = new Set(['3D000', '3F000', '42P01']);

/** Whether the read models are not there: never built here, or dropped. The runner builds them anew. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'severity' in error &&
  'code' in error &&
  typeof error.code === 'string' &&
  MISSING_STATES.has(error.code);

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
