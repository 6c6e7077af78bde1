import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { DeriveId, EventId, Millis, UserId } from '../../core/kernel/ids.ts';
import type {
  ClientConfigLists,
  ClientConfigs,
  FavouriteLists,
  Favourites,
  GroupStatistics,
  PresenceSubscriptions,
} from '../keptPorts.ts';
import type {
  Blocks,
  Chats,
  FriendLists,
  Friends,
  GroupLists,
  Groups,
  Logins,
  Messages,
  Presence,
  Projected,
  Projector,
  UserLists,
  Users,
  VersionIdOf,
} from '../ports.ts';
import type { Explain } from '../explain.ts';
import type { History } from '../history.ts';
import type { Webhooks } from '../webhookPorts.ts';
import type { Log } from '../log.ts';
import type { RoleOf } from './access.ts';
import { addApiPage } from './apiPage.ts';
import { addCompression, addHeaders } from './headers.ts';
import { addFaults } from './faults.ts';
import { addHealth, type Ready } from './health.ts';
import { identify } from './identify.ts';
import { addMetrics, type HttpMetrics } from './metrics.ts';
import { addRequestLog } from './requestLog.ts';
import { addRoutes, addUnknownPaths } from './mount.ts';
import { perform } from './perform.ts';
import { addRequestState } from './request.ts';
import { routesOf } from './routes.ts';
import { secretMatches } from './secret.ts';

/** OpenIM's limit of a request (REST reference 1.1). */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** A request has to be here within this time: clients give up after 10 s. */
const REQUEST_WITHIN: Millis = 15_000;
/** And an answer is of no use to anybody after this one. */
const ANSWER_WITHIN: Millis = 30_000;
/** Longer than the idle time of common load balancers, so that they close first. */
const IDLE_KEPT: Millis = 72_000;

export type HttpDeps = Readonly<{
  users: Users;
  userLists: UserLists;
  friends: Friends;
  blocks: Blocks;
  friendLists: FriendLists;
  groups: Groups;
  groupLists: GroupLists;
  logins: Logins;
  messages: Messages;
  chats: Chats;
  projector: Projector;
  history: History;
  explain: Explain;
  webhooks: Webhooks;
  projected: Projected;
  versionIdOf: VersionIdOf;
  presence: Presence;
  presenceSubscriptions: PresenceSubscriptions;
  favourites: Favourites;
  favouriteLists: FavouriteLists;
  clientConfigs: ClientConfigs;
  clientConfigLists: ClientConfigLists;
  groupStatistics: GroupStatistics;
  config: Readonly<{ secret: string; admins: readonly UserId[] }>;
  now: () => Millis;
  newId: () => EventId;
  deriveId: DeriveId;
  log: Log;
  ready: () => Promise<Ready>;
  /** None: nothing is measured, and there is no /metrics. */
  metrics?: HttpMetrics;
  /** Which build of uWebSockets.js runs, for /healthz. */
  uwsInfo?: string;
  /** Of the API only what whoever runs the server needs: this process does other work. */
  operatorsOnly?: boolean;
  /** Pages of their own, beside the API. */
  extraRoutes?: (app: FastifyInstance) => void | Promise<void>;
}>;

/** How long requests under way have when the process ends; then their connections are cut. */
const END_WITHIN: Millis = 5_000;

/** Stops listening and lets requests in flight be answered, for a bounded time. */
export const endHttp = async (app: FastifyInstance, within = END_WITHIN): Promise<void> => {
  const cut = setTimeout(() => {
    app.server.closeAllConnections();
  }, within);
  await app.close();
  clearTimeout(cut);
};

const isForOperators = (path: string): boolean =>
  path.startsWith('/admin/') || path === '/auth/get_admin_token';

/** The HTTP gateway, complete but not listening. `close()` lets requests in flight finish. */
export const buildHttp = (deps: HttpDeps): FastifyInstance => {
  const { logins, projected, newId, deriveId, log, groups } = deps;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_WITHIN,
    handlerTimeout: ANSWER_WITHIN,
    keepAliveTimeout: IDLE_KEPT,
    // While closing, what still arrives on an open connection is answered, and the connection closed.
    return503OnClosing: false,
    genReqId: newId,
  });
  addRequestState(app);
  addHeaders(app);
  addCompression(app);
  addRequestLog(app, log);
  addFaults(app, log);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_: FastifyRequest, bytes: Buffer, done) => {
    done(null, bytes);
  });
  // Requests are read by `perform`, and answers are as the types of the routes say.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  addApiPage(app);
  addHealth(app, deps);
  if (deps.metrics !== undefined) addMetrics(app, deps.metrics, logins);
  const identified = identify(logins);
  addUnknownPaths(app, identified);
  const all = routesOf({ ...deps, secretMatches: secretMatches(deps.config.secret) });
  const routes = deps.operatorsOnly === true ? all.filter(({ path }) => isForOperators(path)) : all;
  const roleOf: RoleOf = (group, user) => groups.roleOf(group, user);
  addRoutes(app, routes, identified, perform({ projected, deriveId, roleOf }), log);
  if (deps.extraRoutes !== undefined) app.register(deps.extraRoutes);
  return app;
};
