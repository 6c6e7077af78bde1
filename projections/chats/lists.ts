import type { ConversationKind, Peer } from '../../core/inbox/events.ts';
import type { ConversationId, Position, Seq, UserId } from '../../core/kernel/ids.ts';
import { groupAtPosOf, groupAtTypeOf } from '../../core/sequence/at.ts';
import {
  formOf,
  isListedFor,
  otherThan,
  takesPart,
  type SeenHead,
} from '../../core/sequence/head.ts';
import type { ConversationView, ReadState } from '../../core/sequence/shown.ts';
import { isDeleted, type Side } from '../../core/sequence/side.ts';
import { unreadOf } from '../../core/sequence/visible.ts';
import type { UserAtHead } from './atHead.ts';

/** More changes than this since a client's version: it fetches the whole list (openim-gateway 7.3.3). */
export const CHANGES_MAX = 200;

/** A row of a user's list: there is a first message, or the user has set something. */
type Row = Readonly<{
  head: SeenHead | undefined;
  side: Side;
  kind: ConversationKind;
  peer: Peer;
  /** What the user is pointed to, and the newest event that may have changed it. */
  groupAtType: number;
  groupAtPos: Position;
}>;

const kindOf = (head: SeenHead): ConversationKind => {
  switch (formOf(head.conversation)) {
    case 'group':
      return 3;
    case 'account':
      return 4;
    case 'single':
    case 'notifications':
      return 1;
  }
};

const spokenRow = (user: UserId, at: UserAtHead, head: SeenHead): Row => {
  const { conversation, group } = head;
  const side = at.sideOf(conversation);
  const kind = kindOf(head);
  if (group === undefined) {
    const peer = { user: otherThan(head, user) };
    return { head, side, kind, peer, groupAtType: side.groupAtType, groupAtPos: 0 };
  }
  const pointed = {
    ...{ user, head, side },
    ...{ marks: at.marksOf(group), mention: at.mentionOf(conversation) },
  };
  return {
    ...{ head, side, kind, peer: { group } },
    groupAtType: groupAtTypeOf(pointed),
    groupAtPos: groupAtPosOf(pointed),
  };
};

/** Something was said that the user can see, and it has not deleted its row since. */
const isShown = (user: UserId, { sideOf }: UserAtHead, head: SeenHead): boolean =>
  isListedFor(head, user) && !isDeleted(sideOf(head.conversation), head.maxSeq);

const rowsOf = (user: UserId, at: UserAtHead): readonly Row[] => {
  const { heads, sides } = at;
  const listed = heads.filter((head) => isShown(user, at, head));
  const having = new Set(listed.map(({ conversation }) => conversation));
  const configured = sides.flatMap((side): readonly Row[] => {
    const { kind, peer, conversation } = side;
    if (kind === undefined || peer === undefined || having.has(conversation)) return [];
    const { groupAtType } = side;
    return [{ head: undefined, side, kind, peer, groupAtType, groupAtPos: 0 }];
  });
  const spoken = listed.map((head) => spokenRow(user, at, head));
  return [...spoken, ...configured].toSorted((a, b) => createdPos(a) - createdPos(b));
};

/** A group's is there for a member once both have begun: its being in the group, and the talk. */
const spokenPos = ({ createdPos, membership }: SeenHead): Position =>
  Math.max(createdPos, membership?.window.firstPos ?? 0);

/** One that has been deleted counts as new from then on, whenever it comes back. */
const createdPos = ({ head, side }: Row): Position =>
  Math.min(
    head === undefined ? Infinity : Math.max(spokenPos(head), side.deletedPos),
    side.configuredPos === 0 ? Infinity : side.configuredPos,
  );

/**
 * Of a row that has been deleted, what has been said since brings it back. Which number that was is not known,
 * so each one since counts as a change; who has gone from a group gets none.
 */
const cameBackPos = ({ head, side }: Row): Position => {
  const isBack =
    side.deletedPos > 0 && head !== undefined && head.membership?.departure === undefined;
  return isBack && head.maxSeq > side.deletedUpTo ? head.maxSeqPos : 0;
};

/** The newest event that changed what the row shows. */
const changedPos = (row: Row): Position => {
  const { head, side, groupAtPos } = row;
  const { window, departure } = head?.membership ?? {};
  return Math.max(
    ...[createdPos(row), cameBackPos(row), side.changedPos, groupAtPos],
    head === undefined ? 0 : spokenPos(head),
    ...[window?.joinedPos ?? 0, departure?.changedPos ?? 0],
  );
};

