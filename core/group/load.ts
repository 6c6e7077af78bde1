import type { EventLog } from '../kernel/eventLog.ts';
import type { Loaded } from '../kernel/writer.ts';
import type { GroupEvent } from './events.ts';
import { apply, draftOf, finished, NO_GROUP, type Group } from './state.ts';

const PAGE = 500;

/** All of a stream is folded into one draft: a state for each event of a large group would be as many copies. */
export const loadGroup =
  (log: Pick<EventLog, 'readStream'>) =>
  async (stream: string): Promise<Loaded<Group>> => {
    const draft = draftOf(NO_GROUP);
    for (let revision = -1; ;) {
      const events = await log.readStream<GroupEvent>(stream, {
        from: revision + 1,
        direction: 'forwards',
        max: PAGE,
      });
      for (const event of events) apply(draft, event);
      revision = events.at(-1)?.revision ?? revision;
      if (events.length < PAGE) return { state: finished(draft), revision };
    }
  };
