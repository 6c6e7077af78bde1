import { randomUUID } from 'node:crypto';
import { assert } from '../../../core/kernel/assert.ts';
import type { EventStore, StoreEvent, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Position } from '../../../core/kernel/ids.ts';
import { LOG_RESTORED, LOG_STREAM } from '../history.ts';

/**
 * The first event of the log's own stream founds the log: it is written once, by whoever comes first,
 * where no stream is, and says the log's id. It is also how appending is tried without writing: the same
 * append again is answered as the first was.
 */
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

/** Founds the log unless it is. `logId` is for a log that has an id already: an embedded one. */
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

/** More than anybody brings a log back from a backup. */
const EVENTS_MAX = 1_000;

/** What is brought back from a backup is another log from then on: the newest id counts. */
export const readFounding = async (
  store: Pick<EventStore, 'readStream'>,
): Promise<Founding | undefined> => {
  const options = { from: 'start', direction: 'forwards', max: EVENTS_MAX } as const;
  const [first, ...more] = await store.readStream(LOG_STREAM, options);
  if (first === undefined) return undefined;
  const restored = more.findLast(({ type }) => type === LOG_RESTORED);
  const founding = foundingOf(first);
  return restored === undefined ? founding : { ...founding, logId: logIdIn(restored) };
};

const LOG_ID = /^[0-9a-f]{32}$/;

const foundingOf = (event: StoredEvent): Founding => {
  const { position, id, type, data, metadata } = event;
  if (type !== FOUNDED) throw notOurs();
  return { logId: logIdIn(event), position, event: { id, type, data, metadata } };
};

const logIdIn = ({ data }: StoredEvent): string => {
  const said: unknown = JSON.parse(new TextDecoder().decode(data));
  const logId = typeof said === 'object' && said !== null && 'logId' in said ? said.logId : '';
  if (typeof logId !== 'string' || !LOG_ID.test(logId)) throw notOurs();
  return logId;
};

const notOurs = (): Error =>
  new Error(`the first event of ${LOG_STREAM} is not what founds a log of Seqline`);
