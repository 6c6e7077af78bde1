import { assert } from '../../core/kernel/assert.ts';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore, type SubjectKey } from '../../core/kernel/keyStore.ts';
import { RecentMap } from '../recentMap.ts';
import type { KeyOfPart, SealedPart, SealingKeys } from './codec.ts';

/** Users whose keys are kept in memory, about 200 bytes each: more than write or are read in an hour. */
const KEYS_KEPT_MAX = 50_000;

/** What is known of a key: a destroyed one never comes back, so that is kept as well. */
type Known = Readonly<{ key: Uint8Array | undefined }>;
type Opening = Known | Readonly<{ missing: KeyMissing }>;

/**
 * The key store with a memory. A user's keys are out of that before `forget` resolves, and nothing that
 * was being looked up meanwhile puts them back.
 */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #sealing = new RecentMap<UserId, SubjectKey>(KEYS_KEPT_MAX);
  readonly #opening = new RecentMap<string, Known>(KEYS_KEPT_MAX);
  #erasures = 0;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  /** How many there have been: who holds keys from before an erasure asks for them again. */
  get erasures(): number {
    return this.#erasures;
  }

  /** The newest key of each, in one call to the store if any has to be fetched or made. */
  async sealing(subjects: ReadonlySet<UserId>): Promise<SealingKeys> {
    const keys = new Map<UserId, SubjectKey>();
    const missing: UserId[] = [];
    for (const subject of subjects) {
      const key = this.#sealing.get(subject);
      if (key === undefined) missing.push(subject);
      else keys.set(subject, key);
    }
    if (missing.length === 0) return keys;
    const erasures = this.#erasures;
    const fetched = await this.#store.sealing(missing);
    for (const [subject, key] of fetched) {
      keys.set(subject, key);
      if (erasures !== this.#erasures) continue;
      this.#sealing.set(subject, key);
      this.#opening.set(nameOf(subject, key.id), { key: key.key });
    }
    return keys;
  }

  /** The keys that open these parts, as far as they still exist; of a lost one it throws `KeyMissing`. */
  async opening(parts: readonly SealedPart[]): Promise<KeyOfPart> {
    const found = new Map<string, Opening>();
    const missing = new Map<string, SealedPart>();
    for (const part of parts) {
      const name = nameOf(part.subject, part.keyId);
      const known = found.get(name) ?? this.#opening.get(name);
      if (known === undefined) missing.set(name, part);
      else found.set(name, known);
    }
    if (missing.size > 0) {
      const erasures = this.#erasures;
      const fetched = await Promise.all([...missing].map((entry) => this.#fetch(entry)));
      for (const [name, opening] of fetched) {
        found.set(name, opening);
        if ('missing' in opening || erasures !== this.#erasures) continue;
        this.#opening.set(name, opening);
      }
    }
    return ({ subject, keyId }) => {
      const opening = found.get(nameOf(subject, keyId));
      assert(opening !== undefined, 'each part that is opened was among those asked for');
      if ('missing' in opening) throw opening.missing;
      return opening.key;
    };
  }

  /** Destroys all keys of the user, here and in the store. */
  async forget(subject: UserId): Promise<void> {
    await this.#store.destroy(subject);
    this.#erasures += 1;
    this.#sealing.delete(subject);
    // Numbers of a user's keys are few but not known here; erasure is rare, and the rest is fetched again.
    this.#opening.clear();
  }

  /** Another process may have destroyed keys: all are asked for again. */
  forgetAll(): void {
    this.#erasures += 1;
    this.#sealing.clear();
    this.#opening.clear();
  }

  async #fetch([name, { subject, keyId }]: [string, SealedPart]): Promise<[string, Opening]> {
    try {
      return [name, { key: await this.#store.opening(subject, keyId) }];
    } catch (error) {
      // For whoever opens the part: it knows in which event that is.
      if (error instanceof KeyMissing) return [name, { missing: error }];
      throw error;
    }
  }
}

const nameOf = (subject: string, keyId: number): string => `${keyId}/${subject}`;
