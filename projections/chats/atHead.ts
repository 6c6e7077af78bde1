import type { Kysely } from 'kysely';
import type { NumberedEvent } from '../../core/conversation/events.ts';
import { conversationOfStream, conversationStream } from '../../core/conversation/events.ts';
import { GROUP_PREFIX } from '../../core/group/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  GroupId,
  Millis,
  Position,
  Seq,
  UserId,
} from '../../core/kernel/ids.ts';
import type { GroupMarks, Mention } from '../../core/sequence/at.ts';
import { formOf, otherThan, ownFloor, type Head, type SeenHead } from '../../core/sequence/head.ts';
import { emptySide, type Side } from '../../core/sequence/side.ts';
import { asking } from '../kernel/asking.ts';
import { foldTail } from '../kernel/foldTail.ts';
import type { AnyTables } from '../kernel/model.ts';
import { joinKey } from '../kernel/rows.ts';
import { grouped } from './grouped.ts';
import { groupNames, groupsAtHead, groupsPassed, type Fold } from './groupsAtHead.ts';
import { mentions, ownFloors, passersOf, type OwnFloor } from './groupTables.ts';
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

/** A user's own side of a group's chat: what members do for themselves bears on no other member. */
export const sideName = (user: UserId, conversation: ConversationId): string =>
  `o:${joinKey(user, conversation)}`;

/** The chat that somebody has done something to, for itself or for others. */
const namesOfChat = (user: UserId, conversation: ConversationId, isOwn: boolean): string =>
  isOwn && formOf(conversation) === 'group' ? sideName(user, conversation) : `c:${conversation}`;

const numberedKeys = (event: Recorded<NumberedEvent>): readonly string[] => {
  const { data } = event;
  const isOwn = event.type === 'MessagesRead' || ('scope' in data && data.scope === 'self');
  const of = 'conversation' in data ? [namesOfChat(data.from, data.conversation, isOwn)] : [];
  // One key for all members of a group, however many they are.
  const whose = 'group' in data ? [`g:${data.group}`] : [`u:${data.from}`, `u:${data.to}`];
  return [`c:${conversationOfStream(event.stream)}`, ...of, ...new Set(whose)];
};

/** Under which keys the tail keeps an event for the reads of this folder. */
export const chatKeys = (event: Event): readonly string[] => {
  if (isNumbered(event)) return numberedKeys(event);
  const { data } = event;
  if ('conversation' in data) {
    return [namesOfChat(data.user, data.conversation, true), `u:${data.user}`];
  }
  if (!event.stream.startsWith(GROUP_PREFIX) || !('group' in data)) return [];
  return [`g:${data.group}`, ...passersOf(event).map((user) => `u:${user}`)];
};

/** No exact answer can be given for now: Postgres is away or too far behind what the tail holds. */
export class Uncovered extends Error {
  override name = 'Uncovered';
}

const byKey = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [keyOf(row), row]));

/** Brings rows up to the head, through the same folds as the projector. */
const folder =
  (tail: TailOf, checkpoint: Position, names: readonly string[]): Fold =>
  (table, rows, keyOf, more = {}) => {
    const folded = foldTail({ table, rows: byKey(rows, keyOf), checkpoint, tail, names, ...more });
    if (folded === 'uncovered') {
      throw new Uncovered('the read model is behind what this process remembers');
    }
    return folded;
  };

const markKey = ({ conversation, seq }: Mark): string => joinKey(conversation, seq);
const sideKey = ({ owner, conversation }: Side): string => joinKey(owner, conversation);
const userKey = (row: OwnFloor | Mention): string => joinKey(row.conversation, row.user);
const hiddenKey = (row: Hidden): string => joinKey(row.owner, row.conversation, row.seq);

