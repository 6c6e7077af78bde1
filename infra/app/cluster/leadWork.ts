import { setTimeout as sleep } from 'node:timers/promises';
import { CheckpointTaken, LogCheckpoint } from '../../../core/notice/checkpoint.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { deriveId, randomId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import type { Cluster } from './cluster.ts';

/** How often a process that stands by looks whether nobody does the work. */
const STANDBY_MS = 1_000;
const RETRY_MS = 1_000;

/** What one process does at a time. */
export type Work = Readonly<{
  /** Closed, or left to another process. */
  ended: Promise<void>;
  close: () => Promise<void>;
}>;

export type Leading<W extends Work> = Readonly<{
  /** Undefined: another process does it. */
  working: () => W | undefined;
  close: () => Promise<void>;
}>;

type Deps<W extends Work> = Readonly<{
  /** Of its checkpoint, and what it is called among processes. */
  name: string;
  begin: (checkpoint: LogCheckpoint) => W;
  cluster: Pick<Cluster, 'members' | 'bus'>;
  events: EventLog;
  log: Log;
}>;

/** Has work done in one process at a time: the others stand by, and the checkpoint is the fence. */
export const leadWork = async <W extends Work>(deps: Deps<W>): Promise<Leading<W>> => {
  const { name, begin, cluster, events, log } = deps;
  const owner = randomId();
  const ending = new AbortController();
  const pause = (ms: Millis) =>
    sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined);
  const open = () => LogCheckpoint.open({ log: events, name, owner, deriveId });
  // Where there is none it begins here, whoever comes to do the work.
  await open();
  let working: W | undefined;

  const lead = async (): Promise<void> => {
    cluster.members.leads(name, true);
    try {
      const checkpoint = await open();
      // Whoever did it before is fenced from here on.
      if (cluster.bus.isShared()) await checkpoint.moveTo(checkpoint.position);
      if (ending.signal.aborted) return;
      working = begin(checkpoint);
      await working.ended;
    } catch (error) {
      log.error({ err: error, work: name }, 'what one process does could not be done; again soon');
      await pause(RETRY_MS);
    } finally {
      working = undefined;
      cluster.members.leads(name, false);
    }
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      if (cluster.members.isFree(name)) await lead();
      else await pause(STANDBY_MS);
    }
  };
  const ended = run();
  return {
    working: () => working,
    close: async () => {
      ending.abort();
      await working?.close();
      await ended;
    },
  };
};

type Steps = Readonly<{
  /** Does what there is to be done, or waits for more. A throw: the same again in a moment. */
  step: () => Promise<void>;
  /** For the log. */
  name: string;
  /** Ends the waiting of a step. */
  wake: () => void;
  end: () => void;
  log: Log;
}>;

/** Step after step, until it is closed or another process has taken the work over. */
export const workUntil = ({ step, name, wake, end, log }: Steps): Work => {
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await step();
      } catch (error) {
        if (error instanceof CheckpointTaken) {
          log.warn({ err: error }, `${name} is left to the process that has taken it over`);
          return;
        }
        log.error({ err: error }, `${name} could not be recorded; again soon`);
        await sleep(RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    }
  };
  const ended = run().finally(end);
  return {
    ended,
    close: async () => {
      ending.abort();
      wake();
      await ended;
    },
  };
};
