import type { FastifyInstance } from 'fastify';
import type { Millis } from '../../core/kernel/ids.ts';
import { buildHttp } from '../../gateways/http/server.ts';
import type { VersionIdOf } from '../../gateways/ports.ts';
import type { Config } from '../config/config.ts';
import { deriveId, randomId } from '../ids.ts';
import type { Log } from '../observe/log.ts';
import type { Commands } from './capabilities/commands.ts';
import { HTTP_ANSWER_MS_MAX } from './capabilities/exactly.ts';
import type { Lists } from './capabilities/lists.ts';
import { demoPages } from './demo.ts';
import type { Ground } from './ground.ts';
import type { Operators } from './operators.ts';
import { readiness } from './readiness.ts';
import type { Roles } from './roles.ts';
import type { Sockets } from './sockets/sockets.ts';
import type { OpenWebhooks } from './webhooks/webhooks.ts';

/** How long a command waits until the read models have what it did. */
const PROJECTED_MS = 2_000;

type HttpParts = Readonly<{
  config: Config;
  roles: Roles;
  ground: Pick<Ground, 'metrics' | 'storage' | 'models'>;
  commands: Commands;
  lists: Lists;
  operators: Operators;
  /** Asks the app server before some of the commands. */
  askedFirst: OpenWebhooks['askedFirst'];
  sockets: Sockets;
  versionIdOf: VersionIdOf;
  now: () => Millis;
  log: Log;
}>;

/** The door for HTTP, complete but not listening: what each of its calls is answered by. */
export const openHttp = ({
  config,
  roles,
  ground: { metrics, storage, models },
  commands,
  lists,
  operators,
  askedFirst,
  sockets,
  versionIdOf,
  now,
  log,
}: HttpParts): FastifyInstance => {
  const { logins, messages, favourites, clientConfigs } = commands;
  const { gateway } = sockets;
  return buildHttp({
    ...askedFirst(commands),
    ...{ logins, messages, favourites, clientConfigs },
    userLists: lists.users,
    friendLists: lists.friends,
    groupLists: lists.groups,
    groupStatistics: lists.groupStatistics,
    favouriteLists: lists.favourites,
    clientConfigLists: lists.clientConfigs,
    chats: lists.chatsWithin(HTTP_ANSWER_MS_MAX),
    versionIdOf,
    projected: async (position) =>
      position === undefined || models.runner.reached(position, PROJECTED_MS),
    presence: sockets.presence,
    presenceSubscriptions: sockets.presenceSubscriptions,
    webhooks: operators.webhooks,
    projector: operators.projector,
    history: operators.history,
    explain: operators.explain,
    operatorsOnly: !roles.has('api'),
    config,
    now,
    newId: randomId,
    deriveId,
    log,
    ready: readiness(storage, models, now, roles.has('api') || roles.has('gateway')),
    metrics: { ...metrics, meter: metrics.http, access: config.metrics },
    uwsInfo: sockets.implementation,
    ...(gateway !== undefined &&
      roles.has('api') && { extraRoutes: demoPages(config.host, () => gateway.port) }),
  });
};
