import { describe, test } from 'vitest';
import type { Decided } from '../../../core/kernel/decider.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import { user, type ChangeUser, type RegisterUser } from '../../../core/user/decider.ts';
import type { Profile, UserRegistered } from '../../../core/user/events.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(user);
const profile: Profile = { nickname: 'Ann', faceUrl: '', ex: '' };

const register = (name: string): RegisterUser => ({
  type: 'RegisterUser',
  id: eventId(name),
  at: 1,
  meta: by('imAdmin'),
  data: { user: ann, level: 0, globalReceive: 0, profile },
});
const registered = (name: string): Decided<UserRegistered> => ({
  id: eventId(name),
  type: 'UserRegistered',
  data: { user: ann, level: 0, globalReceive: 0, profile },
});
const change = (data: Omit<ChangeUser['data'], 'user'>): ChangeUser => ({
  type: 'ChangeUser',
  id: eventId('change'),
  at: 2,
  meta: by(ann),
  data: { user: ann, ...data },
});

describe('registering a user', () => {
  test('[USR-1] is recorded', () => given().when(register('a')).then(registered('a')));
  test('[USR-2] of a registered id is refused', () =>
    given(registered('a')).when(register('b')).refused('user/registered-already'));
  test('[USR-3] repeated by the very same call changes nothing', () =>
    given(registered('a')).when(register('a')).then());
});

describe('changing a user', () => {
  test('[USR-4] that is not registered is refused', () =>
    given()
      .when(change({ level: 1 }))
      .refused('user/unknown'));
  test('[USR-5] records only what is different', () =>
    given(registered('a'))
      .when(change({ level: 0, profile: { nickname: 'Ann', ex: 'x' } }))
      .then({
        id: eventId('change'),
        type: 'UserChanged',
        data: { user: ann, profile: { ex: 'x' } },
      }));
  test('[USR-5] to what it is already changes nothing', () =>
    given(registered('a'))
      .when(change({ profile: { nickname: 'Ann' }, globalReceive: 0 }))
      .then());
  test('[USR-5] can clear a field', () =>
    given(registered('a'))
      .when(change({ profile: { nickname: '' } }))
      .then({
        id: eventId('change'),
        type: 'UserChanged',
        data: { user: ann, profile: { nickname: '' } },
      }));
  test('[SEA-2] whose profile has been erased goes on as registered', () =>
    given({ ...registered('a'), data: { ...registered('a').data, profile: ERASED } })
      .when(change({ globalReceive: 2 }))
      .then({ id: eventId('change'), type: 'UserChanged', data: { user: ann, globalReceive: 2 } }));
});
