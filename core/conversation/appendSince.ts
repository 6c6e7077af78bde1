import type { EventLog } from '../kernel/eventLog.ts';
import type { Refused } from '../kernel/decider.ts';
import type { Millis } from '../kernel/ids.ts';
import { revisionSince } from '../kernel/revisionSince.ts';
import { appendOnce, onceAt, type NumberedWriters, type Once } from './appendOnce.ts';
import type { AppendNumbered, NumberedRefusal } from './decider.ts';
import { conversationOfStream } from './events.ts';
import type { Known } from './ports.ts';

/** Clocks of processes that write to one log may differ by less. */
const CLOCKS_APART_MS = 60_000;

type FindDeps = Readonly<{
  writers: Pick<NumberedWriters, 'state'>;
  known: Pick<Known, 'message'>;
  log: Pick<EventLog, 'readPlaces'>;
}>;
type Deps = FindDeps & Readonly<{ writers: NumberedWriters }>;

/** Where an event stands that may have been appended since a time, if it has been. */
export const foundSince =
  ({ writers, known, log }: FindDeps) =>
  async (
    { stream, id }: Pick<AppendNumbered, 'stream' | 'id'>,
    since: Millis,
  ): Promise<Once | undefined> => {
    const { window } = await writers.state(stream);
    const revision = window.reachesBackTo(since)
      ? undefined
      : await revisionSince(log, { stream, id, from: window.from - 2, since });
    if (revision === undefined) return undefined;
    const event = await known.message(conversationOfStream(stream), revision + 1);
    if (event === undefined) throw new Error(`${stream} has no event ${String(revision + 1)}`);
    return onceAt(event);
  };

/** Appends what follows from a fact of that time, or finds it appended before. */
export type AppendSince = (
  wish: AppendNumbered,
  factAt: Millis,
) => Promise<Once | Refused<NumberedRefusal>>;

/**
 * Whoever does again what follows from a fact may come long after whoever died with it: what is beyond the writer's
 * window is looked for in the log, as far back as the fact.
 */
export const appendSince = (deps: Deps): AppendSince => {
  const append = appendOnce(deps);
  const found = foundSince(deps);
  return async (wish, factAt) => (await found(wish, factAt - CLOCKS_APART_MS)) ?? append(wish);
};
