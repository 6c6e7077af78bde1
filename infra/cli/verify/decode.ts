import { catalogue, type SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import { KeyMissing, type KeyStore } from '../../../core/kernel/keyStore.ts';
import { codecOf, type SealedPart } from '../../eventstore/codec.ts';
import { UnreadableEvent } from '../../eventstore/faults.ts';
import { RecentMap } from '../../recentMap.ts';

/** The fact, or why it cannot be read. */
export type Decoder = (event: StoredEvent) => Promise<Recorded<SeqlineEvent> | UnreadableEvent>;

type Known = Readonly<{ key: Uint8Array | undefined } | { missing: KeyMissing }>;

const KEYS_KEPT_MAX = 50_000;

/** Reads one event after the other through the codec; one that it refuses does not stop the next. */
export const decoderOf = (keys: Pick<KeyStore, 'opening'>): Decoder => {
  const codec = codecOf(catalogue);
  const known = new RecentMap<string, Known>(KEYS_KEPT_MAX);

  const lookUp = async ({ subject, keyId }: SealedPart): Promise<Known> => {
    const name = `${String(keyId)}/${subject}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    let found: Known;
    try {
      found = { key: await keys.opening(subject, keyId) };
    } catch (error) {
      if (!(error instanceof KeyMissing)) throw error;
      found = { missing: error };
    }
    known.set(name, found);
    return found;
  };

  return async (event) => {
    try {
      const parsed = codec.parse(event);
      const found = new Map<SealedPart, Known>();
      for (const part of parsed.sealed) found.set(part, await lookUp(part));
      const opened = codec.open(parsed, (part) => {
        const opening = found.get(part);
        if (opening === undefined) throw new Error('a part was not among those of its event');
        if ('missing' in opening) throw opening.missing;
        return opening.key;
      });
      // The codec has found its name in the catalogue.
      return opened as Recorded<SeqlineEvent>;
    } catch (error) {
      if (error instanceof UnreadableEvent) return error;
      throw error;
    }
  };
};
