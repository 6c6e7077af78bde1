import type { MessageRevoked, NumberedEvent } from '../../core/conversation/events.ts';
import { conversationStream } from '../../core/conversation/events.ts';
import { notificationOf } from '../../core/conversation/ids.ts';
import { refuse, type Refused } from '../../core/kernel/decider.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, Seq, UserId } from '../../core/kernel/ids.ts';
import { formOf, takesPart } from '../../core/sequence/head.ts';
import type { Pulled, Shown } from '../../core/sequence/shown.ts';
import { shownOf } from '../../core/sequence/visible.ts';
import type { ConversationAtHead } from './atHead.ts';
import { grouped } from './grouped.ts';
import { readInTurn } from './inTurn.ts';
import type { Span } from './queries.ts';
import type { Revocation } from './tables.ts';
import { hullOf, merged, numbersOf, split, within, type Run } from './runs.ts';

/** Messages one pull of one conversation gives at most; the oldest are left out. */
export const PULL_MAX = 1_000;
/** Numbers looked at backwards for the newest message a user can see: at a time, and in all. */
const LAST_PAGE = 20;
const LAST_PAGES_MAX = 25;
/** Conversations in which that is looked for at the same time. */
const LAST_AT_ONCE = 20;

export type Order = 'ascending' | 'descending';
export type Range = Readonly<{ conversation: ConversationId; begin: Seq; end: Seq; num: number }>;
export type SeqList = Readonly<{ conversation: ConversationId; seqs: readonly Seq[] }>;

export type ReaderDeps = Readonly<{
  log: EventLog;
  conversationsAtHead: (
    user: UserId,
    spans: readonly Span[],
  ) => Promise<readonly ConversationAtHead[]>;
}>;

const NOT_PARTY = refuse(
  'conversation/not-party',
  'conversationID: this conversation is between others',
);

const readRevocations = async (
  log: EventLog,
  conversation: ConversationId,
  revocations: readonly Revocation[],
): Promise<ReadonlyMap<Seq, Recorded<MessageRevoked>>> => {
  const stream = conversationStream(notificationOf(conversation));
  const read = revocations.map(async ({ seq, revision }) => {
    const [event] = await log.readStream<MessageRevoked>(stream, {
      from: revision,
      direction: 'forwards',
      max: 1,
    });
    return event === undefined ? [] : [[seq, event] as const];
  });
  return new Map((await Promise.all(read)).flat());
};

const isNowhere = (): boolean => false;

/** The numbers asked for as this user sees them, ascending; they exist. */
const show = async (
  log: EventLog,
  conversation: ConversationId,
  at: ConversationAtHead,
  runs: readonly Run[],
): Promise<readonly Shown[]> => {
  const numbers = numbersOf(runs);
  const [pages, revoked] = await Promise.all([
    Promise.all(
      runs.map(({ from, to }) =>
        log.readStream<NumberedEvent>(conversationStream(conversation), {
          from: from - 1,
          direction: 'forwards',
          max: to - from + 1,
        }),
      ),
    ),
    readRevocations(
      log,
      conversation,
      numbers.flatMap((seq) => at.revocations.get(seq) ?? []),
    ),
  ]);
  const overlay = {
    revoked,
    hidden: at.hidden,
    doubles: at.doubles,
    isVoid: at.head?.isVoid ?? isNowhere,
    peerReadUpTo: formOf(conversation) === 'single' ? at.peerReadUpTo : 0,
  };
  const found = new Map(pages.flat().map((event) => [event.revision + 1, event]));
  return numbers.map((seq) => {
    const event = found.get(seq);
    return event === undefined ? { kind: 'void', seq } : shownOf(event, overlay);
  });
};

const lowest = (at: ConversationAtHead): Seq => Math.max(at.side.minSeq, at.head?.from ?? 0, 1);
const highest = (at: ConversationAtHead): Seq => at.head?.maxSeq ?? 0;

/** What was asked, conversation by conversation, with where each stands; refused if one is foreign. */
const known = async <T extends Span>(
  { conversationsAtHead }: ReaderDeps,
  user: UserId,
  asked: readonly T[],
): Promise<
  readonly (T & Readonly<{ at: ConversationAtHead }>)[] | Refused<'conversation/not-party'>
> => {
  const spans = asked.map(({ conversation, from, to }) => ({ conversation, from, to }));
  const all = await conversationsAtHead(user, spans);
  if (all.some(({ head }) => head !== undefined && !takesPart(head, user))) return NOT_PARTY;
  return all.flatMap((at, index) => {
    const one = asked[index];
    return one === undefined ? [] : [{ ...one, at }];
  });
};

/** Chat conversations give the newest `num` of a range; notifications all of it (openim-gateway 3.3). */
const runOfRange = ({ conversation, begin, end, num }: Range, at: ConversationAtHead): Run => {
  const to = Math.min(end, highest(at));
  const room = formOf(conversation) === 'notifications' ? PULL_MAX : Math.min(num, PULL_MAX);
  return { from: Math.max(lowest(at), begin, to - room + 1), to };
};

