import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Millis, UserId } from '../../core/kernel/ids.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { buildHttp, endHttp } from '../../gateways/http/server.ts';
import type { VersionIdOf } from '../../gateways/ports.ts';
import type { WsGateway } from '../../gateways/ws/server.ts';
import { tokens as openTokens } from '../auth/paseto.ts';
import { openSigningKeys } from '../auth/signingKeys.ts';
import type { Config } from '../config/config.ts';
import { deriveId, randomId } from '../ids.ts';
import type { Log } from '../observe/log.ts';
import { Closers, closeTogether } from './closers.ts';
import { joinedAtHead, openAtHead, openChats, openKnown } from './capabilities/chats.ts';
import { demoPages } from './demo.ts';
import { openGround, watchedOf } from './ground.ts';
import { FETCHED_MS } from './sockets/hearing.ts';
import { HTTP_ANSWER_MS_MAX, SOCKET_ANSWER_MS_MAX } from './capabilities/exactly.ts';
import { freshnessOf } from './capabilities/freshness.ts';
import { isAway } from './readModels/isAway.ts';
import { openKept } from './capabilities/kept.ts';
import { openExplaining } from './explain/explain.ts';
import { openFriendLists, openFriends } from './capabilities/friends.ts';
import { openGroupLists } from './capabilities/groupLists.ts';
import { openGroups, openStandings } from './capabilities/groups.ts';
import { openHistory, pastOf } from './history/history.ts';
import { startReactor } from './notices/reactor.ts';
import { profileOf } from './capabilities/profileOf.ts';
import { openProjector } from './capabilities/projector.ts';
import { READ_MODELS } from './readModels/readModels.ts';
import { readiness } from './readiness.ts';
import { registerAdmins } from './capabilities/registerAdmins.ts';
import { openLogins, openMessages, openUsers } from './capabilities/services.ts';
import { ALL_ROLES, type Roles } from './roles.ts';
import { noSockets, openSockets } from './sockets/sockets.ts';
import { openUserLists } from './capabilities/userLists.ts';
import { openWebhooks } from './webhooks/webhooks.ts';

/** How long a command waits until this process, or the read models, have what it did. */
const FOLLOWED_MS = 2_000;
const PROJECTED_MS = 2_000;

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

const portOf =
  ({ port }: WsGateway) =>
  (): number =>
    port;

