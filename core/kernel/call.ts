import type { Position } from './ids.ts';
import type { Refused } from './decider.ts';

/** A call has been done. `position` is that of the newest event it led to; absent when none was needed. */
export type Done<T = unknown> = Readonly<{ kind: 'done'; position?: Position }> & T;
export type Result<R extends string, T = unknown> = Promise<Done<T> | Refused<R>>;

export const done = <T extends object>(value: T, position: Position | undefined): Done<T> =>
  position === undefined ? { kind: 'done', ...value } : { kind: 'done', position, ...value };

/** Done once this process has seen the event itself, so that what is answered can be fetched. */
export const doneWhenSeen = async <R extends string>(
  handled: Readonly<{ kind: 'accepted'; position?: Position }> | Refused<R>,
  { followed }: Readonly<{ followed: (position: Position) => Promise<unknown> }>,
): Result<R> => {
  if (handled.kind === 'refused') return handled;
  if (handled.position !== undefined) await followed(handled.position);
  return done({}, handled.position);
};

export const isRefused = <A extends Readonly<{ kind: string }>>(
  answer: A,
): answer is Extract<A, { kind: 'refused' }> => answer.kind === 'refused';

/** Where the newest of what several commands have led to stands; absent when there was nothing to do. */
export const newestOf = (
  handled: readonly Readonly<{ kind: string; position?: Position }>[],
): Position | undefined => {
  const positions = handled.flatMap(({ position }) => (position === undefined ? [] : [position]));
  return positions.length === 0 ? undefined : positions.reduce((a, b) => Math.max(a, b));
};
