import { setTimeout as pause } from 'node:timers/promises';
import { appendSince } from '../../../core/conversation/appendSince.ts';
import { followUps, withFollowUps } from '../../../core/group/followUps.ts';
import type { JoinedIds } from '../../../core/group/ports.ts';
import { noteSince } from '../../../core/inbox/noteSince.ts';
import { CheckpointTaken, LogCheckpoint } from '../../../core/notice/checkpoint.ts';
import {
  Interrupted,
  Reactor,
  type FollowUpCommand,
  type ReactorDeps as ReactorParts,
} from '../../../core/notice/reactor.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { Passing } from '../../../core/sequence/shown.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Reaction } from '../../../core/notice/reaction.ts';
import {
  reactionWithFriends,
  type FriendNoticeDeps,
} from '../../../gateways/openim/friendNotices.ts';
import { reactionWithGroups, type GroupNoticeDeps } from '../../../gateways/openim/groupNotices.ts';
import { Bell } from '../../../projections/kernel/bell.ts';
import { Source } from '../../../projections/kernel/source.ts';
import { deriveId, randomId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import { messageIn } from '../capabilities/chats.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import type { Writers } from '../capabilities/writers.ts';

const BATCH_MAX = 1_000;
/** Woken by the follower; this is only for the day that a ring is missed. */
const LOOK_AGAIN_MS = 5_000;
const RETRY_MS = 1_000;

type ReactorDeps = Readonly<{
  events: EventLog;
  models: Pick<ReadModels, 'tail' | 'follower' | 'runner'>;
  writers: Writers;
  pass: (passing: Passing, senderSync: boolean, after: Position) => void;
  handedOn: () => Promise<boolean>;
  cluster: Pick<Cluster, 'bus' | 'members'>;
  /** The head of the log as the sockets of this process could first be opened. */
  copiesAfter: Position;
  noticing: NoticingDeps;
  groups: Readonly<{ follow: (command: FollowUpCommand) => Promise<void> }>;
  joined: JoinedIds;
  log: Log;
}>;

/** What notices are made of. */
export type NoticingDeps = Readonly<{ friends: FriendNoticeDeps; groupNotices: GroupNoticeDeps }>;

/** What follows from a fact that devices are told of. */
export const noticesOf = ({
  friends,
  groupNotices,
}: NoticingDeps): ((event: Recorded<SeqlineEvent>) => Reaction | undefined) =>
  reactionWithGroups(groupNotices, reactionWithFriends(friends));

/** Its checkpoint, and what only one process does at a time. */
export const NOTICES = 'notices';
/** How often a process that stands by looks whether it is its turn. */
const STANDBY_MS = 500;

/**
 * Reads the log behind its checkpoint and does what follows from each fact, in one process at a time: the
 * others stand by, and the checkpoint is the fence. Resolves how to stop.
 */
export const startReactor = async (deps: ReactorDeps): Promise<() => Promise<void>> => {
  const { events, models, cluster, log } = deps;
  let stopped = false;
  let end: (isProjected: boolean) => void = () => undefined;
  const ending = new Promise<boolean>((resolve) => (end = resolve));
  const early = tellEarly(log);
  const bell = new Bell();
  const deaf = models.follower.onEvents(() => {
    bell.ring();
  });
  const owner = randomId();
  const open = () => LogCheckpoint.open({ log: events, name: NOTICES, owner, deriveId });
  // Where there is none it begins here, whoever comes to do the work.
  await open();

  const lead = async (): Promise<void> => {
    const checkpoint = await open();
    // Whoever did it before is fenced from here on.
    if (cluster.bus.isShared()) await checkpoint.moveTo(checkpoint.position);
    const reactor = reactorOf(deps, checkpoint, { ending, early, isEnding: () => stopped });
    const source = new Source(events, models.tail);
    let position = checkpoint.position;
    while (!stopped) {
      if (!cluster.bus.isConnected()) {
        // Nobody could be told. Meanwhile another may have taken over, which the next step finds out.
        await bell.wait(STANDBY_MS);
        continue;
      }
      const portion = await source.read(position, BATCH_MAX);
      await reactor.react(portion.events);
      if (portion.to === position) await bell.wait(LOOK_AGAIN_MS);
      position = portion.to;
    }
    await reactor.keep();
  };

  /** Whether there is more to do for this process. */
  const leadUntilFault = async (): Promise<boolean> => {
    cluster.members.leads(NOTICES, true);
    try {
      await lead();
    } catch (error) {
      if (error instanceof Interrupted) return false;
      if (error instanceof CheckpointTaken) {
        log.warn({ err: error }, 'notices are left to the process that has taken them over');
        return cluster.bus.isShared();
      }
      log.error({ err: error }, 'what follows from an event could not be done; again soon');
      await pause(RETRY_MS);
    } finally {
      cluster.members.leads(NOTICES, false);
    }
    return true;
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      if (cluster.members.isFree(NOTICES)) {
        if (!(await leadUntilFault())) return;
      } else await bell.wait(STANDBY_MS);
    }
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

/** Said at most this often, however many notices there are. */
const TELL_EARLY_MS = 60_000;

const tellEarly = (log: Log): ReactorParts['early'] => {
  let toldAt = -Infinity;
  return ({ type, position }) => {
    if (performance.now() - toldAt < TELL_EARLY_MS) return;
    toldAt = performance.now();
    log.warn(
      { type, position },
      'devices are told of what the lists do not show yet: see why with "seqline projector"',
    );
  };
};

type Ending = Readonly<{ ending: Promise<boolean>; isEnding: () => boolean }> &
  Pick<ReactorParts, 'early'>;

const reactorOf = (
  { events, models, writers, pass, handedOn, copiesAfter, noticing, groups, joined }: ReactorDeps,
  checkpoint: LogCheckpoint,
  { ending, early, isEnding }: Ending,
): Reactor => {
  const known = { message: messageIn(events) };
  const append = appendSince({ writers: writers.numbered, known, log: events });
  return new Reactor({
    reactionTo: withFollowUps(noticesOf(noticing), followUps(joined)),
    checkpoint,
    append: async (command, since) => {
      const once = await append(command, since);
      // Between others: there is nobody to tell.
      return once.kind === 'refused' ? {} : once;
    },
    note: noteSince({ writers: writers.inboxes, log: events }),
    follow: groups.follow,
    pass,
    handedOn,
    copiesAfter,
    // Who is to end does not wait for the lists: whoever is told too early asks once more.
    projected: (position, ms) => Promise.race([models.runner.reached(position, ms), ending]),
    early,
    isEnding,
    pause: (ms) => Promise.race([pause(ms), ending.then(() => undefined)]),
    deriveId,
    now: Date.now,
  });
};