export const pullRanges =
  (deps: ReaderDeps) =>
  async (
    user: UserId,
    asked: readonly Range[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused<'conversation/not-party'>> => {
    const groups = [...grouped(asked, (range) => range.conversation)];
    const spans = groups.map(([conversation, ranges]) => {
      const { from, to } = hullOf(ranges.map(({ begin, end }) => ({ from: begin, to: end })));
      return { conversation, ranges, from, to };
    });
    const all = await known(deps, user, spans);
    if ('kind' in all) return all;
    const wanted = all.map((one) => {
      const runs = merged(one.ranges.map((range) => runOfRange(range, one.at)));
      return { ...one, runs: split(runs, PULL_MAX, 'newest').taken };
    });
    const read = await readInTurn(wanted, 'newest', ({ conversation, at }, runs) =>
      show(deps.log, conversation, at, runs),
    );
    return read.map(({ conversation, at, ranges, shown }): Pulled => {
      const isEnd = ranges.some(({ begin, end }) =>
        order === 'ascending' ? highest(at) <= end : begin <= lowest(at),
      );
      return { conversation, shown, isEnd: at.head === undefined || isEnd, endSeq: 0 };
    });
  };

export const pullSeqs =
  (deps: ReaderDeps) =>
  async (
    user: UserId,
    asked: readonly SeqList[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused<'conversation/not-party'>> => {
    const kept = order === 'descending' ? 'newest' : 'oldest';
    const spans = [...grouped(asked, ({ conversation }) => conversation)].map(
      ([conversation, lists]) => {
        const seqs = lists.flatMap((list) => list.seqs).filter((seq) => seq > 0);
        const runs = merged(seqs.map((seq) => ({ from: seq, to: seq })));
        return { conversation, runs, ...hullOf(runs) };
      },
    );
    const all = await known(deps, user, spans);
    if ('kind' in all) return all;
    const wanted = all.map((one) => {
      const inside = within(one.runs, { from: lowest(one.at), to: highest(one.at) });
      return { ...one, runs: split(inside, PULL_MAX, kept).taken };
    });
    const read = await readInTurn(wanted, kept, ({ conversation, at }, runs) =>
      show(deps.log, conversation, at, runs),
    );
    return read.map(({ conversation, at, from, to, shown }): Pulled => {
      if (at.head === undefined) return { conversation, shown, isEnd: false, endSeq: 0 };
      // A hull of no numbers at all is 0 to 0, and beyond neither end.
      const below = order === 'descending' && from > 0 && from < lowest(at);
      const above = order === 'ascending' && to > highest(at);
      const endSeq = below ? lowest(at) : above ? highest(at) : 0;
      return { conversation, shown, isEnd: below || above, endSeq };
    });
  };

const isVisible = ({ kind }: Shown): boolean => kind === 'event' || kind === 'revoked';

/** Backwards, the newest alone first: mostly that is the one. */
const lookBack = async (
  log: EventLog,
  conversation: ConversationId,
  at: ConversationAtHead,
): Promise<Shown | undefined> => {
  const least = Math.max(lowest(at), highest(at) - LAST_PAGE * LAST_PAGES_MAX + 1);
  for (let to = highest(at), size = 1; to >= least; to -= size, size = LAST_PAGE) {
    const from = Math.max(least, to - size + 1);
    const newest = (await show(log, conversation, at, [{ from, to }])).findLast(isVisible);
    if (newest !== undefined) return newest;
  }
  return undefined;
};

/** The newest message the user can see; looked for backwards from the newest number, within bounds. */
export const lastVisible =
  (deps: ReaderDeps) =>
  async (
    user: UserId,
    conversations: readonly ConversationId[],
  ): Promise<ReadonlyMap<ConversationId, Shown>> => {
    const upTo = (ends: readonly Seq[]): readonly Span[] =>
      conversations.map((conversation, index) => {
        const to = ends[index] ?? 0;
        return { conversation, from: to - LAST_PAGE * LAST_PAGES_MAX, to };
      });
    // Where they end says which numbers to ask about.
    const ends = await deps.conversationsAtHead(user, upTo([]));
    const all = await deps.conversationsAtHead(user, upTo(ends.map(highest)));
    const found = new Map<ConversationId, Shown>();
    for (let start = 0; start < conversations.length; start += LAST_AT_ONCE) {
      const some = conversations.slice(start, start + LAST_AT_ONCE);
      const looked = some.map(async (conversation, index) => {
        const at = all[start + index];
        if (at?.head === undefined || !takesPart(at.head, user)) return;
        const newest = await lookBack(deps.log, conversation, at);
        if (newest !== undefined) found.set(conversation, newest);
      });
      await Promise.all(looked);
    }
    return found;
  };
