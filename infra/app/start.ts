import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { endHttp } from '../../gateways/http/server.ts';
import type { VersionIdOf } from '../../gateways/ports.ts';
import type { WsGateway } from '../../gateways/ws/server.ts';
import { tokens as openTokens } from '../auth/paseto.ts';
import { openSigningKeys } from '../auth/signingKeys.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../observe/log.ts';
import { joinedAtHead } from './capabilities/chats.ts';
import { openCommands } from './capabilities/commands.ts';
import { SOCKET_ANSWER_MS_MAX } from './capabilities/exactly.ts';
import { freshnessOf } from './capabilities/freshness.ts';
import { openLists, openReading } from './capabilities/lists.ts';
import { profileOf } from './capabilities/profileOf.ts';
import { registerAdmins } from './capabilities/registerAdmins.ts';
import { Closers, closeTogether } from './closers.ts';
import { openGround, watchedOf } from './ground.ts';
import { openHttp } from './http.ts';
import { startReactor } from './notices/reactor.ts';
import { openOperators } from './operators.ts';
import { ALL_ROLES, type Roles } from './roles.ts';
import { passingOf } from './sockets/passing.ts';
import { noSockets, openSockets } from './sockets/sockets.ts';
import { openWebhooks, readEndpoints } from './webhooks/webhooks.ts';

/** How long a command waits until this process has seen what it did. */
const FOLLOWED_MS = 2_000;

export type Running = Readonly<{
  httpAddress: string;
  /** None where it serves no sockets. */
  wsAddress: string | undefined;
  roles: Roles;
  /** Which uWebSockets.js it is: the native one, or the package's substitute. */
  sockets: string;
  /** Resolves with the reason if something has failed for good. */
  failed: Promise<string>;
  close: () => Promise<void>;
}>;

const now = (): Millis => Date.now();

/**
 * Versions of lists are told apart by log, list and owner (decisions 3): 24 hex digits. Those of a group's
 * members are counted by the group itself, so they mean the same in any copy of the log.
 */
const versionIdsOf =
  (logId: string): VersionIdOf =>
  (list, owner) => {
    const name = list === 'members' ? `${list} ${owner}` : `${logId} ${list} ${owner}`;
    return createHash('sha256').update(name).digest('hex').slice(0, 24);
  };

/**
 * Read this to know what the process is made of: every part is made here, and handed what it needs. What a part
 * is made of in turn stands in its own file.
 */
export const start = async (
  config: Config,
  log: Log,
  roles: Roles = ALL_ROLES,
): Promise<Running> => {
  // First of all, for a mistake there needs no Postgres to be found.
  const endpoints = readEndpoints(config.webhooks);
  const closers = new Closers();
  const close = (): Promise<void> => closers.close();
  try {
    const ground = await openGround({ config, log, roles, now, closers });
    const { metrics, storage, cluster, forwarding, writers, models, failed } = ground;
    const { bus, events, telling } = cluster;
    const versionIdOf = versionIdsOf(await events.logId());

    const reading = openReading(models, events);
    const lists = openLists(reading, versionIdOf);
    const webhooks = openWebhooks({ ...ground, endpoints, now, log });
    closers.add(webhooks.close);

    let gateway: WsGateway | undefined;
    const passing = passingOf({ cluster, follower: models.follower, gateway: () => gateway });
    const followed = (position: Position) => models.follower.waitFor(position, FOLLOWED_MS);
    const commands = openCommands({
      ...{ config, writers, forwarding, reading },
      tokens: openTokens(await openSigningKeys(storage.tokenShelf, now)),
      fresh: freshnessOf(events, models.follower, log),
      doing: { pass: passing.deed, followed, now },
      beforeSend: webhooks.beforeSend,
    });
    const { users, logins, groups, messages } = commands;
    await registerAdmins(users, config.admins);

    const before = await events.head();
    const isAdmin = (user: UserId): boolean => config.admins.includes(user);
    const noticing = {
      friends: { versionIdOf, lists: lists.friends },
      groupNotices: { versionIdOf, lists: lists.groups, profileOf: profileOf(users), isAdmin },
    };
    const opening = {
      ...{ config, cluster, models, logins, messages, noticing, now, log },
      ...{ groupLists: lists.groups, chats: lists.chatsWithin(SOCKET_ANSWER_MS_MAX) },
      ...{ meter: metrics.sockets, traces: ground.traces.noted },
      presenceChanged: webhooks.presence.changed,
    };
    const sockets = roles.has('gateway') ? await openSockets(opening, before) : noSockets(cluster);
    gateway = sockets.gateway;
    let http: FastifyInstance | undefined;
    // Both doors at once: sockets must not wait for a request whose body trickles in.
    closers.add(closeTogether(sockets.close, async () => http && endHttp(http)));

    if (roles.has('reactor')) {
      const stop = await startReactor({
        ...{ events, models, writers, cluster, noticing, groups, log },
        joined: joinedAtHead(reading, followed),
        pass: passing.notice,
        handedOn: telling.handedOn,
        // Sockets elsewhere may have been open while nobody did this work.
        copiesAfter: bus.isShared() ? 0 : before,
      });
      closers.add(stop);
      await webhooks.tell({ reachOf: sockets.reachOf, membersOf: groups.membersOf });
    }

    metrics.watch({ ...watchedOf(ground, sockets.stats, now), told: webhooks.told });
    const operators = openOperators({ ground, webhooks: webhooks.admin, gateway, now });
    closers.add(operators.close);
    http = openHttp({
      ...{ config, roles, ground, commands, lists, operators, sockets, versionIdOf, now, log },
      askedFirst: webhooks.askedFirst,
    });
    const httpAddress = await http.listen({ host: config.host, port: config.httpPort });
    return {
      httpAddress,
      wsAddress: gateway && httpAddress.replace(/^http(.*):\d+$/, `ws$1:${String(gateway.port)}`),
      roles,
      sockets: sockets.implementation,
      failed,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
