import { done, doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId, EventId, Seq, UserId } from '../kernel/ids.ts';
import { formOf, otherThan, takesPart } from '../sequence/head.ts';
import type { AppendOnce } from './appendOnce.ts';
import { conversationStream } from './events.ts';
import { notificationOf } from './ids.ts';
import type { Doing, Known } from './ports.ts';

export type MarkRead = Readonly<{
  conversation: ConversationId;
  reader: UserId;
  upTo: Seq;
  seqs: readonly Seq[];
  /** Tell nobody but the reader's own devices. */
  quiet: boolean;
}>;

export type MarkRefusal = 'conversation/not-party' | 'conversation/beyond-newest';

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
  async (
    { conversation, reader, upTo, seqs, quiet }: MarkRead,
    meta: Meta,
  ): Result<MarkRefusal> => {
    const { head, side } = await known.at(reader, conversation);
    if (head === undefined || !takesPart(head, reader)) {
      return refuse('conversation/not-party', `${reader} takes no part in ${conversation}`);
    }
    if (upTo > head.maxSeq) {
      return refuse(
        'conversation/beyond-newest',
        `hasReadSeq: the newest of ${conversation} is ${String(head.maxSeq)}`,
      );
    }
    if (upTo <= side.readUpTo) return done({}, undefined);
    if (quiet || formOf(conversation) !== 'single') {
      return noteMark(reader, conversation, upTo, meta);
    }
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
          seqs: seqs.filter((seq) => seq > upTo && seq <= head.maxSeq),
        },
      },
    });
    return doneWhenSeen(handled, doing);
  };
