import type { UserId } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { PresenceSubscriptions } from '../keptPorts.ts';
import { presenceFrames } from './frames.ts';

/** Tells those who watch a user that its list of platforms is another now (GW 3.3, 2005). */
export const announcePresence = (
  connections: Connections,
  user: UserId,
  platforms: readonly number[],
): void => {
  const frames = presenceFrames(user, platforms);
  for (const connection of connections.watchersOf(user)) connection.send(frames(connection.form));
};

/** Users one connection may watch. */
export const WATCHED_MAX = 5000;

/** Whether a connection may watch these as well. */
export const mayWatch = ({ watched }: Connection, users: readonly UserId[]): boolean =>
  watched.size + users.filter((user) => !watched.has(user)).length <= WATCHED_MAX;

/** Subscriptions that are not asked for on a connection: they are of all that the user has here. */
export type WatchedHere = PresenceSubscriptions &
  Readonly<{ mayWatch: (user: UserId, watched: readonly UserId[]) => boolean }>;

export const subscriptionsOf = (connections: Connections): WatchedHere => ({
  mayWatch: (user, watched) => {
    const users = [...new Set(watched)];
    return [...connections.of(user)].every((connection) => mayWatch(connection, users));
  },
  watch: (user, watched) => {
    const own = [...connections.of(user)];
    const users = [...new Set(watched)];
    if (!own.every((connection) => mayWatch(connection, users))) return Promise.resolve(false);
    for (const connection of own) for (const one of users) connections.watch(connection, one);
    return Promise.resolve(true);
  },
  unwatch: (user, watched) => {
    for (const connection of connections.of(user)) {
      for (const one of watched) connections.unwatch(connection, one);
    }
    return Promise.resolve();
  },
  watchedBy: (user) => {
    const all = [...connections.of(user)].flatMap(({ watched }) => [...watched]);
    return Promise.resolve([...new Set(all)]);
  },
});
