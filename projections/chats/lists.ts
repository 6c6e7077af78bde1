import type { ConversationKind, Peer } from '../../core/inbox/events.ts';
import type { ConversationId, Position, Seq, UserId } from '../../core/kernel/ids.ts';
import { formOf, isListedFor, otherThan, ownFloor, type Head } from '../../core/sequence/head.ts';
import type { ConversationView, ReadState } from '../../core/sequence/shown.ts';
import type { Side } from '../../core/sequence/side.ts';
import { unreadOf } from '../../core/sequence/visible.ts';
import type { UserAtHead } from './atHead.ts';

/** More changes than this since a client's version: it fetches the whole list (openim-gateway 7.3.3). */
export const CHANGES_MAX = 200;

/** A row of a user's list: there is a first message, or the user has set something. */
type Row = Readonly<{ head: Head | undefined; side: Side; kind: ConversationKind; peer: Peer }>;

const rowsOf = (user: UserId, { heads, sides, sideOf }: UserAtHead): readonly Row[] => {
  const listed = heads.filter((head) => isListedFor(head, user));
  const having = new Set(listed.map(({ conversation }) => conversation));
  const configured = sides.flatMap((side): readonly Row[] => {
    const { kind, peer, conversation } = side;
    if (kind === undefined || peer === undefined || having.has(conversation)) return [];
    return [{ head: undefined, side, kind, peer }];
  });
  const spoken = listed.map((head): Row => ({
    head,
    side: sideOf(head.conversation),
    kind: formOf(head.conversation) === 'account' ? 4 : 1,
    peer: { user: otherThan(head, user) },
  }));
  return [...spoken, ...configured].toSorted((a, b) => createdPos(a) - createdPos(b));
};

const createdPos = ({ head, side }: Row): Position =>
  Math.min(head?.createdPos ?? Infinity, side.configuredPos === 0 ? Infinity : side.configuredPos);

/** The newest event that changed what the row shows. */
const changedPos = (row: Row): Position =>
  Math.max(createdPos(row), row.side.changedPos, row.head?.createdPos ?? 0);

const viewOf = (owner: UserId, { head, side, kind, peer }: Row): ConversationView => ({
  owner,
  conversation: head?.conversation ?? side.conversation,
  kind,
  peer,
  receive: side.receive,
  pinned: side.pinned,
  privateChat: side.privateChat,
  burnDuration: side.burnDuration,
  groupAtType: side.groupAtType,
  destructTime: side.destructTime,
  destruct: side.destruct,
  ex: side.ex,
  attachedInfo: side.attachedInfo,
  minSeq: side.minSeq,
  maxSeq: 0,
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
    const unread = unreadOf({
      maxSeq,
      readUpTo: side.readUpTo,
      ownFloor: ownFloor(head, user),
      minSeq: side.minSeq,
      uncounted: at.uncountedOf(conversation),
    });
    return [{ conversation, maxSeq, hasReadSeq: maxSeq - unread, maxSeqTime }];
  });
};

/** Those in which something was said last come first. */
export const newestSeqsOf = (
  user: UserId,
  { heads }: UserAtHead,
): ReadonlyMap<ConversationId, Seq> =>
  new Map(
    heads
      .filter((head) => formOf(head.conversation) === 'notifications' || isListedFor(head, user))
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
  const version = rows.reduce((newest, row) => Math.max(newest, changedPos(row)), 1);
  const answer = { version, versionId, delete: [], insert: [], update: [] };
  const unknown = since.versionId !== versionId || since.version <= 0 || since.version > version;
  const changed = rows.filter((row) => changedPos(row) > since.version);
  if (unknown || changed.length > CHANGES_MAX) return { ...answer, full: true };
  const isNew = (row: Row): boolean => createdPos(row) > since.version;
  return {
    ...answer,
    full: false,
    insert: changed.filter(isNew).map((row) => viewOf(owner, row)),
    update: changed.filter((row) => !isNew(row)).map((row) => viewOf(owner, row)),
  };
};
