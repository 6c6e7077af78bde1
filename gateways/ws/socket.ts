/**
 * What is left of a WebSocket once the library is taken away. Writing to a socket that has closed is
 * allowed and does nothing: whoever writes need not know.
 */
export interface Socket {
  /** One binary message. */
  send(frame: Uint8Array): void;
  /** One text message: the answer to the handshake and pongs, nothing else (GW 2.6). */
  sendText(text: string): void;
  /** A ping of the protocol; clients' libraries answer it by themselves. */
  ping(): void;
  /** What is written inside leaves in one system call. */
  cork(write: () => void): void;
  /** Sends what has been written, then a close frame. */
  end(code: number): void;
}

/** The code of a closing that tells nothing more: no SDK looks at it (GW 2.8). */
export const CLOSE_NORMAL = 1000;
/** The server is going away. */
export const CLOSE_GOING_AWAY = 1001;

/** Why a connection has ended, for the count of each. */
export const CLOSE_REASONS = [
  /** It went by itself, or the network did. */
  'client',
  'kicked',
  /** The next connect answers 1501, which is the callback the app waits for. */
  'token-expired',
  'logged-out',
  'malformed-frame',
  'foreign-sender',
  'unknown-request',
  'oversize-frame',
  /** More requests, or more bytes of them, wait for an answer than one connection may have. */
  'too-many-requests',
  /** One of its user's sockets beyond as many as a user may have; the oldest, of the login with the most. */
  'too-many-connections',
  /** No exact answer could be given in time (decisions 4.1). */
  'not-answerable',
  /** Opened but never asked for its numbers, so it would not notice what it lacks (decisions 5.4b). */
  'never-synced',
  /** It lacks a message that could not be pushed in its order (decisions 5.2). */
  'behind',
  /** It does not take what is written to it. */
  'too-slow',
  /** Not even an answer to a ping. */
  'silent',
  'shutdown',
] as const;

export type CloseReason = (typeof CLOSE_REASONS)[number];
