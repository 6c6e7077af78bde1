import type { ConversationId, EventId, Seq, UserId } from '../core/kernel/ids.ts';

/** A connection, as much as is noted of it. */
export type TracedSocket = Readonly<{
  /** Counts the connections of this process. */
  number: number;
  takesPushes: boolean;
}>;

/**
 * What becomes of messages here and stands in no log: kept in memory for a while, for whoever asks what has
 * become of one. Called for every message, so each must cost next to nothing; none may throw.
 */
export type Traces = Readonly<{
  /** A stored event was written to so many of these sockets; the others do not take pushes now. */
  pushed: (event: EventId, count: number, sockets: readonly TracedSocket[]) => void;
  /** A socket has been answered with messages of a conversation, from one number to another. */
  pulled: (conversation: ConversationId, from: Seq, to: Seq, socket: number) => void;
  /** A socket is gone; whose it was is remembered for a while. */
  gone: (socket: number, user: UserId, platform: number) => void;
}>;

const nothing = (): void => undefined;

/** For gateways of which nobody asks. */
export const NO_TRACES: Traces = { pushed: nothing, pulled: nothing, gone: nothing };