/** Read this to know what the process is made of: every part is made here, and handed what it needs. */
export const start = async (
  config: Config,
  log: Log,
  roles: Roles = ALL_ROLES,
): Promise<Running> => {
  const closers = new Closers();
  const close = (): Promise<void> => closers.close();
  try {
    const ground = await openGround({ config, log, roles, now, closers });
    const { metrics, storage, cluster, forwarding, writers, models, failed } = ground;
    const { events, telling } = cluster;

    const signingKeys = await openSigningKeys(storage.tokenShelf, now);
    const versionIdOf = versionIdsOf(await events.logId());
    let ws: WsGateway | undefined;
    const doing = {
      pass: (passing: Passing, senderSync: boolean) => {
        ws?.pass(passing, senderSync);
        // Who has gone from the group by now, as far as is known here, does not get it anywhere.
        const after = 'group' in passing.data ? models.follower.reached() : 0;
        telling.pass(passing, senderSync, { after });
      },
      followed: (position: number) => models.follower.waitFor(position, FOLLOWED_MS),
      now,
    };
    const deps = {
      ...{ config, writers, forwarding },
      tokens: openTokens(signingKeys),
      newId: randomId,
      pause: (ms: Millis) => pause(ms),
      doing,
    };
    const atHead = openAtHead(models.db, models.chatsTail, () => performance.now());
    const reading = { db: models.db, tail: models.chatsTail, atHead, log: events, isAway };
    const users = openUsers(deps);
    const logins = openLogins(deps, users);
    const fresh = freshnessOf(events, models.follower, log);
    const { friends, blocks, reach } = openFriends({ ...deps, users, fresh, now });
    const friendLists = openFriendLists(reading);
    const groups = openGroups({ ...deps, users, now });
    const groupLists = openGroupLists(reading);
    const isAdmin = (user: UserId): boolean => config.admins.includes(user);
    const { standing, partIn } = openStandings(groups, fresh);
    const known = openKnown(reading, users, reach, standing);
    const webhooks = openWebhooks({ ...ground, config, now, log });
    closers.add(webhooks.close);
    const messages = openMessages(deps, { known, partIn }, webhooks.beforeSend);
    const chatsWithin = (withinMs: Millis) => openChats({ ...reading, versionIdOf, withinMs });
    await registerAdmins(users, config.admins);

    const before = await events.head();
    const noticing = {
      friends: { versionIdOf, lists: friendLists },
      groupNotices: { versionIdOf, lists: groupLists, profileOf: profileOf(users), isAdmin },
    };
    const opening = {
      ...{ config, cluster, models, logins, messages, groupLists, noticing, now, log },
      ...{ meter: metrics.sockets, traces: ground.traces.noted },
      ...{ chats: chatsWithin(SOCKET_ANSWER_MS_MAX), presenceChanged: webhooks.presence.changed },
    };
    const sockets = roles.has('gateway') ? await openSockets(opening, before) : noSockets(cluster);
    ws = sockets.gateway;
    let closeHttp = (): Promise<void> => Promise.resolve();
    // Both doors at once: sockets must not wait for a request whose body trickles in.
    closers.add(closeTogether(sockets.close, () => closeHttp()));

    if (roles.has('reactor')) {
      const stop = await startReactor({
        ...{ events, models, writers, cluster, noticing, groups, log },
        joined: joinedAtHead(reading, doing.followed),
        pass: (passing, senderSync, after) => {
          const fact = passing.data.createTime;
          const openedBefore = cluster.bus.isShared() ? fact + FETCHED_MS : undefined;
          ws?.pass(passing, senderSync, openedBefore);
          telling.pass(passing, senderSync, { after, fact });
        },
        handedOn: telling.handedOn,
        // Sockets elsewhere may have been open while nobody did this work.
        copiesAfter: cluster.bus.isShared() ? 0 : before,
      });
      closers.add(stop);
      await webhooks.tell({ reachOf: sockets.reachOf, membersOf: groups.membersOf });
    }

    metrics.watch({ ...watchedOf(ground, sockets.stats, now), told: webhooks.told });
    const projecting = { ...models, writers: writers.projectors, deriveId, now };
    const projector = openProjector({ projections: READ_MODELS, ...projecting });
    const history = openHistory({ log: pastOf(storage), reached: models.follower.waitFor, now });
    const explaining = openExplaining({ ...ground, webhooks: webhooks.admin, gateway: ws, now });
    closers.add(closeTogether(history.close, explaining.close));

    const http = buildHttp({
      ...webhooks.askedFirst({ users, friends, blocks, groups }),
      webhooks: webhooks.admin,
      userLists: openUserLists(reading),
      friendLists,
      groupLists,
      logins,
      messages,
      chats: chatsWithin(HTTP_ANSWER_MS_MAX),
      projector,
      history,
      explain: explaining.explain,
      projected: async (position) =>
        position === undefined || models.runner.reached(position, PROJECTED_MS),
      versionIdOf,
      presence: sockets.presence,
      presenceSubscriptions: sockets.presenceSubscriptions,
      ...openKept({ ...deps, ...reading, users, now }),
      config,
      now,
      newId: randomId,
      deriveId,
      log,
      ready: readiness(storage, models, now),
      metrics: { ...metrics, meter: metrics.http, access: config.metrics },
      uwsInfo: sockets.implementation,
      operatorsOnly: !roles.has('api'),
      ...(ws !== undefined &&
        roles.has('api') && { extraRoutes: demoPages(config.host, portOf(ws)) }),
    });
    closeHttp = () => endHttp(http);
    const httpAddress = await http.listen({ host: config.host, port: config.httpPort });
    return {
      httpAddress,
      wsAddress: ws && httpAddress.replace(/^http(.*):\d+$/, `ws$1:${String(ws.port)}`),
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
