import { describe, expect, test } from 'vitest';
import type { Position, UserId } from '../../../core/kernel/ids.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { ConversationAtHead, Found, UserAtHead } from '../../../projections/chats/atHead.ts';
import type { Span } from '../../../projections/chats/queries.ts';
import { conversationsAtHead, userAtHead } from '../../../projections/chats/remembered.ts';
import type { Event } from '../../../projections/kernel/tail.ts';
import { ann, annAndBob, bob } from '../../support/people.ts';

/** A tail of which only names and positions matter. */
const fakeTail = () => {
  const events: (readonly [name: string, position: Position])[] = [];
  const state = { floor: 0 };
  const at = (position: Position): Event => ({
    type: 'UserChanged',
    id: `event-${String(position)}` as Event['id'],
    data: { user: ann, profile: {} },
    meta: { actor: ann, operationId: '' },
    stream: 'user-ann',
    revision: 0,
    position,
    created: 0,
  });
  return {
    state,
    touch: (name: string, position: Position) => events.push([name, position]),
    covers: (checkpoint: Position) => checkpoint >= state.floor,
    touching: (name: string, after: Position = 0) =>
      events.flatMap(([of, position]) => (of === name && position > after ? [at(position)] : [])),
  };
};

const someUser = (): UserAtHead => ({
  heads: [],
  joined: [],
  sides: [],
  sideOf: (conversation) => emptySide(ann, conversation),
  uncountedOf: () => [],
  ownFloorOf: () => 0,
  marksOf: () => undefined,
  mentionOf: () => undefined,
});

const somePart = (user: UserId): ConversationAtHead => ({
  head: undefined,
  side: emptySide(user, annAndBob),
  peerReadUpTo: 0,
  revocations: new Map(),
  hidden: new Set(),
  doubles: new Set(),
});

describe("[PRJ-7] a user's rows", () => {
  const start = () => {
    const tail = fakeTail();
    const asked: ((found: Found<UserAtHead>) => void)[] = [];
    const find = () => new Promise<Found<UserAtHead>>((resolve) => asked.push(resolve));
    const ofUser = userAtHead(find, tail);
    return { tail, asked, ofUser };
  };

  test('are remembered until something touches them', async () => {
    const { tail, asked, ofUser } = start();
    const first = ofUser(ann);
    const one = someUser();
    asked[0]?.({ at: one, seen: 10, names: ['u:ann', 'g:g1'] });
    expect(await first).toBe(one);
    tail.touch('u:bob', 11);
    expect(await ofUser(ann)).toBe(one);
    tail.touch('u:ann', 12);
    const second = ofUser(ann);
    const two = someUser();
    asked[1]?.({ at: two, seen: 12, names: ['u:ann', 'g:g1'] });
    expect(await second).toBe(two);
    expect(await ofUser(ann)).toBe(two);
    expect(asked).toHaveLength(2);
    // A group that the user is in is one of its names.
    tail.touch('g:g2', 13);
    expect(await ofUser(ann)).toBe(two);
    tail.touch('g:g1', 14);
    void ofUser(ann);
    expect(asked).toHaveLength(3);
  });

  test('are asked for anew where the tail does not reach back, or something came meanwhile', async () => {
    const { tail, asked, ofUser } = start();
    for (const [index, seen] of [10, undefined, 12].entries()) {
      const answer = ofUser(ann);
      asked[index]?.({ at: someUser(), seen, names: ['u:ann'] });
      await answer;
      tail.state.floor = 11;
    }
    await ofUser(ann);
    expect(asked).toHaveLength(3);
  });
});

describe("[PRJ-7] a conversation's rows", () => {
  const start = () => {
    const tail = fakeTail();
    const asked: (readonly Span[])[] = [];
    const seen: { at: Position | undefined } = { at: 10 };
    const ofConversations = conversationsAtHead((user, spans) => {
      asked.push(spans);
      return Promise.resolve(
        spans.map(({ conversation }) => ({
          at: somePart(user),
          seen: seen.at,
          names: [`c:${conversation}`],
        })),
      );
    }, tail);
    const span = (from: number, to: number, conversation = annAndBob): Span => ({
      conversation,
      from,
      to,
    });
    return { tail, asked, seen, ofConversations, span };
  };

  test('are asked for by the thousand, and remembered for the next pages', async () => {
    const { asked, ofConversations, span } = start();
    const [first] = await ofConversations(ann, [span(1, 100)]);
    expect((await ofConversations(ann, [span(101, 200)]))[0]).toBe(first);
    expect((await ofConversations(ann, [span(901, 999)]))[0]).toBe(first);
    expect(asked).toEqual([[span(0, 999)]]);
    await ofConversations(ann, [span(950, 1049)]);
    await ofConversations(bob, [span(1, 100)]);
    expect(asked.slice(1)).toEqual([[span(0, 1999)], [span(0, 999)]]);
  });

  test('stand in the order that was asked for, whichever are remembered', async () => {
    const { asked, ofConversations, span } = start();
    const others = ['si_ann_cat', 'si_ann_dan'] as (typeof annAndBob)[];
    const [cat, dan] = others;
    const [known] = await ofConversations(ann, [span(1, 1, dan)]);
    const all = await ofConversations(ann, [span(1, 1), span(1, 1, dan), span(1, 1, cat)]);
    expect(all).toHaveLength(3);
    expect(all[1]).toBe(known);
    expect(asked[1]).toEqual([span(0, 999), span(0, 999, cat)]);
  });

  test('are asked for anew once touched, and not kept when something came meanwhile', async () => {
    const { tail, asked, seen, ofConversations, span } = start();
    await ofConversations(ann, [span(1, 100)]);
    tail.touch(`c:${annAndBob}`, 11);
    seen.at = undefined;
    await ofConversations(ann, [span(1, 100)]);
    await ofConversations(ann, [span(1, 100)]);
    expect(asked).toHaveLength(3);
  });

  test('are bounded', async () => {
    const { asked, ofConversations, span } = start();
    for (let index = 0; index < 13_000; index += 1) {
      await ofConversations(ann, [span(1, 1, `si_ann_${String(index)}` as typeof annAndBob)]);
    }
    await ofConversations(ann, [span(1, 1, 'si_ann_0' as typeof annAndBob)]);
    await ofConversations(ann, [span(1, 1, 'si_ann_12999' as typeof annAndBob)]);
    expect(asked).toHaveLength(13_001);
  });
});
