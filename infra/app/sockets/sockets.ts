import { type NumberedEvent } from '../../../core/conversation/events.ts';
import { groupSubject } from '../../../core/group/events.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis, Position } from '../../../core/kernel/ids.ts';
import type { PresenceSubscriptions } from '../../../gateways/keptPorts.ts';
import type {
  Chats,
  GroupLists,
  Logins,
  Messages,
  NumbersOf,
  Presence,
} from '../../../gateways/ports.ts';
import {
  socketImplementation,
  startWsGateway,
  type WsGateway,
  type WsGatewayDeps,
} from '../../../gateways/ws/server.ts';
import type { Config } from '../../config/config.ts';
import { deriveId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WatchedHere } from '../../../gateways/ws/presence.ts';
import { isMembership, joinedBy } from '../../../gateways/ws/audience.ts';
import { fanOut } from './fanOut.ts';
import { groupsOf } from './groupsOf.ts';
import { FETCHED_MS, hearing } from './hearing.ts';
import { missedNotices } from '../notices/missedNotices.ts';
import { NOTICES, noticesOf, type NoticingDeps } from '../notices/reactor.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import { openWatching, type Watching } from './watching.ts';

/** Sockets one process takes. */
const CONNECTIONS_MAX = 100_000;

type SocketsDeps = Readonly<{
  config: Pick<Config, 'host' | 'wsPort' | 'userConnections'>;
  cluster: Cluster;
  models: Pick<ReadModels, 'follower' | 'runner'>;
  logins: Logins;
  messages: Messages;
  chats: Chats;
  groupLists: Pick<GroupLists, 'joinedUpTo'>;
  noticing: NoticingDeps;
  meter: NonNullable<WsGatewayDeps['meter']>;
  /** None: it is not remembered what becomes of messages. */
  traces: WsGatewayDeps['traces'] | undefined;
  /** Who else wants to know. */
  presenceChanged: WsGatewayDeps['presenceChanged'] | undefined;
  now: () => Millis;
  log: Log;
}>;

/** The door for clients of this process, and what the others of its doors need of it. */
export type Sockets = Readonly<{
  /** None: this process has no sockets. */
  gateway: WsGateway | undefined;
  implementation: string;
  presence: Presence;
  /** Platforms on which something is pushed to a user, by any gateway. */
  reachOf: Presence;
  presenceSubscriptions: PresenceSubscriptions;
  stats: WsGateway['stats'];
  close: () => Promise<void>;
}>;

/** What sockets lack of a conversation is read from the log itself. */
const numbersOf =
  (log: Pick<EventLog, 'readStream'>): NumbersOf =>
  (stream, from, to) =>
    log.readStream<NumberedEvent>(stream, {
      from: from - 1,
      direction: 'forwards',
      max: to - from + 1,
    });

/** Opens the door. `after`: the head of the log, which what is older does not come through. */
export const openSockets = async (deps: SocketsDeps, after: Position): Promise<Sockets> => {
  const {
    config,
    cluster,
    models,
    logins,
    messages,
    chats,
    groupLists,
    noticing,
    meter,
    now,
    log,
    traces,
    presenceChanged,
  } = deps;
  const { bus, members } = cluster;
  let ws: WsGateway | undefined;
  const passTo: WsGateway['passTo'] = (...passed) => ws?.passTo(...passed);
  let watching: Watching | undefined;
  const interest = hearing({
    bus,
    follower: models.follower,
    announce: (events) => ws?.announce(events),
    passTo,
    wished: (...wish) => watching?.wished(...wish),
  });
  const gateway = await startWsGateway({
    after,
    numbers: numbersOf(cluster.events),
    groupsOf: groupsOf(groupLists, models.runner),
    logins,
    messages,
    chats,
    config: {
      host: config.host,
      port: config.wsPort,
      connectionsMax: CONNECTIONS_MAX,
      userConnectionsMax: config.userConnections,
    },
    now,
    log,
    meter,
    ...(traces !== undefined && { traces }),
    elsewhere: members.elsewhere,
    presenceChanged: (user, platforms, asleep) => {
      members.presenceChanged(user, platforms, asleep);
      presenceChanged?.(user, platforms, asleep);
    },
    ...(bus.isShared() && { interest }),
  });
  ws = gateway;
  watching = watchingOf(cluster, gateway.presenceSubscriptions);
  cluster.onPresence((user) => gateway.presenceMoved(user));
  models.follower.onEvents(fanOut(gateway, after));
  if (bus.isShared()) {
    const missed = missedNotices({
      bus,
      reactor: NOTICES,
      reactionTo: noticesOf(noticing),
      isJoining: (event) => isMembership(event) && joinedBy(event).some(gateway.isHere),
      heard: (event) =>
        isMembership(event) && interest.heard(event.id, groupSubject(event.data.group)),
      projected: (position, ms) => models.runner.reached(position, ms),
      passHere: ({ passing, senderSync }, fact) => {
        gateway.pass(passing, senderSync, fact + FETCHED_MS);
      },
      deriveId,
      now,
      log,
    });
    models.follower.onEvents(missed.take);
  }
  return {
    gateway,
    implementation: gateway.implementation,
    presence: gateway.presenceOf,
    reachOf: (user) => [...gateway.awakeHere(user), ...members.awakeElsewhere(user)],
    presenceSubscriptions: watching.subscriptions,
    stats: gateway.stats,
    close: gateway.close,
  };
};

/** A process that serves no sockets knows of those elsewhere what they tell. */
export const noSockets = (cluster: Pick<Cluster, 'members' | 'bus'>): Sockets => ({
  gateway: undefined,
  implementation: socketImplementation(),
  presence: cluster.members.elsewhere,
  reachOf: cluster.members.awakeElsewhere,
  presenceSubscriptions: watchingOf(cluster, undefined).subscriptions,
  stats: () => ({
    sockets: 0,
    users: 0,
    opened: 0,
    refused: new Map(),
    closes: new Map(),
    pushes: 0,
    requests: 0,
    cursors: { count: 0, repairs: 0, repaired: 0 },
  }),
  close: () => Promise.resolve(),
});

const watchingOf = (
  { bus, members }: Pick<Cluster, 'members' | 'bus'>,
  here: WatchedHere | undefined,
): Watching => openWatching({ bus, id: members.id, gatewaysOf: members.gatewaysOf, here });
