import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StoreEvent, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Meta, NewEvent } from '../../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../../core/kernel/ids.ts';
import type { KeyOfPart } from '../../../infra/eventstore/codec.ts';

/** An event as the store held it once, as text. Samples are never edited, only added. */
export type Sample = Readonly<{
  type: string;
  version: number;
  stream: string;
  id: EventId;
  meta: Meta;
  /** What it was; today's shape may be another. */
  data: object;
  plain: Readonly<{ data: string; metadata: string }>;
  sealed: Readonly<{ data: string; metadata: string }>;
  keys: readonly Readonly<{ user: UserId; id: number; key: string }>[];
}>;

const FOLDER = fileURLToPath(new URL('samples/', import.meta.url));

/** `<Type>.v<version>.json` in the folder `samples`. */
export const samples: readonly Sample[] = readdirSync(FOLDER).map(
  (file) => JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as Sample,
);

export const eventOf = ({ type, id, meta, data }: Sample): NewEvent => ({ type, id, meta, data });

/** An event in some place of the log. */
export const placed = (stream: string, event: StoreEvent): StoredEvent => ({
  ...event,
  stream,
  revision: 3,
  position: 41,
  created: 1_767_225_600_000,
});

export const storedSample = (sample: Sample, form: 'plain' | 'sealed'): StoredEvent =>
  placed(sample.stream, {
    id: sample.id,
    type: sample.type,
    data: Buffer.from(sample[form].data),
    metadata: Buffer.from(sample[form].metadata),
  });

/** The keys that a sample was sealed with. */
export const keysOf =
  ({ keys }: Sample): KeyOfPart =>
  ({ subject, keyId }) => {
    const found = keys.find(({ user, id }) => user === subject && id === keyId);
    return found === undefined ? undefined : Buffer.from(found.key, 'base64');
  };

export const noKeys: KeyOfPart = () => undefined;

export const textOf = ({ data, metadata }: StoreEvent) => ({
  data: Buffer.from(data).toString(),
  metadata: Buffer.from(metadata).toString(),
});
