import type { Fact, Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';

/** From now on `blocked` does not reach the owner in a single chat; the owner may still write. */
export type UserBlocked = Fact<
  'UserBlocked',
  {
    owner: UserId;
    blocked: UserId;
    /** Free text of the app; personal to the owner. */
    notes?: Personal<{ ex: string }>;
  }
>;

export type UserUnblocked = Fact<'UserUnblocked', { owner: UserId; blocked: UserId }>;

export type BlockEvent = UserBlocked | UserUnblocked;

export const blockStream = (owner: UserId): string => `block-${owner}`;
