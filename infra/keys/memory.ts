import { randomBytes } from 'node:crypto';
import type { UserId } from '../../core/kernel/ids.ts';
import { KeyMissing, type KeyStore, type SubjectKey } from '../../core/kernel/keyStore.ts';

const KEY_BYTES = 32;

/** A key store that ends with the process: for tests, and for logs that do so too. */
export const memoryKeys = (): KeyStore => {
  /** The newest key of each user; without `key`, it and all before it have been destroyed. */
  const newest = new Map<UserId, Readonly<{ id: number; key?: Uint8Array }>>();

  const sealingKey = (subject: UserId): SubjectKey => {
    const { id, key } = newest.get(subject) ?? { id: 0 };
    if (key !== undefined) return { id, key };
    const made = { id: id + 1, key: Uint8Array.from(randomBytes(KEY_BYTES)) };
    newest.set(subject, made);
    return made;
  };

  return {
    sealing: (subjects) =>
      Promise.resolve(new Map(subjects.map((subject) => [subject, sealingKey(subject)]))),
    opening: async (subject, id) => {
      const known = newest.get(subject);
      if (known === undefined || id > known.id) throw new KeyMissing(subject, id);
      return known.id === id ? known.key : undefined;
    },
    destroy: (subject) => {
      const known = newest.get(subject);
      if (known !== undefined) newest.set(subject, { id: known.id });
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
};
