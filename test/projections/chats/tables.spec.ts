import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inboxStream, type ConversationConfigured } from '../../../core/inbox/events.ts';
import type { MessageSent } from '../../../core/conversation/events.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { GroupId } from '../../../core/kernel/ids.ts';
import { mentions } from '../../../projections/chats/groupTables.ts';
import { joinKey, splitKey } from '../../../projections/kernel/rows.ts';
import { sides } from '../../../projections/chats/tables.ts';
import { ann, annAndBob, bob, by, eventId, sent } from '../../support/people.ts';

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

test('[PRJ-14] [SYN-22] whatever a client names is no row, if it cannot be the id of a user', () => {
  const names = ['bob', 'b'.repeat(65), 'b'.repeat(20_000), 'b\0b', '\0', '', 'b ob', 'ß', 'bob'];
  const said: Recorded<MessageSent> = {
    ...sent(1),
    meta: by('ann'),
    ...{ stream: 'conversation-sg_g1', revision: 0, position: 1, created: 1 },
    data: {
      ...{ from: ann, group: 'g1' as GroupId, clientMsgId: 'c', contentType: 106 },
      ...{ createTime: 1, sendTime: 1, atUsers: names, body: { content: '{}' } },
    },
  };
  expect(mentions.keysOf(said)).toEqual([joinKey('sg_g1', 'bob')]);
});

// Out here: to make the first takes seconds on a busy machine.
const part = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(' ', '%', '2', '0', '5') }),
);

test('[PRJ-2] keys of rows come apart into what they were joined of', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), (parts) => {
      expect(splitKey(joinKey(...parts))).toEqual(parts);
    }),
  );
});
