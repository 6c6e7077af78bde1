import { setTimeout as pause } from 'node:timers/promises';
import type { Millis } from '../../core/kernel/ids.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../observe/log.ts';
import { loggedAppends } from '../observe/loggedAppends.ts';
import { openMetrics, type Metrics } from '../observe/metrics.ts';
import type { Watched } from '../observe/watched.ts';
import { checkPostgres } from './readModels/checkPostgres.ts';
import type { Closers } from './closers.ts';
import { joinCluster, processName, type Cluster } from './cluster/cluster.ts';
import { openDeliveryTimes } from './readModels/deliveryTimes.ts';
import { openForwarding, type Forwarding } from './cluster/forwarding.ts';
import { openReadModels, type ReadModels } from './readModels/readModels.ts';
import { ALL_ROLES, type Roles } from './roles.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { openTraces, type OpenTraces } from './explain/traces.ts';
import { openWriters, type Writers } from './capabilities/writers.ts';

/** What every process stands on, whatever its roles are. */
export type Ground = Readonly<{
  metrics: Metrics;
  storage: Storage;
  traces: OpenTraces;
  cluster: Cluster;
  forwarding: Forwarding;
  writers: Writers;
  models: ReadModels;
  /** Resolves with the reason if something has failed for good. */
  failed: Promise<string>;
}>;

type GroundDeps = Readonly<{
  config: Config;
  log: Log;
  roles: Roles;
  now: () => Millis;
  /** Gets what is to be closed. */
  closers: Closers;
}>;

type SocketMeter = Metrics['sockets'];

const bothOf = (meter: SocketMeter, deliveries: Pick<SocketMeter, 'delivered'>): SocketMeter => ({
  ...meter,
  delivered: (committed, connections) => {
    meter.delivered(committed, connections);
    deliveries.delivered(committed, connections);
  },
});

/** The log, the other processes, the writers, and the read models with the one follower of the log. */
export const openGround = async ({
  config,
  log,
  roles,
  now,
  closers,
}: GroundDeps): Promise<Ground> => {
  const metrics = openMetrics();
  const storage: Storage = await openStorage(config, log, metrics.log);
  closers.add(storage.close);
  const logged = { ...storage.log, append: loggedAppends(storage.log, log) };
  const traces = openTraces(config.traces, now);
  closers.add(traces.close);
  const cluster = await joinCluster({
    ...{ config, events: logged, log },
    name: processName(roles.size === ALL_ROLES.size ? [] : [...roles]),
    takesSends: roles.has('api') || roles.has('gateway'),
    published: traces.noted?.published,
  });
  closers.add(cluster.close);
  const { events } = cluster;
  const forwarding = openForwarding({ cluster, now: () => performance.now() });
  closers.add(forwarding.close);
  const writers = openWriters(
    events,
    () => performance.now(),
    (ms) => pause(ms),
    {
      onFault: (error, stream) => {
        log.warn({ err: error, stream }, 'a window of once-only sends stays short for now');
      },
      onStored: metrics.tried,
      onConflict: forwarding.contended,
    },
  );

  let fail: (reason: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => (fail = resolve));
  const logIds = [await events.logId(), ...storage.formerIds];
  const models = await openReadModels({
    config,
    events,
    formerIds: storage.formerIds,
    log,
    ...(config.postgres.kind === 'url' && { check: (db) => checkPostgres({ db, logIds, now }) }),
    listeners: [writers.observe],
    builds: roles.has('projector'),
    leavesSealed: !roles.has('gateway') && !(roles.has('reactor') && config.webhooks !== ''),
    onMoved: (key, position) => {
      traces.noted?.projected(key, position);
      cluster.projected(key, position);
    },
    onStopped: fail,
  });
  closers.add(models.close);
  cluster.onProjected(models.heard);
  if (!config.analytics || !roles.has('gateway'))
    return { metrics, storage, traces, cluster, forwarding, writers, models, failed };
  const deliveries = openDeliveryTimes({ db: models.db, log, now });
  closers.add(deliveries.close);
  const measured = { ...metrics, sockets: bothOf(metrics.sockets, deliveries) };
  return { metrics: measured, storage, traces, cluster, forwarding, writers, models, failed };
};

/** What is looked at by whoever measures. */
export const watchedOf = (
  { models: { runner, analytics, tail }, storage, traces, forwarding }: Ground,
  sockets: Watched['sockets'],
  now: () => Millis,
): Omit<Watched, 'told'> => ({
  ...{ sockets, projector: runner, analytics, tail, traces: traces.size, log: storage.store, now },
  forwarding: forwarding.stats,
});
