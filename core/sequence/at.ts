import type { ConversationId, GroupId, Position, Seq, UserId } from '../kernel/ids.ts';
import type { NumberedEvent } from '../conversation/events.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { EventId } from '../kernel/ids.ts';
import { formOf, type SeenHead } from './head.ts';
import type { Side } from './side.ts';

/** OpenIM's numbers of what is told, as each message is stored with: a text that names members … */
const AT_TEXT = 106;
/** … and the line that tells of a group's announcement. */
const ANNOUNCEMENT = 1519;
/** Among those who are named: everybody. */
const EVERYBODY = 'AtAllTag';
/** Members that one message names: who is beyond them is not pointed to it. */
export const MENTIONS_MAX = 1_000;

/** A message that somebody is to be pointed to. 0: there is none. */
type Pointed = Readonly<{ seq: Seq; pos: Position }>;
const NOWHERE: Pointed = { seq: 0, pos: 0 };

/** What concerns all members of a group at once: one row, whoever they are. */
export type GroupMarks = Readonly<{
  group: GroupId;
  /** The newest message to everybody, by whom, and the newest announcement. */
  atAll: Pointed;
  atAllBy: UserId | '';
  announced: Pointed;
  /** What ended the group for all who were still in it; empty: nothing yet. */
  endedBy: EventId | '';
}>;

export const unmarked = (group: GroupId): GroupMarks => ({
  group,
  atAll: NOWHERE,
  atAllBy: '',
  announced: NOWHERE,
  endedBy: '',
});

/** The newest message that names one user. */
export type Mention = Pointed & Readonly<{ conversation: ConversationId; user: UserId }>;

type Line = Recorded<NumberedEvent>;

const namedIn = (event: Line): readonly string[] =>
  event.type === 'MessageSent' && 'group' in event.data && event.data.contentType === AT_TEXT
    ? (event.data.atUsers ?? [])
    : [];

export const isToEverybody = (event: Line): boolean => namedIn(event).includes(EVERYBODY);

export const isAnnouncement = (event: Line): boolean =>
  event.type === 'NoticePosted' && 'group' in event.data && event.data.contentType === ANNOUNCEMENT;

/** What the id of a user is made of. Clients name what they like, and each name is the key of a row. */
const USER_ID = /^[A-Za-z0-9_]{1,64}$/;

/** Whom a message names, each once; nobody points to itself. */
export const mentionedIn = (event: Line): readonly UserId[] => {
  const named = namedIn(event).filter(
    (user) => user !== EVERYBODY && user !== event.data.from && USER_ID.test(user),
  );
  return [...new Set(named)].slice(0, MENTIONS_MAX) as UserId[];
};

type AtOf = Readonly<{
  user: UserId;
  head: SeenHead;
  side: Side;
  marks: GroupMarks | undefined;
  mention: Mention | undefined;
}>;

/** Who has gone is pointed to nothing: what it does not know of would otherwise take the place of what it does. */
const isPresent = ({ membership }: SeenHead): boolean =>
  membership !== undefined && membership.departure === undefined;

/** What the user has not seen yet of what it is pointed to, and has not put aside. */
const openOf = ({ user, head, side, marks, mention }: AtOf) => {
  const { membership } = head;
  const seen = Math.max(side.readUpTo, side.minSeq - 1, membership?.window.joinedSeq ?? 0);
  const open = (pointed: Pointed = NOWHERE): Position =>
    isPresent(head) && pointed.seq > seen && pointed.pos > side.atSetPos ? pointed.pos : 0;
  return {
    me: open(mention),
    all: marks?.atAllBy === user ? 0 : open(marks?.atAll),
    announced: open(marks?.announced),
  };
};

/** 0 none, 1 me, 2 all, 3 both, 4 announcement (OpenIM's groupAtType). */
export const groupAtTypeOf = (of: AtOf): number => {
  if (formOf(of.head.conversation) !== 'group') return of.side.groupAtType;
  const { me, all, announced } = openOf(of);
  if (announced > Math.max(me, all)) return 4;
  if (me > 0) return all > 0 ? 3 : 1;
  return all > 0 ? 2 : of.side.groupAtType;
};

/** The newest event that may have changed what `groupAtTypeOf` says. */
export const groupAtPosOf = ({ head, side, marks, mention }: AtOf): Position => {
  const joined = head.membership?.window.joinedSeq ?? 0;
  const pointed = [mention, marks?.atAll, marks?.announced].flatMap((one) =>
    one !== undefined && one.seq > joined ? [one.pos] : [],
  );
  if (pointed.length === 0 || !isPresent(head)) return 0;
  // What has been read since may have been one of these.
  const newest = Math.max(...pointed);
  return side.readPos > Math.min(...pointed) ? Math.max(newest, side.readPos) : newest;
};
