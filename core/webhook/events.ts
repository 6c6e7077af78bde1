import type { Fact } from '../kernel/fact.ts';
import type { EventId, Millis, Position, Revision, UserId } from '../kernel/ids.ts';

/** Which fact a delivery tells of: its place in its stream, which a copy of the log keeps. */
export type Of = Readonly<{ stream: string; revision: Revision }>;

/**
 * A delivery that an endpoint has not taken in all the time it was given: a dead letter. What it says is
 * made of the fact again when it is sent again, so that nothing personal is kept here.
 */
export type DeliveryGivenUp = Fact<
  'DeliveryGivenUp',
  Of & {
    endpoint: string;
    delivery: EventId;
    /** The callback's name. */
    callback: string;
    attempts: number;
    /** What the last try came to. */
    why: string;
  }
>;

/** Somebody wants it to be sent again; once it is taken, it is no dead letter any more. */
export type ResendAsked = Fact<'ResendAsked', { endpoint: string; delivery: EventId }>;
export type DeliveryResent = Fact<'DeliveryResent', { endpoint: string; delivery: EventId }>;

/** All that came after a position is to be told to the endpoint once more, up to this event. */
export type ReplayAsked = Fact<'ReplayAsked', { endpoint: string; after: Position }>;
/** How far a replay has come, named by the id of its `ReplayAsked`. */
export type ReplayMoved = Fact<
  'ReplayMoved',
  { endpoint: string; replay: EventId; position: Position }
>;
export type ReplayEnded = Fact<'ReplayEnded', { endpoint: string; replay: EventId }>;

/** One line of the delivery log. */
export type Made = Readonly<
  Of & {
    delivery: EventId;
    callback: string;
    /** When it was taken, or given up. */
    at: Millis;
    attempts: number;
    /** HTTP status of the last answer; 0 for none. */
    status: number;
    /** How long the last try took. */
    ms: Millis;
    /** It was given up. */
    failed?: true;
    replay?: EventId;
  }
>;

/** In `webhook-<endpoint>-deliveries`: what has been delivered of late. */
export type DeliveriesMade = Fact<'DeliveriesMade', { endpoint: string; made: readonly Made[] }>;

/** A user is connected on a platform, or not any more. */
export type Presence = Readonly<{
  user: UserId;
  platform: number;
  online: boolean;
  at: Millis;
}>;

/** In `webhook-presence-changes`, only while an endpoint wants to be told: presence is in no other stream. */
export type PresenceChanged = Fact<'PresenceChanged', { changes: readonly Presence[] }>;

/**
 * In `webhook-offline-recipients`, only while an endpoint wants to be told: to whom a message was not pushed
 * on anything that they carry. The message is named and not repeated, so nothing personal is kept here.
 */
export type RecipientsOffline = Fact<'RecipientsOffline', Of & { users: readonly UserId[] }>;

export type WebhookEvent =
  | DeliveryGivenUp
  | ResendAsked
  | DeliveryResent
  | ReplayAsked
  | ReplayMoved
  | ReplayEnded
  | DeliveriesMade
  | PresenceChanged
  | RecipientsOffline;

export const WEBHOOK_PREFIX = 'webhook-';

/** No name of an endpoint has a `-`, so no two of these are the same. */
export const webhookStream = (endpoint: string): string => `${WEBHOOK_PREFIX}${endpoint}`;
export const deliveriesStream = (endpoint: string): string =>
  `${WEBHOOK_PREFIX}${endpoint}-deliveries`;
export const PRESENCE_STREAM = `${WEBHOOK_PREFIX}presence-changes`;
export const OFFLINE_STREAM = `${WEBHOOK_PREFIX}offline-recipients`;
