import { randomUUID } from 'node:crypto';
import type { EventStore, StoreEvent, StoredEvent } from '../../core/kernel/eventStore.ts';
import type { EventId, Position, Revision } from '../../core/kernel/ids.ts';
import { NO_REVISION } from './expectedRevision.ts';

/**
 * A stream of the log's own. It begins with LogFounded (the log's id) and SealChosen; what happens to the
 * log as a whole comes after:
 *
 *     CopyBegun    {"of":[ids]}           it is being made a copy of the last of these logs
 *     CopyEnded    {"events","digest","positions"}   and now it is one
 *     LogRestored  {"logId","of":[ids]}   brought back from a backup, and another log from here on
 *
 * `of` are the ids of the logs it comes from, oldest first. A copy's positions are other ones: where a
 * copied event holds a position, `positions` has `[stream, revision, position here]` for it.
 */
export const LOG_STREAM = 'seqline-log';
const COPY_BEGUN = 'CopyBegun';
const COPY_ENDED = 'CopyEnded';
export const LOG_RESTORED = 'LogRestored';

const PAGE = 500;

/** Where an event stands that holds a position, and which position it means here. */
export type PositionMoved = readonly [stream: string, revision: Revision, position: Position];

/** What events that were copied mean by the positions in their data. */
export type MovedPositions = Readonly<{
  /** Events from here on were written in this log, and their positions are its own. */
  before: Position;
  /** Undefined where it no longer matters to anybody. */
  of: (event: Pick<StoredEvent, 'stream' | 'revision'>) => Position | undefined;
}>;

export type LogHistory = Readonly<{
  /** Of the last event of `seqline-log`. */
  revision: Revision;
  /** Logs that this one comes from, oldest first. */
  formerIds: readonly string[];
  /** A copy has begun and not ended: it is not all there. */
  copying: boolean;
  moved: MovedPositions | undefined;
}>;

type Reader = Pick<EventStore, 'readStream'>;

/** The log is a copy that is not finished, and must not be taken for the whole. */
export class CopyUnfinished extends Error {
  override name = 'CopyUnfinished';
}

const NO_HISTORY: LogHistory = {
  ...{ revision: NO_REVISION, formerIds: [], copying: false, moved: undefined },
};

/** By all events of `seqline-log`, or the first of them. */
export const historyBy = (events: readonly StoredEvent[]): LogHistory =>
  events.reduce(next, NO_HISTORY);

export const readHistory = async (store: Reader): Promise<LogHistory> => {
  let history = NO_HISTORY;
  for (let full = true; full;) {
    const from = history.revision + 1;
    const events = await store.readStream(LOG_STREAM, { from, direction: 'forwards', max: PAGE });
    history = events.reduce(next, history);
    full = events.length === PAGE;
  }
  return history;
};

export const copyBegun = (of: readonly string[]): StoreEvent => happened(COPY_BEGUN, { of });

export const copyEnded = (
  ended: Readonly<{ events: number; digest: string; positions: readonly PositionMoved[] }>,
): StoreEvent => happened(COPY_ENDED, ended);

export const logRestored = (logId: string, of: readonly string[]): StoreEvent =>
  happened(LOG_RESTORED, { logId, of });

const happened = (type: string, data: object): StoreEvent => ({
  id: randomUUID() as EventId,
  type,
  data: Buffer.from(JSON.stringify(data)),
  metadata: Buffer.from('{}'),
});

const next = (history: LogHistory, event: StoredEvent): LogHistory => ({
  ...after(history, event),
  revision: event.revision,
});

const after = (history: LogHistory, event: StoredEvent): LogHistory => {
  switch (event.type) {
    case COPY_BEGUN:
      return { ...history, formerIds: idsIn(event), copying: true };
    case COPY_ENDED:
      return { ...history, copying: false, moved: movedBy(event) };
    case LOG_RESTORED:
      return { ...history, formerIds: idsIn(event) };
    default:
      return history;
  }
};

const idsIn = (event: StoredEvent): readonly string[] => {
  const { of } = saidBy(event);
  if (isList(of) && of.every((id) => typeof id === 'string')) return of;
  throw notOurs(event);
};

const movedBy = (event: StoredEvent): MovedPositions => {
  const { positions } = saidBy(event);
  if (!isList(positions) || !positions.every(isMoved)) throw notOurs(event);
  const known = new Map(positions.map(([stream, revision, to]) => [`${revision}@${stream}`, to]));
  return {
    before: event.position,
    of: ({ stream, revision }) => known.get(`${revision}@${stream}`),
  };
};

const isMoved = (value: unknown): value is PositionMoved =>
  isList(value) &&
  typeof value[0] === 'string' &&
  typeof value[1] === 'number' &&
  typeof value[2] === 'number';

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

type Said = Readonly<{ of?: unknown; positions?: unknown }>;

const saidBy = (event: StoredEvent): Said => {
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(event.data));
    return typeof said === 'object' && said !== null ? said : {};
  } catch {
    throw notOurs(event);
  }
};

const notOurs = ({ type, revision }: StoredEvent): Error =>
  new Error(`event ${revision} of ${LOG_STREAM} is not a ${type} that Seqline has written`);
