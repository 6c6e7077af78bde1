import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AHEAD_MS_MAX, numbered, type AppendNumbered } from '../../../core/conversation/decider.ts';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import type { Decided, Placed } from '../../../core/kernel/decider.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { ann, bob, by, cat, eventId, sent } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(numbered);

const send = (
  name: string | number,
  {
    at = 1_000,
    from = ann,
    to = bob,
    ...rest
  }: Partial<AppendNumbered> & { from?: UserId; to?: UserId } = {},
): AppendNumbered => {
  const { sendTime: _, ...data } = sent(name, { from, to }).data;
  return {
    stream: 'conversation-si_ann_bob',
    id: eventId(name),
    at,
    meta: by(from),
    wish: { type: 'MessageSent', data },
    ...rest,
  };
};

describe('a numbered stream', () => {
  test('[SEQ-1] takes a message at the next number', () =>
    given(sent(1))
      .when(send(2, { at: 2_000 }))
      .then(sent(2, { sendTime: 2_000 })));
  test('[SEQ-2] takes the same message once', () => given(sent(1), sent(2)).when(send(1)).then());
  test('[SEQ-3] knows who takes part from its first event: either may go on', () =>
    given(sent(1))
      .when(send(2, { from: bob, to: ann, at: 2_000 }))
      .then(sent(2, { from: bob, to: ann, sendTime: 2_000 })));
  test('[SEQ-3] refuses anybody else, though the ids join to the same conversation', () => {
    const a = 'a' as UserId;
    const bc = 'b_c' as UserId;
    const ab = 'a_b' as UserId;
    const c = 'c' as UserId;
    given(sent(1, { from: a, to: bc }))
      .when(send(2, { from: ab, to: c }))
      .refused('conversation/not-party');
    given(sent(1))
      .when(send(2, { from: cat }))
      .refused('conversation/not-party');
  });
  test('[SEQ-4] gives each message a later time than the one it follows', () => {
    for (const at of [5_000, 4_500]) {
      given(sent(1, { sendTime: 5_000 }))
        .when(send(2, { at }))
        .then(sent(2, { sendTime: 5_001 }));
    }
  });
  test('[SEQ-4] but the times of a hot conversation do not leave the clock behind, nor fall', () => {
    const at = 5_000 - AHEAD_MS_MAX;
    given(sent(1, { sendTime: 5_000 }))
      .when(send(2, { at }))
      .then(sent(2, { sendTime: 5_000 }));
    given(sent(1, { sendTime: 5_000 }))
      .when(send(2, { at: 1 }))
      .then(sent(2, { sendTime: 5_000 }));
  });
  test('[SEQ-4] keeps the time of an import, unless it would go back', () => {
    given(sent(1, { sendTime: 500 }))
      .when(send(2, { at: 9_000, sendTime: 600 }))
      .then(sent(2, { sendTime: 600 }));
    given(sent(1, { sendTime: 500 }))
      .when(send(2, { at: 9_000, sendTime: 400 }))
      .then(sent(2, { sendTime: 501 }));
    given(sent(1, { sendTime: 500 }))
      .when(send(2, { at: 9_000, sendTime: 9_000_000 }))
      .then(sent(2, { sendTime: 9_000 }));
  });

  test('[SEQ-1] [SEQ-2] counts 1..n and holds each message once, however often each was sent', () => {
    const sends = fc.array(fc.tuple(fc.constantFrom(ann, bob), fc.integer({ min: 0, max: 5 })));
    fc.assert(
      fc.property(sends, (batch) => {
        const log: Placed<NumberedEvent>[] = [];
        for (const [from, number] of batch) {
          const state = log.reduce(numbered.evolve, numbered.initialState);
          const name = `${from}-${String(number)}`;
          const command = send(name, { from, to: from === ann ? bob : ann });
          const outcome = numbered.decide(command, state);
          if (outcome.kind === 'refused') throw new Error(outcome.detail);
          const placed = outcome.events.map((event: Decided<NumberedEvent>) => ({
            ...event,
            revision: log.length,
          }));
          log.push(...placed);
          const known = log.reduce(numbered.evolve, numbered.initialState).window.find(command.id);
          expect(known).toBe(log.findIndex(({ id }) => id === command.id) + 1);
        }
        const wanted = [...new Set(batch.map(([from, number]) => `${from}-${String(number)}`))];
        expect(log.map(({ id }) => id)).toEqual(wanted.map(eventId));
      }),
    );
  });
});
