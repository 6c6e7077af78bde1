import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  directionOf,
  friendship,
  isListed,
  type AnswerRequest,
  type ConfigureFriend,
  type DeleteFriend,
  type Friendship,
  type FriendshipCommand,
  type ImportFriend,
  type RequestFriend,
} from '../../../core/friendship/decider.ts';
import { friendshipStream, type FriendshipEvent } from '../../../core/friendship/events.ts';
import type { Decided } from '../../../core/kernel/decider.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { ann, bob, by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(friendship);

const call = { id: eventId('now'), at: 1, meta: by(ann) } as const;
const ask = (from: UserId, to: UserId, greeting = 'hi', ex = ''): RequestFriend => ({
  ...call,
  type: 'RequestFriend',
  data: { from, to, greeting, ex },
});
const agree = (from: UserId, to: UserId, message = ''): AnswerRequest => ({
  ...call,
  type: 'AnswerRequest',
  data: { from, to, agrees: true, message },
});
const decline = (from: UserId, to: UserId, message = ''): AnswerRequest => ({
  ...call,
  type: 'AnswerRequest',
  data: { from, to, agrees: false, message },
});
const bring = (owner: UserId, friend: UserId): ImportFriend => ({
  ...call,
  type: 'ImportFriend',
  data: { owner, friend },
});
const drop = (owner: UserId, friend: UserId): DeleteFriend => ({
  ...call,
  type: 'DeleteFriend',
  data: { owner, friend },
});
const configure = (
  owner: UserId,
  friend: UserId,
  data: Omit<ConfigureFriend['data'], 'owner' | 'friend'>,
): ConfigureFriend => ({ ...call, type: 'ConfigureFriend', data: { owner, friend, ...data } });

type Of<Type extends FriendshipEvent['type']> = Extract<FriendshipEvent, { type: Type }>;
const fact = <Type extends FriendshipEvent['type']>(
  type: Type,
  data: Of<Type>['data'],
): Decided<FriendshipEvent> =>
  // The two are of one event: that is what the parameters say.
  ({ id: eventId('now'), type, data }) as Decided<FriendshipEvent>;

const requested = (from: UserId, to: UserId, greeting = 'hi') =>
  fact('FriendRequested', { from, to, application: { greeting, ex: '' } });
const accepted = (from: UserId, to: UserId) => fact('FriendAccepted', { from, to });
const refused = (from: UserId, to: UserId) => fact('FriendRefused', { from, to });
const imported = fact('FriendImported', { owner: ann, friend: bob });
const deleted = (owner: UserId, friend: UserId) => fact('FriendDeleted', { owner, friend });
const noted = (data: Omit<Of<'FriendConfigured'>['data'], 'owner' | 'friend'>) =>
  fact('FriendConfigured', { owner: ann, friend: bob, ...data });

describe('asking to be a friend', () => {
  test('[FRD-1] between strangers is recorded, with what is said', () =>
    given().when(ask(ann, bob)).then(requested(ann, bob)));
  test('[FRD-2] in the same words while it waits changes nothing', () =>
    given(requested(ann, bob)).when(ask(ann, bob)).then());
  test('[FRD-2] in other words is a new request', () =>
    given(requested(ann, bob))
      .when(ask(ann, bob, 'it is me'))
      .then(requested(ann, bob, 'it is me')));
  test('[FRD-3] when the other has asked waits for approval too', () =>
    given(requested(bob, ann)).when(ask(ann, bob)).then(requested(ann, bob)));
  test('[FRD-4] of oneself is refused', () =>
    given().when(ask(ann, ann)).refused('friendship/self'));
  test('[FRD-4] of a friend is refused', () =>
    given(requested(ann, bob), accepted(ann, bob))
      .when(ask(bob, ann))
      .refused('friendship/already'));
  test('[FRD-4] again after a refusal waits again', () =>
    given(requested(ann, bob), refused(ann, bob)).when(ask(ann, bob)).then(requested(ann, bob)));
  test('[FRD-6] of who has deleted one is possible', () =>
    given(imported, deleted(bob, ann)).when(ask(ann, bob)).then(requested(ann, bob)));
  test('[SEA-2] with words that have been erased since is asked anew', () =>
    given(fact('FriendRequested', { from: ann, to: bob, application: ERASED }))
      .when(ask(ann, bob))
      .then(requested(ann, bob)));
});

describe('answering a request', () => {
  test('[FRD-5] agreeing is recorded, with what is said', () =>
    given(requested(ann, bob))
      .when(agree(ann, bob, 'welcome'))
      .then(fact('FriendAccepted', { from: ann, to: bob, answer: { message: 'welcome' } })));
  test('[FRD-5] refusing is recorded', () =>
    given(requested(ann, bob)).when(decline(ann, bob)).then(refused(ann, bob)));
  test('[FRD-5] nobody answers what was not asked, nor in the place of who was', () => {
    given().when(agree(ann, bob)).refused('friendship/no-request');
    given(requested(ann, bob)).when(agree(bob, ann)).refused('friendship/no-request');
  });
  test('[FRD-7] the same answer again changes nothing', () => {
    given(requested(ann, bob), accepted(ann, bob)).when(agree(ann, bob)).then();
    given(requested(ann, bob), refused(ann, bob)).when(decline(ann, bob)).then();
  });
  test('[FRD-7] another answer to what is settled is refused', () => {
    given(requested(ann, bob), accepted(ann, bob))
      .when(decline(ann, bob))
      .refused('friendship/handled-already');
    given(requested(ann, bob), refused(ann, bob))
      .when(agree(ann, bob))
      .refused('friendship/not-pending');
  });
  test('[FRD-7] an old agreement does not bring back who has been deleted since', () =>
    given(requested(ann, bob), accepted(ann, bob), deleted(bob, ann))
      .when(agree(ann, bob))
      .refused('friendship/not-pending'));
  test('[FRD-3] agreeing to one of two that cross settles both', () =>
    given(requested(ann, bob), requested(bob, ann), accepted(ann, bob))
      .when(agree(bob, ann))
      .then());
});

