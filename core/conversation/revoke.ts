import { doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import { isErased, type Meta, type Personal, type Recorded } from '../kernel/fact.ts';
import type { ConversationId, Seq, UserId } from '../kernel/ids.ts';
import { formOf, otherThan, takesPart, type Head } from '../sequence/head.ts';
import type { User } from '../user/decider.ts';
import { appendOnce } from './appendOnce.ts';
import type { NumberedRefusal, Wished } from './decider.ts';
import {
  conversationStream,
  type MessageRevoked,
  type MessageSent,
  type NumberedEvent,
  type Parties,
} from './events.ts';
import type { ConversationDeps } from './handler.ts';
import { notificationOf } from './ids.ts';

export type RevokeMessage = Readonly<{
  conversation: ConversationId;
  seq: Seq;
  by: UserId;
  admin: boolean;
}>;

export type RevokeRefusal =
  NumberedRefusal | 'caller/not-allowed' | 'message/not-found' | 'message/revoked-already';

/** In a conversation of two, `by` and the other; an admin acts in the sender's place. */
const partiesFor = (head: Head, by: UserId, sentBy: UserId): Parties => {
  const from = takesPart(head, by) ? by : sentBy;
  return { from, to: otherThan(head, from) };
};

const isMessage = (event: Recorded<NumberedEvent> | undefined): event is Recorded<MessageSent> =>
  event?.type === 'MessageSent';

const nameOf = (personal: Personal<{ nickname?: string }>): Readonly<{ nickname: string }> => ({
  nickname: isErased(personal) ? '' : (personal.nickname ?? ''),
});

/** What is recorded of who takes a message back, as it is at this moment. */
const revokerOf = (user: User, admin: boolean) =>
  user.status === 'unknown'
    ? { role: 0, revoker: { nickname: '' } }
    : { role: admin ? 0 : user.level, revoker: nameOf(user.profile) };

const revocationOf = (
  { conversation, seq, by, admin }: RevokeMessage,
  head: Head,
  { data: { from, clientMsgId, sendTime, body } }: Recorded<MessageSent>,
  revoker: User,
): Wished<MessageRevoked> => ({
  type: 'MessageRevoked',
  data: {
    ...partiesFor(head, by, from),
    conversation,
    seq,
    clientMsgId,
    sentBy: from,
    sentAt: sendTime,
    by,
    byAdmin: admin && by !== from,
    ...revokerOf(revoker, admin),
    source: nameOf(body),
  },
});

export const revokeHandler =
  ({ writers, deriveId, known, doing }: ConversationDeps) =>
  async (request: RevokeMessage, meta: Meta): Result<RevokeRefusal> => {
    const { conversation, seq, by, admin } = request;
    const { head, revoked } = await known.at(by, conversation, seq);
    if (head === undefined || (!takesPart(head, by) && !admin)) {
      return refuse('caller/not-allowed', `${by} takes no part in ${conversation}`);
    }
    const original = await known.message(conversation, seq);
    if (!isMessage(original) || formOf(conversation) === 'notifications') {
      return refuse('message/not-found', `seq: ${conversation} has no message ${String(seq)}`);
    }
    if (original.data.from !== by && !admin) {
      return refuse('caller/not-allowed', 'only the sender may revoke a message of a single chat');
    }
    if (revoked) return refuse('message/revoked-already', `message ${String(seq)} is revoked`);
    const handled = await appendOnce({ writers, known })({
      stream: conversationStream(notificationOf(conversation)),
      id: deriveId('revoke', conversation, String(seq)),
      at: doing.now(),
      meta,
      wish: revocationOf(request, head, original, await known.user(by)),
    });
    return doneWhenSeen(handled, doing);
  };
