import type { Millis, Position, Revision, Seq } from '../core/kernel/ids.ts';
import type { Made } from '../core/webhook/events.ts';
import type { Result } from './ports.ts';
import type { AskedAbout } from './traces.ts';

/** Which message is asked about: by its number, or by the id its sender gave it. */
export type ExplainRequest = Readonly<{
  /** As SDKs show it: `si_…`, `sg_…`, `sn_…`, or `n_…` for notices. */
  conversation: string;
  seq?: Seq;
  clientMsgId?: string;
  /** What it says is shown, which is personal. */
  text: boolean;
}>;

/** Who did something, when, and in which call. */
export type Act = Readonly<{
  at: Millis;
  actor: string;
  operationId: string;
  position: Position;
}>;

export type LoginShown = Readonly<{
  token: string;
  /** Absent: the login's stream does not say any more. */
  platform?: number;
  issuedAt?: Millis;
  expiresAt?: Millis;
  /** Who has asked for it, and in which call. */
  issuedTo?: string;
  issuedIn?: string;
  /** Whether it may still be used. */
  live: boolean;
}>;

export type SocketShown = Readonly<{ socket: number; user?: string; platform?: number }>;

/** Of one process: a message was written to `count` sockets, of which the first are named. */
export type PushShown = Readonly<{
  node: string;
  at: Millis;
  count: number;
  /** How many there were; those beyond `count` were in the background or about to be closed. */
  online: number;
  sockets: readonly SocketShown[];
}>;

/** What has followed from it in the log: taken back, read, deleted, hidden, cleared, or told of. */
export type FollowedBy = Act &
  Readonly<{
    kind: 'revoked' | 'read' | 'deleted' | 'hidden' | 'cleared' | 'notice';
    /** Whose view it concerns; absent: everybody's. */
    user?: string;
    /** Where its notice stands, where it has one. */
    conversation?: string;
    seq?: Seq;
    pushes: readonly PushShown[];
  }>;

export type CallbackShown = Readonly<{ endpoint: string }> &
  (
    | Readonly<{ kind: 'told'; made: Made }>
    | Readonly<{ kind: 'given-up'; callback: string; attempts: number; why: string }>
    /** The endpoint has not come so far in the log. */
    | Readonly<{ kind: 'not-yet'; position: Position }>
  );

/** What an endpoint that was asked about it, before it was stored, has said. */
export type AskedShown = AskedAbout & Readonly<{ node: string; at: Millis }>;

/** All that is known of what became of a message. */
export type Explanation = Readonly<{
  conversation: string;
  seq: Seq;
  /** The newest number there. */
  newest: Seq;
  now: Millis;
  message: Readonly<{
    type: string;
    from: string;
    to?: string;
    group?: string;
    contentType: number;
    platform: number;
    clientMsgId: string;
    serverMsgId: string;
    /** By the sender's clock; 0: not known. */
    createTime: Millis;
    sendTime: Millis;
    /** The sender has been erased, or somebody else whom it is personal to. */
    erased: boolean;
    content?: string;
    nickname?: string;
    /** Why the number holds no message. */
    reason?: string;
  }>;
  sent: Readonly<{
    actor: string;
    operationId: string;
    /** The fact that this line tells of. */
    causationId?: string;
    /** Absent: it was sent with none, or before logins were noted. */
    login?: LoginShown;
  }>;
  committed: Readonly<{
    at: Millis;
    position: Position;
    stream: string;
    revision: Revision;
    eventId: string;
  }>;
  callbacks: Readonly<{
    /** Endpoints that messages of its kind are asked about before, as the settings of this process are now. */
    askable: readonly string[];
    /** By how often it was sent: one that was refused may have been sent again. */
    asked: readonly AskedShown[];
    /** The endpoint that has changed it before it was stored. */
    modifiedBy?: string;
    /** SHA-256 of what its sender had written; shown with the text. */
    originalHash?: string;
    told: readonly CallbackShown[];
    /** The delivery log is longer than is looked through. */
    partly: boolean;
  }>;
  projected: readonly Readonly<{
    model: string;
    position: Position;
    /** The tables have it. */
    done: boolean;
    /** Absent: not known any more. */
    at?: Millis;
    node?: string;
  }>[];
  published: readonly Readonly<{ node: string; at: Millis; taken: boolean }>[];
  pushed: readonly PushShown[];
  /** Answers to sockets that had it, `count` in all. */
  pulled: Readonly<{
    count: number;
    first: readonly (SocketShown & Readonly<{ node: string; at: Millis }>)[];
  }>;
  /** As the tables stand at `position`; absent: they cannot be asked for now. */
  read?: Readonly<{
    position: Position;
    /** Beside the sender. */
    readers: number;
    members: number;
    first: readonly Readonly<{ user: string; upTo: Seq }>[];
    /** Who has it hidden, or has cleared the chat beyond it. */
    hiddenFor: readonly string[];
    clearedBy: readonly string[];
    more: boolean;
  }>;
  followed: readonly FollowedBy[];
  /** More has been written since than is looked through; `followed` ends there. */
  followedPartly: boolean;
  traces: Readonly<{
    nodes: readonly Readonly<{
      node: string;
      /** 0: it remembers nothing. */
      keptMs: Millis;
      /** All since then is known. */
      completeAfter: Millis;
      /** Whether what happened from the commit on is known. */
      complete: boolean;
    }>[];
    /** Processes that are there and have not answered. */
    silent: readonly string[];
    /** This process cannot reach the others. */
    cutOff: boolean;
  }>;
}>;

/** What has become of a message, for whoever runs the server. */
export interface Explain {
  explain(request: ExplainRequest): Result<{ found: Explanation }>;
}
