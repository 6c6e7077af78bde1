import { done, doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId, EventId, Position, Seq, UserId } from '../kernel/ids.ts';
import { formOf, otherThan, takesPart, type SeenHead } from '../sequence/head.ts';
import type { AppendOnce } from './appendOnce.ts';
import { atLeast } from './atLeast.ts';
import { conversationStream, type Parties } from './events.ts';
import { notificationOf, selfNotification } from './ids.ts';
import type { Doing, Known } from './ports.ts';

/** For whom messages are deleted, and who is told. */
export type DeleteScope =
  /** For oneself; other devices find it when they pull. */
  | 'self'
  /** For oneself; other devices are told. */
  | 'self-everywhere'
  /** For everybody: one's own messages, or any by an app admin. */
  | 'all';

export type HideMessages = Readonly<{
  user: UserId;
  conversation: ConversationId;
  seqs: readonly Seq[];
  scope: DeleteScope;
  admin: boolean;
}>;

export type ClearConversations = Readonly<{
  user: UserId;
  conversations: readonly ConversationId[];
  /** The user's other devices are told to clear, too. */
  everywhere: boolean;
}>;

type NoteInInbox = (
  user: UserId,
  event:
    | Readonly<{
        type: 'MessagesHidden';
        data: { user: UserId; conversation: ConversationId; seqs: readonly Seq[] };
      }>
    | Readonly<{
        type: 'ConversationCleared';
        data: { user: UserId; conversation: ConversationId; upTo: Seq; everywhere?: true };
      }>,
  meta: Meta,
) => Result<never>;

export type HideDeps = Readonly<{
  append: AppendOnce;
  known: Known;
  doing: Doing;
  newId: () => EventId;
  note: NoteInInbox;
}>;

export type HideRefusal = 'conversation/not-party' | 'caller/not-allowed';

/** An app admin may delete for everybody what is said in a group that it is not in. */
const mayDelete = (head: SeenHead, { user, scope, admin }: HideMessages): boolean =>
  (admin && scope === 'all' && head.group !== undefined) || takesPart(head, user);

/** Whether all of them were sent by the user; what is not there any more belongs to nobody. */
const areOwn = async (
  { known }: HideDeps,
  { user, conversation, seqs }: HideMessages,
): Promise<boolean> => {
  const events = await Promise.all(seqs.map((seq) => known.message(conversation, seq)));
  return events.every((event) => event === undefined || event.data.from === user);
};

/** Deletion that others are told of takes a number in a notification conversation. */
const tell = async (
  { append, doing, newId }: HideDeps,
  at: ConversationId,
  parties: Parties,
  { conversation, seqs, scope }: HideMessages,
  meta: Meta,
): Result<'conversation/not-party'> => {
  const handled = await append({
    stream: conversationStream(at),
    id: newId(),
    at: doing.now(),
    meta,
    wish: {
      type: 'MessagesDeleted',
      data: { ...parties, conversation, seqs, scope: scope === 'all' ? 'all' : 'self' },
    },
  });
  return doneWhenSeen(handled, doing);
};

export const hideHandler =
  (deps: HideDeps) =>
  async (request: HideMessages, meta: Meta): Result<HideRefusal> => {
    const { user, conversation, scope, admin } = request;
    const { head } = await atLeast(deps, request);
    if (head === undefined || !mayDelete(head, request)) {
      return refuse('conversation/not-party', `${user} takes no part in ${conversation}`);
    }
    const seqs = [...new Set(request.seqs)].filter((seq) => seq >= 1 && seq <= head.maxSeq);
    if (seqs.length === 0) return done({}, undefined);
    const wanted = { ...request, seqs };
    switch (scope) {
      case 'self':
        return deps.note(
          user,
          { type: 'MessagesHidden', data: { user, conversation, seqs } },
          meta,
        );
      case 'self-everywhere':
        return tell(deps, selfNotification(user), { from: user, to: user }, wanted, meta);
      case 'all': {
        if (!admin && !(await areOwn(deps, wanted))) {
          return refuse(
            'caller/not-allowed',
            'seqs: only own messages can be deleted for everybody',
          );
        }
        const parties =
          head.group === undefined
            ? { from: user, to: otherThan(head, user) }
            : { from: user, group: head.group };
        return tell(deps, notificationOf(conversation), parties, wanted, meta);
      }
    }
  };

/**
 * For everybody, at the wish of an app admin who takes no part: nobody is shown them any more, and the
 * clients of all are told. The log keeps what it has.
 */
export const removeHandler =
  (deps: HideDeps) =>
  async (
    { conversation, seqs: asked }: Pick<HideMessages, 'conversation' | 'seqs'>,
    meta: Meta,
  ): Result<'conversation/unknown' | 'conversation/not-party'> => {
    const user = meta.actor as UserId;
    const { head } = await atLeast(deps, { user, conversation, seqs: asked });
    if (head === undefined || formOf(conversation) === 'notifications') {
      return refuse('conversation/unknown', `conversationID: there is no chat ${conversation}`);
    }
    const seqs = [...new Set(asked)].filter((seq) => seq >= 1 && seq <= head.maxSeq);
    if (seqs.length === 0) return done({}, undefined);
    const { first, second, group } = head;
    const parties =
      group === undefined ? { from: first, to: second ?? first } : { from: first, group };
    const wanted = { user: first, conversation, seqs, scope: 'all', admin: true } as const;
    return tell(deps, notificationOf(conversation), parties, wanted, meta);
  };

/** Those that are not the user's, or have nothing to clear, are passed over. */
export const clearHandler =
  (deps: HideDeps) =>
  async ({ user, conversations, everywhere }: ClearConversations, meta: Meta): Result<never> => {
    let newest: Position | undefined;
    for (const conversation of new Set(conversations)) {
      const { head, side } = await deps.known.at(user, conversation);
      if (head === undefined || !takesPart(head, user) || side.minSeq > head.maxSeq) continue;
      const data = { user, conversation, upTo: head.maxSeq };
      const result = await deps.note(
        user,
        {
          type: 'ConversationCleared',
          data: everywhere ? { ...data, everywhere: true } : data,
        },
        meta,
      );
      if (result.kind === 'done') newest = result.position ?? newest;
    }
    return done({}, newest);
  };
