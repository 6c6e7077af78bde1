import { accept, refuse, type Decided, type Decider } from '../kernel/decider.ts';
import { isErased, type Command } from '../kernel/fact.ts';
import type { EventId, UserId } from '../kernel/ids.ts';
import type { ClientConfigEvent } from './events.ts';

/** Without a user: for all. */
export type ConfigureClient = Command<
  'ConfigureClient',
  { user?: UserId; configs: Readonly<Record<string, string>> }
>;
export type UnconfigureClient = Command<
  'UnconfigureClient',
  { user?: UserId; keys: readonly string[] }
>;
export type ClientConfigCommand = ConfigureClient | UnconfigureClient;
export type ClientConfigRefusal = 'config/too-many';

/** A key without a value has been erased. */
export type ClientConfig = ReadonlyMap<string, string | undefined>;

/** They are answered all at once. */
export const CONFIG_KEYS_MAX = 200;

const configured = (
  id: EventId,
  user: UserId | undefined,
  changed: readonly (readonly [string, string])[],
): Decided<ClientConfigEvent> => {
  const keys = changed.map(([key]) => key);
  const values = changed.map(([, value]) => value);
  return user === undefined
    ? { id, type: 'ClientDefaultsConfigured', data: { keys, values } }
    : { id, type: 'ClientConfigured', data: { user, keys, values } };
};

const removed = (
  id: EventId,
  user: UserId | undefined,
  keys: readonly string[],
): Decided<ClientConfigEvent> =>
  user === undefined
    ? { id, type: 'ClientDefaultsRemoved', data: { keys } }
    : { id, type: 'ClientConfigRemoved', data: { user, keys } };

/** What clients of the app are set to: one stream for each user, and one for all. */
export const clientConfig: Decider<
  ClientConfigCommand,
  ClientConfigEvent,
  ClientConfig,
  ClientConfigRefusal
> = {
  initialState: new Map(),

  evolve: (state, { type, data }) => {
    const next = new Map(state);
    switch (type) {
      case 'ClientConfigured':
      case 'ClientDefaultsConfigured': {
        const { keys, values } = data;
        keys.forEach((key, index) => next.set(key, isErased(values) ? undefined : values[index]));
        return next;
      }
      case 'ClientConfigRemoved':
      case 'ClientDefaultsRemoved':
        for (const key of data.keys) next.delete(key);
        return next;
    }
  },

  decide: ({ type, id, data }, state) => {
    switch (type) {
      case 'ConfigureClient': {
        const changed = Object.entries(data.configs).filter(
          ([key, value]) => state.get(key) !== value,
        );
        if (changed.length === 0) return accept();
        const added = changed.filter(([key]) => !state.has(key)).length;
        if (state.size + added > CONFIG_KEYS_MAX) {
          return refuse('config/too-many', `configs: at most ${String(CONFIG_KEYS_MAX)} keys`);
        }
        return accept(configured(id, data.user, changed));
      }
      case 'UnconfigureClient': {
        const known = [...new Set(data.keys)].filter((key) => state.has(key));
        return known.length === 0 ? accept() : accept(removed(id, data.user, known));
      }
    }
  },
};
