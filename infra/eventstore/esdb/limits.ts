import type { Millis } from '../../../core/kernel/ids.ts';

/**
 * An append that has been sent and not been answered for so long has an unknown outcome. Less than the 2 s
 * within which the server gives up itself: who waits is to be told within 2 s in all.
 */
export const APPEND_WAIT: Millis = 1_500;
/**
 * An append that could not be sent for so long has surely not been stored. Once the store has been away for
 * so long, nothing waits for it any more.
 */
export const QUEUE_WAIT: Millis = 1_900;
/**
 * Appends under way at once. More only wait elsewhere: the client's throughput is reached with 64. Few and
 * small, so that they do not wait for room in the connection, where an end of it would leave them unheard.
 */
export const IN_FLIGHT_MAX = 64;
export const IN_FLIGHT_BYTES_MAX = 768 * 1024;
/** So long without an answer, appending is tried, so that a silent store is known before somebody waits. */
export const TRIAL_EVERY: Millis = 5_000;
/** Appends that may wait to be sent; with more, callers are better told at once. */
export const QUEUE_MAX = 20_000;
export const QUEUE_BYTES_MAX = 64 * 1024 * 1024;

/** The next events of a read have to come within this; who asks waits no longer for a silent store. */
export const READ_WAIT: Millis = 1_900;
/** How often a read that waits looks whether the store is known to be away by now. */
export const READ_LOOKS_EVERY: Millis = 100;
export const READ_ATTEMPTS_MAX = 4;
/** A connection has room for 100 calls, and one more simply waits, without a word. */
export const READS_MAX = 48;
/** Events looked at for one page of `$all`, of which many may concern others. */
export const PAGE_EVENTS_MAX = 4_096;

/** What a read holds of what has come and is not wanted yet; with more, the server has to wait. */
export const AHEAD_EVENTS_MAX = 1_000;
export const AHEAD_BYTES_MAX = 1024 * 1024;
/** Events handed to a subscriber at once. */
export const BATCH_EVENTS_MAX = 1_000;
/** A filtered subscription is not told of each event it passes over; so long without news, we ask. */
export const IDLE_FIRST: Millis = 500;
export const IDLE_MAX: Millis = 30_000;

export const BACKOFF_FIRST: Millis = 50;
export const BACKOFF_MAX: Millis = 2_000;

/** Doubles, and spreads those who began to wait together over the second half of it. */
export const backoff = (attempt: number): Millis => {
  const full = Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** attempt);
  return full / 2 + (Math.random() * full) / 2;
};