export type UserAtHead = Readonly<{
  /** All conversations the user takes part in, notification conversations among them. */
  heads: readonly SeenHead[];
  /** Groups that the user is in, whether or not anything was said in them. */
  joined: readonly GroupId[];
  sideOf: (conversation: ConversationId) => Side;
  /** Settings of conversations that may have no message yet. */
  sides: readonly Side[];
  /** Numbers that do not count as unread, though they may be above the marks. */
  uncountedOf: (conversation: ConversationId) => readonly Seq[];
  /** The newest number that the user has sent itself. */
  ownFloorOf: (head: Head) => Seq;
  /** What the members of a group are pointed to, and what the user is. */
  marksOf: (group: GroupId) => GroupMarks | undefined;
  mentionOf: (conversation: ConversationId) => Mention | undefined;
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
 * An answer, and up to where the log has been seen for it: it stays exact until something comes under one of
 * these names. None: something came while Postgres was asked, so it may be asked better the next time.
 */
export type Found<T> = Readonly<{ at: T; seen: Position | undefined; names: readonly string[] }>;

/** The newest event under the name; none: what the tables had. */
const seenOf = (tail: TailOf, name: string, checkpoint: Position): Position =>
  tail.touching(name, checkpoint).at(-1)?.position ?? checkpoint;

const seenUnder = (tail: TailOf, names: readonly string[], checkpoint: Position): Position =>
  Math.max(...names.map((name) => seenOf(tail, name, checkpoint)));

const userOfRows = (
  tail: TailOf,
  user: UserId,
  rows: UserRows,
  groups: readonly GroupId[],
): Found<UserAtHead> => {
  const names = [`u:${user}`, ...groupNames(groups)];
  const fold = folder(tail, rows.checkpoint, names);
  const headRows = fold(heads, rows.heads, ({ conversation }) => conversation);
  const ofGroups = groupsAtHead(fold, user, groups, rows.groups, rows.heads);
  const isOwn = (key: string): boolean => key.startsWith(joinKey(user, ''));
  const isOfUser = (key: string): boolean => key.endsWith(` ${joinKey(user)}`);
  const sideRows = fold(sides, rows.sides, sideKey, { wanted: isOwn });
  const uncountedRows = fold(uncounted, rows.uncounted, markKey);
  const hiddenRows = fold(hidden, rows.hidden, hiddenKey);
  const floors = fold(ownFloors, rows.ownFloors, userKey, { wanted: isOfUser });
  const mentioned = fold(mentions, rows.mentions, userKey, { wanted: isOfUser });
  const without = byConversation<Mark>([
    ...uncountedRows.values(),
    ...[...hiddenRows.values()].filter(({ owner }) => owner === user || owner === EVERYBODY),
  ]);
  const at: UserAtHead = {
    heads: [...headRows.values()].flatMap((head) => ofGroups.seen(head) ?? []),
    joined: ofGroups.joined,
    sides: [...sideRows.values()],
    sideOf: (conversation) =>
      sideRows.get(joinKey(user, conversation)) ?? emptySide(user, conversation),
    uncountedOf: (conversation) => seqsOf(without.get(conversation)),
    ownFloorOf: (head) =>
      head.group === undefined
        ? ownFloor(head, user)
        : (floors.get(joinKey(head.conversation, user))?.seq ?? 0),
    marksOf: ofGroups.marksOf,
    mentionOf: (conversation) => mentioned.get(joinKey(conversation, user)),
  };
  return { at, seen: seenUnder(tail, names, rows.checkpoint), names };
};

export const findUser = (db: Kysely<AnyTables>, tail: TailOf, now: () => Millis) => {
  const asked = asking<UserRows | undefined>(now);
  return async (user: UserId): Promise<Found<UserAtHead>> => {
    const passed = () => groupsPassed(tail.touching(`u:${user}`), user);
    for (;;) {
      const wanted = passed();
      const question = JSON.stringify([user, wanted]);
      const rows = there(await asked(question, () => rowsOfUser(db, user, wanted)));
      const groups = [...new Set([...rows.groups.windows.map(({ group }) => group), ...wanted])];
      // It may have come into another group while Postgres was asked.
      const known = new Set(groups);
      if (passed().every((group) => known.has(group))) {
        return userOfRows(tail, user, rows, groups);
      }
    }
  };
};

export type ConversationAtHead = Readonly<{
  /** As the user sees it, if it takes part. */
  head: SeenHead | undefined;
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

/** Whose conversations these are, as far as the tail tells. */
const groupsOfSpans = (tail: TailOf, spans: readonly Span[]): readonly GroupId[] => [
  ...new Set(
    spans.flatMap(({ conversation }) => {
      const event = tail.touching(`c:${conversation}`).find(isNumbered);
      const isOf = event !== undefined && conversationOfStream(event.stream) === conversation;
      return isOf && 'group' in event.data ? [event.data.group] : [];
    }),
  ),
];

const groupsOfHeads = (some: Iterable<Head>): readonly GroupId[] => [
  ...new Set([...some].flatMap(({ group }) => group ?? [])),
];

/** Names of what bears on a conversation as one user sees it. */
const namesOf = (user: UserId, conversation: ConversationId, group: GroupId | undefined) => [
  `c:${conversation}`,
  ...(group === undefined ? [] : [sideName(user, conversation), `g:${group}`]),
];

/**
 * What the rows say of each span once the tail is folded onto them. All rows are folded at once and then
 * told apart by conversation: one pass for each span would cost the square of their number.
 */
export const conversationsOfRows = (
  tail: TailOf,
  user: UserId,
  spans: readonly Span[],
  rows: ConversationRows,
  groups: readonly GroupId[] = groupsOfHeads(rows.heads),
): readonly ConversationAtHead[] => {
  const own = spans.map(({ conversation }) => sideName(user, conversation));
  const chats = spans.map(({ conversation }) => `c:${conversation}`);
  const names = [...new Set([...chats, ...own, ...groupNames(groups)])];
  const fold = folder(tail, rows.checkpoint, names);
  const headRows = fold(heads, rows.heads, (head) => head.conversation);
  const ofGroups = groupsAtHead(fold, user, groups, rows.groups, rows.heads);
  const sideRows = fold(sides, rows.sides, sideKey);
  const revoked = byConversation(fold(revocations, rows.revocations, markKey).values());
  const hiddenRows = byConversation(fold(hidden, rows.hidden, hiddenKey).values());
  const doubles = byConversation(rows.doubles);
  return spans.map(({ conversation }): ConversationAtHead => {
    const head = headRows.get(conversation);
    const peer =
      head?.group === undefined && head !== undefined ? otherThan(head, user) : undefined;
    const newest = tail
      .touching(`c:${conversation}`, rows.checkpoint)
      .filter(({ stream }) => stream === conversationStream(conversation));
    return {
      head: head === undefined ? undefined : (ofGroups.seen(head) ?? head),
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
      const begun = groupsOfSpans(tail, spans);
      const question = JSON.stringify([user, spans, ids, begun]);
      const ask = () => rowsOfConversations(db, user, spans, ids, begun);
      const rows = there(await asked(question, ask));
      reached = rows.checkpoint;
      const groups = [...new Set([...groupsOfHeads(rows.heads), ...begun])];
      // A conversation of a group may have begun while Postgres was asked; and a Postgres that has crashed
      // may have stepped back, and a read model may be built anew.
      const known = new Set(groups);
      const isWhole = groupsOfSpans(tail, spans).every((group) => known.has(group));
      if (isWhole && rows.checkpoint >= after) return { rows, after, newest, groups };
    }
  };
  return async (
    user: UserId,
    spans: readonly Span[],
  ): Promise<readonly Found<ConversationAtHead>[]> => {
    const { rows, after, newest, groups } = await rowsAt(user, spans);
    return conversationsOfRows(tail, user, spans, rows, groups).map((at, index) => {
      const conversation = spans[index]?.conversation ?? ('' as ConversationId);
      const names = namesOf(user, conversation, at.head?.group);
      const isAsAsked = seenOf(tail, `c:${conversation}`, after) === newest[index];
      const seen = isAsAsked ? seenUnder(tail, names, rows.checkpoint) : undefined;
      return { at, seen, names };
    });
  };
};
