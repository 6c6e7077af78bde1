import type { Placed, Refused } from './decider.ts';
import type { AnyFact } from './fact.ts';
import type { Position, Revision } from './ids.ts';

export type Handled<S, E extends AnyFact, R extends string> =
  | Readonly<{
      kind: 'accepted';
      /** The stream's state with this command and all before it. */
      state: S;
      /** What the command led to; none when it had been done already. */
      events: readonly Placed<E>[];
      /** Of the append it was decided in, and where that begins; absent when there was nothing to append. */
      position?: Position;
      first?: Revision;
    }>
  | Refused<R>;

/** A command, and whoever waits for what becomes of it. */
export type Waiting<C, S, E extends AnyFact, R extends string> = Readonly<{
  command: C;
  resolve: (handled: Handled<S, E, R>) => void;
  reject: (error: unknown) => void;
}>;

/** What has been decided of a command, to be told once its events are durable. */
export type Answer<C, S, E extends AnyFact, R extends string> = Readonly<{
  waiting: Waiting<C, S, E, R>;
  refused: Refused<R> | undefined;
  state: S;
  events: readonly Placed<E>[];
}>;

/** Positions of one append are not known event by event: each answer waits for the append's last. */
export const give = <C, S, E extends AnyFact, R extends string>(
  answers: readonly Answer<C, S, E, R>[],
  appended: Readonly<{ position: Position; first: Revision }> | undefined,
): void => {
  for (const { waiting, refused, state, events } of answers) {
    if (refused !== undefined) waiting.resolve(refused);
    else if (appended === undefined) waiting.resolve({ kind: 'accepted', state, events });
    else {
      const { position, first } = appended;
      waiting.resolve({ kind: 'accepted', state, events, position, first });
    }
  }
};
