import { randomUUID } from 'node:crypto';
import { assert } from '../../../core/kernel/assert.ts';
import { STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { EventStore, ReadAll } from '../../../core/kernel/eventStore.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { LOG_STREAM } from '../history.ts';
import { SealChoiceChanged, keepSealChoice } from '../sealChoice.ts';

const SEAL_CHOSEN = 'SealChosen';
/** After the event that founds the log. */
const REVISION = 1;
const PAGE = 500;

/** Whether the log has events of Seqline's, besides what it says of itself. */
export const hasOwnEvents = async (store: Pick<EventStore, 'readAll'>): Promise<boolean> => {
  for (let from: ReadAll['from'] = 'start'; ;) {
    const page = await store.readAll({
      ...{ from, direction: 'forwards', max: PAGE, prefixes: STREAM_PREFIXES },
    } as const);
    if (page.events.length > 0 || page.end) return page.events.length > 0;
    from = page.next;
  }
};

/**
 * The choice of sealing, kept in the log itself, where all processes that share it find it. A log that has
 * events and says nothing was made as an embedded one, whose `folder` knows. @throws SealChoiceChanged
 */
export const keepSealChosen = async (
  store: EventStore,
  { seal, folder }: Readonly<{ seal: boolean; folder: string }>,
): Promise<void> => {
  const before = await readSealChosen(store);
  if (before !== undefined) {
    compare(before, seal);
    return;
  }
  if (await hasOwnEvents(store)) await keepSealChoice(folder, { seal, head: 1 });
  const event = {
    id: randomUUID() as EventId,
    type: SEAL_CHOSEN,
    data: Buffer.from(JSON.stringify({ seal })),
    metadata: Buffer.from('{}'),
  };
  await store.append(LOG_STREAM, REVISION - 1, [event]);
  // Another process may have chosen at the same time, and first.
  const chosen = await readSealChosen(store);
  assert(chosen !== undefined, 'a choice that has been made is there');
  compare(chosen, seal);
};

const compare = (chosen: boolean, seal: boolean): void => {
  if (chosen === seal) return;
  throw new SealChoiceChanged(
    `this log was made with SEQLINE_SEAL=${onOff(chosen)}, which is fixed for its life ` +
      `(stream ${LOG_STREAM}): start with that, or with another log; asked for was ${onOff(seal)}`,
  );
};

const onOff = (seal: boolean): string => (seal ? 'on' : 'off');

/** Undefined where nobody has chosen yet. */
export const readSealChosen = async (
  store: Pick<EventStore, 'readStream'>,
): Promise<boolean | undefined> => {
  const options = { from: REVISION, direction: 'forwards', max: 1 } as const;
  const [event] = await store.readStream(LOG_STREAM, options);
  if (event === undefined) return undefined;
  const said: unknown = JSON.parse(new TextDecoder().decode(event.data));
  const seal = typeof said === 'object' && said !== null && 'seal' in said ? said.seal : undefined;
  if (event.type !== SEAL_CHOSEN || typeof seal !== 'boolean')
    throw new Error(`event ${REVISION} of ${LOG_STREAM} is not the choice of sealing`);
  return seal;
};
