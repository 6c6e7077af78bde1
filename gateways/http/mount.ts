import type { FastifyInstance, FastifyRequest } from 'fastify';
import { schemaOf } from './apiPage.ts';
import type { identify } from './identify.ts';
import type { perform } from './perform.ts';
import type { Log } from '../log.ts';
import { isLines, LINES_TYPE, LINES_WITHIN, streamOf } from './lines.ts';
import { refusedWire } from './reply.ts';
import { headerOf, queryOf, send } from './request.ts';
import type { Route } from './route.ts';

type Identify = ReturnType<typeof identify>;
type Perform = ReturnType<typeof perform>;

/** Set, to `false`, when what was done does not show in the lists yet. */
const PROJECTED_HEADER = 'Seqline-Projected';

export const addRoutes = (
  app: FastifyInstance,
  routes: readonly Route[],
  identified: Identify,
  performed: Perform,
  log: Log,
): void => {
  // In a scope of their own, which loads once the API page listens for routes.
  app.register(async (scope) => {
    for (const route of routes) addRoute(scope, route, identified, performed, log);
  });
};

const addRoute = (
  app: FastifyInstance,
  route: Route,
  identified: Identify,
  performed: Perform,
  log: Log,
): void => {
  app.route({
    method: 'POST',
    url: route.path,
    schema: schemaOf(route),
    config: { openim: route },
    ...(route.lines !== undefined && { handlerTimeout: LINES_WITHIN }),
    // Before the body is read: nobody unknown makes the server hold megabytes.
    onRequest: async (request, reply) => {
      const who = await identified(request, route);
      if (who.kind === 'refused') {
        return send(request, reply, route.refused?.(who, undefined) ?? refusedWire(who));
      }
      request.caller = who.caller;
    },
    handler: async (request, reply) => {
      const { wire, operationId, late } = await performed(route, {
        operationId: request.outcome.operationId,
        idempotencyKey: headerOf(request, 'idempotency-key'),
        caller: request.caller,
        contentType: request.headers['content-type'],
        query: queryOf(request),
        bytes: bytesOf(request),
      });
      if (late) reply.header(PROJECTED_HEADER, 'false');
      const { data } = wire.body;
      if (route.lines !== undefined && isLines(data)) {
        request.outcome = { operationId, errCode: 0 };
        const stream = streamOf(data, { log, operationId, path: route.path });
        return reply.type(LINES_TYPE).send(stream);
      }
      return send(request, reply, wire, operationId);
    },
  });
};

/** A request without a body has none to parse. */
const bytesOf = ({ body }: FastifyRequest): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.alloc(0);

/** OpenIM checks the headers of a POST before it looks for the path (REST reference 1.6). */
export const addUnknownPaths = (app: FastifyInstance, identified: Identify): void => {
  app.setNotFoundHandler(async (request, reply) => {
    const who = request.method === 'POST' ? await identified(request, undefined) : undefined;
    if (who?.kind === 'refused') return send(request, reply, refusedWire(who));
    return reply.code(404).type('text/plain').send('404 page not found');
  });
};