describe('being friends', () => {
  test('[FRD-8] an import makes two friends without a request, once', () => {
    given().when(bring(ann, bob)).then(imported);
    given(imported).when(bring(ann, bob)).then();
    given(imported).when(bring(bob, ann)).then();
    given().when(bring(ann, ann)).refused('friendship/self');
  });
  test('[FRD-8] an import completes a friendship that is one-sided', () =>
    given(imported, deleted(bob, ann)).when(bring(ann, bob)).then(imported));
  test('[FRD-6] deleting is one-sided, and nothing the second time', () => {
    given(imported).when(drop(ann, bob)).then(deleted(ann, bob));
    given(imported, deleted(ann, bob)).when(drop(ann, bob)).then();
    given(imported, deleted(ann, bob)).when(drop(bob, ann)).then(deleted(bob, ann));
    given().when(drop(ann, bob)).then();
  });
  test('[FRD-9] remark, pin and free text are recorded where they differ', () => {
    given(imported)
      .when(configure(ann, bob, { remark: 'B', pinned: false, ex: '' }))
      .then(noted({ notes: { remark: 'B' } }));
    given(imported, noted({ pinned: true, notes: { remark: 'B', ex: 'x' } }))
      .when(configure(ann, bob, { remark: '', pinned: true, ex: 'x' }))
      .then(noted({ notes: { remark: '' } }));
    given(imported)
      .when(configure(ann, bob, {}))
      .then();
  });
  test('[FRD-9] who is not listed is passed over, and forgotten once deleted', () => {
    given()
      .when(configure(ann, bob, { remark: 'B' }))
      .then();
    given(imported, noted({ pinned: true }), deleted(ann, bob), imported)
      .when(configure(ann, bob, { pinned: false }))
      .then();
  });
  test('[SEA-2] notes that have been erased can be set anew', () =>
    given(imported, noted({ notes: ERASED }))
      .when(configure(ann, bob, { remark: 'B' }))
      .then(noted({ notes: { remark: 'B' } })));
});

const directions = fc.constantFrom<readonly [UserId, UserId]>([ann, bob], [bob, ann]);
const commands: fc.Arbitrary<FriendshipCommand> = fc.oneof(
  fc.tuple(directions, fc.constantFrom('hi', 'ho')).map(([[from, to], hi]) => ask(from, to, hi)),
  directions.map(([from, to]) => agree(from, to)),
  directions.map(([from, to]) => decline(from, to)),
  directions.map(([owner, friend]) => bring(owner, friend)),
  directions.map(([owner, friend]) => drop(owner, friend)),
  fc
    .tuple(directions, fc.boolean(), fc.constantFrom('', 'B'))
    .map(([[owner, friend], pinned, remark]) => configure(owner, friend, { pinned, remark })),
);

const after = (state: Friendship, command: FriendshipCommand): Friendship => {
  const outcome = friendship.decide(command, state);
  if (outcome.kind === 'refused') return state;
  return outcome.events.reduce<Friendship>(
    (before, event) => friendship.evolve(before, { ...event, revision: 0 }),
    state,
  );
};

describe('any history', () => {
  test('[FRD-10] a command that was done changes nothing when it comes again at once', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 30 }), commands, (history, command) => {
        const state = history.reduce(after, friendship.initialState);
        const once = after(state, command);
        const again = friendship.decide(command, once);
        const was = friendship.decide(command, state);
        if (was.kind === 'refused') expect(again).toEqual(was);
        else expect(again.kind === 'refused' || again.events.length === 0).toBe(true);
        expect(after(once, command)).toEqual(once);
      }),
    );
  });

  test('[FRD-3] two become friends by approval or import alone', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 30 }), (history) => {
        history.reduce((state, command) => {
          const next = after(state, command);
          for (const owner of [ann, bob]) {
            if (!isListed(next, owner) || isListed(state, owner)) continue;
            const approved =
              command.type === 'AnswerRequest' &&
              directionOf(state, command.data.from).asked?.result === 'pending';
            expect(approved || command.type === 'ImportFriend').toBe(true);
          }
          return next;
        }, friendship.initialState);
      }),
    );
  });
});

test('[FRD-11] a pair has one stream, and no other pair has it', () => {
  const named = (one: string, other: string) => friendshipStream(one as UserId, other as UserId);
  expect(named('ann', 'bob')).toBe(named('bob', 'ann'));
  expect(named('a_b', 'c')).not.toBe(named('a', 'b_c'));
  const id = fc.stringMatching(/^[A-Za-z0-9_]{1,4}$/);
  fc.assert(
    fc.property(id, id, id, id, (a, b, c, d) => {
      const same = [a, b].sort().join(' ') === [c, d].sort().join(' ');
      expect(named(a, b) === named(c, d)).toBe(same);
    }),
  );
});
