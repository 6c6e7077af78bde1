import type { ConversationId, EventId, Millis, Seq, UserId } from '../core/kernel/ids.ts';
import type { Asked } from './meters.ts';

/** A connection, as much as is noted of it. */
export type TracedSocket = Readonly<{
  /** Counts the connections of this process. */
  number: number;
  takesPushes: boolean;
}>;

/** How a question to the app server about a message ended. */
export type AskedAbout = Readonly<{
  /** Names of the file of webhooks. */
  callback: string;
  endpoint: string;
  how: Asked;
  /** Why there was no answer that could be used: one of a few words. */
  why?: string;
  /** From the question to the answer, or until it was given up. */
  ms: Millis;
}>;

/**
 * What becomes of messages here and stands in no log: kept in memory for a while, for whoever asks what has
 * become of one. Called for every message, so each must cost next to nothing; none may throw.
 */
export type Traces = Readonly<{
  /** The app server was asked about a message before it was stored, if it was at all. */
  asked: (event: EventId, asked: AskedAbout) => void;
  /** A stored event was written to so many of these sockets; the others do not take pushes now. */
  pushed: (event: EventId, count: number, sockets: readonly TracedSocket[]) => void;
  /** A socket has been answered with messages of a conversation, from one number to another. */
  pulled: (conversation: ConversationId, from: Seq, to: Seq, socket: number) => void;
  /** A socket is gone; whose it was is remembered for a while. */
  gone: (socket: number, user: UserId, platform: number) => void;
}>;

const nothing = (): void => undefined;

/** For gateways of which nobody asks. */
export const NO_TRACES: Traces = {
  asked: nothing,
  pushed: nothing,
  pulled: nothing,
  gone: nothing,
};
