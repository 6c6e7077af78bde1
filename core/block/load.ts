import type { EventLog } from '../kernel/eventLog.ts';
import type { UserId } from '../kernel/ids.ts';
import { readForwards } from '../kernel/readForwards.ts';
import type { Loaded } from '../kernel/writer.ts';
import type { Blocks } from './decider.ts';
import type { BlockEvent } from './events.ts';

/**
 * Of all who were ever blocked one set is made, and not a new one for each event as `evolve` has to: that
 * would be quadratic for who has blocked thousands.
 */
export const loadBlocks =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Blocks>> => {
    const blocked = new Set<UserId>();
    const revision = await readForwards<BlockEvent>(log, stream, ({ type, data }) => {
      if (type === 'UserBlocked') blocked.add(data.blocked);
      else blocked.delete(data.blocked);
    });
    return { state: blocked, revision };
  };
