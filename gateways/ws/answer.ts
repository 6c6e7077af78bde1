import type { Request } from '../openim/envelope.ts';
import type { WireError } from '../openim/errors.ts';
import type { REQUESTS } from '../openim/numbers.ts';
import { wireErrorOf } from '../openim/refusals.ts';
import type { Refusal, Refused } from '../ports.ts';
import type { Connection } from './connection.ts';

/** What a handler makes of a request. */
export type Answer =
  /** `last`: the connection is closed once it is out. */
  | Readonly<{ kind: 'data'; data: Uint8Array; last?: 'logged-out' }>
  | Readonly<{ kind: 'error'; error: WireError; detail: string }>
  /** The answer is on its way already. */
  | Readonly<{ kind: 'answered' }>;

/**
 * One request number. It must do all it does with `request.data` before it first waits, and a send is
 * handed on before it first waits too: so sends of one connection keep their order without a queue.
 */
export type Handler = (connection: Connection, request: Request) => Answer | Promise<Answer>;

/** The numbers a client may ask; the others of `REQUESTS` come from the server. */
export type Asked = Exclude<(typeof REQUESTS)[keyof typeof REQUESTS], 2001 | 2002>;
export type Handlers = Readonly<Record<Asked, Handler>>;

export const data = (bytes: Uint8Array): Answer => ({ kind: 'data', data: bytes });
export const failure = (error: WireError, detail: string): Answer => ({
  kind: 'error',
  error,
  detail,
});
export const refusal = (reason: Refusal, detail: string): Answer => refused({ reason, detail });
export const refused = (refusal: Omit<Refused, 'kind'>): Answer =>
  failure(wireErrorOf(refusal), refusal.detail);

/** An answer, or a message, without fields. */
export const EMPTY = new Uint8Array();
