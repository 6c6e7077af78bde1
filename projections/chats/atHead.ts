import type { Kysely } from 'kysely';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  Millis,
  Position,
  Seq,
  UserId,
} from '../../core/kernel/ids.ts';
import { conversationOfStream, conversationStream } from '../../core/conversation/events.ts';
import { otherThan, type Head } from '../../core/sequence/head.ts';
import { emptySide, type Side } from '../../core/sequence/side.ts';
import { asking } from '../kernel/asking.ts';
import { foldTail } from '../kernel/foldTail.ts';
import type { AnyTables, Table } from '../kernel/model.ts';
import { joinKey } from '../kernel/rows.ts';
import { grouped } from './grouped.ts';
import {
  rowsOfConversations,
  rowsOfUser,
  type ConversationRows,
  type UserRows,
  type Span,
} from './queries.ts';
import {
  EVERYBODY,
  heads,
  hidden,
  isNumbered,
  revocations,
  sides,
  uncounted,
  type Hidden,
  type Mark,
  type Revocation,
} from './tables.ts';

type Event = Recorded<SeqlineEvent>;

/** What this process has seen of the log beyond the tables (projections/kernel/tail.ts). */
export type TailOf = Readonly<{
  /** Events that concern a conversation (`c:…`) or a user (`u:…`), in log order, after a position. */
  touching: (name: string, after?: Position) => readonly Event[];
  /** Whether it reaches back to this checkpoint without a gap. */
  covers: (checkpoint: Position) => boolean;
}>;

/** Under which keys the tail keeps an event for the reads of this folder. */
export const chatKeys = (event: Event): readonly string[] => {
  if (isNumbered(event)) {
    const { data } = event;
    const of = 'conversation' in data ? [`c:${data.conversation}`] : [];
    const users = 'group' in data ? [] : [...new Set([`u:${data.from}`, `u:${data.to}`])];
    return [`c:${conversationOfStream(event.stream)}`, ...of, ...users];
  }
  if ('conversation' in event.data) {
    return [`c:${event.data.conversation}`, `u:${event.data.user}`];
  }
  return [];
};

/** No exact answer can be given for now: Postgres is away or too far behind what the tail holds. */
export class Uncovered extends Error {
  override name = 'Uncovered';
}

const byKey = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [keyOf(row), row]));

/** Brings rows up to the head, through the same folds as the projector. */
const folder =
  (tail: TailOf, checkpoint: Position, names: readonly string[]) =>
  <Row>(
    table: Table<Row>,
    rows: readonly Row[],
    keyOf: (row: Row) => string,
    wanted?: (key: string) => boolean,
  ): ReadonlyMap<string, Row> => {
    const folded = foldTail({
      table,
      rows: byKey(rows, keyOf),
      checkpoint,
      tail,
      names,
      ...(wanted === undefined ? {} : { wanted }),
    });
    if (folded === 'uncovered') {
      throw new Uncovered('the read model is behind what this process remembers');
    }
    return folded;
  };

const markKey = ({ conversation, seq }: Mark): string => joinKey(conversation, seq);
const sideKey = ({ owner, conversation }: Side): string => joinKey(owner, conversation);
const hiddenKey = (row: Hidden): string => joinKey(row.owner, row.conversation, row.seq);

export type UserAtHead = Readonly<{
  /** All conversations the user takes part in, notification conversations among them. */
  heads: readonly Head[];
  sideOf: (conversation: ConversationId) => Side;
  /** Settings of conversations that may have no message yet. */
  sides: readonly Side[];
  /** Numbers that do not count as unread, though they may be above the marks. */
  uncountedOf: (conversation: ConversationId) => readonly Seq[];
}>;

const byConversation = <Row extends Mark>(marks: Iterable<Row>) =>
  grouped(marks, ({ conversation }) => conversation);

const seqsOf = (marks: readonly Mark[] = []): readonly Seq[] => marks.map(({ seq }) => seq);

/** Rows may be shared by all who ask at the same time: each folds the newest of the tail onto them. */
const there = <Rows extends object>(rows: Rows | 'busy' | undefined): Rows => {
  if (rows === 'busy') throw new Uncovered('too much is being asked of the read model');
  if (rows === undefined) throw new Uncovered('the read model has not been built yet');
  return rows;
};

/**
 * An answer, and up to where the log has been seen for it: it stays exact until something comes that bears
 * on it. None: something came while Postgres was asked, so it may be asked better the next time.
 */
export type Found<T> = Readonly<{ at: T; seen: Position | undefined }>;

/** The newest event under the name that the answer was folded with; none: what the tables had. */
const seenOf = (tail: TailOf, name: string, checkpoint: Position): Position =>
  tail.touching(name, checkpoint).at(-1)?.position ?? checkpoint;

