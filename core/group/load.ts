import type { EventLog } from '../kernel/eventLog.ts';
import { readForwards } from '../kernel/readForwards.ts';
import type { Loaded } from '../kernel/writer.ts';
import type { GroupEvent } from './events.ts';
import { apply, draftOf, finished, NO_GROUP, type Group } from './state.ts';

/** All of a stream is folded into one draft: a state for each event of a large group would be as many copies. */
export const loadGroup =
  (log: Pick<EventLog, 'readStream'>) =>
  async (stream: string): Promise<Loaded<Group>> => {
    const draft = draftOf(NO_GROUP);
    const revision = await readForwards<GroupEvent>(log, stream, (event) => apply(draft, event));
    return { state: finished(draft), revision };
  };
