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

/** How a question to the app server ended: the command goes on, or is refused; with an answer, or for want of one. */
export type Asked = 'passed' | 'refused' | 'unanswered-passed' | 'unanswered-refused';

export type CallbackMeter = Readonly<{
  /** `callback` and `endpoint` are names of the file of webhooks. */
  asked: (callback: string, endpoint: string, how: Asked, seconds: number) => void;
  /** Why there was no answer that could be used: one of a few words. */
  unanswered: (callback: string, endpoint: string, why: string) => void;
}>;

/** For app servers that nobody measures. */
export const NO_CALLBACK_METER: CallbackMeter = { asked: nothing, unanswered: nothing };
