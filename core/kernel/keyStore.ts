import type { UserId } from './ids.ts';

export type SubjectKey = Readonly<{
  /** Numbers the keys of one subject from 1; stored beside what it sealed. */
  id: number;
  /** 32 bytes, for AES-256-GCM. */
  key: Uint8Array;
}>;

/**
 * The keys that seal each user's personal data. Not disposable, and never kept with the read models or
 * in the log: destroying a subject's keys is how its data is erased.
 */
export interface KeyStore {
  /** The newest key of each subject, made where there is none; resolves once new keys are durable. */
  sealing(subjects: readonly UserId[]): Promise<ReadonlyMap<UserId, SubjectKey>>;
  /**
   * The key something was sealed with, or undefined once it has been destroyed. Rejects with `KeyMissing`
   * for a key that it has never made: erasure leaves a trace, and what leaves none is a loss.
   */
  opening(subject: UserId, id: number): Promise<Uint8Array | undefined>;
  /** Destroys every key of the subject, for good; what it sealed reads as erased from then on. */
  destroy(subject: UserId): Promise<void>;
  close(): Promise<void>;
}

/** Something was sealed with a key that this store knows nothing of: it has lost it, or is another one. */
export class KeyMissing extends Error {
  override name = 'KeyMissing';
  readonly subject: string;
  readonly keyId: number;

  constructor(subject: string, keyId: number) {
    super(
      `the key store has no key ${String(keyId)} of ${subject}, nor a trace of its destruction: ` +
        'restore the key store from its backup',
    );
    this.subject = subject;
    this.keyId = keyId;
  }
}
