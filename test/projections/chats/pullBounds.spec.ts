import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CONTENT_BYTES_MAX } from '../../../core/conversation/decider.ts';
import {
  conversationOfStream,
  conversationStream,
  type NumberedEvent,
} from '../../../core/conversation/events.ts';
import { single } from '../../../core/conversation/ids.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { ConversationId, Seq, UserId } from '../../../core/kernel/ids.ts';
import { foldHead, type Head } from '../../../core/sequence/head.ts';
import type { Pulled } from '../../../core/sequence/shown.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { Refused } from '../../../core/kernel/decider.ts';
import type { ConversationAtHead } from '../../../projections/chats/atHead.ts';
import { CALL_UNITS_MAX } from '../../../projections/chats/inTurn.ts';
import type { Span } from '../../../projections/chats/queries.ts';
import { PULL_MAX, pullRanges, pullSeqs } from '../../../projections/chats/reader.ts';
import { merged, numbersOf, split, within } from '../../../projections/chats/runs.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, by, sent } from '../../support/people.ts';

const OTHERS = 20;
/** In each of the conversations with one of the others: as long as messages may be. */
const LONG = 60;
/** In the one with bob. */
const SHORT = 1_500;
const withOthers = Array.from({ length: OTHERS }, (_, index) =>
  single(ann, `other${String(index)}` as UserId),
);
const content = 'x'.repeat(CONTENT_BYTES_MAX);

const log = new MemoryEventLog();
const heads = new Map<ConversationId, Head>();
let read = 0;

beforeAll(async () => {
  const add = async (conversation: ConversationId, count: number, body: { content: string }) => {
    const events = Array.from({ length: count }, (_, index) => ({
      ...sent(`${conversation} ${String(index)}`, { body }),
      meta: by('ann'),
    }));
    await log.append(conversationStream(conversation), 'no_stream', events);
  };
  await add(annAndBob, SHORT, { content: 'hi' });
  for (const conversation of withOthers) await add(conversation, LONG, { content });
  const { events } = await log.readAll({ after: 0, max: 10_000 });
  for (const event of events as readonly (NumberedEvent & (typeof events)[number])[]) {
    const conversation = conversationOfStream(event.stream);
    heads.set(conversation, foldHead(heads.get(conversation), event));
  }
});

const counted: Pick<EventLog, 'readStream'> = {
  readStream: async (stream, options) => {
    const events = await log.readStream(stream, options);
    read += events.length;
    return events as never;
  },
};

const deps = {
  log: Object.assign(Object.create(log) as EventLog, counted),
  conversationsAtHead: (user: UserId, spans: readonly Span[]) =>
    Promise.resolve(
      spans.map(({ conversation }): ConversationAtHead => ({
        head: heads.get(conversation),
        side: emptySide(user, conversation),
        peerReadUpTo: 0,
        revocations: new Map(),
        hidden: new Set<Seq>(),
        doubles: new Set<Seq>(),
      })),
    ),
};

const seqsOf = (pulled: readonly Pulled[] | Refused<string>): readonly (readonly Seq[])[] => {
  if ('kind' in pulled) throw new Error(pulled.detail);
  return pulled.map(({ shown }) => shown.map(({ seq }) => seq));
};

const ranges = (list: readonly (readonly [Seq, Seq, number])[], conversation = annAndBob) =>
  list.map(([begin, end, num]) => ({ conversation, begin, end, num }));

const upFrom = (first: Seq, count: number) =>
  Array.from({ length: count }, (_, index) => first + index);

describe('several ranges of one conversation', () => {
  test('[SYN-14] are one answer: each number once, ascending', async () => {
    const asked = ranges([
      [5, 9, 2],
      [1, 3, 9],
      [8, 12, 9],
    ]);
    expect(seqsOf(await pullRanges(deps)(ann, asked, 'ascending'))).toEqual([
      [1, 2, 3, 8, 9, 10, 11, 12],
    ]);
  });

  test('[SYN-15] are read once, however many they are', async () => {
    read = 0;
    const asked = ranges(Array.from({ length: 2_000 }, () => [1, SHORT, 1_000] as const));
    const [seqs] = seqsOf(await pullRanges(deps)(ann, asked, 'ascending'));
    expect(seqs).toEqual(upFrom(SHORT - PULL_MAX + 1, PULL_MAX));
    expect(read).toBe(PULL_MAX);
    const lists = Array.from({ length: 2_000 }, () => ({ conversation: annAndBob, seqs: [7, 8] }));
    expect(seqsOf(await pullSeqs(deps)(ann, lists, 'ascending'))).toEqual([[7, 8]]);
    expect(read).toBe(PULL_MAX + 2);
  });
});

describe('a pull of more than an answer can take', () => {
  const most = Math.ceil((2 * CALL_UNITS_MAX) / CONTENT_BYTES_MAX);

  test('[SYN-15] ends early, with the newest of every conversation', async () => {
    read = 0;
    const asked = withOthers.flatMap((id) => ranges([[1, LONG, LONG]], id));
    const found = seqsOf(await pullRanges(deps)(ann, asked, 'ascending'));
    expect(read).toBeLessThanOrEqual(most);
    for (const seqs of found) {
      expect(seqs.length).toBeGreaterThan(0);
      expect(seqs).toEqual(upFrom(LONG - seqs.length + 1, seqs.length));
    }
  });

  test.each([
    ['oldest', 'ascending'],
    ['newest', 'descending'],
  ] as const)('[SYN-15] by numbers keeps the %s where it is %s', async (kept, order) => {
    read = 0;
    const seqs = upFrom(1, LONG);
    const lists = withOthers.map((conversation) => ({ conversation, seqs }));
    const found = seqsOf(await pullSeqs(deps)(ann, lists, order));
    expect(read).toBeLessThanOrEqual(most);
    for (const some of found) {
      expect(some.length).toBeGreaterThan(0);
      expect(some).toEqual(
        kept === 'oldest' ? seqs.slice(0, some.length) : seqs.slice(-some.length),
      );
    }
  });
});

test('runs hold what sets of numbers do', () => {
  const run = fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -2, max: 9 }))
    .map(([from, more]) => ({ from, to: from + more }));
  const cases = [fc.array(run), run, fc.nat(60), fc.constantFrom('newest', 'oldest')] as const;
  fc.assert(
    fc.property(...cases, (runs, bounds, count, end) => {
      const numbers = [...new Set(runs.flatMap((one) => numbersOf([one])))].sort((a, b) => a - b);
      const ascending = merged(runs);
      expect(numbersOf(ascending)).toEqual(numbers);
      const inside = numbers.filter((seq) => seq >= bounds.from && seq <= bounds.to);
      expect(numbersOf(within(ascending, bounds))).toEqual(inside);
      const { taken, left } = split(ascending, count, end);
      const at = end === 'newest' ? Math.max(0, numbers.length - count) : count;
      const parts = [numbers.slice(0, at), numbers.slice(at)];
      const wanted = end === 'newest' ? parts.toReversed() : parts;
      expect([taken, left].map(numbersOf)).toEqual(wanted);
    }),
  );
});
