import { describe, expect, test } from 'vitest';
import { comingIn } from '../../../core/group/coming.ts';
import { created, decider, member } from '../../support/groups.ts';
import { amy, bob, cat, mia } from '../../support/people.ts';

/** Ann's group, amy its admin, bob and mia its members; cat is in none. */
const group = created({ admins: [amy], members: [bob, mia] });
const strict = (verification: 1 | 2) =>
  created({
    admins: [amy],
    members: [bob],
    rules: { verification, lookMemberInfo: 0, applyMemberFriend: 0 },
  });

describe('[HOK-41] who is in at once', () => {
  const stateOf = (...events: readonly (typeof group)[]) =>
    events.reduce(
      (before, event, revision) => decider.evolve(before, { ...event, revision }),
      decider.initialState,
    );

  test('joins where nobody has to be asked, or is invited by one who may bring others in', () => {
    expect(comingIn(stateOf(strict(2)), [cat, bob])).toEqual([cat]);
    expect(comingIn(stateOf(strict(1)), [cat])).toEqual([]);
    expect(comingIn(stateOf(group), [cat])).toEqual([]);
    expect(comingIn(stateOf(group), [cat, bob], member(bob))).toEqual([cat]);
    expect(comingIn(stateOf(strict(1)), [cat], member(bob))).toEqual([]);
    expect(comingIn(stateOf(strict(1)), [cat], member(amy))).toEqual([cat]);
  });
});
