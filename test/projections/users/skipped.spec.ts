import { expect, test } from 'vitest';
import type { Recorded } from '../../../core/kernel/fact.ts';
import { userStream, type UserChanged } from '../../../core/user/events.ts';
import { usersTable } from '../../../projections/users/project.ts';
import { ann, by, eventId } from '../../support/people.ts';

test('[PRJ-16] a user whose registration has been skipped has no row, whatever comes later', () => {
  const changed: Recorded<UserChanged> = {
    type: 'UserChanged',
    id: eventId(2),
    meta: by('ann'),
    stream: userStream(ann),
    revision: 1,
    position: 2,
    created: 1,
    data: { user: ann, profile: { nickname: 'Ann' } },
  };
  expect(usersTable.fold(undefined, changed, ann)).toBeUndefined();
});
