import { conversationOfStream, type NumberedEvent } from '../conversation/events.ts';
import type { GroupEvent } from '../group/events.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { Seq, UserId } from '../kernel/ids.ts';
import { formOf, type Head, type SeenHead } from './head.ts';
import type { Departure, Membership, Window } from './window.ts';

/** Where a group's two conversations stood at a moment: what its members say, and its notifications. */
export type GroupHeads = Readonly<{ chat: Head | undefined; notes: Head | undefined }>;

type Coming = Extract<GroupEvent, { type: 'GroupCreated' | 'MembersAdded' }>;
type Going = Extract<GroupEvent, { type: 'MemberLeft' | 'MembersKicked' | 'GroupDisbanded' }>;

/** `heads` are as they were when the event came. */
export const cameIn = (
  before: Window | undefined,
  { type, data, position }: Recorded<Coming>,
  user: UserId,
  { chat, notes }: GroupHeads,
): Window => {
  const joinedSeq = chat?.maxSeq ?? 0;
  const isHidden = type === 'MembersAdded' && !data.historyVisible;
  return {
    group: data.group,
    user,
    firstPos: before?.firstPos ?? position,
    joinedPos: position,
    joinedSeq,
    minSeq: isHidden ? joinedSeq + 1 : 0,
    minNotes: isHidden ? (notes?.maxSeq ?? 0) + 1 : 0,
    leftBy: '',
  };
};

export const wentWith = (
  { id, data, position }: Recorded<Going>,
  { chat, notes }: GroupHeads,
): Departure => ({
  id,
  group: data.group,
  cut: chat?.maxSeq ?? 0,
  cutNotes: notes?.maxSeq ?? 0,
  tips: [],
  time: chat?.maxSeqTime ?? 0,
  changedPos: position,
});

/** A line of a chat tells of why some have gone: it is the last that they see. */
export const toldOf = (departure: Departure, event: Recorded<NumberedEvent>): Departure =>
  formOf(conversationOfStream(event.stream)) === 'group'
    ? {
        ...departure,
        tips: [...departure.tips, event.revision + 1],
        time: event.data.sendTime,
        changedPos: event.position,
      }
    : departure;

const isNowhere = (): boolean => false;

/** A group's conversation as one user sees it, who is or was in it. */
export const seenBy = (head: Head, membership: Membership): SeenHead => {
  const { window, departure } = membership;
  const isChat = formOf(head.conversation) === 'group';
  const from = isChat ? window.minSeq : window.minNotes;
  if (departure === undefined) return { ...head, membership, from, isVoid: isNowhere };
  const { cut, cutNotes, tips, time } = departure;
  const seen = { ...head, membership, from, maxSeqTime: time };
  if (!isChat) return { ...seen, maxSeq: cutNotes, isVoid: isNowhere };
  const isVoid = (seq: Seq): boolean => seq > cut && !tips.includes(seq);
  return { ...seen, maxSeq: tips.at(-1) ?? cut, isVoid };
};
