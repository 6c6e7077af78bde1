import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CONVERSATION_PREFIX, type NumberedEvent } from '../../core/conversation/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { buildHttp, endHttp } from '../../gateways/http/server.ts';
import type { NumbersOf, VersionIdOf } from '../../gateways/ports.ts';
import { startWsGateway, type WsGateway } from '../../gateways/ws/server.ts';
import { tokens as openTokens } from '../auth/paseto.ts';
import { openSigningKeys } from '../auth/signingKeys.ts';
import type { Config } from '../config/config.ts';
import { deriveId, randomId } from '../ids.ts';
import type { Log } from '../observe/log.ts';
import { loggedAppends } from '../observe/loggedAppends.ts';
import { openMetrics } from '../observe/metrics.ts';
import { Closers, closeTogether } from './closers.ts';
import { openAtHead, openChats, openKnown } from './chats.ts';
import { demoPages } from './demo.ts';
import { HTTP_ANSWER_MS_MAX, SOCKET_ANSWER_MS_MAX } from './exactly.ts';
import { isAway } from './isAway.ts';
import { openKept } from './kept.ts';
import { openFriendLists, openFriends } from './friends.ts';
import { openGroups } from './groups.ts';
import { openGroupLists } from './groupLists.ts';
import { openHistory, pastOf } from './history.ts';
import { startReactor } from './reactor.ts';
import { profileOf } from './profileOf.ts';
import { openProjector } from './projector.ts';
import { openReadModels, PROJECTIONS } from './readModels.ts';
import { readiness } from './readiness.ts';
import { registerAdmins } from './registerAdmins.ts';
import { openLogins, openMessages, openUsers } from './services.ts';
import { openStorage, type Storage } from './storage.ts';
import { openUserLists } from './userLists.ts';
import { openWebhooks } from './webhooks.ts';
import { openWriters, type Writers } from './writers.ts';

/** How long a command waits until this process, or the read models, have what it did. */
const FOLLOWED_MS = 2_000;
const PROJECTED_MS = 2_000;
/** Sockets one process takes. */
const CONNECTIONS_MAX = 100_000;

