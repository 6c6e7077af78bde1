import type { FastifyInstance } from 'fastify';
import type { Log } from '../log.ts';
import { pathOf } from './request.ts';

/** One line for each call: never a header or a body, for those hold tokens and secrets. */
export const addRequestLog = (app: FastifyInstance, log: Log): void => {
  app.addHook('onResponse', async (request, reply) => {
    if (request.method !== 'POST') return;
    const { operationId, errCode } = request.outcome;
    log.info(
      {
        method: request.method,
        path: pathOf(request),
        operationId,
        errCode,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'call',
    );
  });
};
