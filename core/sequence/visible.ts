import type { MessageRevoked, NumberedEvent } from '../conversation/events.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { Seq } from '../kernel/ids.ts';
import type { Shown } from './shown.ts';

/** What bears on how one viewer sees the numbers of one conversation. */
export type Overlay = Readonly<{
  revoked: ReadonlyMap<Seq, Recorded<MessageRevoked>>;
  /** Deleted by the viewer, or for everybody. */
  hidden: ReadonlySet<Seq>;
  /** Later ones of two equal ids: stored twice, shown once. */
  doubles: ReadonlySet<Seq>;
  /** Numbers that are not for this viewer, though others around them are. */
  isVoid: (seq: Seq) => boolean;
  /** Up to where the other side of a single chat has read. */
  peerReadUpTo: Seq;
}>;

/** What the viewer is shown for a stored event. The one place where this is decided. */
export const shownOf = (event: Recorded<NumberedEvent>, overlay: Overlay): Shown => {
  const seq = event.revision + 1;
  if (event.type === 'SeqVoided' || overlay.doubles.has(seq) || overlay.isVoid(seq)) {
    return { kind: 'void', seq };
  }
  if (overlay.hidden.has(seq)) return { kind: 'hidden', seq, event };
  const revocation = overlay.revoked.get(seq);
  if (revocation !== undefined) return { kind: 'revoked', seq, event, revocation };
  return { kind: 'event', seq, event, isRead: seq <= overlay.peerReadUpTo };
};

export type UnreadOf = Readonly<{
  /** Greatest number the user may see. */
  maxSeq: Seq;
  /** Explicit read mark, own newest number, and what was cleared: all up to the greatest is read. */
  readUpTo: Seq;
  ownFloor: Seq;
  minSeq: Seq;
  /** Numbers that do not count, whatever the marks: said not to count, or not shown to this user. */
  uncounted: Iterable<Seq>;
}>;

/**
 * How many are unread. Own messages never are: all above one's own newest are others'. A revoked one
 * counts until it is read, as it did when it came.
 */
export const unreadOf = ({ maxSeq, readUpTo, ownFloor, minSeq, uncounted }: UnreadOf): number => {
  const floor = Math.max(readUpTo, ownFloor, minSeq - 1, 0);
  if (maxSeq <= floor) return 0;
  const without = new Set<Seq>();
  for (const seq of uncounted) if (seq > floor && seq <= maxSeq) without.add(seq);
  return maxSeq - floor - without.size;
};

/** Whether a message counts as unread for those who get it; an absent option counts as true. */
export const counts = (event: Recorded<NumberedEvent>): boolean =>
  (event.type === 'MessageSent' || event.type === 'NoticePosted') &&
  event.data.options?.['unreadCount'] !== false;
