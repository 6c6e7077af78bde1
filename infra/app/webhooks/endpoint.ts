import { setTimeout as sleep } from 'node:timers/promises';
import type { NumberedEvent } from '../../../core/conversation/events.ts';
import { CheckpointTaken, type LogCheckpoint } from '../../../core/notice/checkpoint.ts';
import { UNREMARKABLE_EVENTS_MAX } from '../../../core/notice/reactor.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Meta, Recorded } from '../../../core/kernel/fact.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import { Deliverer, type DelivererDeps } from '../../../core/webhook/deliverer.ts';
import { webhookStream, type Made } from '../../../core/webhook/events.ts';
import type { Endpoint, Post } from '../../../core/webhook/ports.ts';
import { toldTo, type NumberedAt } from '../../../gateways/hooks/tell.ts';
import { Bell } from '../../../projections/kernel/bell.ts';
import { Source } from '../../../projections/kernel/source.ts';
import { deriveId, randomId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import { openJobs, type Wish } from './jobs.ts';
import { DeliveryLog } from './deliveryLog.ts';
import type { WebhookWriters } from '../capabilities/writers.ts';

const BATCH_MAX = 500;
/** How far it has come is written down this often, if anything has been delivered. */
const KEEP_MS = 1_000;
const LOOK_AGAIN_MS = 5_000;
const RETRY_MS = 1_000;

export type EndpointDeps = Readonly<{
  endpoint: Endpoint;
  events: EventLog;
  /** Where it stands; whoever moves it tells the endpoint. */
  checkpoint: LogCheckpoint;
  models: Pick<ReadModels, 'tail' | 'follower'>;
  writers: WebhookWriters;
  post: Post;
  /** Added up, whoever tells it. */
  counts: Counts;
  log: Log;
  now: () => Millis;
}>;

/** Since the process began. */
export type Counts = { taken: number; givenUp: number; retried: number };
export const noCounts = (): Counts => ({ taken: 0, givenUp: 0, retried: 0 });

/** What may be seen of an endpoint while it is told. */
export type Telling = Readonly<{
  endpoint: Endpoint;
  /** All that the log has up to here has been delivered or given up. */
  reached: () => Position;
  pending: () => number;
  awaySince: () => Millis | undefined;
  /** For whoever measures; `oldest`: when that happened. */
  state: () => Readonly<{ pending: number; dead: number; oldest: Millis | undefined }>;
  /** Closed, or left to another process. */
  ended: Promise<void>;
  close: () => Promise<void>;
}>;

const BY_ITSELF: Meta = { actor: 'seqline', operationId: '' };

/** Recorded before its place is passed; what cannot be recorded for now is tried on. */
const givingUp =
  (name: string, handle: (wish: Wish) => Promise<void>, log: Log): DelivererDeps['giveUp'] =>
  async ({ event: { stream, revision }, told: { callback }, id }, attempts, why) => {
    const data = { endpoint: name, delivery: id, callback, stream, revision, attempts, why };
    log.warn(data, 'a callback is given up; see: seqline webhook deliveries');
    try {
      await handle({ type: 'GiveUp', data });
    } catch (error) {
      log.error({ err: error, endpoint: name }, 'what was given up could not be recorded yet');
      throw error;
    }
  };

const numberedIn =
  (events: Pick<EventLog, 'readStream'>): NumberedAt =>
  async ({ stream, revision }) => {
    const only = { from: revision, direction: 'forwards', max: 1 } as const;
    const [event] = await events.readStream<NumberedEvent>(stream, only);
    return event?.revision === revision ? event : undefined;
  };

/** Tells one endpoint what comes after its place in the log, and what it is asked to be told again. */
export const tellEndpoint = (deps: EndpointDeps): Telling => {
  const { endpoint, events, checkpoint, models, writers, post, counts, log, now } = deps;
  const { name } = endpoint;
  const ending = new AbortController();
  const pause = async (ms: Millis): Promise<void> => {
    await sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined);
  };
  const stopped = (): boolean => ending.signal.aborted;

  const handle = async (wish: Wish): Promise<void> => {
    await writers.handle({ ...wish, id: randomId(), at: now(), meta: BY_ITSELF });
  };
  const deliveries = new DeliveryLog(events, name, BY_ITSELF);
  const common: Omit<DelivererDeps, 'made' | 'moved' | 'replay' | 'only'> = {
    endpoint,
    toldOf: toldTo(endpoint, numberedIn(events)),
    post: (to, call) => {
      if ((call.attempt ?? 1) > 1) counts.retried += 1;
      return post(to, call);
    },
    now,
    pause,
    idOf: (event, callback, part) => deriveId('webhook', name, event.id, callback, String(part)),
    giveUp: givingUp(name, handle, log),
  };
  const note = (line: Made): void => {
    deliveries.note(line);
    if (line.failed === true) counts.givenUp += 1;
    else counts.taken += 1;
  };
  const deliverer = new Deliverer(
    { ...common, made: note, moved: () => undefined },
    checkpoint.position,
  );

  let passed = 0;
  const keep = async (): Promise<void> => {
    const { reached } = deliverer;
    const isTold = !deliveries.isEmpty || deliverer.pending > 0;
    await deliveries.write();
    const isDue = isTold || passed >= UNREMARKABLE_EVENTS_MAX;
    if (!isDue || reached <= checkpoint.position) return;
    await checkpoint.moveTo(reached);
    passed = 0;
  };

  const source = new Source(events, models.tail);
  const bell = new Bell();
  const deaf = models.follower.onEvents(() => {
    bell.ring();
  });
  let position = checkpoint.position;
  let left = false;
  /** While the log takes nothing, there may be much in it to be told, and each delivery is a line to be kept. */
  const room = async (): Promise<void> => {
    while (deliveries.isFull && !stopped()) await pause(KEEP_MS);
  };
  const read = async (): Promise<void> => {
    await room();
    const portion = await source.read(position, BATCH_MAX);
    await deliverer.take(portion.events, portion.to);
    passed += portion.events.length;
    if (portion.to === position) await bell.wait(LOOK_AGAIN_MS);
    position = portion.to;
  };
  const again = async (what: string, work: () => Promise<void>): Promise<void> => {
    while (!stopped()) {
      try {
        await work();
      } catch (error) {
        if (error instanceof CheckpointTaken) {
          log.warn({ err: error }, 'callbacks are left to the process that has taken them over');
          left = true;
          stop();
          return;
        }
        log.error({ err: error, endpoint: name, position }, `${what}; again soon`);
        await pause(RETRY_MS);
      }
    }
  };
  const stop = (): void => {
    ending.abort();
    deliverer.stop();
    jobs.stop();
    deaf();
    deafToJobs();
    bell.ring();
  };
  const jobs = openJobs({
    name,
    stream: webhookStream(name),
    events,
    state: () => writers.state(webhookStream(name)),
    deliverer: (more, after) => new Deliverer({ ...common, ...more }, after),
    note,
    room,
    handle,
    pause,
    stopped,
  });
  const deafToJobs = models.follower.onEvents((followed: readonly Recorded<SeqlineEvent>[]) => {
    if (followed.some(({ stream }) => stream === webhookStream(name))) jobs.look();
  });
  const working = Promise.all([
    again('the log could not be read for an endpoint', read),
    again('what has been delivered could not be written down', async () => {
      await pause(KEEP_MS);
      await keep();
    }),
    again('a replay could not go on', jobs.work),
  ]);
  const ended = working.then(async () => {
    if (!left) await keep();
  });

  return {
    endpoint,
    reached: () => deliverer.reached,
    pending: () => deliverer.pending,
    awaySince: () => deliverer.awaySince,
    state: () => ({
      pending: deliverer.pending,
      dead: jobs.dead(),
      oldest: deliverer.oldest,
    }),
    ended,
    close: async () => {
      stop();
      await ended;
    },
  };
};
