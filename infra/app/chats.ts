import type { Kysely } from 'kysely';
import type { NumberedEvent } from '../../core/conversation/events.ts';
import { conversationStream } from '../../core/conversation/events.ts';
import type { Known, Reach } from '../../core/conversation/ports.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { ConversationId, Seq, UserId } from '../../core/kernel/ids.ts';
import { emptySide } from '../../core/sequence/side.ts';
import type { User } from '../../core/user/decider.ts';
import type { Chats, VersionIdOf } from '../../gateways/ports.ts';
import {
  conversationsAtHead,
  userAtHead,
  type ConversationAtHead,
  type TailOf,
} from '../../projections/chats/atHead.ts';
import {
  conversationsOf,
  incrementalOf,
  newestSeqsOf,
  readStatesOf,
} from '../../projections/chats/lists.ts';
import { lastVisible, pullRanges, pullSeqs } from '../../projections/chats/reader.ts';
import { seqOfSend } from '../../projections/chats/queries.ts';
import { isMissing } from '../../projections/kernel/faults.ts';
import type { AnyTables } from '../../projections/kernel/model.ts';
import { exactly as exactlyFrom, HTTP_ANSWER_MS_MAX, SOCKET_ANSWER_MS_MAX } from './exactly.ts';

/** A sender is not kept waiting longer than this for what only Postgres knows. */
const SENT_BEFORE_MS = 500;

type ChatsDeps = Readonly<{
  db: Kysely<AnyTables>;
  tail: TailOf;
  log: EventLog;
  versionIdOf: VersionIdOf;
  /** Whether what was thrown says that Postgres is away, and not that we have made a mistake. */
  isAway: (error: unknown) => boolean;
}>;

/** What the gateways may ask of chats; where no exact answer can be had for now, that is what is thrown. */
export const openChats = ({ db, tail, log, versionIdOf, isAway }: ChatsDeps): Chats => {
  const ofUser = userAtHead(db, tail);
  const reader = { log, conversationsAtHead: conversationsAtHead(db, tail) };

  const exactly = exactlyFrom(isAway, SOCKET_ANSWER_MS_MAX);

  return {
    newestSeqs: (user) => exactly(async () => newestSeqsOf(user, await ofUser(user))),
    readStates: (user, ids) => exactly(async () => readStatesOf(user, await ofUser(user), ids)),
    pinned: (user) =>
      exactly(async () =>
        conversationsOf(user, await ofUser(user)).flatMap(({ pinned, conversation }) =>
          pinned ? [conversation] : [],
        ),
      ),
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

/** What the core must know before it decides, from the same place. */
export const openKnown = (
  { db, tail, log, isAway }: Omit<ChatsDeps, 'versionIdOf'>,
  users: Readonly<{
    state: (user: UserId) => Promise<User>;
    atHand: (user: UserId) => User | undefined;
  }>,
  reach: Reach,
): Known => {
  const atHead = conversationsAtHead(db, tail);
  const exactly = exactlyFrom(isAway, HTTP_ANSWER_MS_MAX);
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
    at: async (owner, conversation, seq = 0) => {
      const span = { conversation, from: seq, to: seq };
      const [found] = await exactly(() => atHead(owner, [span]));
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
    message: async (conversation: ConversationId, seq: Seq) => {
      const [event] = await log.readStream<NumberedEvent>(conversationStream(conversation), {
        from: seq - 1,
        direction: 'forwards',
        max: 1,
      });
      return event;
    },
  };
};
