import type { UserId } from '../../core/kernel/ids.ts';
import type { Event } from '../kernel/tail.ts';

/** Who is behind a user id: a person, or what an app has for its own purposes (OpenIM's appMangerLevel). */
export type Kind = 'user' | 'admin' | 'notification' | 'robot';

const KINDS: ReadonlyMap<number, Kind> = new Map([
  [2, 'admin'],
  [3, 'notification'],
  [4, 'robot'],
]);

/** Whose kind an event says, and which. */
export const kindIn = (event: Event): Readonly<{ user: UserId; kind: Kind }> | undefined => {
  if (event.type !== 'UserRegistered' && event.type !== 'UserChanged') return undefined;
  const { user, level } = event.data;
  return level === undefined ? undefined : { user, kind: KINDS.get(level) ?? 'user' };
};

/** What a user has done itself, and not the app server or an admin in its name. */
export const ownActOf = (
  event: Event,
): Readonly<{ user: UserId; act: 'sent' | 'read' | 'loggedIn' }> | undefined => {
  switch (event.type) {
    case 'MessageSent':
      return by(event, event.data.from, 'sent');
    case 'MessagesRead':
      return by(event, event.data.from, 'read');
    case 'ReadMarked':
      return by(event, event.data.user, 'read');
    case 'LoginActivated':
      // Only a client with that very token does it.
      return { user: event.data.user, act: 'loggedIn' };
    default:
      return undefined;
  }
};

const by = <Act>({ meta }: Event, user: UserId, act: Act) =>
  meta.actor === user ? { user, act } : undefined;
