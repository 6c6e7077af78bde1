import type { EventId, GroupId, Millis, Position, Seq, UserId } from '../kernel/ids.ts';

/** What one user may see of the conversations of one group that it is or was in. Numbers are of the chat. */
export type Window = Readonly<{
  group: GroupId;
  user: UserId;
  /** When it came in for the first time, and for the last. */
  firstPos: Position;
  joinedPos: Position;
  /** The newest number when it came in last: what was said before is not unread. */
  joinedSeq: Seq;
  /** The first number that it may see; 0: all. */
  minSeq: Seq;
  /** Likewise of the notifications. */
  minNotes: Seq;
  /** What made it go; empty: it is in the group, as long as there is the group. */
  leftBy: EventId | '';
}>;

/** How some went from a group together, or all with the group itself. */
export type Departure = Readonly<{
  id: EventId;
  group: GroupId;
  /** The newest numbers at that moment: who went sees nothing beyond … */
  cut: Seq;
  cutNotes: Seq;
  /** … but the lines of the chat that tell of it. */
  tips: readonly Seq[];
  /** Send time of the newest of these. */
  time: Millis;
  changedPos: Position;
}>;

/** One user's part in a group. `departure`: it has gone. */
export type Membership = Readonly<{ window: Window; departure: Departure | undefined }>;
