import type { Recorded } from '../../core/kernel/fact.ts';
import type { EventId, UserId } from '../../core/kernel/ids.ts';
import { type UserEvent, userStream } from '../../core/user/events.ts';
import type { MemoryEventLog } from './memoryEventLog.ts';

let made = 0;

/** Any id will do where nothing is repeated. */
const nextId = (): EventId => {
  made += 1;
  return `00000000-0000-4000-8000-${String(made).padStart(12, '0')}` as EventId;
};

export const registered = (user: string, nickname = user, level = 1): UserEvent => ({
  type: 'UserRegistered',
  data: {
    user: user as UserId,
    level,
    globalReceive: 0,
    profile: { nickname, faceUrl: `https://faces/${user}`, ex: '' },
  },
});

export const renamed = (user: string, nickname: string): UserEvent => ({
  type: 'UserChanged',
  data: { user: user as UserId, profile: { nickname } },
});

export const erased = (user: string): UserEvent => ({
  type: 'UserChanged',
  data: { user: user as UserId, profile: { erased: true } },
});

/** Appends to each user's own stream; resolves with the position of the last. */
export const write = async (
  log: MemoryEventLog,
  ...events: readonly UserEvent[]
): Promise<number> => {
  let position = await log.head();
  for (const event of events) {
    const appended = await log.append(userStream(event.data.user), 'any', [
      { ...event, id: nextId(), meta: { actor: 'test', operationId: 'test' } },
    ]);
    if (appended.kind === 'appended') position = appended.position;
  }
  return position;
};

/** The events as the log holds them, without a log. */
export const recorded = (events: readonly UserEvent[], step = 1): readonly Recorded<UserEvent>[] =>
  events.map((event, index) => ({
    ...event,
    id: nextId(),
    meta: { actor: 'test', operationId: 'test' },
    stream: userStream(event.data.user),
    revision: 0,
    position: (index + 1) * step,
    created: 1_700_000_000_000 + index,
  }));
