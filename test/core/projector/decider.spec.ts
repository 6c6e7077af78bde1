import { describe, test } from 'vitest';
import { projector, type SkipEvent } from '../../../core/projector/decider.ts';
import { by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(projector);

const data = { projection: 'users', version: 1, position: 41, reason: 'too long a name' };
const skip = (changes: Partial<typeof data> = {}): SkipEvent => ({
  type: 'SkipEvent',
  id: eventId('skip'),
  at: 1,
  meta: by('imAdmin'),
  data: { ...data, ...changes },
});
const skipped = (changes: Partial<typeof data> = {}) => ({
  type: 'ProjectionSkipped' as const,
  id: eventId('skip'),
  data: { ...data, ...changes },
});

describe('[PRJ-16] skipping an event', () => {
  test('is recorded with its reason', () => {
    given().when(skip()).then(skipped());
  });
  test('again changes nothing, whatever the reason', () => {
    given(skipped())
      .when(skip({ reason: 'once more' }))
      .then();
  });
  test('is for one version of a read model, and one position', () => {
    given(skipped())
      .when(skip({ version: 2 }))
      .then(skipped({ version: 2 }));
    given(skipped())
      .when(skip({ position: 42 }))
      .then(skipped({ position: 42 }));
  });
});
