import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { ClientConfig, ClientConfigCommand, ClientConfigRefusal } from './decider.ts';
import type { ClientConfigEvent } from './events.ts';
import type { UserOf } from './ports.ts';

export type ClientConfigWriters = StreamWriters<
  ClientConfigCommand,
  ClientConfigEvent,
  ClientConfig,
  ClientConfigRefusal
>;

export type ClientConfigDeps = Readonly<{
  writers: ClientConfigWriters;
  userOf: UserOf;
  newId: () => EventId;
  now: () => Millis;
}>;

/** Without a user: for all. */
export const clientConfigsHandler = ({ writers, userOf, newId, now }: ClientConfigDeps) => {
  const handle = async (
    command: ClientConfigCommand,
  ): Result<ClientConfigRefusal | 'user/unknown'> => {
    const { user } = command.data;
    if (user !== undefined && (await userOf(user)).status === 'unknown') {
      return refuse('user/unknown', `userID: ${user} is not registered`);
    }
    const handled = await writers.handle(command);
    return handled.kind === 'refused' ? handled : done({}, handled.position);
  };
  const call = (meta: Meta) => ({ id: newId(), at: now(), meta });
  const of = (user: UserId | undefined) => (user === undefined ? {} : { user });
  return {
    set: (user: UserId | undefined, configs: Readonly<Record<string, string>>, meta: Meta) =>
      handle({ ...call(meta), type: 'ConfigureClient', data: { ...of(user), configs } }),
    /** Keys that are not set stay so. */
    remove: (user: UserId | undefined, keys: readonly string[], meta: Meta) =>
      handle({ ...call(meta), type: 'UnconfigureClient', data: { ...of(user), keys } }),
  };
};
