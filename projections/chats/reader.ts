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
import type { Span } from './queries.ts';

/** Messages one pull of one conversation gives at most; the oldest are left out. */
export const PULL_MAX = 1_000;
/** Numbers looked at backwards for the newest message a user can see: at a time, and in all. */
const LAST_PAGE = 20;
const LAST_PAGES_MAX = 25;

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

/** Runs of numbers without a hole, so that each is one read of the log. */
const runs = (seqs: readonly Seq[]): readonly Readonly<{ from: Seq; to: Seq }>[] => {
  const found: { from: Seq; to: Seq }[] = [];
  for (const seq of seqs) {
    const last = found.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else found.push({ from: seq, to: seq });
  }
  return found;
};

const readRevocations = async (
  log: EventLog,
  conversation: ConversationId,
  { revocations }: ConversationAtHead,
  seqs: readonly Seq[],
): Promise<ReadonlyMap<Seq, Recorded<MessageRevoked>>> => {
  const stream = conversationStream(notificationOf(conversation));
  const asked = new Set(seqs);
  const wanted = [...revocations.values()].filter(({ seq }) => asked.has(seq));
  const read = wanted.map(async ({ seq, revision }) => {
    const [event] = await log.readStream<MessageRevoked>(stream, {
      from: revision,
      direction: 'forwards',
      max: 1,
    });
    return event === undefined ? [] : [[seq, event] as const];
  });
  return new Map((await Promise.all(read)).flat());
};

const NONE: ReadonlyMap<Seq, Recorded<MessageRevoked>> = new Map();

/** The numbers asked for as this user sees them, ascending; `seqs` are ascending and exist. */
const show = async (
  log: EventLog,
  conversation: ConversationId,
  at: ConversationAtHead,
  seqs: readonly Seq[],
): Promise<readonly Shown[]> => {
  const [pages, revoked] = await Promise.all([
    Promise.all(
      runs(seqs).map(({ from, to }) =>
        log.readStream<NumberedEvent>(conversationStream(conversation), {
          from: from - 1,
          direction: 'forwards',
          max: to - from + 1,
        }),
      ),
    ),
    at.revocations.size === 0 ? NONE : readRevocations(log, conversation, at, seqs),
  ]);
  const overlay = {
    revoked,
    hidden: at.hidden,
    doubles: at.doubles,
    peerReadUpTo: formOf(conversation) === 'single' ? at.peerReadUpTo : 0,
  };
  const found = new Map(pages.flat().map((event) => [event.revision + 1, event]));
  return seqs.map((seq) => {
    const event = found.get(seq);
    return event === undefined ? { kind: 'void', seq } : shownOf(event, overlay);
  });
};

const lowest = (at: ConversationAtHead): Seq => Math.max(at.side.minSeq, 1);
const highest = (at: ConversationAtHead): Seq => at.head?.maxSeq ?? 0;

const sequence = (from: Seq, to: Seq): readonly Seq[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

/** Chat conversations give the newest `num` of a range; notifications all of it (openim-gateway 3.3). */
const seqsOfRange = ({ conversation, begin, end, num }: Range, at: ConversationAtHead) => {
  const to = Math.min(end, highest(at));
  const room = formOf(conversation) === 'notifications' ? PULL_MAX : Math.min(num, PULL_MAX);
  return sequence(Math.max(lowest(at), begin, to - room + 1), to);
};

export const pullRanges =
  ({ log, conversationsAtHead }: ReaderDeps) =>
  async (
    user: UserId,
    ranges: readonly Range[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused<'conversation/not-party'>> => {
    const all = await conversationsAtHead(
      user,
      ranges.map(({ conversation, begin, end }) => ({ conversation, from: begin, to: end })),
    );
    if (all.some(({ head }) => head !== undefined && !takesPart(head, user))) return NOT_PARTY;
    return Promise.all(
      ranges.map(async (range, index): Promise<Pulled> => {
        const { conversation, begin, end } = range;
        const at = all[index];
        if (at?.head === undefined) return { conversation, shown: [], isEnd: true, endSeq: 0 };
        const shown = await show(log, conversation, at, seqsOfRange(range, at));
        const isEnd = order === 'ascending' ? highest(at) <= end : begin <= lowest(at);
        return { conversation, shown, isEnd, endSeq: 0 };
      }),
    );
  };

export const pullSeqs =
  ({ log, conversationsAtHead }: ReaderDeps) =>
  async (
    user: UserId,
    lists: readonly SeqList[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused<'conversation/not-party'>> => {
    const asked = lists.map(({ conversation, seqs }) => ({
      conversation,
      seqs: [...new Set(seqs)].filter((seq) => seq > 0).toSorted((a, b) => a - b),
    }));
    const all = await conversationsAtHead(
      user,
      asked.map(({ conversation, seqs }) => ({
        conversation,
        from: seqs[0] ?? 0,
        to: seqs.at(-1) ?? 0,
      })),
    );
    if (all.some(({ head }) => head !== undefined && !takesPart(head, user))) return NOT_PARTY;
    return Promise.all(
      asked.map(async ({ conversation, seqs }, index): Promise<Pulled> => {
        const at = all[index];
        if (at?.head === undefined) return { conversation, shown: [], isEnd: false, endSeq: 0 };
        const [from, to] = [lowest(at), highest(at)];
        const inside = seqs.filter((seq) => seq >= from && seq <= to).slice(-PULL_MAX);
        const shown = await show(log, conversation, at, inside);
        const below = order === 'descending' && seqs.some((seq) => seq < from);
        const above = order === 'ascending' && seqs.some((seq) => seq > to);
        const endSeq = below ? from : above ? to : 0;
        return { conversation, shown, isEnd: below || above, endSeq };
      }),
    );
  };

const isVisible = ({ kind }: Shown): boolean => kind === 'event' || kind === 'revoked';

/** The newest message the user can see; looked for backwards from the newest number, within bounds. */
export const lastVisible =
  (deps: ReaderDeps) =>
  async (
    user: UserId,
    conversations: readonly ConversationId[],
  ): Promise<ReadonlyMap<ConversationId, Shown>> => {
    const spans = (to: readonly Seq[]) =>
      conversations.map((conversation, index): Span => {
        const end = to[index] ?? 0;
        return { conversation, from: end - LAST_PAGE * LAST_PAGES_MAX, to: end };
      });
    // Where they end says which numbers to ask about.
    const ends = await deps.conversationsAtHead(user, spans([]));
    const all = await deps.conversationsAtHead(user, spans(ends.map(highest)));
    const found = conversations.map(async (conversation, index) => {
      const at = all[index];
      if (at?.head === undefined || !takesPart(at.head, user)) return [];
      let to = highest(at);
      for (let page = 0; page < LAST_PAGES_MAX && to >= lowest(at); page++) {
        const from = Math.max(lowest(at), to - LAST_PAGE + 1);
        const shown = await show(deps.log, conversation, at, sequence(from, to));
        const newest = shown.findLast(isVisible);
        if (newest !== undefined) return [[conversation, newest] as const];
        to = from - 1;
      }
      return [];
    });
    return new Map((await Promise.all(found)).flat());
  };
