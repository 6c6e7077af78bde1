import { expect } from 'vitest';
import type { Decider, Decided } from '../../core/kernel/decider.ts';
import type { AnyFact } from '../../core/kernel/fact.ts';

/** given(events).when(command).then(events) or .refused(reason): a rule as a sentence. */
export const specFor =
  <C, E extends AnyFact, S, R extends string>({
    initialState,
    evolve,
    decide,
  }: Decider<C, E, S, R>) =>
  (...given: readonly Decided<E>[]) => ({
    when: (command: C) => {
      const state = given.reduce<S>(
        (before, event, revision) => evolve(before, { ...event, revision }),
        initialState,
      );
      const outcome = decide(command, state);
      return {
        then: (...events: readonly Decided<E>[]): void => {
          expect(outcome).toEqual({ kind: 'accepted', events });
        },
        refused: (reason: R): void => {
          expect(outcome).toMatchObject({ kind: 'refused', reason });
        },
      };
    },
  });
