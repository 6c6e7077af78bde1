import { done, doneWhenSeen, type Done, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId, EventId, Seq, UserId } from '../kernel/ids.ts';
import { formOf, otherThan, takesPart } from '../sequence/head.ts';
import type { AppendOnce } from './appendOnce.ts';
import { atLeast } from './atLeast.ts';
import { conversationStream } from './events.ts';
import { notificationOf } from './ids.ts';
import type { Doing, Known } from './ports.ts';

/** Who has read in which conversation. */
export type ReadMark = Readonly<{
  conversation: ConversationId;
  reader: UserId;
  /** Tell nobody but the reader's own devices. */
  quiet: boolean;
}>;

/** `upTo` has been read, and all before it, and these numbers besides. */
export type Mark = Readonly<{ upTo: Seq; seqs: readonly Seq[] }>;

export type MarkRead = ReadMark & Mark;

/** Marks that share one event. */
export type MarkAllRead = ReadMark & Readonly<{ marks: readonly Mark[] }>;

export type MarkRefusal = 'conversation/not-party' | 'conversation/beyond-newest';

/** What has become of each of the marks: one that goes too far is refused alone. */
export type Marked = (mark: Readonly<{ upTo: Seq }>) => Done | Refused<MarkRefusal>;

export type MarkDeps = Readonly<{
  append: AppendOnce;
  known: Known;
  doing: Doing;
  newId: () => EventId;
  /** Notes a mark that the other side is not told of. */
  noteMark: (user: UserId, conversation: ConversationId, upTo: Seq, meta: Meta) => Result<never>;
}>;

/**
 * Read marks only grow, so nothing is folded to decide one: what is not above the known mark has been
 * said already. In a single chat the other is told, by a numbered event of the notification conversation.
 */
export const markReadHandler =
  ({ append, known, doing, newId, noteMark }: MarkDeps) =>
  async ({ conversation, reader, marks, quiet }: MarkAllRead, meta: Meta): Promise<Marked> => {
    const asked = { user: reader, conversation, seqs: marks.map(({ upTo }) => upTo) };
    const { head, side } = await atLeast({ known, doing }, asked);
    if (head === undefined || !takesPart(head, reader)) {
      const detail = `${reader} takes no part in ${conversation}`;
      return () => refuse('conversation/not-party', detail);
    }
    const { maxSeq } = head;
    const held = marks.filter(({ upTo }) => upTo <= maxSeq);
    const upTo = held.reduce((most, mark) => Math.max(most, mark.upTo), 0);
    const mark = async (): Result<MarkRefusal> => {
      if (upTo <= side.readUpTo) return done({}, undefined);
      if (quiet || formOf(conversation) !== 'single') {
        return noteMark(reader, conversation, upTo, meta);
      }
      const besides = new Set(held.flatMap(({ seqs }) => seqs));
      const handled = await append({
        stream: conversationStream(notificationOf(conversation)),
        id: newId(),
        at: doing.now(),
        meta,
        wish: {
          type: 'MessagesRead',
          data: {
            from: reader,
            to: otherThan(head, reader),
            conversation,
            after: side.readUpTo,
            upTo,
            seqs: [...besides].filter((seq) => seq > upTo && seq <= maxSeq),
          },
        },
      });
      return doneWhenSeen(handled, doing);
    };
    const marked = await mark();
    const newest = `hasReadSeq: the newest of ${conversation} is ${String(maxSeq)}`;
    return (one) => (one.upTo > maxSeq ? refuse('conversation/beyond-newest', newest) : marked);
  };
