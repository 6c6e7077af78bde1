import { CONVERSATION_PREFIX } from '../../../core/conversation/events.ts';
import type { LogCheckpoint } from '../../../core/notice/checkpoint.ts';
import { metaOfReaction, UNREMARKABLE_EVENTS_MAX } from '../../../core/notice/reactor.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { NewEvent, Recorded } from '../../../core/kernel/fact.ts';
import type { EventId } from '../../../core/kernel/ids.ts';
import { OFFLINE_STREAM, type RecipientsOffline } from '../../../core/webhook/events.ts';
import type { Unreached } from '../../../gateways/hooks/unreached.ts';
import { Bell } from '../../../projections/kernel/bell.ts';
import { Source } from '../../../projections/kernel/source.ts';
import { deriveId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import { workUntil, type Work } from '../cluster/leadWork.ts';
import type { ReadModels } from '../readModels/readModels.ts';

/** Messages looked at together, each with a question to Postgres if it is of a group. */
const BATCH_MAX = 200;
const LOOK_AGAIN_MS = 5_000;
/** As many as providers of push take at once. */
const USERS_PER_EVENT = 500;
const EVENTS_PER_APPEND = 15;
/** Of the newest that are written already: as many as a crash can have left behind the checkpoint, or more. */
const WRITTEN_MAX = 1_000;

type Deps = Readonly<{
  unreached: Unreached;
  events: EventLog;
  models: Pick<ReadModels, 'tail' | 'follower'>;
  log: Log;
}>;

type Fact = NewEvent<RecipientsOffline>;

const factsOf = (event: Recorded<SeqlineEvent>, users: Awaited<ReturnType<Unreached>>): Fact[] => {
  const facts: Fact[] = [];
  for (let at = 0; at < users.length; at += USERS_PER_EVENT) {
    facts.push({
      type: 'RecipientsOffline',
      id: deriveId('offline', event.id, String(at)),
      meta: metaOfReaction(event),
      data: {
        stream: event.stream,
        revision: event.revision,
        users: users.slice(at, at + USERS_PER_EVENT),
      },
    });
  }
  return facts;
};

/**
 * Whom messages do not reach is known only as they are sent, and is in no other stream. Where an endpoint
 * wants to be told, it is put into the log first, so that it is told as surely as all else.
 */
export const recordOffline = (
  { unreached, events, models, log }: Deps,
  checkpoint: LogCheckpoint,
): Work => {
  const source = new Source(events, models.tail);
  const bell = new Bell();
  const deaf = models.follower.onEvents(() => {
    bell.ring();
  });
  let written: Set<EventId> | undefined;
  let { position } = checkpoint;
  let passed = 0;

  /** What was written by a process that did not come to say so. */
  const known = async (): Promise<Set<EventId>> => {
    const last = { from: 'end', direction: 'backwards', max: WRITTEN_MAX } as const;
    const newest = await events.readStream(OFFLINE_STREAM, last);
    return new Set(newest.map(({ id }) => id));
  };

  const append = async (facts: readonly Fact[], done: Set<EventId>): Promise<void> => {
    for (let at = 0; at < facts.length; at += EVENTS_PER_APPEND) {
      const some = facts.slice(at, at + EVENTS_PER_APPEND);
      await events.append(OFFLINE_STREAM, 'any', some);
      for (const { id } of some) done.add(id);
    }
  };

  const step = async (): Promise<void> => {
    written ??= await known();
    const before = written;
    const portion = await source.read(position, BATCH_MAX);
    const said = portion.events.filter(({ stream }) => stream.startsWith(CONVERSATION_PREFIX));
    const facts = await Promise.all(
      said.map(async (event) => factsOf(event, await unreached(event))),
    );
    const fresh = facts.flat().filter(({ id }) => !before.has(id));
    await append(fresh, before);
    passed += portion.events.length;
    if (fresh.length > 0 || passed >= UNREMARKABLE_EVENTS_MAX) {
      await checkpoint.moveTo(portion.to);
      // What stands behind the checkpoint does not come again.
      before.clear();
      passed = 0;
    }
    if (portion.to === position) await bell.wait(LOOK_AGAIN_MS);
    position = portion.to;
  };

  return workUntil({
    step,
    name: 'who was not reached',
    wake: () => bell.ring(),
    end: deaf,
    log,
  });
};
