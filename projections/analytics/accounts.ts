import type { UserId } from '../../core/kernel/ids.ts';
import type { Event } from '../kernel/tail.ts';
import { once } from './once.ts';

/** Who is behind a user id: a person, or what an app has for its own purposes (OpenIM's appMangerLevel). */
export type Kind = 'user' | 'admin' | 'notification' | 'robot';

const KINDS: ReadonlyMap<number, Kind> = new Map([
  [2, 'admin'],
  [3, 'notification'],
  [4, 'robot'],
]);

type Said = Readonly<{ user: UserId; kind: Kind }>;

/** Whose kind an event says, and which. */
export const kindIn = once((event): Said | undefined => {
  if (event.type !== 'UserRegistered' && event.type !== 'UserChanged') return undefined;
  const { user, level } = event.data;
  return level === undefined ? undefined : { user, kind: KINDS.get(level) ?? 'user' };
});

type Act = Readonly<{ user: UserId; act: 'sent' | 'read' | 'loggedIn' }>;

/** What a user has done itself, and not the app server or an admin in its name. */
export const ownActOf = once((event): Act | undefined => {
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
});

const by = ({ meta }: Event, user: UserId, act: Act['act']): Act | undefined =>
  meta.actor === user ? { user, act } : undefined;
