import type { MessageRevoked, NumberedEvent } from '../conversation/events.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { ConversationId, EventId, Seq } from '../kernel/ids.ts';
import type { Meta } from '../kernel/fact.ts';
import type { MessageData, Parties } from '../conversation/events.ts';

/** What one viewer is shown in the place of one number: every number in the viewer's range has one. */
export type Shown =
  | Readonly<{ kind: 'event'; seq: Seq; event: Recorded<NumberedEvent>; isRead: boolean }>
  | Readonly<{
      kind: 'revoked';
      seq: Seq;
      event: Recorded<NumberedEvent>;
      revocation: Recorded<MessageRevoked>;
    }>
  /** Deleted for this viewer: ids and times stay, the content is gone. */
  | Readonly<{ kind: 'hidden'; seq: Seq; event: Recorded<NumberedEvent> }>
  /** A number without a message. */
  | Readonly<{ kind: 'void'; seq: Seq }>;

/** An answer to a pull of one conversation. Ascending by number. */
export type Pulled = Readonly<{
  conversation: ConversationId;
  shown: readonly Shown[];
  isEnd: boolean;
  endSeq: Seq;
}>;

/** Something for sockets that takes no number and is not stored: online-only messages, notices. */
export type Passing = Readonly<{
  conversation: ConversationId;
  id: EventId;
  meta: Meta;
  data: Parties & MessageData;
}>;
