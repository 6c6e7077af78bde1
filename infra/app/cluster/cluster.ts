import { hostname } from 'node:os';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Position, UserId } from '../../../core/kernel/ids.ts';
import type { Bus } from '../../bus/bus.ts';
import { memoryBus } from '../../bus/memory.ts';
import { openNats } from '../../bus/nats.ts';
import type { Config } from '../../config/config.ts';
import { randomId } from '../../ids.ts';
import type { Log } from '../../observe/log.ts';
import { Members } from './members.ts';
import { telling, type Telling } from './telling.ts';
import { EVERYBODY, written } from './wire.ts';

/** Where it is found, for people. */
export const processName = (roles: readonly string[] = []): string =>
  [`${hostname()}/${String(process.pid)}`, ...roles].join(' ');

/** As much of a log's id as tells clusters apart that share a NATS. */
const CLUSTER_DIGITS = 16;

type ClusterDeps = Readonly<{
  config: Pick<Config, 'bus'>;
  /** Its `append` is not told of yet. */
  events: EventLog;
  log: Log;
  /** What people call this process. */
  name?: string;
  takesSends?: boolean;
  published?: Parameters<typeof telling>[3];
}>;

/** The other processes of the same log, and what this one tells them. One that is alone has nobody to tell. */
export type Cluster = Readonly<{
  bus: Bus;
  /** Of this process: unlike any other's, and what people call it. */
  id: string;
  name: string;
  members: Members;
  /** The log, where an append tells others, and waits for those that could not read what is appended. */
  events: EventLog;
  telling: Telling;
  /** A read model here has come to a position. */
  projected: (key: string, position: Position) => void;
  /** What happens when a user comes or goes elsewhere, and when a read model built elsewhere moves. */
  onPresence: (moved: (user: UserId) => void) => void;
  onProjected: (heard: (key: string, position: Position) => void) => void;
  /** What happens when others say that they are one of several processes that write to a conversation at once. */
  onContended: (heard: (stream: string, by: string) => void) => void;
  close: () => Promise<void>;
}>;

/** Appends what all that are there can read, once it is known who is. */
export const knownToAll =
  (
    members: Pick<Members, 'listening' | 'assertKnown'>,
    log: Pick<EventLog, 'append'>,
  ): EventLog['append'] =>
  async (stream, expected, appended) => {
    if (members.listening !== undefined) await members.listening;
    for (const { type } of appended) members.assertKnown(type);
    return log.append(stream, expected, appended);
  };

export const joinCluster = async ({
  config,
  events,
  log,
  name = processName(),
  takesSends = false,
  published,
}: ClusterDeps): Promise<Cluster> => {
  const cluster = (await events.logId()).slice(0, CLUSTER_DIGITS);
  const bus =
    config.bus.kind === 'nats'
      ? await openNats({ url: config.bus.url, cluster, log })
      : memoryBus().join();
  let moved: (user: UserId) => void = () => undefined;
  let heard: (key: string, position: Position) => void = () => undefined;
  let contended: (stream: string, by: string) => void = () => undefined;
  const id = randomId();
  const members = new Members({
    ...{ bus, id, name, takesSends },
    presenceMoved: (user) => moved(user),
    heard: (message) => {
      if (message.kind === 'standing')
        for (const [key, position] of Object.entries(message.positions)) heard(key, position);
      if (message.kind === 'contended') contended(message.stream, message.by);
    },
  });
  const told = telling(
    bus,
    knownToAll(members, events),
    (user) => members.isElsewhere(user),
    published,
    ({ conversation, id: passing, data: { contentType } }) => {
      log.warn(
        { conversation, id: passing, contentType },
        'something that is not stored is larger than the bus takes: whoever is at another gateway is not told of it',
      );
    },
  );
  /** Of one commit: all that moves with it is told together. */
  const moves = new Map<string, Position>();
  const tellMoves = (): void => {
    const positions = Object.fromEntries(moves);
    moves.clear();
    bus.publish(EVERYBODY, written({ kind: 'standing', positions }));
  };
  members.start();
  return {
    ...{ bus, id, name, members },
    events: { ...events, append: told.append },
    telling: told,
    projected: (key, position) => {
      if (!bus.isShared()) return;
      if (moves.size === 0) queueMicrotask(tellMoves);
      moves.set(key, position);
    },
    onPresence: (listener) => {
      moved = listener;
    },
    onProjected: (listener) => {
      heard = listener;
    },
    onContended: (listener) => {
      contended = listener;
    },
    close: async () => {
      members.close();
      await bus.flush(CLOSE_MS);
      await bus.close();
    },
  };
};

/** So long at most it takes to say that this process is going. */
const CLOSE_MS = 1_000;
