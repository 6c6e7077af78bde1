import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inboxStream, type ConversationConfigured } from '../../../core/inbox/events.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import { joinKey, splitKey } from '../../../projections/kernel/rows.ts';
import { sides } from '../../../projections/chats/tables.ts';
import { ann, annAndBob, bob, by, eventId } from '../../support/people.ts';

test('[PRJ-14] what a user has noted of a conversation can be stored, whatever is in it', () => {
  const configured: Recorded<ConversationConfigured> = {
    type: 'ConversationConfigured',
    id: eventId(1),
    meta: by('ann'),
    stream: inboxStream(ann),
    revision: 0,
    position: 1,
    created: 1,
    data: {
      user: ann,
      conversation: annAndBob,
      kind: 1,
      peer: { user: bob },
      settings: {},
      notes: { ex: 'a\0b', attachedInfo: '\ud800 half' },
    },
  };
  const [key = ''] = sides.keysOf(configured);
  expect(sides.fold(undefined, configured, key, [])).toMatchObject({
    ex: 'a\uFFFDb',
    attachedInfo: '\uFFFD half',
  });
});

test('[PRJ-2] keys of rows come apart into what they were joined of', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(' ', '%', '2', '0', '5') }),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), (parts) => {
      expect(splitKey(joinKey(...parts))).toEqual(parts);
    }),
  );
});