export type Running = Readonly<{
  httpAddress: string;
  wsAddress: string;
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

const isNumbered = (event: Recorded<SeqlineEvent>): event is Recorded<NumberedEvent> =>
  event.stream.startsWith(CONVERSATION_PREFIX);

/** What sockets lack of a conversation is read from the log itself. */
const numbersOf =
  (log: Pick<EventLog, 'readStream'>): NumbersOf =>
  (stream, from, to) =>
    log.readStream<NumberedEvent>(stream, {
      from: from - 1,
      direction: 'forwards',
      max: to - from + 1,
    });

/**
 * From the log to the sockets of this process. What is older than the gateway is not pushed: whoever
 * connects syncs, and a message of before a crash must not overtake the answer to its repetition.
 */
const fanOut =
  (ws: WsGateway, after: Position) =>
  (followed: readonly Recorded<SeqlineEvent>[]): void => {
    const events = followed.filter(({ position }) => position > after);
    const numbered = events.filter(isNumbered);
    if (numbered.length > 0) ws.deliver(numbered);
    for (const event of events) {
      if (
        event.type === 'TokenIssued' ||
        event.type === 'LoginActivated' ||
        event.type === 'LogoutForced'
      ) {
        ws.loginChanged(event);
      }
    }
  };

const writersOver = (log: EventLog, faults: Log): Writers =>
  openWriters(
    log,
    () => performance.now(),
    (ms) => pause(ms),
    (error, stream) => {
      faults.warn({ err: error, stream }, 'a window of once-only sends stays short for now');
    },
  );

/** Read this to know what the process is made of: every part is made here, and handed what it needs. */
export const start = async (config: Config, log: Log): Promise<Running> => {
  const closers = new Closers();
  const close = (): Promise<void> => closers.close();
  try {
    const metrics = openMetrics();
    const storage: Storage = await openStorage(config, log, metrics.log);
    closers.add(storage.close);
    const events = { ...storage.log, append: loggedAppends(storage.log, log) };
    const writers = writersOver(events, log);

    let fail: (reason: string) => void = () => undefined;
    const failed = new Promise<string>((resolve) => (fail = resolve));
    const models = await openReadModels({
      config,
      events,
      formerIds: storage.formerIds,
      log,
      listeners: [writers.observe],
      onStopped: fail,
    });
    closers.add(models.close);

    const signingKeys = await openSigningKeys(storage.tokenShelf, now);
    const versionIdOf = versionIdsOf(await events.logId());
    let ws: WsGateway | undefined;
    const doing = {
      pass: (...passing: Parameters<WsGateway['pass']>) => ws?.pass(...passing),
      followed: (position: number) => models.follower.waitFor(position, FOLLOWED_MS),
      now,
    };
    const deps = {
      config,
      writers,
      tokens: openTokens(signingKeys),
      newId: randomId,
      pause: (ms: Millis) => pause(ms),
      doing,
    };
    const atHead = openAtHead(models.db, models.chatsTail, () => performance.now());
    const reading = { db: models.db, tail: models.chatsTail, atHead, log: events, isAway };
    const users = openUsers(deps);
    const logins = openLogins(deps, users);
    const { friends, blocks, reach } = openFriends({ ...deps, users, now });
    const friendLists = openFriendLists(reading);
    const groups = openGroups({ ...deps, users, now });
    const groupLists = openGroupLists(reading);
    const isAdmin = (user: UserId): boolean => config.admins.includes(user);
    const webhooks = openWebhooks({ path: config.webhooks, now, log });
    closers.add(webhooks.close);
    const messages = openMessages(deps, openKnown(reading, users, reach), webhooks.beforeSend);
    const chatsWithin = (withinMs: Millis) => openChats({ ...reading, versionIdOf, withinMs });
    await registerAdmins(users, config.admins);

    const before = await events.head();
    const gateway = await startWsGateway({
      after: before,
      numbers: numbersOf(events),
      logins,
      messages,
      chats: chatsWithin(SOCKET_ANSWER_MS_MAX),
      config: { host: config.host, port: config.wsPort, connectionsMax: CONNECTIONS_MAX },
      now,
      log,
      meter: metrics.sockets,
    });
    ws = gateway;
    let closeHttp = (): Promise<void> => Promise.resolve();
    // Both doors at once: sockets must not wait for a request whose body trickles in.
    closers.add(closeTogether(gateway.close, () => closeHttp()));
    models.follower.onEvents(fanOut(gateway, before));

    const noticing = {
      friends: { versionIdOf, lists: friendLists },
      groupNotices: { versionIdOf, lists: groupLists, profileOf: profileOf(users), isAdmin },
      pass: doing.pass,
      copiesAfter: before,
      groups,
      joined: async (user: UserId) => (await groupLists.joinedIds(user)).ids,
    };
    closers.add(await startReactor({ events, models, writers, ...noticing, log }));

    const { runner, tail, skips } = models;
    const sockets = gateway.stats;
    metrics.watch({ sockets, projector: runner, tail, log: storage.store, now });
    const projecting = { runner, skips, writers: writers.projectors, deriveId, now };
    const projector = openProjector({ projections: PROJECTIONS, ...projecting });
    const history = openHistory({ log: pastOf(storage), reached: models.follower.waitFor, now });
    closers.add(history.close);

    const http = buildHttp({
      users,
      userLists: openUserLists(reading),
      friends,
      blocks,
      friendLists,
      groups,
      groupLists,
      logins,
      messages,
      chats: chatsWithin(HTTP_ANSWER_MS_MAX),
      projector,
      history,
      projected: async (position) =>
        position === undefined || models.runner.reached(position, PROJECTED_MS),
      versionIdOf,
      presence: gateway.presenceOf,
      presenceSubscriptions: gateway.presenceSubscriptions,
      ...openKept({ ...deps, ...reading, users, now }),
      config,
      now,
      newId: randomId,
      deriveId,
      log,
      ready: readiness(storage, models),
      metrics: { ...metrics, meter: metrics.http, access: config.metrics },
      uwsInfo: gateway.implementation,
      extraRoutes: demoPages(config.host, () => gateway.port),
    });
    closeHttp = () => endHttp(http);
    const httpAddress = await http.listen({ host: config.host, port: config.httpPort });
    return {
      httpAddress,
      wsAddress: httpAddress.replace(/^http(.*):\d+$/, `ws$1:${String(gateway.port)}`),
      sockets: gateway.implementation,
      failed,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
