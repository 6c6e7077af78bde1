import { beforeAll, describe, expect, test } from 'vitest';
import { conversationStream, type NumberedEvent } from '../../../core/conversation/events.ts';
import { notificationOf } from '../../../core/conversation/ids.ts';
import type { Seq, UserId } from '../../../core/kernel/ids.ts';
import { foldHead, type Head } from '../../../core/sequence/head.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { Span } from '../../../projections/chats/queries.ts';
import { pullRanges, pullSeqs } from '../../../projections/chats/reader.ts';
import { MemoryEventLog } from '../../support/memoryEventLog.ts';
import { ann, annAndBob, by, cat, sent } from '../../support/people.ts';

const MESSAGES = 30;
/** Ann has cleared what stands before. */
const FIRST_VISIBLE = 6;
const STREAM = conversationStream(annAndBob);

const log = new MemoryEventLog();
let head: Head | undefined;

beforeAll(async () => {
  const events = Array.from({ length: MESSAGES }, (_, index) => ({
    ...sent(index + 1),
    meta: by('ann'),
  }));
  await log.append(STREAM, 'no_stream', events);
  const stored = await log.readStream<NumberedEvent>(STREAM, {
    from: 'start',
    direction: 'forwards',
    max: MESSAGES,
  });
  head = stored.reduce<Head | undefined>(foldHead, undefined);
});

const reading = {
  log,
  conversationsAtHead: (user: UserId, spans: readonly unknown[]) =>
    Promise.resolve(
      spans.map(() => ({
        head,
        side: { ...emptySide(user, annAndBob), minSeq: FIRST_VISIBLE },
        peerReadUpTo: 0,
        revocations: new Map(),
        hidden: new Set<Seq>(),
        doubles: new Set<Seq>(),
      })),
    ),
};

const pull = async (begin: Seq, end: Seq, num: number, user = ann) => {
  const range = { conversation: annAndBob, begin, end, num };
  const pulled = await pullRanges(reading)(user, [range], 'ascending');
  return 'kind' in pulled ? pulled.reason : pulled[0]?.shown.map(({ seq }) => seq);
};

describe('a pull of a range', () => {
  test('[SYN-5] that is longer than asked for gives its newest messages', async () => {
    expect(await pull(1, MESSAGES, 3)).toEqual([28, 29, 30]);
    expect(await pull(10, 20, 3)).toEqual([18, 19, 20]);
    expect(await pull(10, 12, 3)).toEqual([10, 11, 12]);
  });
  test('[SYN-2] gives what there is within the window of the user, ascending', async () => {
    expect(await pull(1, 8, 100)).toEqual([6, 7, 8]);
    expect(await pull(29, 99, 100)).toEqual([29, 30]);
    expect(await pull(31, 99, 100)).toEqual([]);
  });
});

test('[SYN-15] of all that was taken back only what is pulled is looked up', async () => {
  const notices = conversationStream(notificationOf(annAndBob));
  const looked: unknown[] = [];
  const revocations = new Map(
    Array.from({ length: MESSAGES }, (_, index) => {
      const seq = index + 1;
      return [seq, { conversation: annAndBob, seq, revision: 100 + seq }];
    }),
  );
  const watched = Object.assign(Object.create(log) as typeof log, {
    readStream: (stream: string, options: Parameters<typeof log.readStream>[1]) => {
      if (stream === notices) looked.push(options.from);
      return log.readStream(stream, options);
    },
  });
  const deps = {
    log: watched,
    conversationsAtHead: async (user: UserId, spans: readonly Span[]) =>
      (await reading.conversationsAtHead(user, spans)).map((at) => ({ ...at, revocations })),
  };
  const range = { conversation: annAndBob, begin: 0, end: MESSAGES, num: 2 };
  await pullRanges(deps)(ann, [range], 'ascending');
  expect(looked).toEqual([129, 130]);
});

test('[SYN-6] a pull that names a conversation between others is refused whole', async () => {
  expect(await pull(1, 2, 2, cat)).toBe('conversation/not-party');
  const lists = [{ conversation: annAndBob, seqs: [1] }];
  expect(await pullSeqs(reading)(cat, lists, 'ascending')).toMatchObject({
    kind: 'refused',
    reason: 'conversation/not-party',
  });
});
