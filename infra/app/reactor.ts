import { setTimeout as pause } from 'node:timers/promises';
import { appendOnce } from '../../core/conversation/appendOnce.ts';
import { followUps, withFollowUps } from '../../core/group/followUps.ts';
import type { JoinedIds } from '../../core/group/ports.ts';
import { CheckpointTaken, LogCheckpoint } from '../../core/notice/checkpoint.ts';
import { Interrupted, Reactor, type FollowUpCommand } from '../../core/notice/reactor.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Position } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { reactionWithFriends, type FriendNoticeDeps } from '../../gateways/openim/friendNotices.ts';
import { reactionWithGroups, type GroupNoticeDeps } from '../../gateways/openim/groupNotices.ts';
import { Bell } from '../../projections/kernel/bell.ts';
import { Source } from '../../projections/kernel/source.ts';
import { deriveId, randomId } from '../ids.ts';
import type { Log } from '../observe/log.ts';
import { messageIn } from './chats.ts';
import type { ReadModels } from './readModels.ts';
import type { Writers } from './writers.ts';

const BATCH_MAX = 1_000;
/** Woken by the follower; this is only for the day that a ring is missed. */
const LOOK_AGAIN_MS = 5_000;
const RETRY_MS = 1_000;

type ReactorDeps = Readonly<{
  events: EventLog;
  models: Pick<ReadModels, 'tail' | 'follower' | 'runner'>;
  writers: Writers;
  pass: (passing: Passing, senderSync: boolean) => void;
  /** The head of the log as the sockets of this process could first be opened. */
  copiesAfter: Position;
  friends: FriendNoticeDeps;
  groupNotices: GroupNoticeDeps;
  groups: Readonly<{ follow: (command: FollowUpCommand) => Promise<void> }>;
  joined: JoinedIds;
  log: Log;
}>;

/** Reads the log behind its checkpoint and does what follows from each fact; resolves how to stop. */
export const startReactor = async ({
  events,
  models,
  writers,
  pass,
  copiesAfter,
  friends,
  groupNotices,
  groups,
  joined,
  log,
}: ReactorDeps): Promise<() => Promise<void>> => {
  let stopped = false;
  let end: (isProjected: boolean) => void = () => undefined;
  const ending = new Promise<boolean>((resolve) => (end = resolve));
  const checkpoint = await LogCheckpoint.open({
    log: events,
    name: 'notices',
    owner: randomId(),
    deriveId,
  });
  const append = appendOnce({ writers: writers.numbered, known: { message: messageIn(events) } });
  const reactor = new Reactor({
    reactionTo: withFollowUps(
      reactionWithGroups(groupNotices, reactionWithFriends(friends)),
      followUps(joined),
    ),
    checkpoint,
    append: async (command) => {
      const once = await append(command);
      // Between others: there is nobody to tell.
      return once.kind === 'refused' ? {} : once;
    },
    note: async (command) => {
      const handled = await writers.inboxes.handle(command);
      return handled.kind === 'refused' ? {} : handled;
    },
    follow: groups.follow,
    pass,
    copiesAfter,
    // Who is to end does not wait for the lists: whoever is told too early asks once more.
    projected: (position, ms) => Promise.race([models.runner.reached(position, ms), ending]),
    isEnding: () => stopped,
    deriveId,
    now: Date.now,
  });

  const source = new Source(events, models.tail);
  const bell = new Bell();
  const deaf = models.follower.onEvents(() => {
    bell.ring();
  });
  let position = checkpoint.position;

  const step = async (): Promise<void> => {
    const portion = await source.read(position, BATCH_MAX);
    await reactor.react(portion.events);
    if (portion.to === position) await bell.wait(LOOK_AGAIN_MS);
    position = portion.to;
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        await step();
      } catch (error) {
        if (error instanceof CheckpointTaken) {
          log.warn({ err: error }, 'notices are left to the process that has taken them over');
          return;
        }
        if (error instanceof Interrupted) break;
        log.error(
          { err: error, position },
          'what follows from an event could not be done; again soon',
        );
        await pause(RETRY_MS);
      }
    }
    await reactor.keep();
  };
  const ended = run();
  return async () => {
    stopped = true;
    end(false);
    deaf();
    bell.ring();
    await ended;
  };
};
