import { doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import { isErased, type Meta, type Personal, type Recorded } from '../kernel/fact.ts';
import type { ConversationId, GroupId, Seq, UserId } from '../kernel/ids.ts';
import { formOf, otherThan, takesPart, type Head } from '../sequence/head.ts';
import type { User } from '../user/decider.ts';
import { behind } from './allowed.ts';
import { atLeast } from './atLeast.ts';
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
import type { Known } from './ports.ts';

export type RevokeMessage = Readonly<{
  conversation: ConversationId;
  seq: Seq;
  by: UserId;
  admin: boolean;
}>;

export type RevokeRefusal =
  | NumberedRefusal
  | 'caller/not-allowed'
  | 'message/not-found'
  | 'message/revoked-already'
  | 'service/unavailable';

/** OpenIM's roleLevel. */
const OWNER = 100;
const ADMIN = 60;

/** In a conversation of two, `by` and the other; an admin acts in the sender's place. */
const partiesFor = (head: Head, by: UserId, sentBy: UserId): Parties => {
  if (head.group !== undefined) return { from: by, group: head.group };
  const from = takesPart(head, by) ? by : sentBy;
  return { from, to: otherThan(head, from) };
};

const isMessage = (event: Recorded<NumberedEvent> | undefined): event is Recorded<MessageSent> =>
  event?.type === 'MessageSent';

const nameOf = (personal: Personal<{ nickname?: string }>): Readonly<{ nickname: string }> => ({
  nickname: isErased(personal) ? '' : (personal.nickname ?? ''),
});

/** Whether it may, and as what: `role` is that of a member in its group. */
type Right = Readonly<{ kind: 'right'; role?: number }> | Refused<RevokeRefusal>;

const notAllowed = (detail: string): Refused<RevokeRefusal> => refuse('caller/not-allowed', detail);

/** One's own; those of all by the owner, and those of ordinary members by admins of the group. */
const rightInGroup = async (
  { standing }: Known,
  group: GroupId,
  by: UserId,
  sentBy: UserId,
): Promise<Right> => {
  const [own, sender] = [await standing(group, by), await standing(group, sentBy)];
  if (own === 'behind' || sender === 'behind') return behind('who is in the group');
  const { role } = own;
  if (role === undefined) return notAllowed(`${by} is not a member of the group`);
  // Who has left is nobody's superior any more.
  const may = by === sentBy || role === OWNER || (role === ADMIN && (sender.role ?? 0) < ADMIN);
  return may
    ? { kind: 'right', role }
    : notAllowed('only the sender, the owner, or an admin above the sender may revoke it');
};

const rightOf = async (
  known: Known,
  head: Head,
  { by, admin }: RevokeMessage,
  sentBy: UserId,
): Promise<Right> => {
  if (admin) return { kind: 'right' };
  if (head.group !== undefined) return rightInGroup(known, head.group, by, sentBy);
  return sentBy === by
    ? { kind: 'right' }
    : notAllowed('only the sender may revoke a message of a single chat');
};

/** What is recorded of who takes a message back, as it is at this moment. */
const revokerOf = (user: User, admin: boolean, roleInGroup: number | undefined) =>
  user.status === 'unknown'
    ? { role: roleInGroup ?? 0, revoker: { nickname: '' } }
    : { role: roleInGroup ?? (admin ? 0 : user.level), revoker: nameOf(user.profile) };

const revocationOf = (
  { conversation, seq, by, admin }: RevokeMessage,
  head: Head,
  { data: { from, clientMsgId, sendTime, body } }: Recorded<MessageSent>,
  revoker: ReturnType<typeof revokerOf>,
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
    ...revoker,
    source: nameOf(body),
  },
});

export const revokeHandler =
  ({ append, deriveId, known, doing }: ConversationDeps) =>
  async (request: RevokeMessage, meta: Meta): Result<RevokeRefusal> => {
    const { conversation, seq, by, admin } = request;
    const asked = { user: by, conversation, seqs: [seq] };
    const { head, revoked } = await atLeast({ known, doing }, asked);
    if (head === undefined || (!admin && !takesPart(head, by))) {
      return refuse('caller/not-allowed', `${by} takes no part in ${conversation}`);
    }
    const original = await known.message(conversation, seq);
    if (!isMessage(original) || formOf(conversation) === 'notifications') {
      return refuse('message/not-found', `seq: ${conversation} has no message ${String(seq)}`);
    }
    const right = await rightOf(known, head, request, original.data.from);
    if (right.kind === 'refused') return right;
    if (revoked) return refuse('message/revoked-already', `message ${String(seq)} is revoked`);
    const handled = await append({
      stream: conversationStream(notificationOf(conversation)),
      id: deriveId('revoke', conversation, String(seq)),
      at: doing.now(),
      meta,
      wish: revocationOf(
        request,
        head,
        original,
        revokerOf(await known.user(by), admin, right.role),
      ),
    });
    return doneWhenSeen(handled, doing);
  };