export const findUser = (db: Kysely<AnyTables>, tail: TailOf, now: () => Millis) => {
  const asked = asking<UserRows | undefined>(now);
  return async (user: UserId): Promise<Found<UserAtHead>> => {
    const rows = there(await asked(user, () => rowsOfUser(db, user)));
    const fold = folder(tail, rows.checkpoint, [`u:${user}`]);
    const headRows = fold(heads, rows.heads, ({ conversation }) => conversation);
    const isOwn = (key: string): boolean => key.startsWith(joinKey(user, ''));
    const sideRows = fold(sides, rows.sides, sideKey, isOwn);
    const uncountedRows = fold(uncounted, rows.uncounted, markKey);
    const hiddenRows = fold(hidden, rows.hidden, hiddenKey);
    const without = byConversation<Mark>([
      ...uncountedRows.values(),
      ...[...hiddenRows.values()].filter(({ owner }) => owner === user || owner === EVERYBODY),
    ]);
    const at = {
      heads: [...headRows.values()],
      sides: [...sideRows.values()],
      sideOf: (conversation: ConversationId) =>
        sideRows.get(joinKey(user, conversation)) ?? emptySide(user, conversation),
      uncountedOf: (conversation: ConversationId) => seqsOf(without.get(conversation)),
    };
    return { at, seen: seenOf(tail, `u:${user}`, rows.checkpoint) };
  };
};

export type ConversationAtHead = Readonly<{
  head: Head | undefined;
  side: Side;
  /** Up to where the other of two has read. */
  peerReadUpTo: Seq;
  /** Revisions, in the notification conversation, of what revokes a number. */
  revocations: ReadonlyMap<Seq, Revocation>;
  hidden: ReadonlySet<Seq>;
  doubles: ReadonlySet<Seq>;
}>;

/** Later ones of equal ids among what the tables do not know yet. */
const doublesOf = (events: readonly Event[], known: ReadonlyMap<EventId, Seq>): readonly Seq[] => {
  const first = new Map<EventId, Seq>();
  return events.flatMap((event) => {
    if (event.type !== 'MessageSent') return [];
    const seq = event.revision + 1;
    const at = known.get(event.id) ?? first.get(event.id);
    if (at === undefined) first.set(event.id, seq);
    return at === undefined || at >= seq ? [] : [seq];
  });
};

/**
 * What the rows say of each span once the tail is folded onto them. All rows are folded at once and then
 * told apart by conversation: one pass for each span would cost the square of their number.
 */
export const conversationsOfRows = (
  tail: TailOf,
  user: UserId,
  spans: readonly Span[],
  rows: ConversationRows,
): readonly ConversationAtHead[] => {
  const names = [...new Set(spans.map(({ conversation }) => `c:${conversation}`))];
  const fold = folder(tail, rows.checkpoint, names);
  const headRows = fold(heads, rows.heads, (head) => head.conversation);
  const sideRows = fold(sides, rows.sides, sideKey);
  const revoked = byConversation(fold(revocations, rows.revocations, markKey).values());
  const hiddenRows = byConversation(fold(hidden, rows.hidden, hiddenKey).values());
  const doubles = byConversation(rows.doubles);
  return spans.map(({ conversation }): ConversationAtHead => {
    const head = headRows.get(conversation);
    const peer = head === undefined ? undefined : otherThan(head, user);
    const newest = tail
      .touching(`c:${conversation}`, rows.checkpoint)
      .filter(({ stream }) => stream === conversationStream(conversation));
    return {
      head,
      side: sideRows.get(joinKey(user, conversation)) ?? emptySide(user, conversation),
      peerReadUpTo:
        peer === undefined ? 0 : (sideRows.get(joinKey(peer, conversation))?.readUpTo ?? 0),
      revocations: new Map(revoked.get(conversation)?.map((row) => [row.seq, row])),
      hidden: new Set(
        hiddenRows
          .get(conversation)
          ?.flatMap(({ owner, seq }) => (owner === user || owner === EVERYBODY ? [seq] : [])),
      ),
      doubles: new Set([...seqsOf(doubles.get(conversation)), ...doublesOf(newest, rows.sends)]),
    };
  });
};

/** Messages that the tables did not know when they stood there. */
const idsAfter = (tail: TailOf, spans: readonly Span[], after: Position) =>
  spans.flatMap(({ conversation, from, to }) =>
    tail
      .touching(`c:${conversation}`, after)
      .filter(
        ({ type, revision }) => type === 'MessageSent' && revision + 1 >= from && revision < to,
      )
      .map(({ id }) => ({ conversation, id })),
  );

export const findConversations = (db: Kysely<AnyTables>, tail: TailOf, now: () => Millis) => {
  const asked = asking<ConversationRows | undefined>(now);
  /** Where the tables stood of late: from there on it is asked whether messages are doubles of older ones. */
  let reached: Position = 0;

  const rowsAt = async (user: UserId, spans: readonly Span[]) => {
    for (;;) {
      const after = reached;
      const newest = spans.map(({ conversation }) => seenOf(tail, `c:${conversation}`, after));
      const ids = idsAfter(tail, spans, after);
      const question = JSON.stringify([user, spans, ids]);
      const rows = there(await asked(question, () => rowsOfConversations(db, user, spans, ids)));
      reached = rows.checkpoint;
      // A Postgres that has crashed may have stepped back, and a read model may be built anew.
      if (rows.checkpoint >= after) return { rows, after, newest };
    }
  };
  return async (
    user: UserId,
    spans: readonly Span[],
  ): Promise<readonly Found<ConversationAtHead>[]> => {
    const { rows, after, newest } = await rowsAt(user, spans);
    return conversationsOfRows(tail, user, spans, rows).map((at, index) => {
      const name = `c:${spans[index]?.conversation ?? ''}`;
      const isAsAsked = seenOf(tail, name, after) === newest[index];
      return { at, seen: isAsAsked ? seenOf(tail, name, rows.checkpoint) : undefined };
    });
  };
};
