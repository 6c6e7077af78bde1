import { randomUUID } from 'node:crypto';
import { assert } from '../../../core/kernel/assert.ts';
import type { EventStore, StoreEvent, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Position } from '../../../core/kernel/ids.ts';

/**
 * A stream of the log's own. Its first event founds the log: it is written once, by whoever comes first,
 * where no stream is, and says the log's id. It is also how appending is tried without writing: the same
 * append again is answered as the first was.
 */
export const LOG_STREAM = 'seqline-log';
const FOUNDED = 'LogFounded';

export type Founding = Readonly<{ event: StoreEvent; logId: string; position: Position }>;

type Store = Pick<EventStore, 'readStream'> &
  Readonly<{
    append: (
      stream: string,
      expected: 'no_stream',
      events: readonly StoreEvent[],
    ) => Promise<unknown>;
  }>;

/** Founds the log unless it is. `logId` is for a log that is another's copy or face. */
export const foundLog = async (store: Store, logId = newLogId()): Promise<Founding> => {
  const found = await readFounding(store);
  if (found !== undefined) return found;
  await store.append(LOG_STREAM, 'no_stream', [foundedEvent(logId)]);
  // Another process may have been first: whichever event is there is the one.
  const founding = await readFounding(store);
  assert(founding !== undefined, 'a log that has been founded says so');
  return founding;
};

export const newLogId = (): string => randomUUID().replaceAll('-', '');

const foundedEvent = (logId: string): StoreEvent => ({
  id: randomUUID() as EventId,
  type: FOUNDED,
  data: Buffer.from(JSON.stringify({ logId })),
  metadata: Buffer.from('{}'),
});

const readFounding = async (store: Store): Promise<Founding | undefined> => {
  const options = { from: 'start', direction: 'forwards', max: 1 } as const;
  const [event] = await store.readStream(LOG_STREAM, options);
  return event === undefined ? undefined : foundingOf(event);
};

const LOG_ID = /^[0-9a-f]{32}$/;

const foundingOf = (event: StoredEvent): Founding => {
  const { position, id, type, data, metadata } = event;
  const said: unknown = JSON.parse(new TextDecoder().decode(data));
  const logId = typeof said === 'object' && said !== null && 'logId' in said ? said.logId : '';
  if (type !== FOUNDED || typeof logId !== 'string' || !LOG_ID.test(logId)) {
    throw new Error(`the first event of ${LOG_STREAM} is not what founds a log of Seqline`);
  }
  return { logId, position, event: { id, type, data, metadata } };
};
