import type { ConversationId, Seq, UserId } from '../kernel/ids.ts';
import type { Doing, Known } from './ports.ts';

type Deps = Readonly<{ known: Pick<Known, 'at' | 'message'>; doing: Pick<Doing, 'followed'> }>;
type Asked = Readonly<{ user: UserId; conversation: ConversationId; seqs: readonly Seq[] }>;

/**
 * One user's view of a conversation that has all of these numbers that there are: a client may have been told of one by
 * another process sooner than this one has seen it in the log. The first of them is the one that may be taken back.
 */
export const atLeast = async (
  { known, doing }: Deps,
  { user, conversation, seqs }: Asked,
): ReturnType<Known['at']> => {
  for (let waitedFor: Seq = 0; ;) {
    const at = await known.at(user, conversation, seqs[0]);
    const newest = at.head?.maxSeq ?? 0;
    const next = seqs.reduce(
      (least, seq) => (seq > newest ? Math.min(least, seq) : least),
      Infinity,
    );
    // For who has gone from a group it ends sooner than the log does.
    if (next === Infinity || next === waitedFor) return at;
    const event = await known.message(conversation, next);
    if (event === undefined) return at;
    await doing.followed(event.position);
    waitedFor = next;
  }
};
