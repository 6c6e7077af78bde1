import type { UserId, GroupId } from './ids.ts';

/** Whom something is for. The bus has a subject for each user and each group, and no others. */
export type Address = Readonly<{ user: UserId } | { group: GroupId }>;

/**
 * What travels between processes without being stored: online-only messages, unstored notices,
 * presence. `payload` is JSON. Nothing is promised for it but the order of one publisher.
 */
export interface LiveBus<M> {
  publish(to: readonly Address[], message: M): void;
  /** Hands over what is published to `to` from now on; returns how to stop. */
  subscribe(to: Address, handler: (message: M) => void): () => void;
  /** Resolves once subscriptions made before are in force everywhere. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
