import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis, UserId } from '../../../core/kernel/ids.ts';
import { PRESENCE_STREAM, type Presence } from '../../../core/webhook/events.ts';
import type { Endpoint } from '../../../core/webhook/ports.ts';
import { randomId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';

/** Changes wait this long for others, and share an event: after a storm there are thousands. */
const GATHER_MS = 100;
const CHANGES_PER_EVENT = 500;
/** Changes kept while the log takes none; what comes beyond is lost, and said so. */
const WAITING_MAX = 100_000;
const RETRY_MS = 1_000;

export type PresenceRecord = Readonly<{
  /** Undefined: nobody wants to be told. */
  changed: ((user: UserId, platforms: readonly number[]) => void) | undefined;
  close: () => Promise<void>;
}>;

type Deps = Readonly<{
  endpoints: readonly Pick<Endpoint, 'after'>[];
  events: Pick<EventLog, 'append'>;
  now: () => Millis;
  log: Log;
}>;

const WANTED = ['afterUserOnline', 'afterUserOffline'];

/**
 * Who comes and goes is in no other stream; where an endpoint wants to be told, it is put into the log
 * first, so that it is told as surely as all else.
 */
export const openPresenceRecord = ({ endpoints, events, now, log }: Deps): PresenceRecord => {
  if (!endpoints.some(({ after }) => WANTED.some((name) => after.has(name)))) {
    return { changed: undefined, close: () => Promise.resolve() };
  }
  const before = new Map<UserId, readonly number[]>();
  const waiting: Presence[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  const write = async (): Promise<void> => {
    timer = undefined;
    while (waiting.length > 0) {
      const changes = waiting.slice(0, CHANGES_PER_EVENT);
      const event = {
        id: randomId(),
        type: 'PresenceChanged',
        data: { changes },
        meta: { actor: 'seqline', operationId: '' },
      } as const;
      try {
        await events.append(PRESENCE_STREAM, 'any', [event]);
      } catch (error) {
        log.error({ err: error }, 'who has come and gone could not be recorded; again soon');
        if (!closed) later(RETRY_MS);
        return;
      }
      waiting.splice(0, changes.length);
    }
  };
  const later = (ms: Millis): void => {
    timer ??= setTimeout(() => {
      writing = writing.then(write);
    }, ms);
  };

  return {
    changed: (user, platforms) => {
      const known = before.get(user) ?? [];
      const changes = [
        ...platforms.filter((platform) => !known.includes(platform)).map((p) => [p, true] as const),
        ...known
          .filter((platform) => !platforms.includes(platform))
          .map((p) => [p, false] as const),
      ];
      if (platforms.length === 0) before.delete(user);
      else before.set(user, platforms);
      for (const [platform, online] of changes) {
        if (waiting.length >= WAITING_MAX) {
          log.error({ user, platform, online }, 'too many have come and gone to be recorded');
          continue;
        }
        waiting.push({ user, platform, online, at: now() });
      }
      later(GATHER_MS);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await writing;
      await write();
    },
  };
};
