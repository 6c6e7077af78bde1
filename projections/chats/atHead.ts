import type { Kysely } from 'kysely';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { ConversationId, EventId, Position, Seq, UserId } from '../../core/kernel/ids.ts';
import { conversationOfStream, conversationStream } from '../../core/conversation/events.ts';
import { otherThan, type Head } from '../../core/sequence/head.ts';
import { emptySide, type Side } from '../../core/sequence/side.ts';
import { foldTail } from '../kernel/foldTail.ts';
import type { AnyTables, Table } from '../kernel/model.ts';
import { joinKey } from '../kernel/rows.ts';
import { rowsOfConversations, rowsOfUser, type Span } from './queries.ts';
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

const groupSeqs = (marks: Iterable<Mark>): ReadonlyMap<ConversationId, readonly Seq[]> => {
  const groups = new Map<ConversationId, Seq[]>();
  for (const { conversation, seq } of marks) {
    const seqs = groups.get(conversation);
    if (seqs === undefined) groups.set(conversation, [seq]);
    else seqs.push(seq);
  }
  return groups;
};

/**
 * An answer, and up to where the log has been seen for it: it stays exact until something comes that bears
 * on it. None: something came while Postgres was asked, so it may be asked better the next time.
 */
export type Found<T> = Readonly<{ at: T; seen: Position | undefined }>;

/** The newest event under the name that the answer was folded with; none: what the tables had. */
const seenOf = (tail: TailOf, name: string, checkpoint: Position): Position =>
  tail.touching(name, checkpoint).at(-1)?.position ?? checkpoint;

export const findUser =
  (db: Kysely<AnyTables>, tail: TailOf) =>
  async (user: UserId): Promise<Found<UserAtHead>> => {
    const rows = await rowsOfUser(db, user);
    if (rows === undefined) throw new Uncovered('the read model has not been built yet');
    const fold = folder(tail, rows.checkpoint, [`u:${user}`]);
    const headRows = fold(heads, rows.heads, ({ conversation }) => conversation);
    const isOwn = (key: string): boolean => key.startsWith(joinKey(user, ''));
    const sideRows = fold(sides, rows.sides, sideKey, isOwn);
    const uncountedRows = fold(uncounted, rows.uncounted, markKey);
    const hiddenRows = fold(hidden, rows.hidden, hiddenKey);
    const without = groupSeqs([
      ...uncountedRows.values(),
      ...[...hiddenRows.values()].filter(({ owner }) => owner === user || owner === EVERYBODY),
    ]);
    const at = {
      heads: [...headRows.values()],
      sides: [...sideRows.values()],
      sideOf: (conversation: ConversationId) =>
        sideRows.get(joinKey(user, conversation)) ?? emptySide(user, conversation),
      uncountedOf: (conversation: ConversationId) => without.get(conversation) ?? [],
    };
    return { at, seen: seenOf(tail, `u:${user}`, rows.checkpoint) };
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
  const first = new Map(known);
  return events.flatMap((event) => {
    if (event.type !== 'MessageSent') return [];
    const seq = event.revision + 1;
    const at = first.get(event.id);
    if (at === undefined) first.set(event.id, seq);
    return at === undefined || at >= seq ? [] : [seq];
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

/** Where the tables stood of late: from there on it is asked whether messages are doubles of older ones. */
type Reached = { checkpoint: Position };

const rowsAt = async (
  db: Kysely<AnyTables>,
  tail: TailOf,
  reached: Reached,
  user: UserId,
  spans: readonly Span[],
) => {
  for (;;) {
    const after = reached.checkpoint;
    const newest = spans.map(({ conversation }) => seenOf(tail, `c:${conversation}`, after));
    const rows = await rowsOfConversations(db, user, spans, idsAfter(tail, spans, after));
    if (rows === undefined) throw new Uncovered('the read model has not been built yet');
    reached.checkpoint = rows.checkpoint;
    // A Postgres that has crashed may have stepped back, and a read model may be built anew.
    if (rows.checkpoint >= after) return { rows, after, newest };
  }
};

export const findConversations = (db: Kysely<AnyTables>, tail: TailOf) => {
  const reached = { checkpoint: 0 };
  return async (
    user: UserId,
    spans: readonly Span[],
  ): Promise<readonly Found<ConversationAtHead>[]> => {
    const { rows, after, newest } = await rowsAt(db, tail, reached, user, spans);
    return spans.map(({ conversation }, index): Found<ConversationAtHead> => {
      const name = `c:${conversation}`;
      const isAsAsked = seenOf(tail, name, after) === newest[index];
      const fold = folder(tail, rows.checkpoint, [name]);
      const headRows = fold(heads, rows.heads, (head) => head.conversation);
      const sideRows = fold(sides, rows.sides, sideKey);
      const revocationRows = fold(revocations, rows.revocations, markKey);
      const hiddenRows = fold(hidden, rows.hidden, hiddenKey);
      const head = headRows.get(conversation);
      const here = <Row extends Mark>(marks: Iterable<Row>): readonly Row[] =>
        [...marks].filter((row) => row.conversation === conversation);
      const peer = head === undefined ? undefined : otherThan(head, user);
      const at = {
        head,
        side: sideRows.get(joinKey(user, conversation)) ?? emptySide(user, conversation),
        peerReadUpTo:
          peer === undefined ? 0 : (sideRows.get(joinKey(peer, conversation))?.readUpTo ?? 0),
        revocations: new Map(here(revocationRows.values()).map((row) => [row.seq, row])),
        hidden: new Set(
          here(hiddenRows.values()).flatMap(({ owner, seq }) =>
            owner === user || owner === EVERYBODY ? [seq] : [],
          ),
        ),
        doubles: new Set([
          ...here(rows.doubles).map(({ seq }) => seq),
          ...doublesOf(
            tail
              .touching(name, rows.checkpoint)
              .filter(({ stream }) => stream === conversationStream(conversation)),
            rows.sends,
          ),
        ]),
      };
      return { at, seen: isAsAsked ? seenOf(tail, name, rows.checkpoint) : undefined };
    });
  };
};
