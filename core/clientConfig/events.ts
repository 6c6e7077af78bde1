import type { Fact, Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';

/** Settings of the app's clients, by key; for one user they are personal to it, as far as their values go. */
export type ClientConfigured = Fact<
  'ClientConfigured',
  {
    user: UserId;
    /** Those that have changed … */
    keys: readonly string[];
    /** … and what each is now, in the same order. */
    values: Personal<readonly string[]>;
  }
>;

export type ClientConfigRemoved = Fact<
  'ClientConfigRemoved',
  { user: UserId; keys: readonly string[] }
>;

/** For all users, unless one has a value of its own; nobody's in particular. */
export type ClientDefaultsConfigured = Fact<
  'ClientDefaultsConfigured',
  { keys: readonly string[]; values: readonly string[] }
>;

export type ClientDefaultsRemoved = Fact<'ClientDefaultsRemoved', { keys: readonly string[] }>;

export type ClientConfigEvent =
  ClientConfigured | ClientConfigRemoved | ClientDefaultsConfigured | ClientDefaultsRemoved;

export const CLIENT_CONFIG_PREFIX = 'clientConfig-';

/** Without a user: what holds for all. No user id has a `+`. */
export const clientConfigStream = (user: UserId | undefined): string =>
  `${CLIENT_CONFIG_PREFIX}${user ?? '+all'}`;
