import { STREAM_PREFIXES, catalogue, type EventType } from '../../core/kernel/catalogue.ts';
import type { StoredEvent } from '../../core/kernel/eventStore.ts';
import type { Meta, Recorded } from '../../core/kernel/fact.ts';
import type { KeyStore } from '../../core/kernel/keyStore.ts';
import { codecOf, type Catalogue, type ParsedEvent, type RecordedText } from './codec.ts';
import type { MovedPositions } from './history.ts';
import { KeyRing } from './keyRing.ts';

/**
 * Facts of stored events in their order; events of others are left out. What is personal in events of the
 * types that are left sealed, if any are, comes as `ERASED`. Throws `UnreadableEvent`.
 */
export type Decode = (
  events: readonly StoredEvent[],
  leftSealed?: ReadonlySet<string>,
) => Promise<readonly Recorded[]>;

type Parts = Readonly<{
  ring: KeyRing;
  /** Of a log that is a copy. */
  moved?: MovedPositions | undefined;
  catalogue: Catalogue;
  /** What this process knows already. */
  recall: (event: StoredEvent) => Recorded | undefined;
}>;

export const decodingBy = ({ ring, moved, catalogue: known, recall }: Parts): Decode => {
  const codec = codecOf(known);
  return async (events, leftSealed = NONE) => {
    for (;;) {
      const { erasures } = ring;
      const steps: (Recorded | ParsedEvent)[] = [];
      for (const event of events) {
        if (isOurs(event)) steps.push(recall(event) ?? codec.parse(event));
      }
      const sealed = steps.flatMap((step) =>
        'sealed' in step && !leftSealed.has(step.event.type) ? step.sealed : [],
      );
      const keyOf = await ring.opening(sealed);
      if (erasures !== ring.erasures) continue;
      const opened = steps.map((step) => {
        if (!('sealed' in step)) return step;
        return codec.open(step, leftSealed.has(step.event.type) ? noKey : keyOf);
      });
      return moved === undefined ? opened : opened.map((event) => inPlace(event, known, moved));
    }
  };
};

const NONE: ReadonlySet<string> = new Set();
const noKey = (): undefined => undefined;

/**
 * For whoever only reads a log, beside the process that writes it. Keys are looked up anew for each page:
 * the other process may have destroyed them meanwhile.
 */
export const decodingFor = (
  keys: Pick<KeyStore, 'opening'>,
  moved: MovedPositions | undefined,
): Decode => {
  const store = onlyRead(keys);
  return (...asked) =>
    decodingBy({ ring: new KeyRing(store), moved, catalogue, recall: () => undefined })(...asked);
};

/** What is known of an event before it is opened: enough to say whether it is wanted. */
export type Seen = Readonly<{ stream: string; meta: Meta; data: object }>;

/** Of those that are wanted, the facts with their data as JSON text. Throws `UnreadableEvent`. */
export type DecodeText = (
  events: readonly StoredEvent[],
  isWanted: (seen: Seen) => boolean,
) => Promise<readonly RecordedText[]>;

/** As `decodingFor`, for whoever only passes the facts on. */
export const textsFor = (
  keys: Pick<KeyStore, 'opening'>,
  moved: MovedPositions | undefined,
): DecodeText => {
  const store = onlyRead(keys);
  const codec = codecOf(catalogue);
  const decode = decodingFor(keys, moved);
  const throughFacts: DecodeText = async (events, isWanted) =>
    (await decode(events)).filter(isWanted).map(asText);
  return async (events, isWanted) => {
    // Positions in the data of a copy are other ones than those that are stored.
    if (moved !== undefined) return throughFacts(events, isWanted);
    const parsed: ParsedEvent[] = [];
    for (const event of events) {
      if (!isOurs(event)) continue;
      const one = codec.parse(event);
      // Only today's shape is known to say what is asked of it.
      if (one.version !== versionOf(event.type)) return throughFacts(events, isWanted);
      if (isWanted({ stream: event.stream, meta: one.meta, data: one.fields })) parsed.push(one);
    }
    const keyOf = await new KeyRing(store).opening(parsed.flatMap(({ sealed }) => sealed));
    return parsed.map((one) => codec.openText(one, keyOf));
  };
};

const versionOf = (type: string): number | undefined =>
  Object.hasOwn(catalogue, type) ? catalogue[type as EventType].version : undefined;

const asText = (event: Recorded): RecordedText => ({ ...event, data: JSON.stringify(event.data) });

const onlyRead = (keys: Pick<KeyStore, 'opening'>): KeyStore => ({
  opening: (subject, id) => keys.opening(subject, id),
  sealing: () => Promise.reject(new Error('these keys are only read')),
  destroy: () => Promise.reject(new Error('these keys are only read')),
  close: () => Promise.resolve(),
});

/** A position in a copied event is one of the log it was copied from, which says nothing here. */
const inPlace = (event: Recorded, known: Catalogue, moved: MovedPositions): Recorded => {
  const spec = Object.hasOwn(known, event.type) ? known[event.type] : undefined;
  const field = spec?.position;
  if (field === undefined || event.position >= moved.before) return event;
  return { ...event, data: { ...event.data, [field]: moved.of(event) ?? 0 } };
};

export const hasOurPrefix = (stream: string): boolean =>
  STREAM_PREFIXES.some((prefix) => stream.startsWith(prefix));

/** Types that begin with `$` are the store's own, whatever stream they stand in. */
export const isOurs = ({ stream, type }: StoredEvent): boolean =>
  !type.startsWith('$') && hasOurPrefix(stream);
