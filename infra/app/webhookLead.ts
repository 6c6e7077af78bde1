import { setTimeout as sleep } from 'node:timers/promises';
import { LogCheckpoint } from '../../core/notice/checkpoint.ts';
import type { Millis } from '../../core/kernel/ids.ts';
import type { Endpoint } from '../../core/webhook/ports.ts';
import { deriveId, randomId } from '../ids.ts';
import type { Cluster } from './cluster.ts';
import { tellEndpoint, type EndpointDeps, type Telling } from './webhookEndpoint.ts';

/** How often a process that stands by looks whether nobody tells the endpoint. */
const STANDBY_MS = 1_000;
const RETRY_MS = 1_000;

export type Leading = Readonly<{
  endpoint: Endpoint;
  /** Undefined: another process tells it. */
  telling: () => Telling | undefined;
  close: () => Promise<void>;
}>;

type Deps = Omit<EndpointDeps, 'checkpoint'> &
  Readonly<{ cluster: Pick<Cluster, 'members' | 'bus'> }>;

/** Tells an endpoint in one process at a time: the others stand by, and the checkpoint is the fence. */
export const leadEndpoint = async ({ cluster, ...deps }: Deps): Promise<Leading> => {
  const { endpoint, events, log } = deps;
  const name = `webhook-${endpoint.name}`;
  const owner = randomId();
  const ending = new AbortController();
  const pause = (ms: Millis) =>
    sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined);
  const open = () => LogCheckpoint.open({ log: events, name, owner, deriveId });
  // Where there is none it begins here, whoever comes to do the work.
  await open();
  let telling: Telling | undefined;

  const lead = async (): Promise<void> => {
    cluster.members.leads(name, true);
    try {
      const checkpoint = await open();
      // Whoever did it before is fenced from here on.
      if (cluster.bus.isShared()) await checkpoint.moveTo(checkpoint.position);
      if (ending.signal.aborted) return;
      telling = tellEndpoint({ ...deps, checkpoint });
      await telling.ended;
    } catch (error) {
      log.error(
        { err: error, endpoint: endpoint.name },
        'an endpoint could not be told; again soon',
      );
      await pause(RETRY_MS);
    } finally {
      telling = undefined;
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
    endpoint,
    telling: () => telling,
    close: async () => {
      ending.abort();
      await telling?.close();
      await ended;
    },
  };
};
