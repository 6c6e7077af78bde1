import type { ClientConfigEvent } from '../../core/clientConfig/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Recorded } from '../../core/kernel/fact.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import type { Table } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { shapeOf, text } from '../kernel/shape.ts';
import { storable } from '../kernel/text.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const CLIENT_CONFIG_VERSION = 1;

export const CLIENT_CONFIG = `seqline.client_config_v${String(CLIENT_CONFIG_VERSION)}`;

/** No user has this id: it is empty. */
export const EVERYBODY = '' as const;

/** One setting of a user's clients, or of everybody's. */
export type ClientSetting = Readonly<{
  owner: UserId | typeof EVERYBODY;
  key: string;
  value: string;
}>;

export const settingRows: RowsOptions<ClientSetting> = {
  table: CLIENT_CONFIG,
  key: ['owner', 'key'],
  partsOf: splitKey,
  keyOf: ({ owner, key }) => joinKey(owner, key),
  ...shapeOf<ClientSetting>({
    owner: text('owner'),
    key: text('key'),
    value: text('value'),
  }),
};

const isOfConfig = (event: Recorded<SeqlineEvent>): event is Recorded<ClientConfigEvent> =>
  event.type === 'ClientConfigured' ||
  event.type === 'ClientConfigRemoved' ||
  event.type === 'ClientDefaultsConfigured' ||
  event.type === 'ClientDefaultsRemoved';

const ownerOf = (event: Recorded<ClientConfigEvent>): ClientSetting['owner'] =>
  'user' in event.data ? event.data.user : EVERYBODY;

/** What the event sets a key to; `undefined`: it is not set, or has been erased. */
const valueOf = (event: Recorded<ClientConfigEvent>, key: string): string | undefined => {
  if (!('values' in event.data)) return undefined;
  const { keys, values } = event.data;
  if (isErased(values)) return undefined;
  // Two that Postgres cannot tell apart are one, and the later one counts.
  const value = values[keys.findLastIndex((one) => storable(one) === key)];
  return value === undefined ? undefined : storable(value);
};

export const settingsTable: Table<ClientSetting> = {
  ...rowsOf(settingRows),
  keysOf: (event) =>
    isOfConfig(event)
      ? [...new Set(event.data.keys.map((key) => joinKey(ownerOf(event), storable(key))))]
      : [],
  fold: (row, event, name) => {
    if (!isOfConfig(event)) return row;
    const [, key = ''] = splitKey(name);
    const value = valueOf(event, key);
    return value === undefined ? undefined : { owner: ownerOf(event), key, value };
  },
};
