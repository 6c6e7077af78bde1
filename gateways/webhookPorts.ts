import type { EventId, Millis, Position } from '../core/kernel/ids.ts';
import type { Meta } from '../core/kernel/fact.ts';
import type { DeadLetter } from '../core/webhook/decider.ts';
import type { Made } from '../core/webhook/events.ts';
import type { Result } from './ports.ts';

export type WebhookStatus = Readonly<{
  endpoint: string;
  /** Without path: that may be secret. */
  url: string;
  /** Callbacks that it is asked, and told. */
  before: readonly string[];
  after: readonly string[];
  /** What the log has up to here has been delivered or given up. */
  position: Position;
  pending: number;
  /** For how long nothing has got through; 0 if something does. */
  awayMs: Millis;
  /** Deliveries that were given up. */
  dead: number;
  replays: number;
  /** Another process tells it. */
  elsewhere: boolean;
}>;

/** The app server's endpoints, for whoever runs the server. */
export interface Webhooks {
  list(): Promise<Readonly<{ head: Position; endpoints: readonly WebhookStatus[] }>>;
  /** Posts a call that says that it is a test; `taken`: it was answered with success. */
  test(endpoint: string): Result<{ taken: boolean; why: string; ms: Millis }>;
  /** Newest first. */
  deliveries(endpoint: string, max: number): Result<{ deliveries: readonly Made[] }>;
  /** Oldest first. */
  deadLetters(
    endpoint: string,
    max: number,
  ): Result<{ total: number; letters: readonly DeadLetter[] }>;
  /** Dead letters are sent again; none named: all of them. */
  resend(endpoint: string, deliveries: readonly EventId[], meta: Meta): Result<{ asked: number }>;
  /** What came from a position or a time on is told once more, marked as such, up to now. */
  replay(
    endpoint: string,
    from: Readonly<{ position: Position } | { time: Millis }>,
    meta: Meta,
  ): Result<{ replay: EventId; after: Position }>;
}
