import type { EventLog } from '../kernel/eventLog.ts';
import type { EventId } from '../kernel/ids.ts';
import { readForwards } from '../kernel/readForwards.ts';
import type { Loaded } from '../kernel/writer.ts';
import {
  foldInto,
  type DeadLetter,
  type OutcomeEvent,
  type Replaying,
  type Webhook,
} from './decider.ts';

export const loadWebhook =
  (log: Pick<EventLog, 'readStream'>) =>
  async (stream: string): Promise<Loaded<Webhook>> => {
    const dead = new Map<EventId, DeadLetter>();
    const replays = new Map<EventId, Replaying>();
    const revision = await readForwards<OutcomeEvent>(log, stream, (event) => {
      foldInto({ dead, replays }, event);
    });
    return { state: { dead, replays }, revision };
  };
