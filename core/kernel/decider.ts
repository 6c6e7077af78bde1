import type { AnyFact } from './fact.ts';
import type { EventId, Revision } from './ids.ts';

export type Accepted<E> = Readonly<{ kind: 'accepted'; events: readonly E[] }>;
export type Refused<R extends string> = Readonly<{
  kind: 'refused';
  reason: R;
  detail: string;
  /** The number and the words of whoever has refused it in our place; handed on as they are. */
  own?: Readonly<{ code: number; message: string }>;
}>;
export type Outcome<E, R extends string> = Accepted<E> | Refused<R>;

export const accept = <E>(...events: readonly E[]): Accepted<E> => ({ kind: 'accepted', events });

/** `detail` names the field and what would be right; it is shown to the caller. */
export const refuse = <R extends string>(reason: R, detail: string): Refused<R> => ({
  kind: 'refused',
  reason,
  detail,
});

/** An event in its place: `evolve` takes numbers from the revision, so no event stores its own. */
export type Placed<E extends AnyFact> = E & Readonly<{ id: EventId; revision: Revision }>;

/** An event that a decision leads to, with the id by which a repetition is known. */
export type Decided<E extends AnyFact> = E & Readonly<{ id: EventId }>;

/** For `map`: decided events as they will stand after a revision. (`...` would make shapes without end.) */
export const placedAfter =
  (revision: Revision) =>
  <E extends AnyFact>(event: Decided<E>, index: number): Placed<E> =>
    Object.assign({ revision: revision + 1 + index }, event);

/** The whole of a capability's behaviour: pure, synchronous, and total. */
export type Decider<C, E extends AnyFact, S, R extends string> = Readonly<{
  initialState: S;
  evolve: (state: S, event: Placed<E>) => S;
  decide: (command: C, state: S) => Outcome<Decided<E>, R>;
}>;
