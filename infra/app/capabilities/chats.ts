import type { Kysely } from 'kysely';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { conversationStream } from '../../../core/conversation/events.ts';
import type { Doing, Known, Reach } from '../../../core/conversation/ports.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { ConversationId, Millis, Seq, UserId } from '../../../core/kernel/ids.ts';
import { emptySide } from '../../../core/sequence/side.ts';
import type { User } from '../../../core/user/decider.ts';
import type { JoinedIds } from '../../../core/group/ports.ts';
import { NotAnswerable, type Chats, type VersionIdOf } from '../../../gateways/ports.ts';
import {
  findConversations,
  findUser,
  type ConversationAtHead,
  type TailOf,
} from '../../../projections/chats/atHead.ts';
import {
  conversationsOf,
  incrementalOf,
  newestSeqsOf,
  pinnedOf,
  readStatesOf,
} from '../../../projections/chats/lists.ts';
import { lastVisible, pullRanges, pullSeqs } from '../../../projections/chats/reader.ts';
import { conversationsAtHead, userAtHead } from '../../../projections/chats/remembered.ts';
import { seqOfSend } from '../../../projections/chats/queries.ts';
import { isMissing } from '../../../projections/kernel/faults.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { isAway } from '../readModels/isAway.ts';
import { exactly as exactlyFrom, HTTP_ANSWER_MS_MAX } from './exactly.ts';

/** A sender is not kept waiting longer than this for what only Postgres knows. */
const SENT_BEFORE_MS = 500;

/** What is known of users and conversations at the head of the log: one memory for both doors. */
type AtHead = Readonly<{
  ofUser: ReturnType<typeof userAtHead>;
  ofConversations: ReturnType<typeof conversationsAtHead>;
}>;

export const openAtHead = (db: Kysely<AnyTables>, tail: TailOf, now: () => Millis): AtHead => ({
  ofUser: userAtHead(findUser(db, tail, now), tail),
  ofConversations: conversationsAtHead(findConversations(db, tail, now), tail),
});

type ChatsDeps = Readonly<{
  atHead: AtHead;
  log: EventLog;
  versionIdOf: VersionIdOf;
  /** How long a question may take: `SOCKET_ANSWER_MS_MAX` or `HTTP_ANSWER_MS_MAX`. */
  withinMs: Millis;
}>;

/** What the gateways may ask of chats; where no exact answer can be had for now, that is what is thrown. */
export const openChats = ({ atHead, log, versionIdOf, withinMs }: ChatsDeps): Chats => {
  const { ofUser } = atHead;
  const reader = { log, conversationsAtHead: atHead.ofConversations };

  const exactly = exactlyFrom(withinMs);

  return {
    newestSeqs: (user) => exactly(async () => newestSeqsOf(user, await ofUser(user))),
    readStates: (user, ids) =>
      exactly(async () => {
        const at = await ofUser(user);
        return { states: readStatesOf(user, at, ids), pinned: pinnedOf(user, at) };
      }),
    pinned: (user) => exactly(async () => pinnedOf(user, await ofUser(user))),
    pullRanges: (...asked) => exactly(() => pullRanges(reader)(...asked)),
    pullSeqs: (...asked) => exactly(() => pullSeqs(reader)(...asked)),
    lastVisible: (...asked) => exactly(() => lastVisible(reader)(...asked)),
    conversations: (owner, ids) =>
      exactly(async () => conversationsOf(owner, await ofUser(owner), ids)),
    incremental: (owner, since) =>
      exactly(async () =>
        incrementalOf(owner, await ofUser(owner), versionIdOf('conversations', owner), since),
      ),
  };
};

/** The groups that a user is in, whether or not the lists show them yet. */
export const joinedAtHead = (
  { atHead }: Pick<ChatsDeps, 'atHead'>,
  followed: Doing['followed'],
): JoinedIds => {
  const exactly = exactlyFrom(HTTP_ANSWER_MS_MAX);
  return async (user, asOf) => {
    if (!(await followed(asOf))) return 'later';
    try {
      return (await exactly(() => atHead.ofUser(user))).joined;
    } catch (error) {
      if (error instanceof NotAnswerable) return 'later';
      throw error;
    }
  };
};

/** The event of a number, as the log has it. */
export const messageIn =
  (log: EventLog): Known['message'] =>
  async (conversation: ConversationId, seq: Seq) => {
    const [event] = await log.readStream<NumberedEvent>(conversationStream(conversation), {
      from: seq - 1,
      direction: 'forwards',
      max: 1,
    });
    return event;
  };

/** What the core must know before it decides, from the same place. */
export const openKnown = (
  {
    db,
    atHead,
    log,
  }: Omit<ChatsDeps, 'versionIdOf' | 'withinMs'> & Readonly<{ db: Kysely<AnyTables> }>,
  users: Readonly<{
    state: (user: UserId) => Promise<User>;
    atHand: (user: UserId) => User | undefined;
  }>,
  reach: Reach,
  standing: Known['standing'],
): Known => {
  const exactly = exactlyFrom(HTTP_ANSWER_MS_MAX);
  const nothing = (owner: UserId, conversation: ConversationId): ConversationAtHead => ({
    head: undefined,
    side: emptySide(owner, conversation),
    peerReadUpTo: 0,
    revocations: new Map(),
    hidden: new Set(),
    doubles: new Set(),
  });
  return {
    user: users.state,
    userAtHand: users.atHand,
    reach,
    standing,
    at: async (owner, conversation, seq = 0) => {
      const span = { conversation, from: seq, to: seq };
      const [found] = await exactly(() => atHead.ofConversations(owner, [span]));
      const { head, side, revocations } = found ?? nothing(owner, conversation);
      return { head, side, revoked: revocations.has(seq) };
    },
    sentBefore: async (conversation, id, before) => {
      const deadline = AbortSignal.timeout(SENT_BEFORE_MS);
      const late = new Promise<'behind'>((resolve) => {
        deadline.addEventListener('abort', () => {
          resolve('behind');
        });
      });
      const asked = seqOfSend(db, conversation, id, before).catch((error: unknown) => {
        if (isAway(error) || isMissing(error)) return 'behind' as const;
        throw error;
      });
      const seq = await Promise.race([asked, late]);
      return seq === 'behind' ? 'unanswerable' : (seq ?? 'never');
    },
    message: messageIn(log),
  };
};
