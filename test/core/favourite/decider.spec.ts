import { describe, expect, test } from 'vitest';
import {
  favourite,
  FAVOURITES_MAX,
  type AddFavourite,
  type ChangeFavourite,
  type RemoveFavourite,
} from '../../../core/favourite/decider.ts';
import {
  favouriteStream,
  type FavouriteContent,
  type FavouriteEvent,
} from '../../../core/favourite/events.ts';
import { loadFavourites } from '../../../core/favourite/load.ts';
import type { Decided } from '../../../core/kernel/decider.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(favourite);
const call = { id: eventId('now'), at: 1, meta: by(ann) } as const;
const named = { user: ann, kind: 1, uuid: 'k' } as const;

const add = (content: Partial<FavouriteContent>, uuid = 'k'): AddFavourite => ({
  ...call,
  type: 'AddFavourite',
  data: { ...named, uuid, content },
});
const change = (content: Partial<FavouriteContent>, kind = 1): ChangeFavourite => ({
  ...call,
  type: 'ChangeFavourite',
  data: { ...named, kind, content },
});
const remove: RemoveFavourite = { ...call, type: 'RemoveFavourite', data: named };

const added = (content: FavouriteContent, uuid = 'k', id = call.id): Decided<FavouriteEvent> => ({
  id,
  type: 'FavouriteAdded',
  data: { ...named, uuid, content },
});
const changed = (content: Partial<FavouriteContent>): Decided<FavouriteEvent> => ({
  id: call.id,
  type: 'FavouriteChanged',
  data: { ...named, content },
});
const removed: Decided<FavouriteEvent> = { id: call.id, type: 'FavouriteRemoved', data: named };
const kept = added({ value: 'v', ex: 'x' });

describe('what is kept for a user', () => {
  test('[USR-30] is recorded, empty where nothing is said', () =>
    given()
      .when(add({ value: 'v' }))
      .then(added({ value: 'v', ex: '' })));
  test('[USR-30] kept again as it is changes nothing', () =>
    given(kept)
      .when(add({ value: 'v', ex: 'x' }))
      .then());
  test('[USR-30] kept again in other words is changed, and only in what is said', () =>
    given(kept)
      .when(add({ value: 'w' }))
      .then(changed({ value: 'w' })));
  test('[USR-30] changes only where it differs', () =>
    given(kept)
      .when(change({ value: 'v', ex: '' }))
      .then(changed({ ex: '' })));
  test('[USR-30] a change to what is so already is none', () =>
    given(kept, changed({ ex: 'y' }))
      .when(change({ ex: 'y' }))
      .then());
  test('[USR-30] is told apart by type, too', () =>
    given(kept)
      .when(change({ ex: 'y' }, 2))
      .refused('favourite/unknown'));
  test('[USR-31] cannot be changed where it is not', () =>
    given()
      .when(change({ ex: 'y' }))
      .refused('favourite/unknown'));
  test('[USR-31] can be removed once', () => {
    given(kept).when(remove).then(removed);
    given(kept, removed).when(remove).refused('favourite/unknown');
  });
  test('[USR-32] there are a thousand at most, and what is there may still change', () => {
    const all = Array.from({ length: FAVOURITES_MAX }, (_, index) =>
      added({ value: '', ex: '' }, `u${String(index)}`),
    );
    given(...all)
      .when(add({}, 'one more'))
      .refused('favourite/too-many');
    given(...all)
      .when(add({}, 'u7'))
      .then();
  });
  test('[SEA-2] what is erased is kept, and may be said anew', () => {
    const erased: Decided<FavouriteEvent> = {
      id: call.id,
      type: 'FavouriteAdded',
      data: { ...named, content: ERASED },
    };
    given(erased)
      .when(change({ value: 'v' }))
      .then(changed({ value: 'v' }));
    given(erased).when(remove).then(removed);
  });
});

test('loading folds as deciding does', async () => {
  const log = new MemoryEventLog();
  const events = [kept, added({ value: 'o', ex: '' }, 'o'), changed({ ex: 'y' }), removed].map(
    (event, index) => ({ ...event, id: eventId(index), meta: by(ann) }),
  );
  const stream = favouriteStream(ann);
  await log.append(stream, 'no_stream', events);
  const folded = events.reduce(
    (state, event, revision) => favourite.evolve(state, { ...event, revision }),
    favourite.initialState,
  );
  expect(await loadFavourites(log)(stream)).toEqual({ state: folded, revision: 3 });
  expect([...folded.keys()]).toEqual(['1 o']);
});
