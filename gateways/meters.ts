import type { Millis } from '../core/kernel/ids.ts';

/**
 * What the gateways tell whoever measures. Socket calls are made for every message, so each must cost
 * next to nothing; none may throw.
 */
export type SocketMeter = Readonly<{
  /** A moment, in seconds of a clock that only goes forward. */
  moment: () => number;
  /** A request has been answered; `errCode` 0: well. */
  answered: (request: number, errCode: number) => void;
  /** A message that was read at that moment is durable, and its answer has been written. */
  acknowledged: (readAt: number) => void;
  /** A message that was committed then has been written to so many connections, of others than its sender. */
  delivered: (committed: Millis, connections: number) => void;
}>;

export type HttpMeter = Readonly<{
  /** `path` is a route's and never what the caller wrote. */
  called: (path: string, errCode: number, seconds: number) => void;
}>;

const nothing = (): void => undefined;

/** For gateways that nobody measures. */
export const NO_SOCKET_METER: SocketMeter = {
  moment: () => 0,
  answered: nothing,
  acknowledged: nothing,
  delivered: nothing,
};
