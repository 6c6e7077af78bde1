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
  /** The key something was sealed with, or undefined once it has been destroyed. */
  opening(subject: UserId, id: number): Promise<Uint8Array | undefined>;
  /** Destroys every key of the subject, for good; what it sealed reads as erased from then on. */
  destroy(subject: UserId): Promise<void>;
  close(): Promise<void>;
}
