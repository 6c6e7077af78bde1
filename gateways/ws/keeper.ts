import type { Millis } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

/** How often `keeper` is to be called. */
export const TICK_MS = 1000;
/** Browsers and Electron are cut by a read deadline of 30 s (GW 2.6). */
export const PING_EVERY_TICKS = 25;
/** A Go client that has not asked for its numbers by now has skipped its sync (decisions 5.4b). */
export const SYNC_WITHIN_MS = 8000;
/** It is cut for that no more than so often, by user and platform. */
export const SYNC_CUT_EVERY_MS = 60_000;

/**
 * Once a second: pings a part of the connections, and closes those whose token has expired, that
 * lack a message, or that would never notice what they lack. One sweep costs less than a timer for each of 10,000 sockets.
 */
export const keeper = (connections: Connections, now: () => Millis): (() => void) => {
  /** When one was cut last for not syncing. */
  const cutAt = new Map<string, Millis>();
  let ticks = 0;

  const mayBeCut = ({ caller }: Connection, at: Millis): boolean => {
    const key = `${String(caller.platform)} ${caller.user}`;
    if (cutAt.has(key)) return false;
    cutAt.set(key, at);
    return true;
  };

  return () => {
    const at = now();
    ticks += 1;
    // Entries are in the order of time, so the first that is young enough ends the search.
    for (const [key, since] of cutAt) {
      if (at - since < SYNC_CUT_EVERY_MS) break;
      cutAt.delete(key);
    }
    for (const connection of connections) {
      const neverSynced =
        connection.form.kind === 'gob' &&
        !connection.synced &&
        at - connection.openedAt >= SYNC_WITHIN_MS;
      if (connection.caller.expiresAt <= at) connection.close('token-expired');
      else if ((connection.cutAt ?? Infinity) <= at) connection.close('behind');
      else if (neverSynced && mayBeCut(connection, at)) connection.close('never-synced');
      else if ((connection.number + ticks) % PING_EVERY_TICKS === 0) connection.ping();
    }
  };
};
