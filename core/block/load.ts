import type { EventLog } from '../kernel/eventLog.ts';
import type { UserId } from '../kernel/ids.ts';
import type { Loaded } from '../kernel/writer.ts';
import type { Blocks } from './decider.ts';
import type { BlockEvent } from './events.ts';

const PAGE = 500;

/**
 * Of all who were ever blocked one set is made, and not a new one for each event as `evolve` has to: that
 * would be quadratic for who has blocked thousands.
 */
export const loadBlocks =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Blocks>> => {
    const blocked = new Set<UserId>();
    for (let revision = -1; ;) {
      const events = await log.readStream<BlockEvent>(stream, {
        from: revision + 1,
        direction: 'forwards',
        max: PAGE,
      });
      for (const { type, data } of events) {
        if (type === 'UserBlocked') blocked.add(data.blocked);
        else blocked.delete(data.blocked);
      }
      revision = events.at(-1)?.revision ?? revision;
      if (events.length < PAGE) return { state: blocked, revision };
    }
  };
