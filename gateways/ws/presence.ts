import type { UserId } from '../../core/kernel/ids.ts';
import type { Connections } from './connections.ts';
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
