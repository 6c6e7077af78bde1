import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../ports.ts';
import { exactJson } from './json.ts';
import type { Wire } from './reply.ts';
import type { Route } from './route.ts';

/** What is known of a request once it has been answered. */
type Outcome = Readonly<{ operationId: string; errCode: number | undefined }>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route of the API that answers; other pages have none. */
    openim?: Route;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
    outcome: Outcome;
  }
}

/** The operationID header as it came; '' without one. */
export const operationIdOf = (request: FastifyRequest): string => headerOf(request, 'operationid');

export const headerOf = (request: FastifyRequest, name: string): string => {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
};

/** Without the query, which may hold anything. */
export const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

/** What stands after the `?`, as it came. */
export const queryOf = (request: FastifyRequest): string =>
  request.url.slice(pathOf(request).length + 1);

export const routeOf = (request: FastifyRequest): Route | undefined =>
  request.routeOptions.config.openim;

export const addRequestState = (app: FastifyInstance): void => {
  app.decorateRequest('caller', undefined);
  app.decorateRequest('outcome');
  app.addHook('onRequest', async (request) => {
    request.outcome = { operationId: operationIdOf(request), errCode: undefined };
  });
};

/** Sends an answer, and keeps of it what the log line says. */
export const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  { status, body, exact }: Wire,
  operationId = operationIdOf(request),
): FastifyReply => {
  request.outcome = { operationId, errCode: body.errCode };
  const text = exact === true ? exactJson(body) : JSON.stringify(body);
  return reply.code(status).type('application/json').send(text);
};