const viewOf = (owner: UserId, { head, side, kind, peer, groupAtType }: Row): ConversationView => ({
  owner,
  conversation: head?.conversation ?? side.conversation,
  kind,
  peer,
  receive: side.receive,
  pinned: side.pinned,
  privateChat: side.privateChat,
  burnDuration: side.burnDuration,
  groupAtType,
  destructTime: side.destructTime,
  destruct: side.destruct,
  ex: side.ex,
  attachedInfo: side.attachedInfo,
  minSeq: Math.max(side.minSeq, head?.from ?? 0),
  maxSeq: head?.membership?.departure === undefined ? 0 : head.maxSeq,
});

export const conversationsOf = (
  owner: UserId,
  at: UserAtHead,
  ids?: readonly ConversationId[],
): readonly ConversationView[] => {
  const wanted = ids === undefined ? undefined : new Set(ids);
  return rowsOf(owner, at)
    .map((row) => viewOf(owner, row))
    .filter(({ conversation }) => wanted?.has(conversation) ?? true);
};

export const pinnedOf = (user: UserId, at: UserAtHead): readonly ConversationId[] =>
  rowsOf(user, at).flatMap(({ head, side }) =>
    side.pinned ? [head?.conversation ?? side.conversation] : [],
  );

/** What was said before a member came in is not unread, whether or not it may see it. */
const unreadIn = (head: SeenHead, side: Side, at: UserAtHead): number => {
  const { maxSeq, membership, isVoid, from = 0 } = head;
  const uncounted = new Set(at.uncountedOf(head.conversation));
  const { departure } = membership ?? {};
  if (departure !== undefined && isVoid !== undefined) {
    for (let seq = departure.cut + 1; seq <= maxSeq; seq++) if (isVoid(seq)) uncounted.add(seq);
  }
  return unreadOf({
    maxSeq,
    readUpTo: Math.max(side.readUpTo, membership?.window.joinedSeq ?? 0),
    ownFloor: at.ownFloorOf(head),
    minSeq: Math.max(side.minSeq, from),
    uncounted,
  });
};

export const readStatesOf = (
  user: UserId,
  at: UserAtHead,
  ids: readonly ConversationId[],
): readonly ReadState[] => {
  const wanted = ids.length === 0 ? undefined : new Set(ids);
  return rowsOf(user, at).flatMap(({ head, side }): readonly ReadState[] => {
    const conversation = head?.conversation ?? side.conversation;
    if (wanted?.has(conversation) === false) return [];
    if (head === undefined) {
      return [{ conversation, maxSeq: 0, hasReadSeq: 0, maxSeqTime: 0 }];
    }
    const { maxSeq, maxSeqTime } = head;
    const unread = unreadIn(head, side, at);
    return [{ conversation, maxSeq, hasReadSeq: maxSeq - unread, maxSeqTime }];
  });
};

/** Those in which something was said last come first. */
export const newestSeqsOf = (user: UserId, at: UserAtHead): ReadonlyMap<ConversationId, Seq> =>
  new Map(
    at.heads
      .filter((head) =>
        formOf(head.conversation) === 'notifications'
          ? takesPart(head, user) && head.maxSeq > 0
          : isShown(user, at, head),
      )
      .toSorted((one, other) => other.maxSeqTime - one.maxSeqTime)
      .map(({ conversation, maxSeq }) => [conversation, maxSeq]),
  );

export type Version = Readonly<{ version: number; versionId: string }>;

export type Incremental<T> = Version &
  Readonly<{
    full: boolean;
    delete: readonly string[];
    insert: readonly T[];
    update: readonly T[];
  }>;

/**
 * What has changed since a client's version. A version is a position of the log, so it needs no counter,
 * never falls, and is the same however often the tables are built anew (decisions 3).
 */
export const incrementalOf = (
  owner: UserId,
  at: UserAtHead,
  versionId: string,
  since: Version,
): Incremental<ConversationView> => {
  const rows = rowsOf(owner, at);
  const there = new Set(rows.map(({ head, side }) => head?.conversation ?? side.conversation));
  const deleted = at.sides.filter((side) => side.deletedPos > 0 && !there.has(side.conversation));
  const positions = [...rows.map(changedPos), ...deleted.map(({ deletedPos }) => deletedPos)];
  const version = positions.reduce((newest, position) => Math.max(newest, position), 1);
  const answer = { version, versionId, delete: [], insert: [], update: [] };
  const unknown = since.versionId !== versionId || since.version <= 0 || since.version > version;
  const changed = rows.filter((row) => changedPos(row) > since.version);
  const gone = deleted.filter(({ deletedPos }) => deletedPos > since.version);
  if (unknown || changed.length + gone.length > CHANGES_MAX) return { ...answer, full: true };
  const isNew = (row: Row): boolean => createdPos(row) > since.version;
  return {
    ...answer,
    full: false,
    delete: gone.map(({ conversation }) => conversation),
    insert: changed.filter(isNew).map((row) => viewOf(owner, row)),
    update: changed.filter((row) => !isNew(row)).map((row) => viewOf(owner, row)),
  };
};
