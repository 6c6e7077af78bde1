import type { Position } from '../core/kernel/ids.ts';
import type { Result } from './ports.ts';

/** What is wanted of the log's past. Of lists that are empty, anything fits; of others, one must. */
export type EventsRequest = Readonly<{
  /** A position, or a time; absent: the beginning. */
  from?: string;
  /** Likewise; absent: the end as it is now. */
  to?: string;
  /** In place of `from`: what comes after this position, as an earlier answer has named it. */
  after?: Position;
  streams: readonly string[];
  categories: readonly string[];
  types: readonly string[];
  actors: readonly string[];
  conversations: readonly string[];
  /** At most so many events. */
  limit?: number;
  /** Does not end with the newest event, but waits for those to come. */
  follow: boolean;
}>;

/** What is asked about: a user's profile, a user's friends, a group, or a conversation. */
export type PastSubject = Readonly<{
  kind: 'user' | 'friends' | 'group' | 'conversation';
  id: string;
}>;

/** Who did what, when, and by which call. */
export type PastEvent = Readonly<{
  position: Position;
  time: string;
  type: string;
  stream: string;
  actor: string;
  operationId: string;
  data: PastRow;
}>;

type PastRow = Readonly<Record<string, unknown>>;

/** Rows of the read models by table, as they stood after this position; of a conversation, messages too. */
export type AsOf = Readonly<{
  position: Position;
  rows: Readonly<Record<string, readonly PastRow[]>>;
  messages: readonly PastEvent[];
}>;

/** The difference between two moments, row by row, and the events that made it. */
export type Changes = Readonly<{
  from: Position;
  to: Position;
  events: readonly PastEvent[];
  changes: readonly Readonly<{ table: string; before?: PastRow; after?: PastRow }>[];
}>;

/** The past, for whoever runs the server. */
export interface History {
  /** Moments are positions or times, as text. */
  asOf(subject: PastSubject, at: string): Result<{ found: AsOf }>;
  changes(subject: PastSubject, from: string, to: string): Result<{ found: Changes }>;
  /**
   * Events as lines of JSON, some at a time, read as they are asked for. Now and then, and at the end, a
   * line `{"cursor":position,"end":true|false}` says where to go on from.
   */
  events(request: EventsRequest): Result<{ lines: AsyncIterable<string> }>;
}
