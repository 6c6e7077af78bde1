import { describe, expect, test } from 'vitest';
import { single } from '../../../core/conversation/ids.ts';
import type { ConversationId, UserId } from '../../../core/kernel/ids.ts';
import type { Head } from '../../../core/sequence/head.ts';
import { conversationsOfRows } from '../../../projections/chats/atHead.ts';
import type { ConversationRows } from '../../../projections/chats/queries.ts';
import { ann, bob } from '../../support/people.ts';

const MANY = 500;
const tail = { touching: () => [], covers: () => true };

/** A row that counts how often it is looked at. */
const rowsOf = (conversations: readonly ConversationId[], look: () => void): ConversationRows => {
  const counting = <Row extends object>(row: Row): Row =>
    new Proxy(row, {
      get: (target, key) => {
        if (key === 'conversation') look();
        return Reflect.get(target, key) as unknown;
      },
    });
  const heads = conversations.map((conversation, index): Head => ({
    conversation,
    first: ann,
    second: bob,
    group: undefined,
    maxSeq: index + 1,
    maxSeqTime: 1,
    maxSeqPos: 1,
    firstOwn: 0,
    secondOwn: 0,
    createdPos: 1,
  }));
  const marks = conversations.map((conversation, index) => ({ conversation, seq: index + 1 }));
  return {
    checkpoint: 1,
    heads: heads.map(counting),
    sides: [],
    groups: { windows: [], departures: [], marks: [] },
    revocations: marks.map((mark) => counting({ ...mark, revision: 7 })),
    hidden: marks.map((mark) => counting({ ...mark, owner: ann })),
    doubles: marks.map(counting),
    sends: new Map(),
  };
};

describe('what bears on many conversations', () => {
  const conversations = Array.from({ length: MANY }, (_, index) =>
    single(ann, `u${String(index)}` as UserId),
  );
  const spans = conversations.map((conversation) => ({ conversation, from: 0, to: MANY }));

  test('[SYN-15] is told apart at a cost that grows with their number, not with its square', () => {
    let looks = 0;
    const rows = rowsOf(conversations, () => (looks += 1));
    const found = conversationsOfRows(tail, ann, spans, rows);
    expect(looks).toBeLessThan(20 * MANY);
    expect(found.map(({ head }) => head?.maxSeq)).toEqual(spans.map((_, index) => index + 1));
    for (const [index, { revocations, hidden, doubles }] of found.entries()) {
      const only = [index + 1];
      expect([[...revocations.keys()], [...hidden], [...doubles]]).toEqual([only, only, only]);
    }
  });
});
