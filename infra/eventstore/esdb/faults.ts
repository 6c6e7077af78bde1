import type { Revision } from '../../../core/kernel/ids.ts';

/** What a call to the store may come to, besides an answer. */
export type FaultReason =
  | Readonly<{ kind: 'conflict'; actual: Revision | 'no_stream' }>
  /** No such stream, or it has been deleted softly. */
  | Readonly<{ kind: 'no-stream' }>
  /** A tombstone stands at its end. */
  | Readonly<{ kind: 'stream-deleted' }>
  | Readonly<{ kind: 'denied' }>
  | Readonly<{ kind: 'too-big' }>
  | Readonly<{ kind: 'invalid' }>
  /** The server knows no such call: it is another kind of server. */
  | Readonly<{ kind: 'unknown-call' }>
  /** This node does not lead; the client has been told who does, and goes there by itself. */
  | Readonly<{ kind: 'not-leader' }>
  /** The connection is gone, was never there, or the server is going. */
  | Readonly<{ kind: 'away' }>
  /** Not done in time, says the server or our own clock. */
  | Readonly<{ kind: 'late' }>
  | Readonly<{ kind: 'other' }>;

/** Whatever the client throws, in the words that the rest of the adapter decides by. */
export class ClientFault extends Error {
  override name = 'ClientFault';
  readonly reason: FaultReason;

  constructor(reason: FaultReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Whether the same call may go well later without anybody changing what it asks for. */
export const isPassing = ({ reason }: ClientFault): boolean => {
  switch (reason.kind) {
    case 'not-leader':
    case 'away':
    case 'late':
    case 'other':
      return true;
    // An operator may give the right back, and a process that waits for that need not be started anew.
    case 'denied':
      return true;
    case 'conflict':
    case 'no-stream':
    case 'stream-deleted':
    case 'too-big':
    case 'invalid':
    case 'unknown-call':
      return false;
  }
};
