import type { EventLog } from '../kernel/eventLog.ts';
import type { EventId } from '../kernel/ids.ts';
import type { Loaded } from '../kernel/writer.ts';
import {
  foldInto,
  type DeadLetter,
  type OutcomeEvent,
  type Replaying,
  type Webhook,
} from './decider.ts';

const PAGE = 500;

export const loadWebhook =
  (log: Pick<EventLog, 'readStream'>) =>
  async (stream: string): Promise<Loaded<Webhook>> => {
    const dead = new Map<EventId, DeadLetter>();
    const replays = new Map<EventId, Replaying>();
    for (let revision = -1; ;) {
      const events = await log.readStream<OutcomeEvent>(stream, {
        from: revision + 1,
        direction: 'forwards',
        max: PAGE,
      });
      for (const event of events) foldInto({ dead, replays }, event);
      revision = events.at(-1)?.revision ?? revision;
      if (events.length < PAGE) return { state: { dead, replays }, revision };
    }
  };
