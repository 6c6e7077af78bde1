import type { SeqlineEvent } from '../../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../../core/kernel/fact.ts';

export type Event = Recorded<SeqlineEvent>;

/** The day, and the hour of it, in UTC. */
export const moment = ({ created }: Event): Readonly<{ day: string; hour: number }> => {
  const date = new Date(created);
  return { day: date.toISOString().split('T')[0] ?? '', hour: date.getUTCHours() };
};

/** What sort of account a level of OpenIM's stands for. */
export const sortOf = (level: number): string =>
  ({ 2: 'admin', 3: 'notification', 4: 'robot' })[level] ?? 'user';

/** Who has done what in person. */
export const doneBy = ({ type, data, meta }: Event): readonly [string, string] | undefined => {
  if (type === 'LoginActivated') return [data.user, 'logged_in'];
  if (type === 'MessageSent' && data.from === meta.actor) return [data.from, 'sent'];
  if (type === 'MessagesRead' && data.from === meta.actor) return [data.from, 'read'];
  if (type === 'ReadMarked' && data.user === meta.actor) return [data.user, 'read'];
  return undefined;
};

/** The level of a user that an event says. */
export const levelIn = ({ type, data }: Event): readonly [string, number] | undefined =>
  (type === 'UserRegistered' || type === 'UserChanged') && data.level !== undefined
    ? [data.user, data.level]
    : undefined;
